"""Following: connectors whose sources say what changes are read for as long as the hub works, every stream in a thread.

A session of its own holds the connector's lock. It is looked at every second, and everything stops where it is lost: another
process may hold the lock by then, and what both would write is kept apart by the cursor of each stream.
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
from hub.ingest.guards.request_limits import Gate
from hub.ingest.run.connector_run import begin, end, note, run_stream
from hub.ingest.run.outcome import Count, Orders, Outcome
from hub.ingest.run.run_lock import LOCK
from hub.sdk.manifest import Manifest
from hub.store.engine import connect_for_run

LOOK_S = 1.0
NOTE_S = 15.0
LOCKED_S = 3.0
"""How long to wait where another process follows this connector."""
FIRST_REST_S = 1.0
LONGEST_REST_S = 300.0
STEADY_S = 60.0
"""A stream that ran for so long is taken to be well again: its next rest is a short one."""


@dataclass(frozen=True)
class Follower:
    """Follows one connector. `tell` is given a line for each thing that happens, `changed` how many rows changed."""

    url: str
    manifest: Manifest
    stop: threading.Event
    tell: Callable[[str], None]
    changed: Callable[[int], None]

    def run(self) -> None:
        """Follow until told to stop; whatever fails is tried again."""
        attempt = 0
        while not self.stop.is_set():
            attempt += 1
            began = time.monotonic()
            try:
                wait = self._once()
            except psycopg.Error as error:
                self.tell(f"follow {self.manifest.name}: the store went away: {type(error).__name__}; trying again")
                attempt = 1 if time.monotonic() - began > STEADY_S else attempt
                wait = rest(attempt)
            else:
                attempt = 0
            self.stop.wait(wait)

    def _once(self) -> float:
        """Follow where this process may. Returns how many seconds to wait before looking again."""
        with connect_for_run(self.url) as session:
            until = circuit.maintained_until(self.manifest, datetime.now(UTC))
            if until is not None:
                self.tell(f"follow {self.manifest.name}: in maintenance until {until.isoformat(timespec='minutes')}")
                return max(LOOK_S, (until - datetime.now(UTC)).total_seconds())
            row = session.execute(LOCK, (self.manifest.name,)).fetchone()
            if row is None or not row[0]:
                return LOCKED_S
            _Session(self, session).run()
            return 0.0


def rest(attempt: int) -> float:
    """Seconds to wait before the next try: doubling, bounded, and somewhere in the upper half, so that tries spread."""
    longest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(attempt - 1, 20))
    return random.uniform(longest / 2, longest)


@dataclass
class _Session:
    """One time of following, from getting the lock to losing it: one record of a run."""

    follower: Follower
    connection: Connection[Any]
    halt: threading.Event = field(default_factory=threading.Event)
    stops: dict[str, threading.Event] = field(default_factory=dict)
    """What each stream's reader is told to stop by: by the session, or where its own engine failed."""
    done: dict[str, Outcome] = field(default_factory=dict)
    """What earlier tries of a stream did."""
    going: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    told: int = 0

    def run(self) -> None:
        """Follow every stream until told to stop. Raises psycopg.Error where the session is lost."""
        manifest = self.follower.manifest
        run_id = begin(self.connection, manifest, "FOLLOW")
        self.follower.tell(f"follow {manifest.name}: started, run {run_id}")
        gate = Gate(manifest, self.follower.url)
        threads = [
            threading.Thread(
                target=self._stream, args=(name, run_id, gate), name=f"{manifest.name}.{name}", daemon=True
            )
            for name in manifest.streams
        ]
        for thread in threads:
            thread.start()
        try:
            self._watch(run_id)
        finally:
            self.halt.set()
            for stop in list(self.stops.values()):
                stop.set()
            for thread in threads:
                thread.join()
            gate.close()
        status = "PARTIAL" if self.problems else "SUCCEEDED"
        end(self.connection, run_id, status, list(self.problems.values()), self._outcomes())
        self._tell_changed()
        self.follower.tell(f"follow {manifest.name}: stopped, run {run_id} {status}")

    def _watch(self, run_id: int) -> None:
        noted = time.monotonic()
        while not self.follower.stop.wait(LOOK_S):
            self.connection.execute("select 1")
            if time.monotonic() - noted >= NOTE_S:
                noted = time.monotonic()
                note(self.connection, run_id, self._outcomes())
                self._tell_changed()
                if circuit.maintained_until(self.follower.manifest, datetime.now(UTC)) is not None:
                    return

    def _stream(self, name: str, run_id: int, gate: Gate) -> None:
        """One stream, again and again where it fails, until halted."""
        attempt = 0
        while not self.halt.is_set():
            began = time.monotonic()
            problem = self._try(name, run_id, gate)
            if problem is not None:
                self.problems[name] = problem
            attempt = 1 if time.monotonic() - began > STEADY_S else attempt + 1
            wait = rest(attempt)
            if problem is not None and not self.halt.is_set():
                self.follower.tell(f"follow {self.follower.manifest.name}.{name}: {problem} Again in {wait:.0f} s.")
            self.halt.wait(wait)

    def _try(self, name: str, run_id: int, gate: Gate) -> str | None:
        """Read a stream until it ends. Returns what broke it off; None where nothing did."""
        self.going[name] = {}
        stop = self.stops[name] = threading.Event()
        if self.halt.is_set():
            return None
        url, manifest = self.follower.url, self.follower.manifest
        orders = Orders(run_id, progress=lambda *_: self._well(name))
        try:
            with connect_for_run(url) as connection:
                ended = run_stream(connection, url, manifest, name, orders, self.going[name], gate=gate, follow=stop)
        except (psycopg.Error, HubError) as error:
            return f"the store went away: {type(error).__name__}."
        except Exception as error:
            # The kind only: its message may quote a value.
            return f"unforeseen failure: {type(error).__name__}."
        finally:
            self._keep(name)
        return None if ended.done and not ended.problems else " ".join(ended.problems)

    def _well(self, name: str) -> None:
        """Rows came: whatever the stream failed by is over."""
        self.problems.pop(name, None)

    def _keep(self, name: str) -> None:
        for outcome in self.going.pop(name, {}).values():
            self.done[name] = together(self.done[name], outcome) if name in self.done else outcome

    def _outcomes(self) -> dict[str, Outcome]:
        found = dict(self.done)
        for going in list(self.going.values()):
            for name, outcome in list(going.items()):
                found[name] = together(found[name], outcome) if name in found else outcome
        return found

    def _tell_changed(self) -> None:
        counts = [count for outcome in self._outcomes().values() for count in outcome.counts.values()]
        changed = sum(count.added + count.changed + count.deleted for count in counts)
        if changed > self.told:
            self.follower.changed(changed - self.told)
            self.told = changed


def together(earlier: Outcome, later: Outcome) -> Outcome:
    """What two tries of one stream did."""
    counts = {name: _added(earlier.counts[name], count) for name, count in later.counts.items()}
    return Outcome(
        counts,
        problems=[*later.problems],
        drift=_each_once(earlier.drift, later.drift),
        notes=_each_once(earlier.notes, later.notes),
        seconds=earlier.seconds + later.seconds,
        waited_s=earlier.waited_s + later.waited_s,
        stored_s=earlier.stored_s + later.stored_s,
    )


def _each_once(earlier: list[str], later: list[str]) -> list[str]:
    return [*earlier, *(words for words in later if words not in earlier)]


def _added(one: Count, other: Count) -> Count:
    numbers = {f.name: getattr(one, f.name) + getattr(other, f.name) for f in fields(Count) if f.type in (int, "int")}
    return Count(one.stream, one.entity, **numbers)
