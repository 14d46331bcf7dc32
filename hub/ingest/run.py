"""Runs: one connector after another, each stream in one transaction, and a record of what happened.

A stream that fails leaves the store as it was and does not stop the others. One run of a connector at a time, across
processes. Reading, mapping and checking go on in a thread while the batch before is copied.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from hub.errors import HubError, HubMisconfigured, StoreUnavailable
from hub.ingest import map as mapping
from hub.ingest import quarantine, stage
from hub.ingest.check import Checked, check
from hub.ingest.discover import Transform, discover, folder, transform
from hub.ingest.merge import Merge, merge
from hub.ingest.read import read
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest, Stream
from hub.store.engine import SESSION

LOCK_CLASS = 7_022
AHEAD = 2
"""Batches that may wait to be copied: enough to overlap, few enough to bound memory."""

Progress = Callable[[str, int], None]
"""Told the name of a stream, and how many rows of it have been read so far."""


@dataclass(frozen=True)
class Counts:
    """One kind of record of one stream, by what happened to its rows."""

    stream: str
    entity: str
    read: int
    added: int
    changed: int
    unchanged: int
    deleted: int
    quarantined: int


@dataclass(frozen=True)
class RunReport:
    """One run of one connector. `status` is SUCCEEDED, PARTIAL (see `problems`) or FAILED."""

    connector: str
    status: str
    counts: tuple[Counts, ...]
    problems: tuple[str, ...]
    drift: tuple[str, ...]
    seconds: float


def sync(
    engine: Engine,
    connectors: Iterable[str] | None = None,
    *,
    progress: Progress | None = None,
    accept_deletes: bool = False,
) -> list[RunReport]:
    """Run connectors, all where none is named. Raises HubMisconfigured for an unknown name, StoreUnavailable."""
    known = discover()
    names = list(connectors) if connectors is not None else _in_order(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise HubMisconfigured(
            f"there is no connector {', '.join(unknown)}", next_step=f"use one of: {', '.join(known)}"
        )
    manifests = [known[name] for name in names]
    return run(engine, manifests, progress=progress, accept_deletes=accept_deletes)


def run(
    engine: Engine, manifests: Iterable[Manifest], *, progress: Progress | None = None, accept_deletes: bool = False
) -> list[RunReport]:
    """Run connectors by their manifests, in the order given. Raises StoreUnavailable."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        # Generous memory for the few statements of a merge: one run at a time has it.
        with psycopg.connect(
            url, options=f"{SESSION} -c maintenance_work_mem=256MB -c work_mem=128MB", autocommit=True
        ) as connection:
            return [_Run(connection, manifest, progress, accept_deletes).report() for manifest in manifests]
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database went away during the run",
            next_step="start it and run `hub sync` again; what was not finished was not kept",
        ) from None


def _in_order(known: Iterable[str]) -> list[str]:
    """Reference data first: the others name its units."""
    return sorted(known, key=lambda name: (name != "place", name))


@dataclass
class _Run:
    connection: Connection[Any]
    manifest: Manifest
    progress: Progress | None
    accept_deletes: bool
    counts: list[Counts] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)

    def report(self) -> RunReport:
        """Run, under the connector's lock, and write the run's record."""
        started = time.monotonic()
        lock = (LOCK_CLASS, _number(self.manifest.name))
        if not self._scalar("select pg_try_advisory_lock(%s, %s)", lock):
            return RunReport(self.manifest.name, "FAILED", (), ("another run of this connector is going on",), (), 0.0)
        try:
            self.connection.execute(
                "update hub.run set status = 'INTERRUPTED', ended_at = now() where connector = %s and status = 'RUNNING'",
                (self.manifest.name,),
            )
            run_id = self._scalar(
                "insert into hub.run (connector, connector_version, status) values (%s, %s, 'RUNNING') returning id",
                (self.manifest.name, self.manifest.version),
            )
            failed = sum(not self._stream(name, stream, run_id) for name, stream in self.manifest.streams.items())
            status = "FAILED" if failed == len(self.manifest.streams) else "PARTIAL" if self.problems else "SUCCEEDED"
            self.connection.execute(
                "update hub.run set status = %s, reason = %s, counts = %s, ended_at = now() where id = %s",
                (status, "; ".join(self.problems) or None, orjson.dumps(self.counts).decode(), run_id),
            )
        finally:
            self.connection.execute("select pg_advisory_unlock(%s, %s)", lock)
        seconds = round(time.monotonic() - started, 3)
        return RunReport(
            self.manifest.name, status, tuple(self.counts), tuple(self.problems), tuple(self.drift), seconds
        )

    def _stream(self, name: str, stream: Stream, run_id: int) -> bool:
        """One stream, in one transaction. Returns whether it was taken."""
        try:
            with self.connection.transaction():
                work = _StreamRun(self, name, stream, run_id)
                self.counts += work.run()
        except psycopg.OperationalError:
            raise
        except HubError as error:
            self.problems.append(str(error))
            return False
        except psycopg.Error as error:
            # The kind only: PostgreSQL's message quotes the value that it refuses.
            self.problems.append(f"{self.manifest.name}.{name}: the store refused the rows: {type(error).__name__}")
            return False
        return True

    def _scalar(self, query: str, parameters: tuple[Any, ...]) -> Any:
        row = self.connection.execute(query, parameters).fetchone()
        assert row is not None  # each returns a value
        return row[0]


class _StreamRun:
    """The work of one stream within its transaction."""

    def __init__(self, run: _Run, name: str, stream: Stream, run_id: int) -> None:
        self.run_ = run
        self.name = name
        self.stream = stream
        self.run_id = run_id
        self.at = datetime.now(UTC)
        self.entities = [registry()[entity] for entity in stream.emits]
        self.rows = dict.fromkeys(stream.emits, 0)

    def run(self) -> list[Counts]:
        connection = self.run_.connection
        stream_id = self.run_._scalar(
            "insert into hub.stream (connector, name) values (%s, %s)"
            " on conflict (connector, name) do update set name = excluded.name returning id",
            (self.run_.manifest.name, self.name),
        )
        for entity in self.entities:
            stage.create(connection, entity)
        for batch in _ahead(self._batches()):
            for entity, checked, rows in batch:
                self.rows[entity.name] += rows.height
                stage.accept(connection, entity, checked.accepted)
                stage.reject(connection, entity, checked.rejected, rows, checked.rejected_keys)
        counts = [self._merge(entity, stream_id) for entity in self.entities]
        quarantine.settle(connection, stream_id, self.run_id)
        connection.execute("update hub.stream set as_of = %s where id = %s", (self.at, stream_id))
        return counts

    def _batches(self) -> Iterator[list[tuple[Entity, "_Batch", pl.DataFrame]]]:
        manifest = self.run_.manifest
        change: Transform | None = transform(manifest)
        done = 0
        seen: set[str] = set()
        for frame in read(manifest, self.name, self.stream, folder().parent):
            seen |= set(mapping.unexpected(self.stream, frame.columns))
            changed = change(self.name, frame.lazy()).collect() if change else frame
            mapping.require(f"{manifest.name}.{self.name}", self.stream, changed.columns)
            yield [self._checked(entity, changed) for entity in self.entities]
            done += frame.height
            if self.run_.progress:
                self.run_.progress(f"{manifest.name}.{self.name}", done)
        self.run_.drift += [
            f"{manifest.name}.{self.name}: column {column} is neither mapped nor ignored" for column in sorted(seen)
        ]

    def _checked(self, entity: Entity, frame: pl.DataFrame) -> tuple[Entity, "_Batch", pl.DataFrame]:
        emit = self.stream.emits[entity.name]
        rows = mapping.unfold(frame, emit)
        canonical = mapping.mapped(frame, self.stream, entity)
        return entity, _Batch(check(canonical, entity), canonical[mapping.SOURCE_KEY]), rows

    def _merge(self, entity: Entity, stream_id: int) -> Counts:
        run, connection = self.run_, self.run_.connection
        sweep = self.stream.deletes == "sweep"
        work = Merge(entity, stream_id, self.run_id, self.at, sweep, self.stream.max_deleted, run.accept_deletes)
        merged = merge(connection, work)
        if merged.refused:
            run.problems.append(f"{run.manifest.name}.{self.name}: {merged.refused}")
        kept = quarantine.keep(connection, entity, stream_id, self.run_id, run.manifest.version)
        return Counts(
            self.name,
            entity.name,
            self.rows[entity.name],
            merged.added,
            merged.changed,
            merged.unchanged,
            merged.deleted,
            kept,
        )


@dataclass(frozen=True)
class _Batch:
    """Checked rows of one kind of record, with the source key of every row read."""

    checked: Checked
    rejected_keys: pl.Series

    @property
    def accepted(self) -> pl.DataFrame:
        return self.checked.accepted

    @property
    def rejected(self) -> pl.DataFrame:
        return self.checked.rejected


def _ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches, made in a thread a little ahead; its failure is raised here."""
    made: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def make() -> None:
        failure: BaseException | None = None
        try:
            for batch in batches:
                if stopped.is_set():
                    return
                made.put((batch, None))
        except BaseException as error:  # handed over, whatever it is
            failure = error
        made.put((None, failure))

    worker = threading.Thread(target=make, name="ingest", daemon=True)
    worker.start()
    try:
        while True:
            batch, failure = made.get()
            if failure is not None:
                raise failure
            if batch is None:
                return
            yield batch
    finally:
        stopped.set()
        while worker.is_alive():
            try:
                made.get(timeout=0.05)
            except queue.Empty:
                continue


def _number(name: str) -> int:
    """A stable number of 31 bits for an advisory lock."""
    return int.from_bytes(name.encode()[-3:].rjust(3, b"\0"), "big") ^ len(name) << 24 & 0x7FFFFFFF
