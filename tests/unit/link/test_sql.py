"""Golden SQL of linking two fields, and laws of the rules. Rewrite with UPDATE_GOLDEN=1 and read the difference."""

import os
from dataclasses import astuple
from pathlib import Path

import pytest

from hub.link.field import field_named
from hub.link.profile import load_profile
from hub.link.rules import sql
from hub.model.registry import load_registry

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["LandUseRight.holder", "LandUseRight.parcel"])
def test_golden(name: str) -> None:
    field = field_named(name)
    statements = [
        sql.select_records(field),
        *(statement for tier in sql.render_candidates(field) for statement in tier),
        sql.select_best_candidates(field),
        sql.select_unanswered(field),
        sql.select_wanted(field),
        sql.render_contested(field, ("status",)),
        sql.select_rivals(field),
        *astuple(sql.render_link_changes(field, whole=False)),
    ]
    text = ";\n\n".join(statements) + ";\n"
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_every_kind_of_subject_has_a_rule_and_every_rule_a_use() -> None:
    used = set()
    for entity in load_registry():
        for linked in entity.linked:
            rules = load_profile().rules_for(linked.family, linked.kinds)
            assert {rule.subject.kind for rule in rules} == set(linked.kinds)
            used |= {rule.name for rule in rules}
    assert used == {rule.name for rule in load_profile().rules}
    assert len({rule.name for rule in load_profile().rules}) == len(load_profile().rules)
