"""Connector runs: sync one connector after another and record what happened.

A stream that fails leaves the store as of its last commit and does not stop the others. A connector has one run at a
time, across processes: a session lock guarantees it, and ends with the process.
"""

import contextlib
import os
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from hub.errors import HubError, HubMisconfigured, SourceUnavailable, StoreUnavailable, UnforeseenFailure
from hub.ingest.connectors import connector_folder, list_broken_connectors, load_manifests
from hub.ingest.guards import circuit_breaker as circuit
from hub.ingest.guards.request_limits import QuotaExceeded, SharedRequestGate
from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReaderContext
from hub.ingest.run.outcome import EntityCounts, ProgressCallback, RunOptions, StreamOutcome
from hub.ingest.run.run_lock import RELEASE_LOCK, TRY_LOCK
from hub.ingest.run.run_records import begin_run, end_run
from hub.ingest.run.stream_run import StreamRun
from hub.sdk.manifest import Manifest
from hub.store.engine import connect_for_run, store_url
from hub.store.query import fetch_value
from hub.tracing.spans import open_span

LOCK_WAIT_S = 5.0
"""How long a run waits for the lock. A killed run holds it until the server notices that its client is gone: within a
second while a statement runs, otherwise until the session ends.
"""
LOCK_POLL_S = 0.1


@dataclass(frozen=True)
class RunReport:
    """One run of one connector. `status` is SUCCEEDED, PARTIAL (see `problems`), FAILED or DEFERRED."""

    connector: str
    status: str
    counts: tuple[EntityCounts, ...]
    problems: tuple[str, ...]
    drift: tuple[str, ...]
    seconds: float
    run_id: int | None = None
    until: datetime | None = None
    """When a deferred run may start."""
    notes: tuple[str, ...] = ()
    """Remarks for a person that are not problems."""
    away: bool = False
    """Whether the source was down, another run held the lock, or the store rolled back because of one, so that a retry may help."""

    @property
    def changed(self) -> int:
        """Number of rows added, changed or deleted."""
        return sum(count.added + count.changed + count.deleted for count in self.counts)


@dataclass(frozen=True)
class RunChoices:
    """Options of a sync."""

    accept_deletes: bool = False
    """Let a full read delete more rows than the manifest allows."""
    full: bool = False
    """Read everything, not only changes."""
    anyway: bool = False
    """Read a source that is in maintenance or whose circuit breaker is open."""


def sync_connectors(
    engine: Engine,
    connectors: Iterable[str] | None = None,
    *,
    progress: ProgressCallback | None = None,
    accept_deletes: bool = False,
    full: bool = False,
    anyway: bool = False,
) -> list[RunReport]:
    """Sync the named connectors, or all of them. A broken one is reported as failed, and the others run.

    Raises HubMisconfigured for an unknown name, StoreUnavailable.
    """
    choices = RunChoices(accept_deletes, full, anyway)
    names = None if connectors is None else list(connectors)
    return [*report_broken(names), *run_connectors(engine, select_manifests(names), choices, progress=progress)]


def select_manifests(connectors: Iterable[str] | None) -> list[Manifest]:
    """Return the manifests of the named connectors, or of all, without broken ones.

    Raises HubMisconfigured for an unknown name.
    """
    known = load_manifests()
    names = list(connectors) if connectors is not None else _sort_reference_first(known)
    unknown = [name for name in names if name not in known and name not in list_broken_connectors()]
    if unknown:
        raise HubMisconfigured(
            f"there is no connector {', '.join(unknown)}", next_step=f"use one of: {', '.join(known)}"
        )
    return [known[name] for name in names if name in known]


def report_broken(connectors: Iterable[str] | None) -> list[RunReport]:
    """Return a failed report for each broken connector among the named ones, or among all."""
    wanted = None if connectors is None else set(connectors)
    return [
        RunReport(name, "FAILED", (), (str(error),), (), 0.0)
        for name, error in list_broken_connectors().items()
        if wanted is None or name in wanted
    ]


NO_CHOICES = RunChoices()


def run_connectors(
    engine: Engine,
    manifests: Iterable[Manifest],
    choices: RunChoices = NO_CHOICES,
    *,
    progress: ProgressCallback | None = None,
) -> list[RunReport]:
    """Run connectors by their manifests, in the given order. Raises StoreUnavailable."""
    url = store_url(engine)
    try:
        with connect_for_run(url) as connection:
            return [_run_safely(_ConnectorRun(connection, url, manifest, choices, progress)) for manifest in manifests]
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the connection to the database was lost during the run",
            next_step="start the database and run `hub sync` again; uncommitted work was rolled back",
        ) from None


def _run_safely(work: "_ConnectorRun") -> RunReport:
    """Run a connector and return its report. An unforeseen failure fails this connector, and the next one still runs."""
    try:
        with open_span("sync", connector=work.manifest.name) as span:
            report = work.run()
            span.set_attribute("hub.status", report.status)
            span.set_attribute("hub.changed", report.changed)
            return report
    except psycopg.OperationalError:
        raise
    except Exception as error:
        if work.connection.broken:
            raise psycopg.OperationalError("the connection is broken") from None
        failure = _print_trace(UnforeseenFailure(work.manifest.name, error), error)
        return RunReport(work.manifest.name, "FAILED", (), (str(failure),), (), 0.0)


def _print_trace(failure: UnforeseenFailure, error: Exception) -> UnforeseenFailure:
    """Print the traceback of an unforeseen error if HUB_TRACE is set: it may quote values."""
    if os.environ.get("HUB_TRACE"):
        traceback.print_exception(error)
    return failure


def _sort_reference_first(known: Iterable[str]) -> list[str]:
    """Put reference data first: the other connectors refer to its units."""
    return sorted(known, key=lambda name: (name != "place", name))


@dataclass
class _ConnectorRun:
    connection: Connection[Any]
    url: str
    manifest: Manifest
    choices: RunChoices
    progress: ProgressCallback | None
    outcomes: dict[str, StreamOutcome] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    failures: list[HubError] = field(default_factory=list)
    rolled_back: bool = False

    def run(self) -> RunReport:
        """Run under the connector's lock, and write the run record."""
        if not self._acquire_lock():
            reasons = ("another run of this connector is in progress",)
            return RunReport(self.manifest.name, "FAILED", (), reasons, (), 0.0, away=True)
        try:
            put_off = (
                None
                if self.choices.anyway
                else circuit.find_deferral(self.connection, self.manifest, datetime.now(UTC))
            )
            return self._run_streams() if put_off is None else self._record_deferral(put_off)
        finally:
            if not self.connection.broken:
                self.connection.execute(RELEASE_LOCK, (self.manifest.name,))

    def _acquire_lock(self) -> bool:
        """Wait for the lock. Returns whether this run has it."""
        until = time.monotonic() + LOCK_WAIT_S
        while not self._fetch_value(TRY_LOCK, (self.manifest.name,)):
            if time.monotonic() > until:
                return False
            time.sleep(LOCK_POLL_S)
        return True

    def _run_streams(self) -> RunReport:
        started = time.monotonic()
        run_id = begin_run(self.connection, self.manifest, self._mode)
        gate = SharedRequestGate(self.manifest, self.url)
        try:
            done = sum(self._run_stream(name, run_id, gate) for name in self.manifest.streams)
        except BaseException as error:
            self._close_record(run_id, error)
            raise
        finally:
            gate.close()
        away = self._update_circuit(done) or self.rolled_back
        status = "FAILED" if not done else "PARTIAL" if self.problems else "SUCCEEDED"
        end_run(self.connection, run_id, status, self.problems, self.outcomes)
        seconds = round(time.monotonic() - started, 3)
        counts = tuple(count for outcome in self.outcomes.values() for count in outcome.counts.values())
        drift = tuple(words for outcome in self.outcomes.values() for words in outcome.drift)
        facts = (self.manifest.name, status, counts, tuple(self.problems), drift, seconds)
        notes = tuple(words for outcome in self.outcomes.values() for words in outcome.notes)
        return RunReport(*facts, run_id=run_id, notes=notes, away=away)

    def _close_record(self, run_id: int, error: BaseException) -> None:
        """Write into the run record what interrupted the run, if the store still answers."""
        by_person = isinstance(error, KeyboardInterrupt | SystemExit)
        reason = "interrupted by a person" if by_person else str(UnforeseenFailure(self.manifest.name, error))
        with contextlib.suppress(psycopg.Error):
            end_run(self.connection, run_id, "INTERRUPTED" if by_person else "FAILED", [reason], self.outcomes)

    def _record_deferral(self, put_off: circuit.Deferral) -> RunReport:
        run_id = begin_run(self.connection, self.manifest, self._mode)
        end_run(self.connection, run_id, "DEFERRED", [put_off.reason], {})
        reasons = (put_off.reason,)
        return RunReport(self.manifest.name, "DEFERRED", (), reasons, (), 0.0, run_id=run_id, until=put_off.until)

    def _update_circuit(self, done: int) -> bool:
        """Record on the circuit breaker whether the source answered. Returns whether it was down for a stream."""
        # A used-up quota is not a failure of the source, and a retry before its window ends is pointless.
        away = [f for f in self.failures if isinstance(f, SourceUnavailable) and not isinstance(f, QuotaExceeded)]
        if done:
            circuit.close_circuit(self.connection, self.manifest)
        elif away:
            circuit.record_failure(self.connection, self.manifest, str(away[-1]))
        return bool(away)

    @property
    def _mode(self) -> str:
        return "FULL" if self.choices.full else "SYNC"

    def _fetch_value(self, query: str, parameters: tuple[Any, ...]) -> Any:
        return fetch_value(self.connection, query, parameters)

    def _run_stream(self, name: str, run_id: int, gate: SharedRequestGate) -> bool:
        """Run one stream. Returns whether it was read to its end."""
        orders = RunOptions(run_id, self.choices.full, self.choices.accept_deletes, self.progress)
        ended = run_stream(self.connection, self.url, self.manifest, name, orders, self.outcomes, gate=gate)
        self.problems += ended.problems
        self.failures += [ended.failure] if ended.failure else []
        self.rolled_back |= ended.rolled_back
        return ended.done


@dataclass(frozen=True)
class StreamResult:
    """How reading a stream ended: whether at its end, with which problems, and what broke it off.

    `rolled_back`: the store undid it because of another transaction, such as after a deadlock.
    """

    done: bool
    problems: list[str]
    failure: HubError | None = None
    rolled_back: bool = False


def run_stream(
    connection: Connection[Any],
    url: str,
    manifest: Manifest,
    name: str,
    orders: RunOptions,
    outcomes: dict[str, StreamOutcome],
    **context: Any,
) -> StreamResult:
    """Read one stream. Its outcome is added to `outcomes`. `context` is passed to its reader: a gate, an event to stop
    by.

    Raises psycopg.OperationalError if the store is down.
    """
    where = f"{manifest.name}.{name}"
    try:
        taken = _load_taken_files(connection, manifest.name, name)
        given = ReaderContext(
            manifest, name, manifest.streams[name], connector_folder(manifest), url, taken=taken, **context
        )
        reader = open_reader(given)
        try:
            work = StreamRun(connection, manifest, name, orders, reader)
            outcomes[name] = work.outcome
            with open_span("stream", connector=manifest.name, stream=name):
                work.run()
        finally:
            reader.close()
    except HubError as error:
        return StreamResult(False, [*(outcomes[name].problems if name in outcomes else ()), str(error)], error)
    except psycopg.Error as error:
        if connection.broken:
            raise
        # The exception type only: PostgreSQL's message quotes the rejected value.
        problem = (
            f"{where}: the store rejected the rows: {type(error).__name__}. Next step: {_suggest_next_step(error)}."
        )
        # SQLSTATE class 40, and 55P03.
        rolled_back = isinstance(
            error,
            psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure | psycopg.errors.LockNotAvailable,
        )
        return StreamResult(False, [problem], rolled_back=rolled_back)
    except Exception as error:
        if connection.broken:
            raise psycopg.OperationalError("the connection is broken") from None
        failure = _print_trace(UnforeseenFailure(where, error), error)
        return StreamResult(False, [*(outcomes[name].problems if name in outcomes else ()), str(failure)], failure)
    return StreamResult(True, outcomes[name].problems)


def _suggest_next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "free disk space on the database server; nothing was lost, the next run reads these rows again"
    if isinstance(error, psycopg.OperationalError):
        return "run it again; nothing was lost"
    return "run it with HUB_TRACE=1 and report the exception type to the maintainers"


def _load_taken_files(connection: Connection[Any], connector: str, name: str) -> frozenset[str]:
    found = connection.execute(
        "select f.digest from hub.file f join hub.stream s on s.id = f.stream_id where s.connector = %s and s.name = %s",
        (connector, name),
    ).fetchall()
    return frozenset(digest for (digest,) in found)
