"""Deadlines in working days. Pure.

Saturdays, Sundays and the days of HUB_HOLIDAYS are no working days. The government moves holidays from year to year, so they are
a setting and not part of the program; without it a deadline is earlier than it has to be, never later.
"""

from collections.abc import Set
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.errors import HubMisconfigured

SATURDAY_WEEKDAY = 5
MAX_HOLIDAYS = 1_000
HOLIDAYS_FORM = "write days and periods, separated by commas: 2026-01-01, 2026-02-16/2026-02-20"


def parse_holidays(text: str) -> frozenset[date]:
    """`2026-01-01, 2026-02-16/2026-02-20` → the days. Raises HubMisconfigured."""
    found: set[date] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.partition("/")
        try:
            start, end = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
        except ValueError:
            raise HubMisconfigured("HUB_HOLIDAYS: not a day", next_step=HOLIDAYS_FORM) from None
        if end < start or len(found) + (end - start).days > MAX_HOLIDAYS:
            raise HubMisconfigured(
                f"HUB_HOLIDAYS: a period ends before it begins, or there are more than {MAX_HOLIDAYS:,} days",
                next_step=HOLIDAYS_FORM,
            )
        found |= {start + timedelta(days=n) for n in range((end - start).days + 1)}
    return frozenset(found)


def is_working_day(day: date, holidays: Set[date]) -> bool:
    """Whether offices work on this day."""
    return day.weekday() < SATURDAY_WEEKDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Set[date]) -> date:
    """The `count`-th working day after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def compute_due(opened_at: datetime, days: int, holidays: Set[date], zone: ZoneInfo) -> datetime:
    """The end of the last of `days` working days after an instant, as an instant in UTC."""
    last = add_working_days(opened_at.astimezone(zone).date(), days, holidays)
    return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
