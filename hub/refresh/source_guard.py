"""Protection of sources from look-ups: a token bucket and a circuit breaker for each, shared by all workers.

They are apart from those of syncs (`hub.ingest.guards`): a citizen's case must not use up what a nightly sync needs, and a source that
is too slow for a waiting officer may be quick enough for a sync. A source that syncs leave alone is not looked up either.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from hub.ingest.guards.circuit_breaker import compute_rest, find_deferral
from hub.ingest.guards.request_limits import parse_interval
from hub.refresh.refresh_types import RefreshStatus
from hub.sdk.manifest import Manifest
from hub.store.query import fetch_row

MAKE_STATE = """
    insert into hub.lookup_source (connector, tokens, filled_at)
    values (%(connector)s, %(burst)s, clock_timestamp())
    on conflict (connector) do nothing
"""
LOCK_STATE = """
    select tokens, filled_at, failures, open_until, probe_until, clock_timestamp()
    from hub.lookup_source
    where connector = %(connector)s
    for update
"""
KEEP_STATE = """
    update hub.lookup_source
    set tokens = %(tokens)s, filled_at = %(filled_at)s, failures = %(failures)s, open_until = %(open_until)s,
        probe_until = %(probe_until)s
    where connector = %(connector)s
"""


@dataclass(frozen=True)
class LookupLimits:
    """What a source bears: requests refilled per second and at most at once, and how its circuit breaker works."""

    per_s: float
    burst: int
    failures: int
    rest: timedelta
    probe: timedelta
    """How long the probe after a rest may take before another one is allowed."""

    @classmethod
    def of(cls, manifest: Manifest, timeout_s: float) -> "LookupLimits":
        """Return the limits of a manifest's source."""
        source = manifest.source
        every = parse_interval(source.lookup_rate)
        limits = (source.lookup_burst, source.breaker_failures, source.breaker_rest, timedelta(seconds=2 * timeout_s))
        return cls(1 / every.total_seconds(), *limits)


@dataclass(frozen=True)
class GuardState:
    """The bucket and the breaker of one source."""

    tokens: float
    filled_at: datetime
    failures: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None


@dataclass(frozen=True)
class Admission:
    """How many requests may be sent now, and why no more."""

    requests: int
    refusal: RefreshStatus


def admit_requests(state: GuardState, limits: LookupLimits, wanted: int, now: datetime) -> tuple[GuardState, Admission]:
    """Decide how many of the wanted requests may be sent, and return the state after that.

    After a rest one request probes the source; the others are refused until it has ended, or `probe` has passed.
    """
    state = fill_bucket(state, limits, now)
    if state.open_until is not None:
        if now < max(state.open_until, state.probe_until or state.open_until):
            return state, Admission(0, RefreshStatus.BREAKER_OPEN)
        wanted = min(wanted, 1)
    granted = min(wanted, int(state.tokens))
    probe_until = now + limits.probe if granted and state.open_until is not None else state.probe_until
    refusal = RefreshStatus.QUOTA_SPENT if state.open_until is None or not granted else RefreshStatus.BREAKER_OPEN
    return replace(state, tokens=state.tokens - granted, probe_until=probe_until), Admission(granted, refusal)


def fill_bucket(state: GuardState, limits: LookupLimits, now: datetime) -> GuardState:
    """Return the state with the tokens that have come in since, at most `burst`. A clock set back gives none."""
    passed_s = max((now - state.filled_at).total_seconds(), 0.0)
    return replace(state, tokens=min(state.tokens + passed_s * limits.per_s, float(limits.burst)), filled_at=now)


def note_success(state: GuardState) -> GuardState:
    """Return the state after the source answered: the circuit is closed."""
    return replace(state, failures=0, open_until=None, probe_until=None)


def note_failure(state: GuardState, limits: LookupLimits, now: datetime) -> GuardState:
    """Return the state after the source failed: from `failures` in a row on it rests, and longer each time."""
    failures = state.failures + 1
    rest = compute_rest(failures, limits.failures, limits.rest)
    return replace(state, failures=failures, open_until=None if rest is None else now + rest, probe_until=None)


@dataclass(frozen=True)
class SourceGuard:
    """Asks and tells the shared state of one source. Each call is a transaction of its own."""

    connection: Connection[Any]
    manifest: Manifest
    limits: LookupLimits

    def admit(self, wanted: int) -> Admission:
        """Take requests from the bucket."""
        if find_deferral(self.connection, self.manifest, datetime.now(UTC)) is not None:
            return Admission(0, RefreshStatus.BREAKER_OPEN)
        with self.connection.transaction():
            state, now = self._lock()
            state, admission = admit_requests(state, self.limits, wanted, now)
            self._keep(state)
        return admission

    def note_success(self) -> None:
        """Tell that the source answered."""
        with self.connection.transaction():
            state, _ = self._lock()
            if state.failures:
                self._keep(note_success(state))

    def note_failure(self) -> None:
        """Tell that the source failed."""
        with self.connection.transaction():
            state, now = self._lock()
            self._keep(note_failure(state, self.limits, now))

    def _lock(self) -> tuple[GuardState, datetime]:
        known = {"connector": self.manifest.name, "burst": self.limits.burst}
        self.connection.execute(MAKE_STATE, known)
        *facts, now = fetch_row(self.connection, LOCK_STATE, known)
        return GuardState(*facts), now

    def _keep(self, state: GuardState) -> None:
        self.connection.execute(KEEP_STATE, {"connector": self.manifest.name, **vars(state)})
