"""Administrative units and their changes, from `schema/data/`: which unit had a code on a date.

Both files were put together from the lists in force before and after the reorganisation of 2025-07-01 (14,149 units,
10,602 changes). Later changes are added as rows: a unit that ends gets `valid_to`, its heir gets a row of its own.
"""

import csv
from bisect import bisect_right
from datetime import date
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
UNITS_CSV = DATA / "administrative_units.csv"
CHANGES_CSV = DATA / "administrative_unit_changes.csv"
OPEN_START = ".."


@cache
def eras() -> dict[str, tuple[tuple[str, str], ...]]:
    """Code → its (valid_from, valid_to) periods in order of time; the empty string is an open end."""
    found: dict[str, list[tuple[str, str]]] = {}
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["code"], []).append((row["valid_from"], row["valid_to"]))
    return {code: tuple(sorted(periods)) for code, periods in found.items()}


def canonical(code_at_date: str) -> str | None:
    """`06820@2019-05-05` → `06820@..`, the key of the unit that had the code on that day; None where there was none."""
    code, at, on = code_at_date.partition("@")
    periods = eras().get(code, ())
    if not at or not periods:
        return None
    if on == OPEN_START:
        return code_at_date if not periods[0][0] else None
    if not _is_day(on):
        return None
    index = bisect_right([start for start, _ in periods], on) - 1
    if index < 0:
        return None
    start, end = periods[index]
    return None if end and on >= end else f"{code}@{start or OPEN_START}"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
