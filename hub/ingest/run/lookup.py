"""Look-up: single rows asked for live, by key, and merged into the store like any other change of their source.

The store stays the only read path: who wants fresh data looks up, then reads. A stream says by its reader whether it can.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import Connection

from hub.errors import OperationRefused
from hub.ingest.connectors import home
from hub.ingest.read import open_reader
from hub.ingest.read.reader import Batch, Context, Reader, State
from hub.ingest.run.connector_run import begin, end
from hub.ingest.run.outcome import Count, Orders
from hub.ingest.run.stream_run import StreamRun
from hub.sdk.manifest import Manifest

WAIT_S = 5.0
"""So long a look-up waits for a run of the same stream."""


@dataclass(frozen=True)
class LookedUp:
    """How many of the asked keys the source has a row for, how many it has none for, and what became of the rows.

    A row that the source does not give is left as it is: that it is gone, only a sweep or the source itself can say.
    """

    found: int
    absent: int
    counts: tuple[Count, ...]


def look_up(
    connection: Connection[Any], url: str, manifest: Manifest, name: str, keys: Sequence[Sequence[str]], **context: Any
) -> LookedUp:
    """Ask for rows by key, each key as the manifest's `key` columns in order, and merge them.

    Raises OperationRefused where the stream cannot be asked or a key has not its parts; SourceUnavailable, Interfered.
    """
    stream = manifest.streams[name]
    where = f"{manifest.name}.{name}"
    if any(len(key) != len(stream.key) for key in keys):
        raise OperationRefused(
            f"{where}: a key has {len(stream.key)} parts", next_step=f"give {', '.join(stream.key)} of each row"
        )
    reader = open_reader(Context(manifest, name, stream, home(manifest), url, **context))
    try:
        if not reader.looks_up:
            raise OperationRefused(
                f"{where}: its source cannot be asked for single rows",
                next_step="declare `lookup` in the manifest where the source has a way; otherwise run `hub sync`",
            )
        asked = _Asked(reader, pl.DataFrame(list(map(list, keys)), schema=list(stream.key), orient="row"))
        run_id = begin(connection, manifest, "LOOKUP")
        work = StreamRun(connection, manifest, name, Orders(run_id), asked)
        try:
            work.refresh(WAIT_S)
        except BaseException as error:
            end(connection, run_id, "FAILED", [type(error).__name__], {name: work.outcome})
            raise
        end(connection, run_id, "SUCCEEDED", [], {name: work.outcome})
    finally:
        reader.close()
    return LookedUp(asked.found, len(set(map(tuple, keys))) - asked.found, tuple(work.outcome.counts.values()))


class _Asked(Reader):
    """Reads the rows of some keys from another reader."""

    def __init__(self, reader: Reader, keys: pl.DataFrame) -> None:
        super().__init__(reader.context)
        self.reader = reader
        self.keys_asked = keys.unique(maintain_order=True)
        self.found = 0

    def whole(self, state: State | None) -> bool:
        """Never: the source has other rows."""
        return False

    def read(self, state: State | None) -> Iterator[Batch]:
        """The rows of the keys."""
        for frame in self.reader.lookup(self.keys_asked):
            self.found += frame.height
            yield Batch(frame)
