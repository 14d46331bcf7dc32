"""Sweep: delete rows that the source no longer has, as far as the stream's change limits allow."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ingest.guards.change_limits import ChangeLimits
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.run.outcome import StreamOutcome
from hub.ingest.write.merge import count_missing, count_rows, delete_missing
from hub.ingest.write.merge_sql import MergeTask
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream


class Sweeper:
    """The sweeps of one stream in one run. `held_back` says whether one was refused."""

    def __init__(
        self,
        connection: Connection[Any],
        manifest: Manifest,
        stream: Stream,
        bounds: ChangeLimits,
        outcome: StreamOutcome,
    ) -> None:
        self.connection = connection
        self.follows = manifest.follows
        self.stream = stream
        self.limits = bounds
        self.cursor: StreamCursor = bounds.cursor
        self.outcome = outcome
        self.held_back = False

    def is_due(self, now: datetime) -> bool:
        """Whether every key must be checked after a read of changes."""
        if not self.stream.sweeps or self.follows:
            return False
        confirmed = self.cursor.confirmed_at
        return confirmed is None or now - confirmed >= self.stream.sweep_every

    def sweep(self, work: MergeTask, read: int, came: int, *, present: int | None = None, listed: bool = False) -> int:
        """Delete what the source no longer has, within the limits. Returns how many rows were deleted.

        `read` counts the rows of this entity, `came` all rows of the source, `present` the stored rows if known. Raises
        ApprovalRequired if the read rows cannot plausibly be all.
        """
        present = count_rows(self.connection, work) if present is None else present
        self.limits.check_plausible(work, read, present, came)
        if not self.stream.sweeps:
            return 0
        going = count_missing(self.connection, work, listed=listed)
        refused = self.limits.check_deletes(work, going, present) if going else None
        if refused and work.exploded and not listed:
            # Items identified by their values would otherwise appear beside their earlier versions.
            raise refused
        if refused:
            self.held_back = True
            self.outcome.problems.append(str(refused))
        return delete_missing(self.connection, work, listed=listed) if going and not refused else 0

    def confirm(self, at: datetime) -> None:
        """Record that every key was seen. If rows were held back, the next run has to check again."""
        if self.held_back:
            self.cursor.mark_unconfirmed(at)
        else:
            self.cursor.confirm_complete(at)
