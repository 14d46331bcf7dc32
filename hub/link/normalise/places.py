"""The pieces at the end of an address → the units in force now that its commune is or has become."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from hub.link.normalise.gazetteer import load_gazetteer
from hub.link.normalise.pieces import LOCAL, UNIT_KINDS, Piece
from hub.link.normalise.text import WORDS_KEPT
from hub.link.normalise.units import Unit, unit_of

MANY = 12
"""More communes of one name than this, of which the address does not say which: none is a candidate."""


Test = Callable[[Unit], bool]


class How(StrEnum):
    """How the units of a party were found."""

    EXACT = "EXACT"
    """A unit in force: by its code, or by kind, name with tone marks, and what it is part of."""
    BY_NAME = "BY_NAME"
    """A unit in force, by its name without tone marks, with another kind, or without what it is part of."""
    SUCCESSOR = "SUCCESSOR"
    """A unit of before, and the one it went into."""
    SPLIT = "SPLIT"
    """A unit of before, and those it was divided among."""
    AMBIGUOUS = "AMBIGUOUS"
    """Several units have this name, and what they have become."""
    UNKNOWN = "UNKNOWN"


class Place(NamedTuple):
    """Where something is, in units of now."""

    recorded: str | None
    """Key of the unit as recorded, if it is one."""
    units: tuple[str, ...]
    """Keys of the units in force that it can be, in order."""
    how: How

    @property
    def unit(self) -> str | None:
        """The one unit in force; None if there are several, or none."""
        return self.units[0] if len(self.units) == 1 else None


NOWHERE = Place(None, (), How.UNKNOWN)


def place_of_code(unit_code: str) -> Place:
    """Where a commune code with its date (`06820@..`) is now."""
    unit = unit_of(unit_code)
    return _place((unit,), exact=True) if unit else NOWHERE


@lru_cache(WORDS_KEPT)
def place_address(tail: tuple[Piece, ...]) -> tuple[Place, int]:
    """Where the last pieces of an address are, and how many of them, from the first, are no part of that."""
    left = len(tail)
    province, left = _province(tail, left)
    districts, left = _districts(tail, left, province)
    communes, at = _communes(tail, left, province, districts)
    if at is None:
        return NOWHERE, left
    said = _marked(tail) and tail[at].label == communes[0].kind and tail[at].name == communes[0].name
    return _place(communes, exact=said and bool(province or districts)), at


def _marked(tail: tuple[Piece, ...]) -> bool:
    """The address is written with tone marks, so that a name without any means just that."""
    return not all(piece.words.isascii() for piece in tail)


def _place(communes: tuple[Unit, ...], *, exact: bool) -> Place:
    current = tuple(sorted({key for unit in communes for key in unit.current}))
    if len(communes) != 1:
        return Place(None, current, How.AMBIGUOUS)
    if communes[0].in_force:
        how = How.EXACT if exact else How.BY_NAME
    else:
        how = How.SUCCESSOR if len(current) == 1 else How.SPLIT if current else How.UNKNOWN
    return Place(communes[0].key, current, how)


def _province(tail: tuple[Piece, ...], left: int) -> tuple[str | None, int]:
    """The name of the province in the last piece, if it is one."""
    if not left or tail[left - 1].label not in ("", *UNIT_KINDS["PROVINCE"]):
        return None, left
    piece = tail[left - 1]
    name = load_gazetteer().provinces.get(piece.plain)
    if name is None:
        return None, left
    # TP. Hải Dương was a town of the province of this name.
    other = piece.label and piece.label not in load_gazetteer().province_kinds[name]
    if other and any(unit.kind == piece.label for unit in load_gazetteer().districts.get(piece.plain, ())):
        return None, left
    return name, left - 1


def _districts(tail: tuple[Piece, ...], left: int, province: str | None) -> tuple[frozenset[str] | None, int]:
    """Keys of the districts in the last piece that is left, those of the kind it says first.

    None if there is no district in the address; no key if there is one that is not known, such as one of long ago.
    """
    if not left:
        return None, left
    piece = tail[left - 1]
    if piece.label not in ("", *UNIT_KINDS["DISTRICT"]):
        return None, left
    named = load_gazetteer().districts.get(piece.plain, ())
    within = [unit for unit in named if province is None or province in load_gazetteer().provinces_of[unit.key]]
    if not piece.label and (not within or not province or left < 2):
        return None, left
    best = _preferred(within, [_named(piece), _of_kind(piece)])
    return frozenset(unit.key for unit in best), left - 1


def _communes(
    tail: tuple[Piece, ...], left: int, province: str | None, districts: frozenset[str] | None
) -> tuple[tuple[Unit, ...], int | None]:
    """The communes in the last pieces that are left, and at which piece they stand."""
    for at in range(left - 1, -1, -1):
        piece = tail[at]
        if piece.label in LOCAL:
            break
        if piece.label not in ("", *UNIT_KINDS["COMMUNE"]) or not (piece.label or province or districts):
            continue
        found = _called(piece, province, districts, marked=_marked(tail))
        if found:
            return found, at
        if not piece.label:
            break
    return (), None


def _called(piece: Piece, province: str | None, districts: frozenset[str] | None, *, marked: bool) -> tuple[Unit, ...]:
    """The communes called so within the province, those first that agree with all else that is written."""
    known = load_gazetteer()
    named = known.communes.get(piece.plain, ())
    within = [unit for unit in named if province is None or province in known.provinces_of[unit.key]]
    if districts:
        # Of a district that is known: one of its communes, or one of now that has a part of it.
        old = [unit for unit in within if unit.parent in districts]
        within = old or [unit for unit in within if districts & known.districts_of[unit.key]]
    tests = [_named(piece), _of_kind(piece)] if marked else [_of_kind(piece)]
    if districts is None:
        # Without a district it is an address of since there are none.
        tests.append(lambda unit: unit.in_force)
    best = _preferred(within, tests)
    return tuple(best) if len(best) <= MANY else ()


def _named(piece: Piece) -> Test:
    return lambda unit: unit.name == piece.name


def _of_kind(piece: Piece) -> Test:
    return lambda unit: unit.kind == piece.label


def _preferred(found: list[Unit], tests: list[Test]) -> list[Unit]:
    """Those that pass each test in turn, where any does."""
    for test in tests:
        found = [unit for unit in found if test(unit)] or found
    return found
