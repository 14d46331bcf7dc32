"""Rehearses procedures: prefills likely cases of the store without a dossier, and counts what each form would have been filled with.

The same reads and the same answers as a prefill. Nothing is kept, no source is asked, and no value leaves: statuses are counted.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hub.access.dossiers.dossier_store import NamedSubject
from hub.access.purpose_declaration import Bilingual
from hub.errors import OperationRefused
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.prefill_service import PrefillRequest, PrefillService
from hub.procedures.answering.statuses import AnswerStatus, Reason
from hub.procedures.answers import Prefill, RequirementAnswer
from hub.snapshots.statistics import ProcedureStatistics

AT_ONCE = 4
"""Cases that are prefilled beside each other. An answer is made in this process, so more would wait for each other."""
Case = Sequence[NamedSubject]


@dataclass
class PaperCounts:
    """How often nobody would need a paper, since all that it shows is held, and how often somebody would."""

    label: Bilingual
    spared: int = 0
    needed: int = 0


@dataclass
class Rehearsal:
    """What the cases of one procedure came to; in `statistics` a case is a dossier.

    `papers`, by their Vietnamese name, are those that an office asks for which asks each party for every paper of the form. `refused` are cases that
    nobody could open a dossier for, by the code of the refusal.
    """

    statistics: ProcedureStatistics
    papers: dict[str, PaperCounts] = field(default_factory=dict)
    blocked: Counter[str] = field(default_factory=Counter)
    block_labels: dict[str, Bilingual] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def cases(self) -> int:
        """How many were prefilled."""
        return self.statistics.dossiers

    def add(self, filled: Prefill) -> None:
        """Count one case."""
        self.statistics.dossiers += 1
        labels = {block.code: block.label for block in filled.blocked_by}
        self.blocked.update(labels.keys())
        self.block_labels |= labels
        for code, answers in _group_answers(filled.answers):
            _count_answers(self.statistics, code, answers)
        if not filled.blocked_by:
            self._count_papers(filled.answers)

    def _count_papers(self, answers: Sequence[RequirementAnswer]) -> None:
        """A paper is needed if one of the answers that it would show is open. Which item of a list is meant shows no paper: somebody chooses."""
        needed: dict[tuple[str, str | None], bool] = {}
        for answer in answers:
            paper = answer.requirement.evidence
            if paper is None or answer.status is AnswerStatus.NOT_APPLICABLE:
                continue
            self.papers.setdefault(paper.vi, PaperCounts(paper))
            place = paper.vi, answer.role
            is_open = answer.status is not AnswerStatus.HELD and answer.reasons != (Reason.CHOICE_OPEN,)
            needed[place] = needed.get(place, False) or is_open
        for (paper_name, _), is_needed in needed.items():
            if is_needed:
                self.papers[paper_name].needed += 1
            else:
                self.papers[paper_name].spared += 1


async def rehearse_procedure(prefills: PrefillService, code: str, cases: Iterable[Case]) -> Rehearsal:
    """Prefill cases, and count. Raises OperationRefused for a procedure that is unknown or not in force, StoreUnavailable."""
    found, started = Rehearsal(ProcedureStatistics(code, snapshots=0, dossiers=0)), time.monotonic()
    waiting = iter(cases)

    async def fill_next() -> None:
        for subjects in waiting:
            filled = await prefill_case(prefills, code, subjects)
            if isinstance(filled, str):
                found.refused[filled] += 1
            else:
                found.add(filled)

    await asyncio.gather(*(fill_next() for _ in range(AT_ONCE)))
    found.seconds = time.monotonic() - started
    return found


UNFIT_CASE = frozenset({"SUBJECT_IN_TWO_ROLES"})
"""Refusals that say of a case, and not of the procedure, that it cannot be prefilled: two rows that were merged are one person."""


async def prefill_case(prefills: PrefillService, code: str, subjects: Case) -> Prefill | str:
    """The answers to one case; the code of the refusal if nobody could open a dossier for it."""
    try:
        return await prefills.fill(PrefillRequest(code, tuple(subjects)), Reading(LOCAL))
    except OperationRefused as refused:
        if refused.code not in UNFIT_CASE:
            raise
        return refused.code


def _group_answers(answers: Sequence[RequirementAnswer]) -> Iterator[tuple[str, list[RequirementAnswer]]]:
    found: dict[str, list[RequirementAnswer]] = {}
    for answer in answers:
        found.setdefault(answer.requirement.code, []).append(answer)
    yield from found.items()


def _count_answers(statistics: ProcedureStatistics, code: str, answers: Sequence[RequirementAnswer]) -> None:
    """As `hub.snapshots.statistics` counts kept answers: those that do not apply are left out."""
    applying = [answer for answer in answers if answer.status is not AnswerStatus.NOT_APPLICABLE]
    if not applying:
        return
    one = statistics.find(code)
    one.dossiers += 1
    one.answers += len(applying)
    for answer in applying:
        if answer.status is AnswerStatus.HELD:
            one.held += 1
        else:
            one.not_held[": ".join([answer.status.name, *(reason.name for reason in answer.reasons[:1])])] += 1
