"""Runs: one connector after another, and a record of what happened.

A stream that fails leaves the store as its last commit left it and does not stop the others. One run of a connector at a time,
across processes: a lock of the session holds it, and ends with the process, however it ends.
"""

import contextlib
import os
import time
import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from hub.errors import HubError, HubMisconfigured, SourceUnavailable, StoreUnavailable, UnforeseenFailure
from hub.ingest.connectors import broken, discover, home
from hub.ingest.guards import circuit_breaker as circuit
from hub.ingest.guards.request_limits import Gate, QuotaUsedUp
from hub.ingest.read import open_reader
from hub.ingest.read.reader import Context
from hub.ingest.run.outcome import Count, Orders, Outcome, Progress
from hub.ingest.run.run_lock import LOCK, UNLOCK
from hub.ingest.run.stream_run import StreamRun
from hub.sdk.manifest import Manifest
from hub.store.engine import connect_for_run, store_url
from hub.store.query import fetch_value

PATIENCE_S = 5.0
"""How long a run waits for the lock. A run that was killed has it until the server sees that its client is gone: within a second
where a statement goes on, and as long as it takes to end the session."""
LOOK_S = 0.1


@dataclass(frozen=True)
class RunReport:
    """One run of one connector. `status` is SUCCEEDED, PARTIAL (see `problems`), FAILED or DEFERRED."""

    connector: str
    status: str
    counts: tuple[Count, ...]
    problems: tuple[str, ...]
    drift: tuple[str, ...]
    seconds: float
    run_id: int | None = None
    until: datetime | None = None
    """Until when a deferred run is put off."""
    notes: tuple[str, ...] = ()
    """What is no fault and a person should know."""
    away: bool = False
    """Whether the source was away, or another run had it: trying again may help."""

    @property
    def changed(self) -> int:
        """Rows that were added, changed or deleted."""
        return sum(count.added + count.changed + count.deleted for count in self.counts)


@dataclass(frozen=True)
class Choices:
    """How a person wants connectors to be run."""

    accept_deletes: bool = False
    """Let a full read remove more rows than its manifest allows."""
    full: bool = False
    """Read everything, not only what changed."""
    anyway: bool = False
    """Read a source that is in maintenance, or left alone because it failed."""


def sync(
    engine: Engine,
    connectors: Iterable[str] | None = None,
    *,
    progress: Progress | None = None,
    accept_deletes: bool = False,
    full: bool = False,
    anyway: bool = False,
) -> list[RunReport]:
    """Run connectors, all where none is named; a broken one fails, and the others run.

    Raises HubMisconfigured for an unknown name, StoreUnavailable.
    """
    choices = Choices(accept_deletes, full, anyway)
    names = None if connectors is None else list(connectors)
    return [*left_out(names), *run(engine, chosen(names), choices, progress=progress)]


def chosen(connectors: Iterable[str] | None) -> list[Manifest]:
    """The connectors of these names, all where none is given, without those that are broken.

    Raises HubMisconfigured for an unknown name.
    """
    known = discover()
    names = list(connectors) if connectors is not None else _in_order(known)
    unknown = [name for name in names if name not in known and name not in broken()]
    if unknown:
        raise HubMisconfigured(
            f"there is no connector {', '.join(unknown)}", next_step=f"use one of: {', '.join(known)}"
        )
    return [known[name] for name in names if name in known]


def left_out(connectors: Iterable[str] | None) -> list[RunReport]:
    """A failed report for each of these connectors, or of all, that is broken: none of it can be run."""
    wanted = None if connectors is None else set(connectors)
    return [
        RunReport(name, "FAILED", (), (str(error),), (), 0.0)
        for name, error in broken().items()
        if wanted is None or name in wanted
    ]


NO_CHOICES = Choices()


def run(
    engine: Engine,
    manifests: Iterable[Manifest],
    choices: Choices = NO_CHOICES,
    *,
    progress: Progress | None = None,
) -> list[RunReport]:
    """Run connectors by their manifests, in the order given. Raises StoreUnavailable."""
    url = store_url(engine)
    try:
        with connect_for_run(url) as connection:
            return [_report_safely(_Run(connection, url, manifest, choices, progress)) for manifest in manifests]
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database went away during the run",
            next_step="start it and run `hub sync` again; what was not finished was not kept",
        ) from None


def _report_safely(work: "_Run") -> RunReport:
    """The report of a run. A failure that nobody foresaw fails this connector, and the next is read all the same."""
    try:
        return work.report()
    except psycopg.OperationalError:
        raise
    except Exception as error:
        if work.connection.broken:
            raise psycopg.OperationalError("the connection is broken") from None
        failure = _trace(UnforeseenFailure(work.manifest.name, error), error)
        return RunReport(work.manifest.name, "FAILED", (), (str(failure),), (), 0.0)


def _trace(failure: UnforeseenFailure, error: Exception) -> UnforeseenFailure:
    """Print the trace of an unforeseen error if the operator asked for it: it may quote values."""
    if os.environ.get("HUB_TRACE"):
        traceback.print_exception(error)
    return failure


def _in_order(known: Iterable[str]) -> list[str]:
    """Reference data first: the others name its units."""
    return sorted(known, key=lambda name: (name != "place", name))


@dataclass
class _Run:
    connection: Connection[Any]
    url: str
    manifest: Manifest
    choices: Choices
    progress: Progress | None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    failures: list[HubError] = field(default_factory=list)

    def report(self) -> RunReport:
        """Run, under the connector's lock, and write the run's record."""
        if not self._locked():
            reasons = ("another run of this connector is going on",)
            return RunReport(self.manifest.name, "FAILED", (), reasons, (), 0.0, away=True)
        try:
            put_off = (
                None if self.choices.anyway else circuit.deferral(self.connection, self.manifest, datetime.now(UTC))
            )
            return self._run() if put_off is None else self._deferred(put_off)
        finally:
            if not self.connection.broken:
                self.connection.execute(UNLOCK, (self.manifest.name,))

    def _locked(self) -> bool:
        """Whether this run has the lock now."""
        until = time.monotonic() + PATIENCE_S
        while not self._scalar(LOCK, (self.manifest.name,)):
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
        return True

    def _run(self) -> RunReport:
        started = time.monotonic()
        run_id = begin(self.connection, self.manifest, self._mode)
        gate = Gate(self.manifest, self.url)
        try:
            done = sum(self._stream(name, run_id, gate) for name in self.manifest.streams)
        except BaseException as error:
            self._close_record(run_id, error)
            raise
        finally:
            gate.close()
        away = self._judge(done)
        status = "FAILED" if not done else "PARTIAL" if self.problems else "SUCCEEDED"
        end(self.connection, run_id, status, self.problems, self.outcomes)
        seconds = round(time.monotonic() - started, 3)
        counts = tuple(count for outcome in self.outcomes.values() for count in outcome.counts.values())
        drift = tuple(words for outcome in self.outcomes.values() for words in outcome.drift)
        facts = (self.manifest.name, status, counts, tuple(self.problems), drift, seconds)
        notes = tuple(words for outcome in self.outcomes.values() for words in outcome.notes)
        return RunReport(*facts, run_id=run_id, notes=notes, away=away)

    def _close_record(self, run_id: int, error: BaseException) -> None:
        """Say in the record of a run what broke it off, as far as the store can still be told."""
        by_person = isinstance(error, KeyboardInterrupt | SystemExit)
        reason = "stopped by a person" if by_person else str(UnforeseenFailure(self.manifest.name, error))
        with contextlib.suppress(psycopg.Error):
            end(self.connection, run_id, "INTERRUPTED" if by_person else "FAILED", [reason], self.outcomes)

    def _deferred(self, put_off: circuit.Deferral) -> RunReport:
        run_id = begin(self.connection, self.manifest, self._mode)
        end(self.connection, run_id, "DEFERRED", [put_off.reason], {})
        reasons = (put_off.reason,)
        return RunReport(self.manifest.name, "DEFERRED", (), reasons, (), 0.0, run_id=run_id, until=put_off.until)

    def _judge(self, done: int) -> bool:
        """Note on the circuit whether the source answered. Returns whether it was away for a stream."""
        # A quota that is used up is no failure of the source, and to try again before its window ends is of no use.
        away = [f for f in self.failures if isinstance(f, SourceUnavailable) and not isinstance(f, QuotaUsedUp)]
        if done:
            circuit.succeeded(self.connection, self.manifest)
        elif away:
            circuit.failed(self.connection, self.manifest, str(away[-1]))
        return bool(away)

    @property
    def _mode(self) -> str:
        return "FULL" if self.choices.full else "SYNC"

    def _scalar(self, query: str, parameters: tuple[Any, ...]) -> Any:
        return fetch_value(self.connection, query, parameters)

    def _stream(self, name: str, run_id: int, gate: Gate) -> bool:
        """One stream. Returns whether it was taken to its end."""
        orders = Orders(run_id, self.choices.full, self.choices.accept_deletes, self.progress)
        ended = run_stream(self.connection, self.url, self.manifest, name, orders, self.outcomes, gate=gate)
        self.problems += ended.problems
        self.failures += [ended.failure] if ended.failure else []
        return ended.done


@dataclass(frozen=True)
class Ended:
    """How the reading of a stream ended: whether at its end, what stood in the way, and what broke it off."""

    done: bool
    problems: list[str]
    failure: HubError | None = None


def run_stream(
    connection: Connection[Any],
    url: str,
    manifest: Manifest,
    name: str,
    orders: Orders,
    outcomes: dict[str, Outcome],
    **context: Any,
) -> Ended:
    """Read one stream. Its outcome joins `outcomes`; `context` is what else its reader is given: a gate, when to stop.

    Raises psycopg.OperationalError where the store is away.
    """
    where = f"{manifest.name}.{name}"
    try:
        taken = _taken(connection, manifest.name, name)
        given = Context(manifest, name, manifest.streams[name], home(manifest), url, taken=taken, **context)
        reader = open_reader(given)
        try:
            work = StreamRun(connection, manifest, name, orders, reader)
            outcomes[name] = work.outcome
            work.run()
        finally:
            reader.close()
    except HubError as error:
        return Ended(False, [*(outcomes[name].problems if name in outcomes else ()), str(error)], error)
    except psycopg.Error as error:
        if connection.broken:
            raise
        # The kind only: PostgreSQL's message quotes the value that it refuses.
        problem = f"{where}: the store refused the rows: {type(error).__name__}. Next step: {_advice(error)}."
        return Ended(False, [problem])
    except Exception as error:
        if connection.broken:
            raise psycopg.OperationalError("the connection is broken") from None
        failure = _trace(UnforeseenFailure(where, error), error)
        return Ended(False, [*(outcomes[name].problems if name in outcomes else ()), str(failure)], failure)
    return Ended(True, outcomes[name].problems)


def _advice(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "make room on the disk of the database; nothing was lost, the next run reads it again"
    if isinstance(error, psycopg.OperationalError):
        return "run it again; nothing was lost"
    return "run it with HUB_TRACE=1 and tell the maintainers the kind"


def begin(connection: Connection[Any], manifest: Manifest, mode: str) -> int:
    """A new record of a run; one that was left open was interrupted. Returns its number."""
    if mode != "LOOKUP":
        interrupt(connection, manifest.name)
    return int(
        fetch_value(
            connection,
            "insert into hub.run (connector, connector_version, status, mode) values (%s, %s, 'RUNNING', %s) returning id",
            (manifest.name, manifest.version, mode),
        )
    )


def interrupt(connection: Connection[Any], connector: str) -> None:
    """Close the record of a run that was left open. Look-ups go on beside runs, for seconds."""
    connection.execute(
        "update hub.run set status = 'INTERRUPTED', ended_at = now() where connector = %s and status = 'RUNNING'"
        " and (mode is distinct from 'LOOKUP' or started_at < now() - interval '1 hour')",
        (connector,),
    )


def end(
    connection: Connection[Any], run_id: int, status: str, problems: list[str], outcomes: dict[str, Outcome]
) -> None:
    """Complete the record of a run."""
    note(connection, run_id, outcomes)
    connection.execute(
        "update hub.run set status = %s, reason = %s, ended_at = now() where id = %s",
        (status, "; ".join(problems) or None, run_id),
    )


def note(connection: Connection[Any], run_id: int, outcomes: dict[str, Outcome]) -> None:
    """Write what a run has done so far into its record."""
    found = dict(outcomes)
    counts = [asdict(count) for outcome in found.values() for count in outcome.counts.values()]
    timings = {
        name: {"seconds": round(o.seconds, 3), "source_s": round(o.waited_s, 3), "store_s": round(o.stored_s, 3)}
        for name, o in found.items()
    }
    drift = [words for outcome in found.values() for words in outcome.drift]
    notes = [words for outcome in found.values() for words in outcome.notes]
    connection.execute(
        "update hub.run set counts = %s, timings = %s, drift = %s, notes = %s where id = %s",
        (*(orjson.dumps(x).decode() for x in (counts, timings, drift, notes)), run_id),
    )


def _taken(connection: Connection[Any], connector: str, name: str) -> frozenset[str]:
    found = connection.execute(
        "select f.digest from hub.file f join hub.stream s on s.id = f.stream_id where s.connector = %s and s.name = %s",
        (connector, name),
    ).fetchall()
    return frozenset(digest for (digest,) in found)
