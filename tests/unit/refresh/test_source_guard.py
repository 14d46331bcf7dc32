"""The token bucket and the circuit breaker of look-ups: laws that hold for any order of requests, answers and failures."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.refresh.refresh_types import RefreshStatus
from hub.refresh.source_guard import GuardState, LookupLimits, admit_requests, note_failure, note_success

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = LookupLimits(per_s=2.0, burst=5, failures=3, rest=timedelta(seconds=60), probe=timedelta(seconds=8))
FULL = GuardState(tokens=5.0, filled_at=START)
STEPS = st.lists(st.tuples(st.floats(min_value=-5, max_value=30), st.integers(min_value=1, max_value=20)), max_size=40)


@given(STEPS)
def test_no_more_is_granted_than_the_bucket_held_and_took_in(steps: list[tuple[float, int]]) -> None:
    state, now = FULL, START
    for wait_s, wanted in steps:
        now += timedelta(seconds=wait_s)
        passed = max((now - state.filled_at).total_seconds(), 0.0)
        before = state.tokens
        state, admission = admit_requests(state, LIMITS, wanted, now)
        assert 0 <= admission.requests <= wanted
        assert admission.requests <= min(before + passed * LIMITS.per_s, LIMITS.burst)
        assert 0 <= state.tokens <= LIMITS.burst


def test_the_bucket_refuses_by_quota_and_fills_again() -> None:
    state, first = admit_requests(FULL, LIMITS, 7, START)
    assert (first.requests, first.refusal) == (5, RefreshStatus.QUOTA_SPENT)
    state, second = admit_requests(state, LIMITS, 1, START + timedelta(seconds=0.4))
    assert second.requests == 0
    _, third = admit_requests(state, LIMITS, 9, START + timedelta(seconds=1.1))
    assert third.requests == 2


def fail(state: GuardState, times: int, now: datetime) -> GuardState:
    for _ in range(times):
        state = note_failure(state, LIMITS, now)
    return state


def test_the_circuit_opens_after_failures_in_a_row_only() -> None:
    state = note_success(fail(FULL, 2, START))
    assert admit_requests(fail(state, 2, START), LIMITS, 1, START)[1].requests == 1
    _, refused = admit_requests(fail(state, 3, START), LIMITS, 1, START)
    assert (refused.requests, refused.refusal) == (0, RefreshStatus.BREAKER_OPEN)


def test_after_a_rest_one_probe_passes_at_a_time() -> None:
    state = fail(FULL, 3, START)
    rested = START + timedelta(seconds=61)
    state, probe = admit_requests(state, LIMITS, 4, rested)
    assert (probe.requests, probe.refusal) == (1, RefreshStatus.BREAKER_OPEN)
    state, other = admit_requests(state, LIMITS, 4, rested + timedelta(seconds=1))
    assert (other.requests, other.refusal) == (0, RefreshStatus.BREAKER_OPEN)
    # The worker that probed may have died.
    _, again = admit_requests(state, LIMITS, 4, rested + timedelta(seconds=9))
    assert again.requests == 1
    assert admit_requests(note_success(state), LIMITS, 4, rested)[1].requests == 4


@given(st.integers(min_value=3, max_value=60))
def test_each_failed_probe_lengthens_the_rest_up_to_a_bound(failures: int) -> None:
    open_until = fail(FULL, failures, START).open_until
    longer = fail(FULL, failures + 1, START).open_until
    assert open_until is not None
    assert longer is not None
    assert timedelta(seconds=60) <= open_until - START <= longer - START <= timedelta(minutes=24)
