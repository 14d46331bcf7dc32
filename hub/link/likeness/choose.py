"""The model's candidates of each record as decisions: rows that are one subject stand together, what a person took apart is out."""

import math
from collections.abc import Mapping

import polars as pl

from hub.link.model.scoring.decide import PairBand, one_to_many
from hub.link.model.spec import Bands

BY = ("field", "record_id")


def choose_candidates(
    pairs: pl.DataFrame,
    heirs: pl.DataFrame,
    refused: pl.DataFrame,
    bands: Bands,
    raised: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Candidates of records (field, record_id, found_id, weight, confidence, …) that are worth a look, with `chosen`, true of
    one of a record at most.

    `heirs` (subject_id, heir_id) says which rows are one subject: they are no rivals of each other, and the likeliest stands for
    them. `refused` (field, record_id, subject_id) are the pairs that a person has taken apart, of a row or of its heir.
    `raised` has the weight from which links of a field are accepted, where it was raised above that of `bands`; what would have
    been chosen below it is worth a person's look.
    """
    apart = _by_heir(refused, heirs, "subject_id")
    subjects = _by_heir(pairs, heirs, "found_id").join(apart, on=[*BY, "heir_id"], how="anti")
    best = subjects.sort("weight", "found_id", descending=[True, False]).unique(
        [*BY, "heir_id"], keep="first", maintain_order=True
    )
    judged = one_to_many(
        best.with_columns(
            pl.concat_str(*BY, separator="/").alias("left_key"),
            pl.col("heir_id").alias("right_key"),
            pl.col("confidence").alias("probability"),
        ),
        bands,
    )
    worth = judged.filter(pl.col("band") != PairBand.REJECT)
    limit = pl.col("field").replace_strict(dict(raised or {}), default=-math.inf, return_dtype=pl.Float64)
    accepted = (pl.col("band") == PairBand.ACCEPT) & (pl.col("weight") >= limit)
    return worth.select(*pairs.columns, accepted.alias("chosen"))


def _by_heir(rows: pl.DataFrame, heirs: pl.DataFrame, named: str) -> pl.DataFrame:
    """Rows with `heir_id`, the subject that the named row stands for."""
    known = rows.join(heirs, left_on=named, right_on="subject_id", how="left")
    return known.with_columns(pl.col("heir_id").fill_null(pl.col(named)))
