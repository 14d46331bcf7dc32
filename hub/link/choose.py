"""The model's choice among the candidates of each record: the likeliest, where it is likely enough and leads clearly."""

import polars as pl

from hub.link.model.spec import Bands

BY = ("field", "record_id")


def chosen(pairs: pl.DataFrame, heirs: pl.DataFrame, refused: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Candidates of records (field, record_id, found_id, weight, confidence, …) with `chosen`, true of one of a record at most.

    `heirs` (subject_id, heir_id) says which rows are one subject: they are no rivals of each other. `refused` (field, record_id,
    subject_id) are the pairs that a person has taken apart, of a row or of its heir: they are left out.
    """
    known = pairs.join(heirs, left_on="found_id", right_on="subject_id", how="left")
    subjects = known.with_columns(pl.col("heir_id").fill_null(pl.col("found_id")).alias("subject_id"))
    for named in ("found_id", "subject_id"):
        subjects = subjects.join(
            refused, left_on=[*BY, named], right_on=[*BY, "subject_id"], how="anti"
        )
    best = subjects.group_by(*BY, "subject_id").agg(pl.col("weight").max())
    ranked = best.sort("weight", descending=True).group_by(BY, maintain_order=True)
    leads = ranked.agg(pl.col("weight").first().alias("top"), pl.col("weight").get(1, null_on_oob=True).alias("next"))
    judged = subjects.join(leads, on=BY).sort(*BY, "weight", "found_id", descending=[False, False, True, False])
    first = pl.int_range(pl.len()).over(BY) == 0
    clear = (pl.col("top") - pl.col("next") >= bands.margin).fill_null(True)
    likely = pl.col("confidence") >= bands.accept
    return judged.with_columns((first & likely & clear).alias("chosen")).drop("heir_id", "subject_id", "top", "next")
