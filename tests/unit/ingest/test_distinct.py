"""Work done once for each distinct value gives what work on every value gives."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.values.distinct_values import apply_to_distinct

TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "A", "b ", "Đỗ", "d"]))


def made(values: pl.Series) -> pl.DataFrame:
    """One column that is as the values are, one without anything, and two that are neither."""
    value = pl.col("v")
    return (
        values.alias("v")
        .to_frame()
        .select(
            value.alias("same"),
            pl.when(value == "never").then(pl.lit("required")).alias("nothing"),
            value.str.to_uppercase().alias("upper"),
            pl.when(value == "a").then(pl.lit("pattern")).alias("broken"),
        )
    )


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=200), st.integers(1, 8))
def test_it_is_the_same_as_work_on_every_value(values: list[str | None], times: int) -> None:
    series = pl.Series("v", values * times, dtype=pl.String)
    found = apply_to_distinct(series, made)
    assert found.rows() == made(series).rows()
    assert found.columns == ["same", "nothing", "upper", "broken"]


@pytest.mark.parametrize(("different", "worked_on"), [(10, 10), (900, 1000), (1000, 1000)])
def test_few_values_are_worked_on_once_and_many_as_they_stand(different: int, worked_on: int) -> None:
    seen: list[int] = []

    def counted(values: pl.Series) -> pl.DataFrame:
        seen.append(len(values))
        return values.to_frame("made")

    values = pl.Series([str(n % different) for n in range(1000)])
    assert apply_to_distinct(values, counted)["made"].to_list() == values.to_list()
    assert seen == [worked_on]
