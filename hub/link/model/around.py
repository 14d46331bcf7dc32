"""What lies around a commune: its neighbours, and the districts that its parts belonged to. From `schema/data/`, for once a process.

Districts ended on 2025-07-01, and papers still name them; a land office writes the commune next door for a field on its border.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl

from schema.units import CHANGES_CSV, OPEN_START, UNITS_CSV, canonical

TOUCHING = 1.2
"""Two communes are neighbours where their centres are no farther apart than their radii together, as if each were a disc, and a
fifth: communes are longer than discs."""
DEGREE_KM = 111.2


@dataclass(frozen=True)
class Surroundings:
    """Of one commune in force, itself among its neighbours: keys of communes, and of districts."""

    near: tuple[str, ...]
    districts: tuple[str, ...]


def around(features: pl.DataFrame) -> pl.DataFrame:
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
    known = [surroundings()[unit] for unit in units if unit in surroundings()]
    return Surroundings(
        tuple(sorted({key for one in known for key in one.near})),
        tuple(sorted({key for one in known for key in one.districts})),
    )


@cache
def surroundings() -> dict[str, Surroundings]:
    """Key of each commune in force → what lies around it."""
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["level"] == "COMMUNE"]
    parents = {_key(row): f"{row['parent_code']}@{row['valid_from'] or OPEN_START}" for row in rows if row["valid_to"]}
    districts: dict[str, set[str]] = defaultdict(set)
    for old, new in _changes():
        if old in parents:
            districts[new].add(parents[old])
    near = _neighbours([row for row in rows if not row["valid_to"]])
    return {key: Surroundings(tuple(sorted(of)), tuple(sorted(districts[key]))) for key, of in near.items()}


def _key(row: dict[str, str]) -> str:
    return f"{row['code']}@{row['valid_from'] or OPEN_START}"


def _changes() -> Iterable[tuple[str, str]]:
    with CHANGES_CSV.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            eve = date.fromisoformat(row["effective_on"]) - timedelta(days=1)
            old, new = canonical(f"{row['old_code']}@{eve}"), canonical(f"{row['new_code']}@{row['effective_on']}")
            if old and new:
                yield old, new


def _neighbours(rows: list[dict[str, str]]) -> dict[str, set[str]]:
    near = {_key(row): {_key(row)} for row in rows}
    placed = [row for row in rows if row["latitude"] and row["area_km2"]]
    keys = [_key(row) for row in placed]
    north, east, area = (
        np.array([float(row[column]) for row in placed]) for column in ("latitude", "longitude", "area_km2")
    )
    radius = np.sqrt(area / math.pi)
    for at, key in enumerate(keys):
        width = np.cos(np.radians((north + north[at]) / 2)) * (east - east[at])
        distance = DEGREE_KM * np.hypot(north - north[at], width)
        near[key].update(keys[other] for other in np.flatnonzero(distance <= TOUCHING * (radius + radius[at])))
    return near
