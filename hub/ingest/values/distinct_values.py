"""Once for each distinct value: most columns say the same things over again, and work on text is dear.

What the work gives goes back to where the values stand by a join; columns that need none have none. Cleaning leaves most values
as they are and checking finds nothing wrong with them, so that of a million rows often only their distinct values are touched.
"""

from collections.abc import Callable

import polars as pl

VALUE = "value"
EVERY = 16
"""Of so many values one, wherever it stands, is looked at before all are: columns of identifiers say nothing twice."""
DIVERSE = 0.95
"""From so many different ones among those on, it is not worth while."""


def by_distinct(values: pl.Series, make: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """`make(values)`, a frame with a row for each value, made from the distinct values where there are few of them.

    `make` has to give the same for the same value, wherever it stands.
    """
    distinct = _few(values)
    if distinct is None:
        return make(values)
    table = make(distinct)
    known = {made.name: _as_it_was(made, distinct, values) for made in table}
    joined = [name for name, column in known.items() if column is None]
    if not joined:
        return pl.DataFrame([column for column in known.values() if column is not None])
    wanted = values.alias(VALUE).to_frame()
    found = wanted.join(
        table.select(distinct.alias(VALUE), *joined), on=VALUE, how="left", nulls_equal=True, maintain_order="left"
    )
    return pl.DataFrame([found[name] if column is None else column for name, column in known.items()])


def _few(values: pl.Series) -> pl.Series | None:
    """The distinct values, where there are at most half as many as values."""
    sample = values.sample(fraction=1 / EVERY, seed=0)
    if sample.n_unique() > DIVERSE * len(sample):
        return None
    distinct = values.unique()
    return distinct if len(distinct) * 2 <= len(values) else None


def _as_it_was(made: pl.Series, distinct: pl.Series, values: pl.Series) -> pl.Series | None:
    """The whole column where it can be told without looking each value up: nothing everywhere, or the values themselves."""
    if made.null_count() == len(made):
        return pl.repeat(None, len(values), dtype=made.dtype, eager=True).alias(made.name)
    if made.dtype == distinct.dtype and made.eq_missing(distinct).all():
        return values.alias(made.name)
    return None
