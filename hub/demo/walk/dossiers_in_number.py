"""Dossiers in number: offices open and prefill cases of every procedure, and ask for every paper as they did on paper.

What the hub refuses are papers that the citizen need not hand in: `hub procedures stats` then has something to count.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.access.dossiers.dossier_store import NamedSubject
from hub.demo.walk.dossiers import KEEP, OPEN, find_officer, name_subject
from hub.demo.walk.office import DemoOffices, Officer
from hub.errors import OperationRefused

AT_ONCE = 8
READ = """query ($id: ID!) { prefillSnapshot(id: $id) { prefill {
  answers { requirement { code evidence { vi } } role status reasons } } } }"""
ASK = "mutation ($input: RequestPaperInput!) { requestPaper(input: $input) { request { status } } }"
REFUSED = frozenset({"VALUE_HELD", "CHOICE_NEEDED", "PROCEDURE_BLOCKED", "NOT_ASKED"})
"""The hub's refusals of a paper, which it counts."""


@dataclass(frozen=True)
class OfficeCase:
    """A dossier to open."""

    code: str
    procedure: str
    subjects: tuple[NamedSubject, ...]


def number_cases(cases: Mapping[str, Sequence[tuple[NamedSubject, ...]]]) -> list[OfficeCase]:
    """The cases of each procedure, each with the code of its dossier."""
    day = f"{datetime.now(UTC):%y%m%d}"
    return [
        OfficeCase(f"H49.{20 + place}-{day}-{number:04}", procedure, subjects)
        for place, (procedure, found) in enumerate(cases.items())
        for number, subjects in enumerate(found, 1)
    ]


async def open_in_number(offices: DemoOffices, cases: Sequence[OfficeCase], told: Callable[[int], None]) -> None:
    """Open every dossier, keep its prefill, and ask for its papers. `told` is told how many are done. Raises OperationRefused."""
    waiting, done = iter(cases), 0

    async def open_next() -> None:
        nonlocal done
        for case in waiting:
            await _open_one(offices, case)
            done += 1
            told(done)

    await asyncio.gather(*(open_next() for _ in range(AT_ONCE)))


async def _open_one(offices: DemoOffices, case: OfficeCase) -> None:
    officer = find_officer(case.procedure)
    given = {
        "code": case.code,
        "purpose": case.procedure,
        "office": f"{officer.unit}@{datetime.now(UTC).date().isoformat()}",
        "subjects": [{"role": one.role, "subject": name_subject(one)} for one in case.subjects],
    }
    await offices.ask(officer, OPEN, {"input": given})
    snapshot = (await offices.ask(officer, KEEP, dossier=case.code))["snapshot"]["id"]
    kept = await offices.ask(officer, READ, {"id": snapshot}, dossier=case.code)
    for requirement, role in list_papers(kept["prefill"]["answers"]):
        await _ask_for_paper(offices, officer, case.code, {"requirement": requirement, "role": role})


async def _ask_for_paper(offices: DemoOffices, officer: Officer, dossier: str, given: Mapping[str, Any]) -> None:
    try:
        await offices.ask(officer, ASK, {"input": given}, dossier=dossier)
    except OperationRefused as refused:
        if refused.code not in REFUSED:
            raise


def list_papers(answers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """Requirement and role of each paper of each party: of several requirements that it shows, the first that is open."""
    found: dict[tuple[str, str | None], tuple[bool, str]] = {}
    for answer in answers:
        paper = answer["requirement"]["evidence"]
        if paper is None or answer["status"] == "NOT_APPLICABLE":
            continue
        place = paper["vi"], answer["role"]
        is_open = answer["status"] != "HELD" and answer["reasons"] != ["CHOICE_OPEN"]
        if place not in found or (is_open and not found[place][0]):
            found[place] = is_open, answer["requirement"]["code"]
    yield from ((code, role) for (_, role), (_, code) in found.items())
