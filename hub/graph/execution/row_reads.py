"""Reads of rows: by a streaming replica that is good now, otherwise by the primary."""

from collections.abc import Sequence
from typing import Any

from hub.errors import HubError
from hub.graph.execution.reads import BAD_VALUE, TIMED_OUT, TOO_COMPLEX, TOO_LONG, TOO_SLOW, Reads
from hub.store.connections.replicas import Replica, ReplicaWatch

FINAL_ERRORS = (TOO_SLOW, TIMED_OUT, BAD_VALUE, TOO_COMPLEX, TOO_LONG)
"""What the primary would say too, or what has taken as long as a read may. Everything else is the replica's own: it is lost, it stopped the
statement because it had to replay what the statement reads (40001), it has no free connection, its login is wrong."""


class RowReads:
    """Runs the statements of plans. What it reads may be as old as a replica may lag."""

    def __init__(self, primary: Reads, watch: ReplicaWatch) -> None:
        self.watch = watch
        self.from_primary = 0
        """Statements that the primary ran, for want of a replica or after one failed."""
        self.places = [ReplicaReads(replica, primary.deadline_s) for replica in watch.replicas]
        self._primary = primary
        self._turn = 0

    async def json(self, sql: str, parameters: Sequence[Any]) -> bytes:
        """As `Reads.json`. If a replica fails, the primary is asked, once."""
        place = self._choose()
        if place is not None:
            try:
                text = await place.reads.json(sql, parameters, tries=1)
            except HubError as error:
                if error in FINAL_ERRORS:
                    raise
                place.failed += 1
            else:
                place.answered += 1
                return text
        self.from_primary += 1
        return await self._primary.json(sql, parameters)

    def _choose(self) -> "ReplicaReads | None":
        """The good replica that runs the fewest statements; those that run as many take turns."""
        good = [place for place in self.places if place.replica.may_be_read()]
        if not good:
            return None
        self._turn = (self._turn + 1) % len(good)
        return min((*good[self._turn :], *good[: self._turn]), key=lambda place: place.reads.running)


class ReplicaReads:
    """The reads of one replica, counted."""

    def __init__(self, replica: Replica, deadline_s: float) -> None:
        self.replica = replica
        self.reads = Reads(replica.pool, deadline_s=deadline_s)
        self.answered = self.failed = 0
