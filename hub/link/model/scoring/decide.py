"""What follows from weighed pairs: bands, at most one partner each, and clusters. Pure: pairs in, decisions out.

Pairs are frames with left_key, right_key, weight and probability, as `score` gives them.
"""

from enum import StrEnum

import polars as pl

from hub.link.model.spec import Bands


class PairBand(StrEnum):
    """What a pair is."""

    ACCEPT = "ACCEPT"
    REVIEW = "REVIEW"
    """Worth a person's look: likely enough, but not sure, or not far enough ahead of another candidate."""
    REJECT = "REJECT"


def strongest_first(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs by weight; equal weights by key, so that an answer never depends on the order of rows."""
    return pairs.sort("weight", "left_key", "right_key", descending=[True, False, False])


def one_to_many(pairs: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Each left has at most one right, a right any number of lefts: records of a sector against a register. Adds `band`, and
    `lead`: the bits by which a pair leads the left's best other candidate, null if there is none. Strongest first.

    A pair that would be accepted alone but does not lead by the margin is for review, as are those that it does not lead."""
    return _banded(strongest_first(pairs), bands, ("left_key",))


def one_to_one(pairs: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Each left and each right has at most one partner. Adds `band` and `lead`, as `one_to_many` does, over the other candidates of
    both records.

    Partners are taken greedily: a pair that leads at both its records is accepted, what would be a second partner of either is
    rejected, and leads are taken anew among the rest. The assignment with the greatest sum would now and then take a weaker pair
    to keep two others in play; such a link is explained by records that are not its own, and one record that comes later can turn
    links over that have nothing to do with it. If the two ways differ, leads are small, and a person decides in either."""
    open_pairs = strongest_first(pairs)
    settled: list[pl.DataFrame] = []
    while True:
        banded = _banded(open_pairs, bands, ("left_key", "right_key"))
        accepted = banded.filter(pl.col("band") == PairBand.ACCEPT)
        taken = pl.col("left_key").is_in(accepted["left_key"].implode()) | pl.col("right_key").is_in(
            accepted["right_key"].implode()
        )
        if accepted.is_empty():
            return strongest_first(pl.concat([*settled, banded]))
        second = pl.when(pl.col("band") == PairBand.ACCEPT).then("band").otherwise(pl.lit(PairBand.REJECT))
        settled.append(banded.filter(taken).with_columns(second.alias("band")))
        open_pairs = open_pairs.filter(~taken)


def _banded(pairs: pl.DataFrame, bands: Bands, sides: tuple[str, ...]) -> pl.DataFrame:
    likely, sure = pl.col("probability") >= bands.review, pl.col("probability") >= bands.accept
    ahead = pl.col("lead").is_null() | (pl.col("lead") >= bands.margin)
    # A candidate that far behind another is answered by it: at most one of the two is right.
    answered = (pl.col("lead") <= -bands.margin).fill_null(value=False)
    band = (
        pl.when(sure & ahead).then(pl.lit(PairBand.ACCEPT))
        .when(likely & ~answered).then(pl.lit(PairBand.REVIEW))
        .otherwise(pl.lit(PairBand.REJECT))
    )  # fmt: skip
    lead = pl.min_horizontal(*(_lead(side) for side in sides))
    return pairs.with_columns(lead.alias("lead")).with_columns(band.alias("band"))


def _lead(side: str) -> pl.Expr:
    """The weight less the greatest weight of the same record's other pairs. Pairs stand strongest first."""
    first = pl.col("weight").first().over(side)
    second = pl.col("weight").slice(1, 1).first().over(side)
    place = pl.int_range(pl.len()).over(side)
    return pl.col("weight") - pl.when(place == 0).then(second).otherwise(first)
