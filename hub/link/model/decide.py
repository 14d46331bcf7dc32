"""What follows from weighed pairs: bands, at most one partner each, and clusters. Pure: pairs in, decisions out.

Pairs are frames with left_key, right_key, weight and probability, as `score` gives them.
"""

from enum import StrEnum

import polars as pl

from hub.link.model.spec import Bands


class Band(StrEnum):
    """What a pair is."""

    ACCEPT = "ACCEPT"
    REVIEW = "REVIEW"
    """Worth a person's look: likely enough, but not sure, or not far enough ahead of another candidate."""
    REJECT = "REJECT"


ORDER = {"by": ["weight", "left_key", "right_key"], "descending": [True, False, False]}
"""Strongest first; equal weights by key, so that an answer never depends on the order of rows."""


def one_to_many(pairs: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Each left has at most one right, a right any number of lefts: records of a sector against a register. Adds `band`, and
    `lead`: the bits by which a pair leads the left's best other candidate, null where there is none.

    A pair that would be accepted alone but does not lead by the margin is for review, as is each it does not lead."""
    return _banded(pairs, _lead(pairs, "left_key"), bands)


def one_to_one(pairs: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Each left and each right has at most one partner. Adds `band` and `lead`, as in `one_to_many`, over both sides' candidates.

    Partners are taken greedily by weight. The assignment with the greatest sum would now and then take a weaker pair to keep two
    others in play; the pair that is accepted would then not be the best of either record, and a record that comes later could
    turn far links over. Greedily, a link is explained by its own two records. Where the two differ, the lead is small, and those
    pairs go to a person in either case."""
    kept = _matched(pairs)
    lead = pl.min_horizontal(_lead(pairs, "left_key"), _lead(pairs, "right_key"))
    return _banded(pairs, lead, bands).with_columns(
        pl.when(kept | (pl.col("band") != Band.ACCEPT)).then("band").otherwise(pl.lit(Band.REVIEW)).alias("band")
    )


def _lead(pairs: pl.DataFrame, side: str) -> pl.Expr:
    """The weight less the greatest weight of the same record's other pairs."""
    first = pl.col("weight").max().over(side)
    second = pl.col("weight").top_k(2).min().over(side)
    alone = pl.len().over(side) == 1
    return pl.when(~alone).then(pl.col("weight") - pl.when(pl.col("weight") == first).then(second).otherwise(first))


def _banded(pairs: pl.DataFrame, lead: pl.Expr, bands: Bands) -> pl.DataFrame:
    likely, sure = pl.col("probability") >= bands.review, pl.col("probability") >= bands.accept
    ahead = pl.col("lead").is_null() | (pl.col("lead") >= bands.margin)
    # A candidate far behind an accepted one is answered by it: at most one of the two is right.
    answered = (pl.col("lead") <= -bands.margin) & likely
    band = (
        pl.when(sure & ahead).then(pl.lit(Band.ACCEPT))
        .when(likely & ~answered).then(pl.lit(Band.REVIEW))
        .otherwise(pl.lit(Band.REJECT))
    )  # fmt: skip
    return pairs.sort(**ORDER).with_columns(lead.alias("lead")).with_columns(band.alias("band"))


def _matched(pairs: pl.DataFrame) -> pl.Series:
    """Which pairs, strongest first, have neither record in a stronger one."""
    left: set[str] = set()
    right: set[str] = set()
    kept = []
    for one, two in pairs.sort(**ORDER).select("left_key", "right_key").iter_rows():
        free = one not in left and two not in right
        kept.append(free)
        if free:
            left.add(one)
            right.add(two)
    return pl.Series(kept, dtype=pl.Boolean)
