"""Access to answers: the checks before a statement is run, and before its answer leaves."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import orjson
from psycopg import Connection

from hub.access.alarms import raise_alarm
from hub.access.limits.limiter import ReadingLimiter
from hub.access.subjects.sealing import WITHHELD, WITHHELD_ALARMS, WithholdKind
from hub.errors import OperationRefused
from hub.graph.execution.prepare import PreparedRequest
from hub.graph.execution.reading import Reading
from hub.graph.link_review.review_runner import ReviewRunner
from hub.graph.permission.callers import Caller
from hub.graph.permission.dossier_reads import DossierReads
from hub.graph.permission.permissions import Permissions
from hub.graph.permission.sealed_subjects import SealedSubjects, WithheldSubjects
from hub.plan.data_subjects import HIDDEN, DataSubject, take_data_subjects
from hub.plan.limits import too_large
from hub.plan.nodes import Root
from hub.plan.planner import Plan

LEFT_OUT_EVERY_S = 3600
MAX_LEFT_OUT = 1_000
"""Callers of whom it is remembered that the alarm was raised."""
LOG = logging.getLogger("hub.access")


class AnswerAccess:
    """Checks requests and answers. With HUB_ACCESS=off (`permissions` is None) everything is allowed."""

    def __init__(
        self,
        permissions: Permissions | None,
        sealed: SealedSubjects,
        dossiers: DossierReads,
        reviews: ReviewRunner,
        limiter: ReadingLimiter | None = None,
    ) -> None:
        self.permissions = permissions
        self.limiter = limiter
        self.reviews = reviews
        self.sealed = sealed
        self.dossiers = dossiers
        self._left_out: dict[tuple[WithholdKind, str], float] = {}

    @property
    def is_enforced(self) -> bool:
        """Whether requests are checked: with HUB_ACCESS=off they are not."""
        return self.permissions is not None

    def check(self, ready: PreparedRequest, caller: Caller) -> None:
        """Raises RequestRejected if the caller's purpose does not allow the operation, Unauthenticated for strangers."""
        if self.permissions is None:
            return
        try:
            self.permissions.check(ready, caller)
        except OperationRefused as error:
            self.count_refusal(caller, error.code)
            raise
        if ready.plan is not None:
            check_rows(caller, ready.plan, ready.variables)

    async def clear(
        self, text: bytes, reading: Reading, *, reads_people: bool = True, roots: Sequence[Root] = ()
    ) -> bytes:
        """An answer as it may leave. `reads_people`: whether its statement can give people; `roots` are its root fields.

        Raises OperationRefused with SUBJECT_SEALED or SUBJECT_RESTRICTED, after it has raised an alarm; ReadingPaused.
        """
        if self.permissions is None and not reads_people:
            return text
        clean, people = take_data_subjects(text)
        if self.permissions is None:
            reading.people |= people
            return clean
        await self.refuse_withheld(people, reading)
        if reads_people:
            self._count_misses(reading.caller, text, people, roots)
        await self._count(reading.caller, people)
        reading.people |= people
        return clean

    async def clear_rows(self, text: bytes, key: str, reading: Reading) -> list[Any]:
        """The rows of a list that each stand alone, as they may leave: instead of a row with somebody who may not be shown its refusal.

        So one sealed candidate is missing, and not a page of questions. There is one alarm for the list. Raises ReadingPaused.
        """
        taken = [take_data_subjects(orjson.dumps(row)) for row in orjson.loads(text)[key]]
        rows: list[Any] = [orjson.loads(clean) for clean, _ in taken]
        withheld = await self.find_withheld()
        kinds = [withheld.find(people) for _, people in taken]
        for kind in sorted({kind for kind in kinds if kind is not None}):
            await self._meet_withheld(kind, reading.caller)
        reading.withheld |= withheld.list_of(frozenset().union(*(people for _, people in taken)))
        told = frozenset().union(*(people for (_, people), kind in zip(taken, kinds, strict=True) if kind is None))
        if self.permissions is not None and told:
            await self._count(reading.caller, told)
        reading.people |= told
        return [row if kind is None else WITHHELD[kind] for row, kind in zip(rows, kinds, strict=True)]

    async def find_withheld(self) -> WithheldSubjects:
        """Who may not be shown: nobody while access is not enforced."""
        return WithheldSubjects() if self.permissions is None else await self.sealed.current()

    async def note_left_out(self, kind: WithholdKind, caller: Caller) -> None:
        """Raise the alarm for questions that were left out of a list since they are about somebody who may not be shown.

        Once an hour for a caller: a reviewer asks for the list again after each answer, and has asked for nobody.
        """
        noted, now = (kind, caller.principal.id if caller.principal else ""), time.monotonic()
        if now - self._left_out.get(noted, -LEFT_OUT_EVERY_S) < LEFT_OUT_EVERY_S:
            return
        if len(self._left_out) >= MAX_LEFT_OUT:
            self._left_out.clear()
        self._left_out[noted] = now
        await self.reviews.run(partial(raise_withheld_alarm, kind, caller))

    async def admit_people(
        self, people: Collection[DataSubject], reading: Reading, *, allowed: WithholdKind | None = None
    ) -> None:
        """Count people whose data leaves without a statement that read it now, and note them for the ledger. `allowed`: as in `refuse_withheld`.

        Raises OperationRefused with SUBJECT_SEALED or SUBJECT_RESTRICTED, after it has raised an alarm; ReadingPaused.
        """
        if self.permissions is None:
            return
        await self.refuse_withheld(people, reading, allowed=allowed)
        await self._count(reading.caller, frozenset(people))
        reading.people |= set(people)

    async def admit_look_up(self, people: Collection[DataSubject], missing: int, reading: Reading) -> None:
        """Count people of whom nothing is told but whether they are held, and how many named ones are not; note them for the ledger.

        Sealed people are no exception, since none of their values is shown. Raises ReadingPaused.
        """
        if self.permissions is None:
            return
        if self.limiter is not None and reading.caller.principal is not None:
            await self.limiter.count_look_up(reading.caller.principal, frozenset(people), missing)
        reading.people |= set(people)

    async def refuse_withheld(
        self, people: Collection[DataSubject], reading: Reading, *, allowed: WithholdKind | None = None
    ) -> None:
        """Raises OperationRefused with SUBJECT_SEALED or SUBJECT_RESTRICTED if one of these people may not be shown, after an alarm.

        `allowed`: what does not matter here.
        """
        withheld = await self.sealed.current() if people else None
        kind = withheld.find(people) if withheld is not None else None
        if withheld is None or kind is None or kind is allowed:
            return
        reading.withheld |= withheld.list_of(people)
        await self._meet_withheld(kind, reading.caller)
        raise WITHHELD[kind]

    async def _meet_withheld(self, kind: WithholdKind, caller: Caller) -> None:
        LOG.warning("a read met a subject that may not be shown (%s) and was refused", kind.lower())
        await self.reviews.run(partial(raise_withheld_alarm, kind, caller))
        self.count_refusal(caller, WITHHELD[kind].code)

    def count_refusal(self, caller: Caller, code: str) -> None:
        """Count a refused request of a known caller."""
        if self.limiter is not None and caller.principal is not None:
            self.limiter.count_refusal(caller.principal, code)

    async def _count(self, caller: Caller, people: frozenset[DataSubject]) -> None:
        if self.limiter is not None and caller.principal is not None and people:
            await self.limiter.count_subjects(caller.principal, people)

    def _count_misses(self, caller: Caller, text: bytes, people: frozenset[DataSubject], roots: Sequence[Root]) -> None:
        """Count the look-ups of an answer that found nobody, each root field on its own: a known person asked for beside four guesses must not
        hide them. `text` has its hidden members still."""
        if self.limiter is None or caller.principal is None or caller.purpose is None:
            return
        if not caller.purpose.declaration.finds_people:
            return
        if len(roots) > 1:
            self.limiter.count_misses(caller.principal, count_misses(text, roots))
        elif not people:
            self.limiter.count_misses(caller.principal, 1)


def count_misses(text: bytes, roots: Sequence[Root]) -> int:
    """How many of these root fields could give people and gave none. `text` is the JSON of the answer with its hidden members."""
    values = orjson.loads(text)
    return sum(not names_person(values[root.key]) and reads_people(root) for root in roots)


def names_person(value: Any) -> bool:
    """Whether a value of an answer, or anything within it, has a hidden member that names a person."""
    if isinstance(value, dict):
        return any((key.startswith(HIDDEN) and type(one) is int) or names_person(one) for key, one in value.items())
    return isinstance(value, list) and any(map(names_person, value))


def reads_people(node: object) -> bool:
    """Whether a node of a plan, or anything within it, has hidden members: whether it can give people."""
    if isinstance(node, tuple):
        return any(map(reads_people, node))
    if not is_dataclass(node):
        return False
    if str(getattr(node, "key", "")).startswith(HIDDEN):
        return True
    return any(reads_people(getattr(node, one.name)) for one in fields(node))


def raise_withheld_alarm(kind: WithholdKind, caller: Caller, connection: Connection[Any]) -> None:
    """Record that a caller met a sealed identity or a restricted person. Whose it is, is not said: the alarm would tell it."""
    principal = caller.principal.id if caller.principal else None
    raise_alarm(
        connection, WITHHELD_ALARMS[kind], principal=principal, dossier_id=caller.dossier.id if caller.dossier else None
    )


def check_rows(caller: Caller, plan: Plan, variables: Mapping[str, Any]) -> None:
    """Raises OperationRefused if the plan may give more rows than the caller's purpose allows, each page taken as full."""
    if caller.purpose is None:
        return
    rows, most = plan.estimate.rows(variables), caller.purpose.declaration.limits.rows
    if rows > most:
        raise too_large(f"rows under {caller.purpose.code}", rows, most, "ask for smaller pages, or for less at once")
