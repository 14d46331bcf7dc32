"""Administrative units in force now: what a unit of any day has become, and which units a name can mean.

Everything is known from `schema/data/`, once a process. "Now" is what those data know: units without an end.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from hub.link.normalise.text import accented_key, ascii_key
from schema.units import OPEN_START, canonicalise_code, read_successions, unit_rows

KINDS = ("phường", "xã", "thị trấn", "đặc khu", "quận", "huyện", "thị xã", "thành phố", "tỉnh")
"""What units are called, as accented keys."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as long as it had its code. Names are without the kind; a province of today has those of before among its own."""

    key: str
    level: str
    kind: str
    name: str
    """Accented key of the bare name, numbers without zeros in front."""
    plain: str
    """ASCII key of the same."""
    parent: str | None
    current: tuple[str, ...]
    """Keys of the units in force now that it went into: itself if it is in force."""

    @property
    def in_force(self) -> bool:
        return self.current == (self.key,)


def strip_leading_zeros(text: str) -> str:
    """The accented key of a unit's name: numbers without zeros in front (Phường 01 is Phường 1)."""
    return " ".join([word.lstrip("0") or word if word.isdigit() else word for word in accented_key(text).split()])


@cache
def load_unit_index() -> dict[str, Unit]:
    """Unit key → unit."""
    heirs = _heirs()
    found = {}
    # Units share names and parents, which are read once each.
    named, parent_of = cache(_kind_and_names), cache(_find_parent)
    for row in unit_rows():
        key = row.key
        current = (key,) if not row.valid_to else _last(key, heirs)
        found[key] = Unit(key, row.level, *named(row.name), parent_of(row.parent_code, row.valid_from), current)
    return found


def _find_parent(code: str, valid_from: str) -> str | None:
    return canonicalise_code(f"{code}@{valid_from or OPEN_START}") if code else None


def _kind_and_names(written: str) -> tuple[str, str, str]:
    """What a unit is called, and both keys of its bare name."""
    key = strip_leading_zeros(written)
    kind = next((kind for kind in KINDS if key.startswith(kind + " ")), "")
    name = key[len(kind) :].strip()
    return kind, name, ascii_key(name)


def _heirs() -> dict[str, tuple[str, ...]]:
    """Unit key → keys of the units that it went into, whole or in part, in order."""
    found: dict[str, set[str]] = defaultdict(set)
    for old, new in read_successions():
        found[old].add(new)
    return {key: tuple(sorted(heirs)) for key, heirs in found.items()}


def _last(key: str, heirs: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The heirs of the heirs, until there are none; a unit that left none has no place now."""
    open_ends, seen, last = [key], {key}, set()
    while open_ends:
        at = open_ends.pop()
        for heir in heirs.get(at, ()):
            if heir not in heirs:
                last.add(heir)
            elif heir not in seen:
                seen.add(heir)
                open_ends.append(heir)
    return tuple(sorted(last))


def unit_of(unit_code: str) -> Unit | None:
    """The commune of a code with its date (`06820@2019-05-05`, `06820@..`); None if there was none, or it is no commune."""
    key = canonicalise_code(unit_code.strip())
    unit = load_unit_index().get(key) if key else None
    return unit if unit and unit.level == "COMMUNE" else None
