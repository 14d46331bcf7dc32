"""Work done once for each distinct value gives what work on every value gives."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.values.distinct_values import FEW_ROWS, apply_to_distinct

TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "A", "b ", "Đỗ", "d"]))


def make(values: pl.DataFrame) -> pl.DataFrame:
    """For each column: one that is as the values are, one without anything, and three that are neither."""
    return values.with_columns(
        made.alias(f"{part}:{name}")
        for name in values.columns
        for part, made in {
            "nothing": pl.when(pl.col(name) == "never").then(pl.lit("required")),
            "upper": pl.col(name).str.to_uppercase(),
            "broken": pl.when(pl.col(name) == "a").then(pl.lit("pattern")),
            "required": pl.when(pl.col(name).is_null()).then(pl.lit("required")),
        }.items()
    )


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=200), st.booleans())
def test_it_is_the_same_as_work_on_every_value(rows: list[tuple[str | None, str | None]], are_many: bool) -> None:
    times = FEW_ROWS // max(1, len(rows)) + 1 if are_many else 1
    # The second column is named as the join within would name its own.
    frame = pl.DataFrame(rows * times, schema={"v": pl.String, "value": pl.String}, orient="row")
    found = apply_to_distinct(frame, make)
    assert set(found.columns) == {
        f"{part}{name}" for name in ("v", "value") for part in ("", "nothing:", "upper:", "broken:", "required:")
    }
    assert found.equals(make(frame).select(found.columns))


@pytest.mark.parametrize(("different", "worked_on"), [(10, 10), (4500, 5000), (5000, 5000)])
def test_few_values_are_worked_on_once_and_many_as_they_stand(different: int, worked_on: int) -> None:
    seen: list[int] = []

    def count(values: pl.DataFrame) -> pl.DataFrame:
        seen.append(values.height)
        return values

    values = pl.DataFrame({"v": [str(n % different) for n in range(5000)]})
    assert apply_to_distinct(values, count).equals(values)
    assert seen == [worked_on]


def test_all_columns_of_few_rows_are_worked_on_together() -> None:
    seen: list[list[str]] = []

    def count(values: pl.DataFrame) -> pl.DataFrame:
        seen.append(values.columns)
        return values

    few = pl.DataFrame({"a": ["1"] * FEW_ROWS, "b": ["2"] * FEW_ROWS})
    assert apply_to_distinct(few, count).equals(few)
    assert apply_to_distinct(pl.concat([few, few]), count).height == 2 * FEW_ROWS
    assert seen == [["a", "b"], ["a"], ["b"]]


def test_a_frame_without_columns_stays_one() -> None:
    assert apply_to_distinct(pl.DataFrame(), make).shape == (0, 0)
