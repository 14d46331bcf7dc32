"""Administrative units and their changes, from `schema/data/`: which unit had a code on a date.

Both files were put together from the lists in force before and after the reorganisation of 2025-07-01 (14,149 units,
10,602 changes). Later changes are added as rows: a unit that ends gets `valid_to`, its heir gets a row of its own.
"""

import csv
from bisect import bisect_right
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"
UNITS_CSV = DATA / "administrative_units.csv"
CHANGES_CSV = DATA / "administrative_unit_changes.csv"
OPEN_START = ".."


class UnitRow(NamedTuple):
    """A row of UNITS_CSV, as it stands there: the empty string is an open end, or not known."""

    code: str
    level: str
    kind: str
    name: str
    parent_code: str
    latitude: str
    longitude: str
    area_km2: str
    valid_from: str
    valid_to: str

    @property
    def key(self) -> str:
        """`06820@..`: the code and the day from which it is this unit's."""
        return f"{self.code}@{self.valid_from or OPEN_START}"


@cache
def unit_rows() -> tuple[UnitRow, ...]:
    """The rows of UNITS_CSV; read once a process, since reading them takes a tenth of a second."""
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    if tuple(header) != UnitRow._fields:
        raise ValueError(f"{UNITS_CSV.name} must have the columns {', '.join(UnitRow._fields)}")
    return tuple(UnitRow._make(row) for row in rows)


@cache
def read_successions() -> tuple[tuple[str, str], ...]:
    """Keys of a unit and of one that it went into, whole or in part, for each row of CHANGES_CSV whose units are known."""
    with CHANGES_CSV.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    old, new, day = (header.index(name) for name in ("old_code", "new_code", "effective_on"))
    eve_of = {at: _day_before(at) for at in {row[day] for row in rows}}
    keys = ((_key_on(row[old], eve_of[row[day]]), _key_on(row[new], row[day])) for row in rows)
    return tuple((before, after) for before, after in keys if before and after)


@cache
def read_eras() -> dict[str, tuple[tuple[str, str], ...]]:
    """Code → its (valid_from, valid_to) periods in order of time; the empty string is an open end."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in unit_rows():
        found.setdefault(row.code, []).append((row.valid_from, row.valid_to))
    return {code: tuple(sorted(periods)) for code, periods in found.items()}


def canonicalise_code(code_at_date: str) -> str | None:
    """`06820@2019-05-05` → `06820@..`, the key of the unit that had the code on that day; None where there was none."""
    code, at, on = code_at_date.partition("@")
    periods = read_eras().get(code, ())
    if not at or not periods:
        return None
    if on == OPEN_START:
        return code_at_date if not periods[0][0] else None
    return _key_on(code, on) if _is_day(on) else None


def _key_on(code: str, day: str) -> str | None:
    """The key of the unit that had a code on a day; None if there was none."""
    periods = read_eras().get(code, ())
    index = bisect_right([start for start, _ in periods], day) - 1
    if index < 0:
        return None
    start, end = periods[index]
    return None if end and day >= end else f"{code}@{start or OPEN_START}"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@cache
def _changes() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Unit → those that continue it, and unit → those that it continues. A unit that was only split is continued by each part."""
    whole: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    with CHANGES_CSV.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            old = canonicalise_code(f"{row['old_code']}@{_day_before(row['effective_on'])}")
            new = canonicalise_code(f"{row['new_code']}@{row['effective_on']}")
            if old and new and old != new:
                (whole if row["kind"] == "WHOLE" else parts).setdefault(old, set()).add(new)
    after = {old: whole.get(old) or parts[old] for old in whole.keys() | parts.keys()}
    before: dict[str, set[str]] = {}
    for old, successors in after.items():
        for new in successors:
            before.setdefault(new, set()).add(old)
    return after, before


def find_successors(unit: str) -> frozenset[str]:
    """The unit and every unit that continues it, as canonical codes: `06673@..` → {`06673@..`, `06652@2025-07-01`}."""
    return _reach(unit, _changes()[0])


def find_predecessors(unit: str) -> frozenset[str]:
    """The unit and every unit that it continues, as canonical codes."""
    return _reach(unit, _changes()[1])


def _reach(unit: str, steps: dict[str, set[str]]) -> frozenset[str]:
    found, waiting = {unit}, [unit]
    while waiting:
        new = steps.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return frozenset(found)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


@cache
def _levels() -> dict[str, str]:
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        return {f"{row['code']}@{row['valid_from'] or OPEN_START}": row["level"] for row in csv.DictReader(lines)}


def find_level(unit: str) -> str | None:
    """The level of a unit by its canonical code: PROVINCE, DISTRICT or COMMUNE; None if there is none."""
    return _levels().get(unit)


@cache
def _names() -> dict[str, str]:
    return {row.key: row.name for row in unit_rows()}


def find_name(unit: str) -> str | None:
    """The name of a unit by its canonical code, with its kind: `06820@2025-07-01` → Phường Vàng Danh; None if there is none."""
    return _names().get(unit)
