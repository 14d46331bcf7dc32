"""What lies around a commune: its neighbours, and the districts that its parts belonged to. From `schema/data/`, for once a process.

Districts ended on 2025-07-01, and papers still name them; a land office writes the commune next door for a field on its border.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
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
    near, at, placed = {unit}, in_force()[unit], _placed()
    if at is not None:
        width = np.cos(np.radians((placed.north + placed.north[at]) / 2)) * (placed.east - placed.east[at])
        distance = DEGREE_KM * np.hypot(placed.north - placed.north[at], width)
        near.update(
            placed.keys[other] for other in np.flatnonzero(distance <= TOUCHING * (placed.radius + placed.radius[at]))
        )
    return Surroundings(tuple(sorted(near)), tuple(sorted(_districts()[unit])))


@dataclass(frozen=True)
class _Placed:
    """The communes in force whose centre and area are known: degrees, and km."""

    keys: list[str]
    north: np.ndarray
    east: np.ndarray
    radius: np.ndarray


@cache
def _communes() -> list[UnitRow]:
    return [row for row in unit_rows() if row.level == "COMMUNE"]


@cache
def _placed() -> _Placed:
    rows = [row for row in _communes() if not row.valid_to and row.latitude and row.area_km2]
    north, east, area = (
        np.array([float(value) for value in column])
        for column in zip(*((row.latitude, row.longitude, row.area_km2) for row in rows), strict=True)
    )
    return _Placed([row.key for row in rows], north, east, np.sqrt(area / math.pi))


@cache
def in_force() -> dict[str, int | None]:
    """Key of each commune in force → where it stands among the placed ones."""
    at = {key: number for number, key in enumerate(_placed().keys)}
    return {row.key: at.get(row.key) for row in _communes() if not row.valid_to}


@cache
def _districts() -> dict[str, set[str]]:
    """Key of a commune in force → keys of the districts that it and its parts were in."""
    parents = {row.key: f"{row.parent_code}@{row.valid_from or OPEN_START}" for row in _communes() if row.valid_to}
    districts: dict[str, set[str]] = defaultdict(set)
    for old, new in read_successions():
        if old in parents:
            districts[new].add(parents[old])
    return districts
