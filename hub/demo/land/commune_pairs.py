"""The communes of Quảng Ninh, old and new, and how the demo's people are spread over them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from hub.demo.people.identifiers import Bools, Floats, Ints
from hub.demo.people.person_names import MINORITY_SHARE
from schema.units import CHANGES_CSV, UNITS_CSV

PROVINCE_CODE = "22"
REORGANISATION_DAY = (date(2025, 7, 1) - date(1970, 1, 1)).days
"""2025-07-01 in days since 1970: commune codes of this day and later are the new ones."""
MINORITIES_BY_DISTRICT = {
    "Huyện Bình Liêu": 0.95, "Huyện Ba Chẽ": 0.8, "Huyện Tiên Yên": 0.5, "Huyện Đầm Hà": 0.3,
    "Huyện Hải Hà": 0.25, "Huyện Vân Đồn": 0.12, "Thành phố Móng Cái": 0.07, "Thành phố Hạ Long": 0.06,
}  # fmt: skip
MINORITIES_ELSEWHERE = 0.03
URBAN_WEIGHT = {"Phường": 1.0, "Thị trấn": 1.0, "Xã": 0.6}


@dataclass(frozen=True)
class CommunePairs:
    """Pairs of an old commune and the new one it went into. Everybody and every parcel is in one pair; arrays are by pair."""

    old_codes: pl.Series
    new_codes: pl.Series
    old: Ints
    """Number of the old commune of each pair; `new` likewise."""
    new: Ints
    sibling: Ints
    """Position of the old commune among those that went into the same new one."""
    whole: Bools
    urban: Bools
    cumulative: Floats
    minorities: Floats
    latitude: Floats
    longitude: Floats
    old_phrases: pl.Series
    """The end of an address before the reorganisation; `new_phrases` since."""
    new_phrases: pl.Series

    def draw(self, rng: np.random.Generator, count: int) -> Ints:
        """A pair for each of `count` households, by population."""
        drawn = np.searchsorted(self.cumulative, rng.random(count), side="right")
        return np.minimum(drawn, len(self.cumulative) - 1).astype(np.int64)

    def pair_of(self, old_code: str) -> int:
        """The pair of an old commune that went whole into a new one."""
        return int(np.flatnonzero((self.old_codes == old_code).to_numpy() & self.whole)[0])

    def codes(self, pair: Ints, on: Ints) -> pl.Series:
        """The commune code in force at each place on each day (days since 1970)."""
        since = pl.lit(pl.Series(on >= REORGANISATION_DAY))
        return pl.select(
            pl.when(since).then(pl.lit(self.new_codes.gather(pair))).otherwise(pl.lit(self.old_codes.gather(pair)))
        ).to_series()

    def phrases(self, pair: Ints, on: Ints) -> pl.Series:
        """The end of an address there as written on each day."""
        both = pl.concat([self.old_phrases, self.new_phrases])
        return both.gather(pair + (on >= REORGANISATION_DAY) * len(self.old_phrases))


def _lower_kind(name: str) -> str:
    return name[0].lower() + name[1:]


def _population(unit: dict[str, str]) -> float:
    area = float(unit["area_km2"])
    if unit["kind"] == "Phường":
        return 16_000 + 180 * min(area, 100)
    return 4_000 + 45 * min(area, 250)


@cache
def load_commune_pairs() -> CommunePairs:
    """The pairs of the province, in the order of their codes."""
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        units = list(csv.DictReader(lines))
    old_units = {u["code"]: u for u in units if u["valid_to"] == "2025-07-01"}
    districts = {
        code: u["name"]
        for code, u in old_units.items()
        if u["level"] == "DISTRICT" and u["parent_code"] == PROVINCE_CODE
    }
    new_units = {u["code"]: u for u in units if u["valid_from"] == "2025-07-01" and u["parent_code"] == PROVINCE_CODE}
    with CHANGES_CSV.open(encoding="utf-8", newline="") as lines:
        rows = [c for c in csv.DictReader(lines) if old_units.get(c["old_code"], {}).get("parent_code") in districts]
    rows = sorted((c for c in rows if c["new_code"] in new_units), key=lambda c: (c["old_code"], c["new_code"]))
    olds = [old_units[c["old_code"]] for c in rows]
    news = [new_units[c["new_code"]] for c in rows]
    raw = [URBAN_WEIGHT[o["kind"]] * (1.0 if c["kind"] == "WHOLE" else 0.5) for o, c in zip(olds, rows, strict=True)]
    within = {code: sum(w for w, c in zip(raw, rows, strict=True) if c["new_code"] == code) for code in new_units}
    weight = np.asarray([_population(n) * w / within[n["code"]] for n, w in zip(news, raw, strict=True)])
    weight /= weight.sum()
    minorities = np.asarray(
        [MINORITIES_BY_DISTRICT.get(districts[o["parent_code"]], MINORITIES_ELSEWHERE) for o in olds]
    )
    minorities = np.minimum(minorities * MINORITY_SHARE / float(weight @ minorities), 0.97)
    siblings: dict[str, list[str]] = {}
    for change in rows:
        siblings.setdefault(change["new_code"], []).append(change["old_code"])
    old_order, new_order = sorted(old_units), sorted(new_units)
    return CommunePairs(
        old_codes=pl.Series([o["code"] for o in olds]),
        new_codes=pl.Series([n["code"] for n in news]),
        old=np.asarray([old_order.index(o["code"]) for o in olds]),
        new=np.asarray([new_order.index(n["code"]) for n in news]),
        sibling=np.asarray([siblings[c["new_code"]].index(c["old_code"]) for c in rows]),
        whole=np.asarray([c["kind"] == "WHOLE" for c in rows]),
        urban=np.asarray([o["kind"] != "Xã" for o in olds]),
        cumulative=np.cumsum(weight),
        minorities=minorities,
        latitude=np.asarray([float(o["latitude"] or n["latitude"]) for o, n in zip(olds, news, strict=True)]),
        longitude=np.asarray([float(o["longitude"] or n["longitude"]) for o, n in zip(olds, news, strict=True)]),
        old_phrases=pl.Series(
            [f"{_lower_kind(o['name'])}, {_lower_kind(districts[o['parent_code']])}, tỉnh Quảng Ninh" for o in olds]
        ),
        new_phrases=pl.Series([f"{_lower_kind(n['name'])}, tỉnh Quảng Ninh" for n in news]),
    )
