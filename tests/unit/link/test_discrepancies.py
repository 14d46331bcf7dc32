"""Golden SQL of comparing two fields, and laws of the comparisons. Rewrite with UPDATE_GOLDEN=1 and read the difference."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hub.link.discrepancies import comparisons, discrepancies
from hub.model.registry import Registry, load_registry
from schema.authority import Comparison

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "touched"), [("Taxpayer.party", False), ("MaritalStatus.spouse", True)])
def test_golden(name: str, touched: bool) -> None:
    entity = load_registry()[name.split(".")[0]]
    linked = next(field for field in entity.linked if field.name == name.split(".")[1])
    statements = [
        *discrepancies.render_differing_rows(entity, linked, touched=touched),
        *discrepancies.render_discrepancy_changes(touched=touched),
    ]
    text = ";\n\n".join(statements) + ";\n"
    path = GOLDEN / f"discrepancies.{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_every_comparison_has_its_sql() -> None:
    assert comparisons._GRADES.keys() == set(Comparison)


def test_every_statement_looks_at_touched_records_only_where_it_is_to() -> None:
    for entity in load_registry():
        for linked in entity.linked:
            only = f"(select distinct record_id from touched where entity = '{entity.name}') t cross join lateral"
            assert all(only in s for s in discrepancies.render_differing_rows(entity, linked, touched=True))
            assert not any("touched" in s for s in discrepancies.render_differing_rows(entity, linked, touched=False))


def test_the_basis_is_of_the_declarations() -> None:
    built = load_registry()
    benefit = built["Benefit"]
    without = replace(benefit, fields=tuple(replace(column, authority=()) for column in benefit.fields))
    assert discrepancies.digest_discrepancy_rules(built) == discrepancies.digest_discrepancy_rules(built)
    assert discrepancies.digest_discrepancy_rules(
        Registry({**built.entities, "Benefit": without}, {})
    ) != discrepancies.digest_discrepancy_rules(built)
