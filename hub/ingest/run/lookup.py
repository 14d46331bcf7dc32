"""Live look-up: fetch single rows by key and merge them into the store like any other change of their source.

The store stays the only read path: to get fresh data, look it up, then read it. The stream's reader says whether it can
look up. The source is asked before the stream is locked, so a slow source holds no sync up.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import polars as pl
import psycopg
from psycopg import Connection

from hub.errors import OperationRefused, SourceUnavailable
from hub.ingest.connectors import connector_folder
from hub.ingest.read import open_reader
from hub.ingest.read.reader import AnswerMalformed, ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.run.outcome import ApprovalRequired, EntityCounts, RunOptions
from hub.ingest.run.run_records import begin_run, delete_run, end_run
from hub.ingest.run.stream_run import StreamRun
from hub.ingest.transform import map as mapping
from hub.model.names import quote_identifier
from hub.model.registry import load_registry
from hub.sdk.lookup_keys import build_lookup_key, split_source_key
from hub.sdk.manifest import Manifest

LOCK_WAIT_S = 1.0
"""How long a look-up waits for a run of the same stream, before it asks the source and again before it writes."""
FIND_STORED: LiteralString = """
    select key, max(written.sys_from)
    from unnest(%(keys)s::text[]) key
    cross join lateral (
        select t.sys_from from data.{table} t where t.stream_id = %(stream)s and t.source_key = key
        union all
        select t.sys_from from data.{table} t
        where t.stream_id = %(stream)s
            and t.source_key >= key || '|' collate "C" and t.source_key < key || '}}' collate "C"
    ) written
    group by key
"""
"""When the rows of keys, or the items of their lists, were last written. `}}` is the character after `|`."""


@dataclass(frozen=True)
class LookupTask:
    """Rows of one stream to look up, by their source keys as `hub.sdk.lookup_keys.build_lookup_key` returns them.

    After `deadline_s` seconds no further request is sent; None for as long as it takes.
    """

    manifest: Manifest
    stream: str
    keys: Sequence[str]
    deadline_s: float | None = None


@dataclass(frozen=True)
class LookupResult:
    """What became of the source keys.

    `stored`: the store has the row as the source had it at `as_of`. `absent`: the source lacks it; the row is left as it is, since
    only a sweep or the source itself can say that it was deleted. `rejected`: the row was quarantined, or others came instead.
    """

    stored: frozenset[str]
    absent: frozenset[str]
    rejected: frozenset[str]
    as_of: datetime
    counts: tuple[EntityCounts, ...] = ()


@dataclass(frozen=True)
class _FetchedRows:
    """The rows of a look-up, before they are written."""

    frames: Sequence[pl.DataFrame]
    keys: frozenset[str]
    unasked: int
    as_of: datetime


def look_up(connection: Connection[Any], url: str, task: LookupTask, **context: Any) -> LookupResult:
    """Fetch rows by key and merge them. `context` is passed to the reader: a gate.

    Raises OperationRefused if the stream has no look-up or a key has the wrong number of parts; CursorMoved if a run of the stream
    writes for longer than LOCK_WAIT_S; AnswerMalformed, SourceUnavailable, HubMisconfigured.
    """
    manifest, name = task.manifest, task.stream
    stream = manifest.streams[name]
    where = f"{manifest.name}.{name}"
    if any(len(split_source_key(stream, key)) != len(stream.key) for key in task.keys):
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
        stored = _StoredRows(connection, task)
        return _merge(connection, task, _FetchedReader(reader, _fetch(reader, task), stored))
    finally:
        reader.close()


class _StoredRows:
    """What the store has of the keys before the source is asked. Raises CursorMoved if a run is writing to the stream."""

    def __init__(self, connection: Connection[Any], task: LookupTask) -> None:
        self.connection, self.task = connection, task
        cursor = StreamCursor(connection, task.manifest.name, task.stream)
        self.stream_id, self.shape = cursor.stream_id, cursor.shape
        with connection.transaction():  # what could not be written is not asked for
            cursor.lock_within(LOCK_WAIT_S)
            self.before = self._find()

    def find_superseded(self, since: datetime) -> frozenset[str]:
        """Return the keys that a run has written or deleted since the source was asked: the fetched rows are older."""
        now = self._find()
        written = {key for key, at in now.items() if at > since}
        return frozenset(written | (self.before.keys() - now.keys()))

    def _find(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for name in self.task.manifest.streams[self.task.stream].emits:
            table = quote_identifier(load_registry()[name].table)
            rows = self.connection.execute(
                FIND_STORED.format(table=table), {"keys": list(self.task.keys), "stream": self.stream_id}
            )
            found |= {key: max(at, found.get(key, at)) for key, at in rows.fetchall()}
        return found


def _fetch(reader: Reader, task: LookupTask) -> _FetchedRows:
    """Ask the source. Raises SourceUnavailable."""
    stream = task.manifest.streams[task.stream]
    as_of, began = datetime.now(UTC), time.monotonic()
    parts = [list(split_source_key(stream, key)) for key in dict.fromkeys(task.keys)]
    asked = pl.DataFrame(parts, schema=dict.fromkeys(stream.key, pl.String), orient="row")
    frames, keys = [], set[str]()
    for frame in reader.lookup(asked):
        if task.deadline_s is not None and time.monotonic() - began > task.deadline_s:
            raise SourceUnavailable(f"{reader.context.where}: the look-up took too long", next_step="try it later")
        if not frame.is_empty():
            frames.append(frame)
            keys.update(frame.select(mapping.build_source_key(stream)).to_series().drop_nulls())
    return _FetchedRows(frames, frozenset(keys) & frozenset(task.keys), reader.unasked_rows, as_of)


def _merge(connection: Connection[Any], task: LookupTask, again: "_FetchedReader") -> LookupResult:
    """Write the rows. A look-up that changed nothing leaves no run record."""
    fetched = again.fetched
    missing = frozenset(task.keys) - fetched.keys
    # Whoever answers with other rows has not said that these do not exist.
    absent, rejected = (frozenset[str](), missing) if fetched.unasked else (missing, frozenset[str]())
    if not fetched.keys:
        return LookupResult(frozenset(), absent, rejected, fetched.as_of)
    for frame in fetched.frames:
        _require_usual_columns(again, frame)
    run_id = begin_run(connection, task.manifest, "LOOKUP")
    work = StreamRun(connection, task.manifest, task.stream, RunOptions(run_id), again)
    try:
        work.refresh_rows(LOCK_WAIT_S, again.leave_out_superseded)
    except BaseException as error:
        reason = error.message if isinstance(error, ApprovalRequired) else type(error).__name__
        end_run(connection, run_id, "FAILED", [reason], {task.stream: work.outcome})
        raise _explain_failure(error) from None
    counts = tuple(work.outcome.counts.values())
    rejected |= _find_quarantined(connection, task, run_id)
    if any(count.added + count.changed + count.deleted + count.quarantined for count in counts) or work.outcome.drift:
        end_run(connection, run_id, "SUCCEEDED", [], {task.stream: work.outcome})
    else:
        delete_run(connection, run_id)
    return LookupResult(fetched.keys - rejected, absent, rejected, fetched.as_of, counts)


def _require_usual_columns(again: "_FetchedReader", frame: pl.DataFrame) -> None:
    """Refuse half a row: a mapped column that the list has and that is missing here would empty what the store has.

    Raises AnswerMalformed. An object that is null has no columns of its own.
    """
    stream = again.context.stream
    missing = [
        column
        for column in mapping.find_missing_columns(stream, frame.columns)
        if column in again.stored.shape and not any(f"{column}.".startswith(f"{name}.") for name in frame.columns)
    ]
    if missing:
        raise AnswerMalformed(
            f"{again.context.where}: a row that was looked up lacks {', '.join(missing)}",
            next_step="ask the owner whether a look-up returns the same columns as the list; declare what may be absent in `optional`",
        )


def _explain_failure(error: BaseException) -> BaseException:
    """Return the error of a merge as a look-up raises it: rows that do not fit the mapping are a bad answer."""
    if isinstance(error, psycopg.Error) or not isinstance(error, SourceUnavailable | ApprovalRequired):
        return error
    return AnswerMalformed(error.message, next_step=error.next_step)


def _find_quarantined(connection: Connection[Any], task: LookupTask, run_id: int) -> frozenset[str]:
    """Return the keys of the rows that this run quarantined, whole or an item of their lists."""
    stream = task.manifest.streams[task.stream]
    rows = connection.execute(
        "select distinct source_key from hub.quarantine where run_id = %s and source_key is not null", (run_id,)
    ).fetchall()
    return frozenset(build_lookup_key(stream, key) for (key,) in rows)


class _FetchedReader(Reader):
    """Reads rows that were fetched before, without those that a run has written meanwhile."""

    def __init__(self, reader: Reader, fetched: _FetchedRows, stored: _StoredRows) -> None:
        super().__init__(reader.context)
        self.fetched, self.stored = fetched, stored
        self.superseded: Sequence[str] = ()

    def whole(self, state: ReadState | None) -> bool:
        """Return False: the source has other rows."""
        return False

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield the rows."""
        key = mapping.build_source_key(self.context.stream)
        for frame in self.fetched.frames:
            yield ReadBatch(frame.filter(~key.is_in(self.superseded)) if self.superseded else frame)

    def leave_out_superseded(self) -> None:
        """Leave out what a run has written meanwhile. No other run may write any more."""
        self.superseded = sorted(self.stored.find_superseded(self.fetched.as_of))
