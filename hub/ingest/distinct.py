"""Once for each distinct value: most columns say the same things over again, and work on text is dear."""

from collections.abc import Callable

import polars as pl

VALUE = "value"


def by_distinct(values: pl.Series, make: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """`make(values)`, a frame with a row for each value, made from the distinct values where there are few of them.

    `make` has to give the same for the same value, wherever it stands.
    """
    distinct = values.unique()
    if len(distinct) * 2 > len(values):
        return make(values)
    table = make(distinct).with_columns(distinct.alias(VALUE))
    wanted = values.alias(VALUE).to_frame()
    return wanted.join(table, on=VALUE, how="left", nulls_equal=True, maintain_order="left").drop(VALUE)
