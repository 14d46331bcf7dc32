"""Runs: one connector after another, and a record of what happened.

A stream that fails leaves the store as its last commit left it and does not stop the others. One run of a connector at a time,
across processes: a lock of the session holds it, and ends with the process, however it ends.
"""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from hub.errors import HubError, HubMisconfigured, StoreUnavailable
from hub.ingest.discover import discover, folder
from hub.ingest.outcome import Count, Orders, Outcome, Progress
from hub.ingest.read import open_reader
from hub.ingest.read.base import Context
from hub.ingest.stream_run import StreamRun
from hub.sdk.manifest import Manifest
from hub.store.engine import SESSION

LOCK = "select pg_try_advisory_lock(hashtextextended('hub.connector:' || %s, 0))"
UNLOCK = "select pg_advisory_unlock(hashtextextended('hub.connector:' || %s, 0))"


@dataclass(frozen=True)
class RunReport:
    """One run of one connector. `status` is SUCCEEDED, PARTIAL (see `problems`), FAILED or DEFERRED."""

    connector: str
    status: str
    counts: tuple[Count, ...]
    problems: tuple[str, ...]
    drift: tuple[str, ...]
    seconds: float


def sync(
    engine: Engine,
    connectors: Iterable[str] | None = None,
    *,
    progress: Progress | None = None,
    accept_deletes: bool = False,
    full: bool = False,
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
    return run(engine, manifests, progress=progress, accept_deletes=accept_deletes, full=full)


def run(
    engine: Engine,
    manifests: Iterable[Manifest],
    *,
    progress: Progress | None = None,
    accept_deletes: bool = False,
    full: bool = False,
) -> list[RunReport]:
    """Run connectors by their manifests, in the order given. Raises StoreUnavailable."""
    url = store_url(engine)
    try:
        with connect(url) as connection:
            return [_Run(connection, url, manifest, progress, accept_deletes, full).report() for manifest in manifests]
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database went away during the run",
            next_step="start it and run `hub sync` again; what was not finished was not kept",
        ) from None


def store_url(engine: Engine) -> str:
    """The URL of an engine's database, as psycopg takes it. It holds the password."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def connect(url: str) -> Connection[Any]:
    """A connection for a run: generous memory for the few statements of a merge, since one run at a time has it."""
    return psycopg.connect(url, options=f"{SESSION} -c maintenance_work_mem=256MB -c work_mem=128MB", autocommit=True)


def _in_order(known: Iterable[str]) -> list[str]:
    """Reference data first: the others name its units."""
    return sorted(known, key=lambda name: (name != "place", name))


@dataclass
class _Run:
    connection: Connection[Any]
    url: str
    manifest: Manifest
    progress: Progress | None
    accept_deletes: bool
    full: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def report(self) -> RunReport:
        """Run, under the connector's lock, and write the run's record."""
        started = time.monotonic()
        if not self._scalar(LOCK, (self.manifest.name,)):
            return RunReport(self.manifest.name, "FAILED", (), ("another run of this connector is going on",), (), 0.0)
        try:
            run_id = begin(self.connection, self.manifest, "FULL" if self.full else "SYNC")
            failed = sum(not self._stream(name, run_id) for name in self.manifest.streams)
            status = "FAILED" if failed == len(self.manifest.streams) else "PARTIAL" if self.problems else "SUCCEEDED"
            end(self.connection, run_id, status, self.problems, self.outcomes)
        finally:
            if not self.connection.broken:
                self.connection.execute(UNLOCK, (self.manifest.name,))
        seconds = round(time.monotonic() - started, 3)
        counts = tuple(count for outcome in self.outcomes.values() for count in outcome.counts.values())
        drift = tuple(words for outcome in self.outcomes.values() for words in outcome.drift)
        return RunReport(self.manifest.name, status, counts, tuple(self.problems), drift, seconds)

    def _scalar(self, query: str, parameters: tuple[Any, ...]) -> Any:
        row = self.connection.execute(query, parameters).fetchone()
        assert row is not None  # each returns a value
        return row[0]

    def _stream(self, name: str, run_id: int) -> bool:
        """One stream. Returns whether it was taken to its end."""
        orders = Orders(run_id, self.full, self.accept_deletes, self.progress)
        done, problems = run_stream(self.connection, self.url, self.manifest, name, orders, self.outcomes)
        self.problems += problems
        return done


def run_stream(
    connection: Connection[Any],
    url: str,
    manifest: Manifest,
    name: str,
    orders: Orders,
    outcomes: dict[str, Outcome],
    **context: Any,
) -> tuple[bool, list[str]]:
    """Read one stream. Returns whether it came to its end, and what stood in the way. Its outcome joins `outcomes`.

    Raises psycopg.OperationalError where the store is away.
    """
    where = f"{manifest.name}.{name}"
    try:
        taken = _taken(connection, manifest.name, name)
        given = Context(manifest, name, manifest.streams[name], folder() / manifest.name, url, taken=taken, **context)
        reader = open_reader(given)
        try:
            work = StreamRun(connection, manifest, name, orders, reader)
            outcomes[name] = work.outcome
            work.run()
        finally:
            reader.close()
    except HubError as error:
        return False, [*(outcomes[name].problems if name in outcomes else ()), str(error)]
    except psycopg.Error as error:
        if connection.broken:
            raise
        # The kind only: PostgreSQL's message quotes the value that it refuses.
        return False, [f"{where}: the store refused the rows: {type(error).__name__}. Next step: {_advice(error)}."]
    return True, outcomes[name].problems


def _advice(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "make room on the disk of the database; nothing was lost, the next run reads it again"
    if isinstance(error, psycopg.OperationalError):
        return "run it again; nothing was lost"
    return "run it with HUB_TRACE=1 and tell the maintainers the kind"


def begin(connection: Connection[Any], manifest: Manifest, mode: str) -> int:
    """A new record of a run; one that was left open was interrupted. Returns its number."""
    connection.execute(
        "update hub.run set status = 'INTERRUPTED', ended_at = now() where connector = %s and status = 'RUNNING'",
        (manifest.name,),
    )
    row = connection.execute(
        "insert into hub.run (connector, connector_version, status, mode) values (%s, %s, 'RUNNING', %s) returning id",
        (manifest.name, manifest.version, mode),
    ).fetchone()
    assert row is not None  # returning
    return int(row[0])


def end(
    connection: Connection[Any], run_id: int, status: str, problems: list[str], outcomes: dict[str, Outcome]
) -> None:
    """Complete the record of a run."""
    counts = [asdict(count) for outcome in outcomes.values() for count in outcome.counts.values()]
    timings = {
        name: {"seconds": round(o.seconds, 3), "source_s": round(o.waited_s, 3), "store_s": round(o.stored_s, 3)}
        for name, o in outcomes.items()
    }
    drift = [words for outcome in outcomes.values() for words in outcome.drift]
    connection.execute(
        "update hub.run set status = %s, reason = %s, counts = %s, timings = %s, drift = %s, ended_at = now()"
        " where id = %s",
        (status, "; ".join(problems) or None, *(orjson.dumps(x).decode() for x in (counts, timings, drift)), run_id),
    )


def _taken(connection: Connection[Any], connector: str, name: str) -> frozenset[str]:
    found = connection.execute(
        "select f.digest from hub.file f join hub.stream s on s.id = f.stream_id where s.connector = %s and s.name = %s",
        (connector, name),
    ).fetchall()
    return frozenset(digest for (digest,) in found)
