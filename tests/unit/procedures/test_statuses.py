"""The precedence of findings, and the laws of prefill over generated states of the data."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.procedures.answering.source_findings import SourceTrouble
from hub.procedures.answering.statuses import (
    PRECEDENCE,
    REASON_MEANINGS,
    STATUS_MEANINGS,
    AnswerStatus,
    Finding,
    Reason,
    settle_status,
)
from hub.procedures.answers import Prefill, RequirementAnswer
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from tests.unit.procedures import building as b

FINDINGS = st.frozensets(st.sampled_from(PRECEDENCE))
LINKS = st.sampled_from(["CONFIRMED", "PROBABLE", "UNCONFIRMED", "UNLINKED", None])
TROUBLES = st.sampled_from([None, *SourceTrouble])
COMPLETIONS = st.sampled_from([None, b.OLD, b.RECENT])
CUTS = st.sampled_from([True, False, None])


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> CompiledProcedure:
    home = tmp_path_factory.mktemp("procedures")
    return b.compile_folder(b.write_procedure(home, b.HEAD + b.REQUIREMENTS, seller=b.SELLER))


def test_every_status_and_reason_is_explained_and_can_occur() -> None:
    assert set(STATUS_MEANINGS) == set(AnswerStatus)
    assert set(REASON_MEANINGS) == set(Reason) == {finding.reason for finding in PRECEDENCE}
    assert {finding.status for finding in PRECEDENCE} | {AnswerStatus.HELD} == set(AnswerStatus)
    assert len(set(PRECEDENCE)) == len(PRECEDENCE)


@given(FINDINGS)
def test_an_answer_has_the_status_of_its_strongest_finding(findings: frozenset[Finding]) -> None:
    found = settle_status(findings)
    assert (found.status is AnswerStatus.HELD) is (not findings)
    assert set(found.reasons) == {finding.reason for finding in findings}
    if findings:
        assert found.status is min(findings, key=PRECEDENCE.index).status


@given(FINDINGS, st.sampled_from(PRECEDENCE))
def test_one_more_finding_never_makes_an_answer_held(findings: frozenset[Finding], more: Finding) -> None:
    before, after = settle_status(findings), settle_status(findings | {more})
    assert after.status is not AnswerStatus.HELD
    if before.status is not AnswerStatus.HELD:
        ranks = [min(PRECEDENCE.index(f) for f in found) for found in (findings, findings | {more})]
        assert ranks[1] <= ranks[0]


@st.composite
def linked(draw: st.DrawFn) -> Any:
    status = draw(LINKS)
    return None if status is None else {"status": status, "recorded": None}


@st.composite
def provenances(draw: st.DrawFn) -> dict[str, Any]:
    return b.origin(as_of=draw(st.sampled_from([b.OLD, b.RECENT])))


@st.composite
def rights(draw: st.DrawFn) -> dict[str, Any]:
    link = draw(linked())
    plot = b.parcel(
        area=draw(st.sampled_from([None, 90, 100.5])),
        provenance=draw(provenances()),
        encumbrances=b.page([b.encumbrance()] * draw(st.integers(0, 1)), cut=draw(CUTS)),
    )
    has_parcel = link is not None and link["status"] in ("CONFIRMED", "PROBABLE")
    return b.right(
        f"A{draw(st.integers(1, 10_000))}",
        area=draw(st.sampled_from([None, 100.5])),
        holderLink=draw(linked()),
        parcelLink=link,
        parcel=plot if has_parcel else None,
        provenance=draw(provenances()),
    )


@st.composite
def sellers(draw: st.DrawFn) -> dict[str, Any] | None:
    if draw(st.integers(0, 9)) == 0:
        return None
    return b.seller(
        birthDate=draw(st.sampled_from([None, "1980", "1980-06-02"])),
        landUseRights=b.page(draw(st.lists(rights(), max_size=2)), cut=draw(CUTS)),
        taxObligations=b.page([b.debt(5)] * draw(st.integers(0, 1)), cut=draw(CUTS)),
        provenance=draw(provenances()),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any] | None, str | None, SourceTrouble | None]:
    return draw(sellers()), draw(COMPLETIONS), draw(TROUBLES)


Case = tuple[dict[str, Any] | None, str | None, SourceTrouble | None]


def filled(compiled: CompiledProcedure, case: Case) -> Prefill:
    citizen, completed, trouble = case
    return b.fill(compiled, citizen, b.sources(completed=completed, trouble=trouble))


@settings(max_examples=150)
@given(case=cases())
def test_down_never_looks_like_empty(compiled: CompiledProcedure, case: Case) -> None:
    """Nothing found, without a recent complete read, is never MISSING and never a "none"."""
    _, completed, _ = case
    for answer in filled(compiled, case).answers:
        if answer.none is not None or Reason.NO_RECORD in answer.reasons or Reason.SUBJECT_UNMATCHED in answer.reasons:
            assert completed == b.RECENT or answer.status is AnswerStatus.UNAVAILABLE, answer
        if answer.none is not None:
            assert completed == b.RECENT
            assert answer.status is AnswerStatus.HELD


@settings(max_examples=150)
@given(case=cases())
def test_a_cut_list_is_never_held(compiled: CompiledProcedure, case: Case) -> None:
    citizen, _, _ = case
    if citizen is None:
        return
    for connection, codes in (
        ("landUseRights", ("certificates", "area", "term", "encumbrances")),
        ("taxObligations", ("debts", "debt_amount", "debt_total", "debt_count")),
    ):
        if citizen[connection]["pageInfo"] != {"hasNextPage": False}:
            answers = [a for a in filled(compiled, case).answers if a.requirement.code in codes]
            assert answers
            assert AnswerStatus.HELD not in {a.status for a in answers}


@settings(max_examples=150)
@given(case=cases())
def test_a_doubtful_link_is_never_held(compiled: CompiledProcedure, case: Case) -> None:
    for answer in filled(compiled, case).answers:
        if answer.status is AnswerStatus.HELD and answer.requirement.code != "likely_area":
            assert {value.link_status for value in answer.values} <= {None, "CONFIRMED"}
        if answer.status is AnswerStatus.HELD and answer.requirement.code == "likely_area":
            assert {value.link_status for value in answer.values} <= {"CONFIRMED", "PROBABLE"}


@settings(max_examples=150)
@given(case=cases())
def test_what_is_held_has_a_recent_value_or_is_none(compiled: CompiledProcedure, case: Case) -> None:
    for answer in filled(compiled, case).answers:
        if answer.status is AnswerStatus.HELD and answer.requirement.code != "certificates":
            is_list = answer.requirement.code in ("encumbrances", "debts")
            assert answer.values or answer.none or is_list, answer
        if answer.status is AnswerStatus.HELD:
            for value in answer.values:
                assert value.as_of is None or value.as_of.isoformat() == b.RECENT
        assert (answer.status is AnswerStatus.HELD) is (not answer.reasons)


@settings(max_examples=100)
@given(case=cases())
def test_every_requirement_is_answered_and_asked_only_if_it_is_not_settled(
    compiled: CompiledProcedure, case: Case
) -> None:
    made = filled(compiled, case)
    assert {a.requirement.code for a in made.answers} == {r.code for r in compiled.procedure.requirements}
    asked: list[RequirementAnswer] = list(made.still_to_ask)
    assert all(not a.is_settled for a in asked)
    assert made.blocked_by or len(asked) == sum(not a.is_settled for a in made.answers)
    price = next(a for a in made.answers if a.requirement.code == "price")
    assert price.status is AnswerStatus.ASKED_OF_CITIZEN
    assert all(a.status is not AnswerStatus.ASKED_OF_CITIZEN or Reason.ONLY_THE_CITIZEN_KNOWS in a.reasons or Reason.CHOICE_OPEN in a.reasons for a in made.answers)  # fmt: skip
