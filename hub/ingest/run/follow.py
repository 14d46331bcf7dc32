"""Follow: stream changes from connectors whose sources announce them, with one thread per stream, as long as the hub
runs.

A dedicated session holds the connector's lock. It is checked every second, and everything stops if it is lost: another
process may hold the lock by then, and the cursor of each stream keeps the two from overwriting each other.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import HubError
from hub.ingest.guards import circuit_breaker as circuit
from hub.ingest.guards.request_limits import SharedRequestGate
from hub.ingest.run.connector_run import run_stream
from hub.ingest.run.outcome import EntityCounts, RunOptions, StreamOutcome
from hub.ingest.run.run_lock import TRY_LOCK
from hub.ingest.run.run_records import begin_run, end_run, record_progress
from hub.sdk.manifest import Manifest
from hub.store.engine import connect_for_run

LOCK_CHECK_S = 1.0
RECORD_EVERY_S = 15.0
LOCKED_WAIT_S = 3.0
"""How long to wait while another process follows this connector."""
FIRST_REST_S = 1.0
LONGEST_REST_S = 300.0
STEADY_AFTER_S = 60.0
"""A stream that ran this long is considered healthy again: its next rest is short."""


@dataclass(frozen=True)
class ConnectorFollower:
    """Follows one connector. `tell` receives a line per event, `changed` the number of changed rows."""

    url: str
    manifest: Manifest
    stop: threading.Event
    tell: Callable[[str], None]
    changed: Callable[[int], None]

    def run(self) -> None:
        """Follow until told to stop, retrying after every failure."""
        attempt = 0
        while not self.stop.is_set():
            attempt += 1
            began = time.monotonic()
            try:
                wait = self._follow_once()
            except psycopg.Error as error:
                self.tell(
                    f"follow {self.manifest.name}: the database connection was lost: {type(error).__name__}; retrying"
                )
                attempt = 1 if time.monotonic() - began > STEADY_AFTER_S else attempt
                wait = compute_backoff(attempt)
            else:
                attempt = 0
            self.stop.wait(wait)

    def _follow_once(self) -> float:
        """Follow if this process may. Returns how many seconds to wait before the next try."""
        with connect_for_run(self.url) as session:
            until = circuit.find_maintenance_end(self.manifest, datetime.now(UTC))
            if until is not None:
                self.tell(f"follow {self.manifest.name}: in maintenance until {until.isoformat(timespec='minutes')}")
                return max(LOCK_CHECK_S, (until - datetime.now(UTC)).total_seconds())
            row = session.execute(TRY_LOCK, (self.manifest.name,)).fetchone()
            if row is None or not row[0]:
                return LOCKED_WAIT_S
            _FollowSession(self, session).run()
            return 0.0


def compute_backoff(attempt: int) -> float:
    """Return the seconds to wait before the next try: doubling, bounded, and randomised in the upper half to spread the
    tries.
    """
    longest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(attempt - 1, 20))
    return random.uniform(longest / 2, longest)


@dataclass
class _FollowSession:
    """One period of following, from taking the lock to losing it: one run record."""

    follower: ConnectorFollower
    connection: Connection[Any]
    halt: threading.Event = field(default_factory=threading.Event)
    stops: dict[str, threading.Event] = field(default_factory=dict)
    """Tells each stream's reader to stop: set by the session, or when its own engine failed."""
    done: dict[str, StreamOutcome] = field(default_factory=dict)
    """What earlier tries of a stream did."""
    going: dict[str, dict[str, StreamOutcome]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    told: int = 0

    def run(self) -> None:
        """Follow every stream until told to stop. Raises psycopg.Error if the session is lost."""
        manifest = self.follower.manifest
        run_id = begin_run(self.connection, manifest, "FOLLOW")
        self.follower.tell(f"follow {manifest.name}: started, run {run_id}")
        gate = SharedRequestGate(manifest, self.follower.url)
        threads = [
            threading.Thread(
                target=self._follow_stream, args=(name, run_id, gate), name=f"{manifest.name}.{name}", daemon=True
            )
            for name in manifest.streams
        ]
        for thread in threads:
            thread.start()
        try:
            self._watch_lock(run_id)
        finally:
            self.halt.set()
            for stop in list(self.stops.values()):
                stop.set()
            for thread in threads:
                thread.join()
            gate.close()
        status = "PARTIAL" if self.problems else "SUCCEEDED"
        end_run(self.connection, run_id, status, list(self.problems.values()), self._combine_outcomes())
        self._report_changed()
        self.follower.tell(f"follow {manifest.name}: stopped, run {run_id} {status}")

    def _watch_lock(self, run_id: int) -> None:
        noted = time.monotonic()
        while not self.follower.stop.wait(LOCK_CHECK_S):
            self.connection.execute("select 1")
            if time.monotonic() - noted >= RECORD_EVERY_S:
                noted = time.monotonic()
                record_progress(self.connection, run_id, self._combine_outcomes())
                self._report_changed()
                if circuit.find_maintenance_end(self.follower.manifest, datetime.now(UTC)) is not None:
                    return

    def _follow_stream(self, name: str, run_id: int, gate: SharedRequestGate) -> None:
        """Follow one stream until stopped, retrying after every failure."""
        attempt = 0
        while not self.halt.is_set():
            began = time.monotonic()
            problem = self._try_stream(name, run_id, gate)
            if problem is not None:
                self.problems[name] = problem
            attempt = 1 if time.monotonic() - began > STEADY_AFTER_S else attempt + 1
            wait = compute_backoff(attempt)
            if problem is not None and not self.halt.is_set():
                self.follower.tell(f"follow {self.follower.manifest.name}.{name}: {problem} Retry in {wait:.0f} s.")
            self.halt.wait(wait)

    def _try_stream(self, name: str, run_id: int, gate: SharedRequestGate) -> str | None:
        """Read a stream until it ends. Returns what broke it off, or None."""
        self.going[name] = {}
        stop = self.stops[name] = threading.Event()
        if self.halt.is_set():
            return None
        url, manifest = self.follower.url, self.follower.manifest
        orders = RunOptions(run_id, progress=lambda *_: self._mark_healthy(name))
        try:
            with connect_for_run(url) as connection:
                ended = run_stream(connection, url, manifest, name, orders, self.going[name], gate=gate, follow=stop)
        except (psycopg.Error, HubError) as error:
            return f"the database connection was lost: {type(error).__name__}."
        except Exception as error:
            # The exception type only: its message may quote a value.
            return f"unforeseen failure: {type(error).__name__}."
        finally:
            self._keep_outcome(name)
        return None if ended.done and not ended.problems else " ".join(ended.problems)

    def _mark_healthy(self, name: str) -> None:
        """Rows arrived: the stream's earlier problem is over."""
        self.problems.pop(name, None)

    def _keep_outcome(self, name: str) -> None:
        for outcome in self.going.pop(name, {}).values():
            self.done[name] = add_outcomes(self.done[name], outcome) if name in self.done else outcome

    def _combine_outcomes(self) -> dict[str, StreamOutcome]:
        found = dict(self.done)
        for going in list(self.going.values()):
            for name, outcome in list(going.items()):
                found[name] = add_outcomes(found[name], outcome) if name in found else outcome
        return found

    def _report_changed(self) -> None:
        counts = [count for outcome in self._combine_outcomes().values() for count in outcome.counts.values()]
        changed = sum(count.added + count.changed + count.deleted for count in counts)
        if changed > self.told:
            self.follower.changed(changed - self.told)
            self.told = changed


def add_outcomes(earlier: StreamOutcome, later: StreamOutcome) -> StreamOutcome:
    """Add the outcomes of two tries of one stream."""
    counts = {name: _add_counts(earlier.counts[name], count) for name, count in later.counts.items()}
    return StreamOutcome(
        counts,
        problems=[*later.problems],
        drift=_combine_texts(earlier.drift, later.drift),
        notes=_combine_texts(earlier.notes, later.notes),
        seconds=earlier.seconds + later.seconds,
        waited_s=earlier.waited_s + later.waited_s,
        stored_s=earlier.stored_s + later.stored_s,
    )


def _combine_texts(earlier: list[str], later: list[str]) -> list[str]:
    return [*earlier, *(words for words in later if words not in earlier)]


def _add_counts(one: EntityCounts, other: EntityCounts) -> EntityCounts:
    numbers = {
        f.name: getattr(one, f.name) + getattr(other, f.name) for f in fields(EntityCounts) if f.type in (int, "int")
    }
    return EntityCounts(one.stream, one.entity, **numbers)
