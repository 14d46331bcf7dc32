"""Sealed and restricted subjects, kept in memory, so that every answer can be compared with them before it leaves."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import orjson

from hub.access.subjects.sealing import WithholdKind
from hub.errors import HubError
from hub.graph.execution.kept_value import KeptValue
from hub.graph.execution.reads import Reads
from hub.plan.data_subjects import DataSubject

KEPT_S = 10.0
MAX_SEALED = 100_000
SELECT = f"""
select coalesce(json_agg(json_build_array(entity, subject_id, kind)), '[]')::text
from (
    select entity, subject_id, kind from hub.sealed_subject
    union
    select s.entity, h.heir_id, s.kind from hub.sealed_subject s join link.heir h on h.subject_id = s.subject_id
    limit {MAX_SEALED + 1}
) sealed"""  # noqa: S608 a constant
"""Whoever a sealed row was merged into is sealed too, and so with a restricted one."""


@dataclass(frozen=True)
class WithheldSubjects:
    """Subjects that no answer may show, by why."""

    sealed: frozenset[DataSubject] = frozenset()
    restricted: frozenset[DataSubject] = frozenset()

    def find(self, people: Collection[DataSubject]) -> WithholdKind | None:
        """Why these people may not be shown. A seal comes before a restriction, and both give the same words, so that nobody can tell them apart."""
        if not self.sealed.isdisjoint(people):
            return WithholdKind.SEAL
        return None if self.restricted.isdisjoint(people) else WithholdKind.RESTRICTION

    def list_of(self, people: Collection[DataSubject]) -> frozenset[DataSubject]:
        """Those of these people who may not be shown."""
        return (self.sealed | self.restricted).intersection(people)


class SealedSubjects:
    """The sealed and restricted subjects, as they were at most KEPT_S seconds ago."""

    def __init__(self, reads: Reads, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reads = reads
        self._kept = KeptValue(self._load, kept_s=KEPT_S, clock=clock)

    async def current(self) -> WithheldSubjects:
        """Those subjects. Raises StoreUnavailable if they cannot be read: then nothing may be shown."""
        return await self._kept.current()

    def forget(self) -> None:
        """Read them anew the next time: what this process has changed counts at once."""
        self._kept.forget()

    async def _load(self) -> WithheldSubjects:
        rows = orjson.loads(await self._reads.json(SELECT, ()))
        if len(rows) > MAX_SEALED:
            raise HubError(f"more than {MAX_SEALED:,} subjects are sealed or restricted", next_step="tell the operator")
        by_kind = {kind: frozenset((e, n) for e, n, why in rows if why == kind) for kind in WithholdKind}
        return WithheldSubjects(by_kind[WithholdKind.SEAL], by_kind[WithholdKind.RESTRICTION])
