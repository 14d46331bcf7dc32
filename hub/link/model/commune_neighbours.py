"""What lies around a commune: its neighbours, and the districts that its parts belonged to. From `schema/data/`, for once a process.

Districts ended on 2025-07-01, and papers still name them; a land office writes the commune next door for a field on its border.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import polars as pl

from schema.units import OPEN_START, UnitRow, read_successions, unit_rows

TOUCHING = 1.2
"""Two communes are neighbours where their centres are no farther apart than their radii together, as if each were a disc, and a
fifth: communes are longer than discs."""
DEGREE_KM = 111.2


@dataclass(frozen=True)
class Surroundings:
    """Of one commune in force, itself among its neighbours: keys of communes, and of districts."""

    near: tuple[str, ...]
    districts: tuple[str, ...]


def add_surroundings(features: pl.DataFrame) -> pl.DataFrame:
    """Features with `near` and `districts` beside `units`: those of all communes that the party can be in."""
    distinct = features.select("units").unique(maintain_order=True)
    lists = [_of(units or ()) for units in distinct["units"].to_list()]
    dtype = pl.List(pl.String)
    table = distinct.with_columns(
        pl.Series("near", [one.near for one in lists], dtype=dtype),
        pl.Series("districts", [one.districts for one in lists], dtype=dtype),
    )
    return features.join(table, on="units", how="left", nulls_equal=True, maintain_order="left")


def _of(units: Iterable[str]) -> Surroundings:
    known = [find_surroundings(unit) for unit in units if unit in in_force()]
    return Surroundings(
        tuple(sorted({key for one in known for key in one.near})),
        tuple(sorted({key for one in known for key in one.districts})),
    )


@cache
def find_surroundings(unit: str) -> Surroundings:
    """What lies around a commune in force, by its key. Raises KeyError if there is none."""
    near, here = {unit}, in_force()[unit]
    if here is not None:
        # By latitude first, which leaves some hundred of 3,300.
        reach = TOUCHING * (here.radius + _widest()) / DEGREE_KM
        placed = _placed()
        first = bisect_left(placed, here.north - reach, key=_north)
        last = bisect_right(placed, here.north + reach, key=_north)
        near.update(other.key for other in placed[first:last] if here.touches(other))
    return Surroundings(tuple(sorted(near)), tuple(sorted(_districts()[unit])))


@dataclass(frozen=True, slots=True)
class _PlacedCommune:
    """A commune in force whose centre and area are known: degrees, and km."""

    key: str
    north: float
    east: float
    radius: float

    def touches(self, other: "_PlacedCommune") -> bool:
        width = math.cos(math.radians((other.north + self.north) / 2)) * (other.east - self.east)
        return DEGREE_KM * math.hypot(other.north - self.north, width) <= TOUCHING * (other.radius + self.radius)


def _north(commune: _PlacedCommune) -> float:
    return commune.north


@cache
def _communes() -> list[UnitRow]:
    return [row for row in unit_rows() if row.level == "COMMUNE"]


@cache
def _placed() -> tuple[_PlacedCommune, ...]:
    """From south to north."""
    placed = (
        _PlacedCommune(row.key, float(row.latitude), float(row.longitude), math.sqrt(float(row.area_km2) / math.pi))
        for row in _communes()
        if not row.valid_to and row.latitude and row.area_km2
    )
    return tuple(sorted(placed, key=_north))


@cache
def _widest() -> float:
    return max(commune.radius for commune in _placed())


@cache
def in_force() -> dict[str, _PlacedCommune | None]:
    """Key of each commune in force → where it is, if that is known."""
    placed = {commune.key: commune for commune in _placed()}
    return {row.key: placed.get(row.key) for row in _communes() if not row.valid_to}


@cache
def _districts() -> dict[str, set[str]]:
    """Key of a commune in force → keys of the districts that it and its parts were in."""
    parents = {row.key: f"{row.parent_code}@{row.valid_from or OPEN_START}" for row in _communes() if row.valid_to}
    districts: dict[str, set[str]] = defaultdict(set)
    for old, new in read_successions():
        if old in parents:
            districts[new].add(parents[old])
    return districts
