"""The table of vetoes: every reason has a use and stands in the docs, and what it is drawn from is declared."""

from pathlib import Path

import pytest

from hub.cli.linking.review_display import veto_reasons
from hub.link.field import field_named, list_decidable_fields
from hub.link.review.weight_steps import Step
from hub.link.rules.vetoes import REASONS, pair_vetoes, ruled_vetoes, scored_vetoes
from hub.model.registry import load_registry
from schema.linking.vetoes import EVENTS, PAIRS, SUBJECTS, VETOES, Event, Veto

DOCS = (Path(__file__).parents[3] / "docs" / "reference" / "link-rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("veto", VETOES, ids=lambda veto: veto.code)
def test_the_docs_have_every_veto_in_both_languages_and_when_it_holds(veto: Veto) -> None:
    row = f"| `{veto.code}` | {veto.reason.vi} | {veto.reason.en} | {veto.holds_if} |"
    assert row in DOCS


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.field} {event.codes}")
def test_the_docs_have_every_event(event: Event) -> None:
    of = f" ({', '.join(event.codes)})" if event.codes else ""
    (row,) = (line for line in DOCS.splitlines() if line.startswith(f"| `{event.field}`{of} | `{event.day}` |"))
    assert ("more than a year" in row) == event.is_birth
    if not event.is_birth:
        assert (f"under {event.least_age}" in row) == bool(event.least_age)
        assert (f"over {event.greatest_age}" in row) == bool(event.greatest_age)
    assert (("; men |" in row), ("; women |" in row)) == (event.sex == "FEMALE", event.sex == "MALE")
    assert ("dead before" in row) == event.takes_living


def test_every_veto_is_asked_of_some_field_and_no_other_is() -> None:
    statements = [
        sql
        for field in list_decidable_fields().values()
        if field.linked
        for sql in (*ruled_vetoes(field), *scored_vetoes(field))
    ]
    statements += [pair_vetoes(pair) for pair in PAIRS]
    text = "\n".join(statements)
    assert {code for code in REASONS if f"'{code}'" in text} == {veto.code for veto in VETOES}


def test_what_vetoes_are_drawn_from_is_declared() -> None:
    known = load_registry()
    for facts in SUBJECTS:
        columns = {column.name for column in known[facts.person].columns}
        assert {facts.number, facts.former, facts.name, facts.born, facts.died, facts.sex, facts.address} <= columns
        assert facts.through is None or facts.through in {column.name for column in known[facts.kind].columns}
    for event in EVENTS:
        columns = {column.name for column in field_named(event.field).entity.columns}
        assert event.day in columns
        assert event.column is None or event.column in columns


def test_fields_of_parcels_have_no_veto() -> None:
    assert ruled_vetoes(field_named("LandUseRight.parcel")) == ()


def test_a_reviewer_reads_the_reason() -> None:
    steps = (Step("name", "agrees", None, None), Step("veto", "BORN_AFTER", None, None))
    assert [reason.vi for reason in veto_reasons(steps)] == ["Người này sinh sau ngày của hồ sơ"]
