"""Sweeping: rows that the source no longer has are removed, as far as the bounds of the stream allow it."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ingest.guards.change_limits import Bounds
from hub.ingest.run.cursor import Place
from hub.ingest.run.outcome import Outcome
from hub.ingest.write.merge import held, sweep, swept
from hub.ingest.write.merge_sql import Merge
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream


class Sweeping:
    """The sweeps of one stream in one run. `held_back` says whether one was refused."""

    def __init__(
        self, connection: Connection[Any], manifest: Manifest, stream: Stream, bounds: Bounds, outcome: Outcome
    ) -> None:
        self.connection = connection
        self.follows = manifest.follows
        self.stream = stream
        self.bounds = bounds
        self.place: Place = bounds.place
        self.outcome = outcome
        self.held_back = False

    def due(self, now: datetime) -> bool:
        """Whether it is time to look at every key after a read of changes."""
        if not self.stream.sweeps or self.follows:
            return False
        confirmed = self.place.confirmed_at
        return confirmed is None or now - confirmed >= self.stream.sweep_every

    def sweep(self, work: Merge, read: int, came: int, *, present: int | None = None, listed: bool = False) -> int:
        """Remove what the source has no more, as far as that may be. Returns how many rows. Raises Refused where the `read`
        rows of this kind, of all that `came`, are not believed to be all. `present` is how many the store has, where that is known.
        """
        present = held(self.connection, work) if present is None else present
        self.bounds.believe(work, read, present, came)
        if not self.stream.sweeps:
            return 0
        going = swept(self.connection, work, listed=listed)
        refused = self.bounds.may_delete(work, going, present) if going else None
        if refused and work.exploded and not listed:
            # Items known by their values would stand beside the ones that they were.
            raise refused
        if refused:
            self.held_back = True
            self.outcome.problems.append(str(refused))
        return sweep(self.connection, work, listed=listed) if going and not refused else 0

    def confirm(self, at: datetime) -> None:
        """Every key has been seen; where rows were held back, the next run has to look again."""
        if self.held_back:
            self.place.doubt(at)
        else:
            self.place.confirm(at)
