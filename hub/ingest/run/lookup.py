"""Live look-up: fetch single rows by key and merge them into the store like any other change of their source.

The store stays the only read path: to get fresh data, look it up, then read it. The stream's reader says whether it can
look up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import Connection

from hub.errors import OperationRefused
from hub.ingest.connectors import connector_folder
from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.run.outcome import EntityCounts, RunOptions
from hub.ingest.run.run_records import begin_run, end_run
from hub.ingest.run.stream_run import StreamRun
from hub.sdk.manifest import Manifest

LOCK_WAIT_S = 5.0
"""How long a look-up waits for a run of the same stream."""


@dataclass(frozen=True)
class LookupResult:
    """How many of the requested keys the source has a row for, how many it lacks, and what became of the rows.

    A row that the source does not return is left as it is: only a sweep or the source itself can say that it was
    deleted.
    """

    found: int
    absent: int
    counts: tuple[EntityCounts, ...]


def look_up(
    connection: Connection[Any], url: str, manifest: Manifest, name: str, keys: Sequence[Sequence[str]], **context: Any
) -> LookupResult:
    """Fetch rows by key, each key being the values of the manifest's `key` columns in order, and merge them.

    Raises OperationRefused if the stream has no look-up or a key has the wrong number of parts; SourceUnavailable,
    CursorMoved.
    """
    stream = manifest.streams[name]
    where = f"{manifest.name}.{name}"
    if any(len(key) != len(stream.key) for key in keys):
        raise OperationRefused(
            f"{where}: each key needs {len(stream.key)} values",
            next_step=f"give {', '.join(stream.key)} of each row, in this order",
        )
    reader = open_reader(ReaderContext(manifest, name, stream, connector_folder(manifest), url, **context))
    try:
        if not reader.looks_up:
            raise OperationRefused(
                f"{where}: the source cannot look up single rows",
                next_step="declare `lookup` in the manifest if the source has such an operation; otherwise run `hub sync`",
            )
        asked = _LookupReader(reader, pl.DataFrame(list(map(list, keys)), schema=list(stream.key), orient="row"))
        run_id = begin_run(connection, manifest, "LOOKUP")
        work = StreamRun(connection, manifest, name, RunOptions(run_id), asked)
        try:
            work.refresh_rows(LOCK_WAIT_S)
        except BaseException as error:
            end_run(connection, run_id, "FAILED", [type(error).__name__], {name: work.outcome})
            raise
        end_run(connection, run_id, "SUCCEEDED", [], {name: work.outcome})
    finally:
        reader.close()
    return LookupResult(asked.found, len(set(map(tuple, keys))) - asked.found, tuple(work.outcome.counts.values()))


class _LookupReader(Reader):
    """Reads the rows of some keys through another reader."""

    def __init__(self, reader: Reader, keys: pl.DataFrame) -> None:
        super().__init__(reader.context)
        self.reader = reader
        self.keys_asked = keys.unique(maintain_order=True)
        self.found = 0

    def whole(self, state: ReadState | None) -> bool:
        """Return False: the source has other rows."""
        return False

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield the rows of the keys."""
        for frame in self.reader.lookup(self.keys_asked):
            self.found += frame.height
            yield ReadBatch(frame)
