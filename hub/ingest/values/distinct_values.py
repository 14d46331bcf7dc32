"""Distinct values: run expensive text work once per distinct value, because most columns repeat a few values.

A join puts the results back in row order; columns whose result is all null or unchanged skip the join. Cleaning leaves
most values as they are and checking finds most of them valid, so for a million rows often only the distinct values are
touched. In small batches what counts is the number of operations, not of values: all columns are worked on in one.
"""

from collections.abc import Callable

import polars as pl

VALUE_COLUMN = "value"
FEW_ROWS = 2_000
"""Up to this many rows, one operation on all columns is faster than several on the distinct values of each."""
SAMPLE_EVERY_ROWS = 16
"""Sample one in this many values before counting all: columns of identifiers repeat nothing."""
DIVERSE_SHARE = 0.95
"""If more than this share of the sample is distinct, deduplicating does not pay."""


def apply_to_distinct(values: pl.DataFrame, make: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """Return `make(values)`, computed once per distinct value of each column if that pays.

    `make` takes any of the columns of `values` and returns some columns for each, of the same height. For the same value
    of its column it must return the same result, whatever the row and the columns beside it.
    """
    if values.height <= FEW_ROWS or not values.width:
        return make(values)
    return pl.concat([_apply_to_column(column, make) for column in values], how="horizontal")


def _apply_to_column(values: pl.Series, make: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    distinct = _find_distinct(values)
    if distinct is None:
        return make(values.to_frame())
    table = make(distinct.to_frame())
    known = {made.name: _fill_whole_column(made, distinct, values) for made in table}
    joined = [name for name, column in known.items() if column is None]
    if not joined:
        return pl.DataFrame([column for column in known.values() if column is not None])
    wanted = values.alias(VALUE_COLUMN).to_frame()
    found = wanted.join(
        pl.DataFrame([distinct.alias(VALUE_COLUMN), *(table[name].alias(f"made:{name}") for name in joined)]),
        on=VALUE_COLUMN,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return pl.DataFrame(
        [found[f"made:{name}"].alias(name) if column is None else column for name, column in known.items()]
    )


def _find_distinct(values: pl.Series) -> pl.Series | None:
    """Return the distinct values if there are at most half as many as values, otherwise None."""
    sample = values.sample(fraction=1 / SAMPLE_EVERY_ROWS, seed=0)
    if sample.n_unique() > DIVERSE_SHARE * len(sample):
        return None
    distinct = values.unique()
    return distinct if len(distinct) * 2 <= len(values) else None


def _fill_whole_column(made: pl.Series, distinct: pl.Series, values: pl.Series) -> pl.Series | None:
    """Return the whole column if no look-up is needed: every result is null, or every result equals its value."""
    if made.null_count() == len(made):
        return pl.repeat(None, len(values), dtype=made.dtype, eager=True).alias(made.name)
    if made.dtype == distinct.dtype and made.eq_missing(distinct).all():
        return values.alias(made.name)
    return None
