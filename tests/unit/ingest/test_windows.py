"""Maintenance windows, quota windows and rests, as laws over all times."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.ingest.guards.circuit_breaker import MAX_REST_MULTIPLE, WEEKDAYS, compute_rest, find_window_end
from hub.ingest.guards.request_limits import find_quota_window, parse_interval
from hub.sdk.sources import SqlSource

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
"""It has no summer time."""
moments = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=HANOI) + timedelta(seconds=seconds)
)
minutes = st.integers(0, 24 * 60 - 1)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@settings(deadline=None)
@given(moments, minutes, minutes)
def test_a_window_holds_a_time_as_long_as_its_hours_say(at: datetime, begin: int, finish: int) -> None:
    minute = at.hour * 60 + at.minute
    length = (finish - begin) % (24 * 60) or 24 * 60
    inside = (minute - begin) % (24 * 60) < length
    end = find_window_end([f"{clock(begin)}-{clock(finish)}"], at)
    assert (end is not None) == inside
    if end is not None and length < 24 * 60:
        assert clock(end.hour * 60 + end.minute) == clock(finish)
        assert timedelta(0) < end - at <= timedelta(minutes=length)


@settings(deadline=None)
@given(moments, minutes, minutes, st.sampled_from(WEEKDAYS))
def test_a_window_of_a_weekday_begins_on_it(at: datetime, begin: int, finish: int, day: str) -> None:
    end = find_window_end([f"{day} {clock(begin)}-{clock(finish)}"], at)
    daily = find_window_end([f"{clock(begin)}-{clock(finish)}"], at)
    if end is None:
        return
    assert daily is not None
    length = (finish - begin) % (24 * 60) or 24 * 60
    assert WEEKDAYS[(end - timedelta(minutes=length)).weekday()] == day


@settings(deadline=None)
@given(moments, minutes, minutes, minutes)
def test_windows_that_follow_on_are_one(at: datetime, a: int, b: int, c: int) -> None:
    first, second = f"{clock(a)}-{clock(b)}", f"{clock(b)}-{clock(c)}"
    end = find_window_end([first, second], at)
    if find_window_end([first], at) is not None and end is not None:
        assert find_window_end([first, second], end) is None or end - at > timedelta(days=6)


def test_a_window_over_midnight_of_a_sunday() -> None:
    window = ["Sat 22:00-02:00"]
    sunday = datetime(2026, 6, 7, 1, 30, tzinfo=HANOI)
    assert sunday.strftime("%a") == "Sun"
    assert find_window_end(window, sunday) == datetime(2026, 6, 7, 2, 0, tzinfo=HANOI)
    assert find_window_end(window, sunday + timedelta(days=1)) is None
    assert find_window_end(window, datetime(2026, 6, 7, 2, 0, tzinfo=HANOI)) is None


@pytest.mark.parametrize("text", ["24:00-01:00", "29:10-30:00", "1:00-2:00", "Xyz 01:00-02:00", "01:00-02:60"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        SqlSource.model_validate({"kind": "sql", "url": {"env": "X"}, "maintenance": [text]})


@settings(deadline=None)
@given(moments, st.sampled_from(["h", "day"]))
def test_a_quota_window_holds_its_time_and_the_next_begins_at_its_end(at: datetime, unit: str) -> None:
    start, end = find_quota_window(at.astimezone(UTC), unit, HANOI)
    assert start <= at < end
    assert find_quota_window(end, unit, HANOI)[0] == end
    assert (start.minute, start.second, start.microsecond) == (0, 0, 0)
    assert end - start == (timedelta(hours=1) if unit == "h" else timedelta(days=1))


def test_a_day_of_summer_time_has_another_length_and_begins_at_midnight_all_the_same() -> None:
    start, end = find_quota_window(datetime(2026, 3, 29, 12, tzinfo=UTC), "day", ZoneInfo("Europe/Berlin"))
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=23)
    assert (start.hour, end.hour) == (0, 0)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 20))
def test_rests_double_and_are_bounded(failures: int, allowed: int) -> None:
    minute = timedelta(minutes=1)
    rest = compute_rest(failures, allowed, minute)
    if failures < allowed:
        assert rest is None
        return
    assert rest is not None
    assert minute <= rest <= MAX_REST_MULTIPLE * minute
    following = compute_rest(failures + 1, allowed, minute)
    assert following == min(2 * rest, MAX_REST_MULTIPLE * minute)


def test_an_interval_is_the_inverse_of_a_rate() -> None:
    assert parse_interval("10/s") == timedelta(milliseconds=100)
    assert parse_interval("30/min") == timedelta(seconds=2)
    assert parse_interval("4/h") == timedelta(minutes=15)
