"""What the files say only together: the key of a unit is its code with its first day, the parent is one of the same days."""

import polars as pl

OPEN = ".."


def transform(stream: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add `unit_code`, `parent_unit_code` and `type_name` to units, `day_before` to changes."""
    if stream == "changes":
        before = pl.col("effective_on").str.to_date("%Y-%m-%d", strict=False).dt.offset_by("-1d")
        return frame.with_columns(before.dt.to_string("%Y-%m-%d").alias("day_before"))
    # A parent has the same period as its parts in this file: codes of one period refer to codes of the same period.
    start = pl.col("valid_from").fill_null(OPEN)
    return frame.with_columns(
        pl.concat_str("code", pl.lit("@"), start).alias("unit_code"),
        pl.concat_str("parent_code", pl.lit("@"), start).alias("parent_unit_code"),
        pl.col("kind").alias("type_name"),
    )
