"""Working days: deadlines over weekends and holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.corrections.working_days import add_working_days, compute_due, is_working_day, parse_holidays
from hub.errors import HubMisconfigured

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
HOLIDAYS = st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), max_size=20)


@given(DAYS, st.integers(1, 60), HOLIDAYS)
def test_the_last_day_is_a_working_day_and_there_are_exactly_so_many(
    day: date, count: int, off: frozenset[date]
) -> None:
    last = add_working_days(day, count, off)
    between = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    assert sum(is_working_day(one, off) for one in between) == count
    assert is_working_day(last, off)


@given(st.dates(date(2026, 1, 1), date(2026, 2, 20)), st.integers(1, 10), st.integers(1, 10), HOLIDAYS)
def test_days_add_up(day: date, first: int, second: int, off: frozenset[date]) -> None:
    assert add_working_days(add_working_days(day, first, off), second, off) == add_working_days(
        day, first + second, off
    )


def test_a_deadline_is_the_end_of_the_last_day_where_the_source_is() -> None:
    friday_evening = datetime(2026, 2, 13, 23, 30, tzinfo=HANOI)
    tet = parse_holidays("2026-02-16/2026-02-20")
    assert compute_due(friday_evening, 1, tet, HANOI) == datetime(2026, 2, 24, 0, 0, tzinfo=HANOI)
    assert compute_due(friday_evening, 1, frozenset(), HANOI) == datetime(2026, 2, 17, 0, 0, tzinfo=HANOI)
    # In UTC it is Friday still; in Hà Nội Saturday has begun.
    assert compute_due(datetime(2026, 2, 13, 18, tzinfo=UTC), 1, frozenset(), HANOI).tzinfo is UTC


def test_holidays_are_days_and_periods() -> None:
    assert parse_holidays("") == frozenset()
    assert parse_holidays(" 2026-01-01, 2026-04-30/2026-05-01 ,") == {
        date(2026, 1, 1),
        date(2026, 4, 30),
        date(2026, 5, 1),
    }


@pytest.mark.parametrize("text", ["1/1/2026", "2026-02-20/2026-02-16", "2026-02-30", "0001-01-01/9999-12-31"])
def test_holidays_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(HubMisconfigured, match="HUB_HOLIDAYS"):
        parse_holidays(text)
