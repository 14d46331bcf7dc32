"""What another threshold would do: precision and recall against the weight from which links are accepted. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from hub.link.evaluate.measure import ACCEPTED, Proportion

STEPS = 60
"""Thresholds that are looked at, at most."""
BINS = 40


@dataclass(frozen=True)
class Point:
    """If links of at least this weight were accepted: of the records that rules leave to the model, and of all."""

    weight: float
    precision: Proportion
    recall: Proportion
    all_precision: Proportion
    all_recall: Proportion

    def document(self) -> dict[str, Any]:
        """For machines."""
        rates = ("precision", "recall", "all_precision", "all_recall")
        return {"weight": self.weight, **{name: getattr(self, name).document() for name in rates}}


@dataclass(frozen=True)
class Bin:
    """Pairs whose weight is from `low` to below `high`."""

    low: float
    high: float
    true: int
    false: int

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {"low": self.low, "high": self.high, "true": self.true, "false": self.false}


def list_threshold_points(records: pl.DataFrame, pairs: pl.DataFrame) -> tuple[Point, ...]:
    """A point for each of some weights that occur, from low to high; none if no link has a weight.

    Of each record the strongest candidate counts: at a threshold it would be accepted if it reaches it. Links by rule, which
    have no weight, stay as they are.
    """
    best = (
        pairs.filter(pl.col("weight").is_not_null())
        .sort("weight", "found_id", descending=[True, False])
        .unique(("field", "record_id"), keep="first", maintain_order=True)
    )
    if best.is_empty():
        return ()
    ruled = pairs.filter(pl.col("weight").is_null(), pl.col("status").is_in(ACCEPTED))
    by_rule = Proportion(int(ruled["right"].sum()), ruled.height)
    linkable = int(records["linkable"].sum())
    left = linkable - int(records.join(ruled, on=("field", "record_id"), how="semi")["linkable"].sum())
    weights, right = best["weight"].to_list(), best["right"].to_list()
    return tuple(_point(at, weights, right, left, by_rule, linkable) for at in _steps(weights))


def _point(
    at: float, weights: Sequence[float], right: Sequence[bool], left: int, by_rule: Proportion, linkable: int
) -> Point:
    accepted = sum(weight >= at for weight in weights)
    good = sum(is_right for weight, is_right in zip(weights, right, strict=True) if weight >= at)
    return Point(
        at,
        Proportion(good, accepted),
        Proportion(good, left),
        Proportion(good + by_rule.part, accepted + by_rule.whole),
        Proportion(good + by_rule.part, linkable),
    )


def _steps(weights: Sequence[float]) -> list[float]:
    """Distinct weights, evenly chosen by rank, and the extremes."""
    distinct = sorted(set(weights))
    if len(distinct) <= STEPS:
        return distinct
    return [distinct[round(at * (len(distinct) - 1) / (STEPS - 1))] for at in range(STEPS)]


def count_by_weight(pairs: pl.DataFrame) -> tuple[Bin, ...]:
    """How many true and false pairs have which weight, in bins of equal width; every candidate counts."""
    weighed = pairs.filter(pl.col("weight").is_not_null())
    if weighed.is_empty():
        return ()
    low, high = (float(v) for v in weighed.select(pl.col("weight").min(), pl.col("weight").max().alias("high")).row(0))
    width = (high - low) / BINS or 1.0
    place = ((pl.col("weight") - low) / width).floor().clip(0, BINS - 1).cast(pl.Int64).alias("bin")
    counted = weighed.group_by(place).agg(pl.col("right").sum().alias("true"), (~pl.col("right")).sum().alias("false"))
    by_bin: Mapping[int, tuple[int, int]] = {
        b: (t, f) for b, t, f in counted.select("bin", "true", "false").iter_rows()
    }
    return tuple(
        Bin(round(low + at * width, 6), round(low + (at + 1) * width, 6), *by_bin.get(at, (0, 0))) for at in range(BINS)
    )
