"""What a rehearsal counts of a prefill: answers as snapshots are counted, and papers by what they would show."""

from datetime import UTC, datetime

import pytest

from hub.access.purpose_declaration import Bilingual
from hub.graph.procedures.rehearsal import Rehearsal
from hub.procedures.answering.statuses import AnswerStatus, Reason
from hub.procedures.answers import (
    BlockingFact,
    Prefill,
    ProcedureSummary,
    RequirementAnswer,
    RequirementSummary,
)
from hub.snapshots.statistics import ProcedureStatistics

NAME = Bilingual(vi="Tên", en="Name")
CARD, BOOK = Bilingual(vi="Thẻ", en="Card"), Bilingual(vi="Sổ", en="Book")
HELD, OLD, OPEN = AnswerStatus.HELD, AnswerStatus.STALE, AnswerStatus.ASKED_OF_CITIZEN


def make_answer(
    code: str, status: AnswerStatus, *reasons: Reason, paper: Bilingual | None = None, role: str = "seller"
) -> RequirementAnswer:
    summary = RequirementSummary(code, NAME, "DATA", "land", None, paper, None, 30)
    return RequirementAnswer(summary, role, None, (), status, reasons)


def rehearse(*answers: RequirementAnswer, blocks: tuple[BlockingFact, ...] = ()) -> Rehearsal:
    made = Rehearsal(ProcedureStatistics("x", 0, 0))
    procedure = ProcedureSummary("x", "1", "", NAME, ())
    made.add(Prefill(procedure, None, datetime.now(UTC), (), blocks, answers))
    return made


def test_answers_that_do_not_apply_are_left_out() -> None:
    found = rehearse(
        make_answer("a", HELD),
        make_answer("a", OLD, Reason.TOO_OLD, Reason.SOURCE_DOWN),
        make_answer("a", AnswerStatus.NOT_APPLICABLE, Reason.RULE),
        make_answer("b", AnswerStatus.NOT_APPLICABLE, Reason.RULE),
    )
    assert found.cases == 1
    assert list(found.statistics.requirements) == ["a"]
    one = found.statistics.requirements["a"]
    assert (one.dossiers, one.answers, one.held, dict(one.not_held)) == (1, 2, 1, {"STALE: TOO_OLD": 1})


@pytest.mark.parametrize(
    ("second", "counts"),
    [
        ((HELD,), (1, 0)),
        ((OLD, Reason.TOO_OLD), (0, 1)),
        ((AnswerStatus.NOT_APPLICABLE, Reason.RULE), (1, 0)),
        ((OPEN, Reason.CHOICE_OPEN), (1, 0)),
        ((OPEN, Reason.ONLY_THE_CITIZEN_KNOWS), (0, 1)),
        ((OLD, Reason.TOO_OLD, Reason.CHOICE_OPEN), (0, 1)),
    ],
)
def test_a_paper_is_spared_if_all_that_it_would_show_is_held(
    second: tuple[AnswerStatus, Reason], counts: tuple[int, int]
) -> None:
    answers = make_answer("a", HELD, paper=CARD), make_answer("b", *second, paper=CARD)
    for found in (rehearse(*answers), rehearse(*reversed(answers))):
        assert {name: (one.spared, one.needed) for name, one in found.papers.items()} == {"Thẻ": counts}


def test_each_party_has_papers_of_its_own() -> None:
    found = rehearse(
        make_answer("a", HELD, paper=CARD),
        make_answer("b", OLD, Reason.TOO_OLD, paper=CARD, role="buyer"),
        make_answer("c", HELD, paper=BOOK),
        make_answer("d", HELD),
    )
    assert {name: (one.spared, one.needed) for name, one in found.papers.items()} == {"Thẻ": (1, 1), "Sổ": (1, 0)}


def test_a_blocked_case_asks_for_no_paper() -> None:
    block = BlockingFact("seized", NAME, None, None, (), True)
    found = rehearse(make_answer("a", HELD, paper=CARD), blocks=(block, block))
    assert (found.papers, dict(found.blocked), found.block_labels) == ({}, {"seized": 1}, {"seized": NAME})
    assert found.statistics.requirements["a"].held == 1
