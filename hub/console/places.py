"""Administrative units and parcels as officials write them, from the codes that records have. Vietnamese. Pure."""

import re

from hub.console.officer.search_kinds import show_day
from schema import units

PARCEL_NUMBER = re.compile(r"(\d{2,5})@([^:]+):([^:]+):([^:]+)")
"""Commune and day, map sheet, parcel: `06820@2019-05-05:12:345`."""


def tell_days(unit: str) -> str:
    """From when a unit has its code, or until when it had it: `06820@2025-07-01` → từ 01/07/2025. Empty if it always had it."""
    code, _, since = unit.partition("@")
    if since != units.OPEN_START:
        return f"từ {show_day(since)}"
    ends = {start or units.OPEN_START: end for start, end in units.read_eras().get(code, ())}
    return f"trước {show_day(ends[since])}" if ends.get(since) else ""


def show_parcel_number(text: str) -> str:
    """`06820@2019-05-05:12:345` → thửa 345, tờ bản đồ 12, Phường Vàng Danh (trước 01/07/2025). Another form stays as it is."""
    found = PARCEL_NUMBER.fullmatch(text)
    if found is None:
        return text
    code, on, sheet, parcel = found.groups()
    return f"thửa {parcel}, tờ bản đồ {sheet}, {_name_commune(code, on)}"


def is_same_parcel_number(one: str, other: str) -> bool:
    """Whether two parcels as `show_parcel_number` tells them have the same number and map sheet, in whichever commune."""
    return one.startswith("thửa ") and one.split(", ")[:2] == other.split(", ")[:2]


def _name_commune(code: str, on: str) -> str:
    """The unit that had the code on that day, with its days if it has ended; the code and the day if there was none."""
    unit = units.canonicalise_code(f"{code}@{on}")
    name = units.find_name(unit) if unit else None
    if unit is None or name is None:
        return f"mã xã {code}" if on == units.OPEN_START else f"mã xã {code} không có ngày {show_day(on)}"
    days = tell_days(unit)
    return f"{name} ({days})" if days.startswith("trước") else name
