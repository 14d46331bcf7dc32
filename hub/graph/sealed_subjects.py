"""Sealed subjects, kept in memory, so that every answer can be compared with them before it leaves."""

import time
from collections.abc import Callable

import orjson

from hub.errors import HubError
from hub.graph.reads import Reads
from hub.plan.data_subjects import DataSubject

KEPT_S = 10.0
MAX_SEALED = 100_000
SELECT = f"""
select coalesce(json_agg(json_build_array(entity, subject_id)), '[]')::text
from (
    select entity, subject_id from hub.sealed_subject
    union
    select s.entity, h.heir_id from hub.sealed_subject s join link.heir h on h.subject_id = s.subject_id
    limit {MAX_SEALED + 1}
) sealed"""  # noqa: S608 a constant
"""Whoever a sealed row was merged into is sealed too."""


class SealedSubjects:
    """The sealed subjects, as they were at most KEPT_S seconds ago."""

    def __init__(self, reads: Reads, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reads = reads
        self._clock = clock
        self._kept: frozenset[DataSubject] = frozenset()
        self._until = float("-inf")

    async def current(self) -> frozenset[DataSubject]:
        """The sealed subjects. Raises StoreUnavailable if they cannot be read: then nothing may be shown."""
        if self._clock() < self._until:
            return self._kept
        rows = orjson.loads(await self._reads.json(SELECT, ()))
        if len(rows) > MAX_SEALED:
            raise HubError(f"more than {MAX_SEALED:,} subjects are sealed", next_step="tell the operator")
        self._kept, self._until = frozenset((entity, number) for entity, number in rows), self._clock() + KEPT_S
        return self._kept
