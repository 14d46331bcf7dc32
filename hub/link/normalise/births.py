"""Birth dates as recorded → day, month, year, and how much of them was written.

Read are the ways in which offices here write a date (day first), ISO days and EDTF partial dates, with or without words
around them. A year of two digits is no year: `54` may be 1954 or a day. Missing parts are never filled in.
"""

import re
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from hub.link.normalise.text import fold_text

FIRST_YEAR = 1880
LAST_YEAR = 2099
"""Years of birth that are believed. The last is no clock: what a record says does not change with the day it is read on."""


class Precision(StrEnum):
    """How much of a birth date was written."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"
    NONE = "NONE"


class Birth(NamedTuple):
    """A birth date; parts that were not written, or not readably, are None."""

    day: date | None
    month: int | None
    year: int | None
    precision: Precision
    swapped: date | None
    """The day if day and month had changed places, if that is another day of the calendar."""


UNKNOWN = Birth(None, None, None, Precision.NONE, None)

YEAR = r"(?P<year>(?:18|19|20)[0-9][0-9])"
MONTH = r"(?P<month>[0-9]{1,2}|[0?xu]{2})"
DAY = r"(?P<day>[0-9]{1,2}|[0?xu]{2})"
SEPARATOR = r"\s?[/.\-\s]\s?"
TIME = r"(?:[t ][0-9]{1,2}:[0-9][0-9](?::[0-9][0-9](?:\.[0-9]+)?)?(?: ?[ap]m)?(?:z|[+-][0-9][0-9]:?[0-9][0-9])?)?"
"""A midnight that a spreadsheet or a timestamp column put behind the date."""
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{DAY}{SEPARATOR}{MONTH}{SEPARATOR}{YEAR}{TIME}",
        rf"{YEAR}{SEPARATOR}{MONTH}{SEPARATOR}{DAY}{TIME}",
        r"(?P<year>(?:18|19|20)[0-9][0-9])(?P<month>0[0-9]|1[0-2])(?P<day>[0-3][0-9])",
        r"(?P<day>[0-3][0-9])(?P<month>0[0-9]|1[0-2])(?P<year>(?:18|19|20)[0-9][0-9])",
        rf"{MONTH}{SEPARATOR}{YEAR}",
        rf"{YEAR}{SEPARATOR}{MONTH}",
        rf"{YEAR}(?:\.0+)?",
    )
)
WORDS = re.compile(r"\b(?:ngày|ngay|sinh|năm|nam|tháng|thang|sn|ns|khoảng|khoang|born)(?:\b|(?=[0-9]))[:.]?|[~%,()\"]")
"""What stands around the numbers; `tháng` and `năm` also between them. EDTF marks uncertain parts with ~ and %."""


def read_birth(text: str) -> Birth:
    """Read one birth date. Never fails: a text that is no date is UNKNOWN."""
    # Words go where a separator may stand: `ngày 1 tháng 2 năm 1954` has the spaces it needs.
    plain = " ".join(WORDS.sub(" ", fold_text(text)).split())
    for form in FORMS:
        match = form.fullmatch(plain) or form.fullmatch(plain.rstrip("?"))
        if match:
            parts = match.groupdict()
            return _birth(int(parts["year"]), _number(parts.get("month")), _number(parts.get("day")))
    return UNKNOWN


def _number(digits: str | None) -> int | None:
    """A number; None for a part left open: 00, XX, ??."""
    return int(digits) or None if digits and digits.isdigit() else None


def _birth(year: int, month: int | None, day: int | None) -> Birth:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return UNKNOWN
    written = _day(year, month, day)
    swapped = _day(year, day, month)
    if written is None and swapped is not None:
        # Only one reading is a day: it was written month first.
        written, swapped = swapped, None
    if written is not None:
        return Birth(written, written.month, year, Precision.DAY, swapped if swapped != written else None)
    if day is None and month is not None and month <= 12:
        return Birth(None, month, year, Precision.MONTH, None)
    # If the day exists in no calendar, the written year still counts.
    return Birth(None, None, year, Precision.YEAR, None)


def _day(year: int, month: int | None, day: int | None) -> date | None:
    if month is None or day is None:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
