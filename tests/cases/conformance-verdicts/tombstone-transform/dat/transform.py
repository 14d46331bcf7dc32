"""A soft delete is a day in deleted_at: say so in a word, which a manifest can compare."""

import polars as pl


def transform(stream: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    del stream
    return frame.with_columns(da_xoa=pl.when(pl.col("deleted_at").is_null()).then(pl.lit("0")).otherwise(pl.lit("1")))
