"""Heaps: values that far more records have than such values do, such as 1 January, a default year, or a number made up.

In a block of a heaped value nearly no pair is a match. Where those who share it are alike in more than it (a village with few
names, registered late), expectation maximisation takes them for matches: it learns that matches have other names and another
identifier. So heaps are left out of the blocks that a model learns over; they are scored as any other value.
"""

from dataclasses import dataclass

import polars as pl

from hub.link.model.spec import MONTH_DAY, Block, Kind, Spec, prepared_columns

TYPICAL_TIMES = 4
"""A value is a heap where so many times as many records have it as have the value of a typical record ..."""
LEAST_RECORDS = 8
"""... and so many at least: by chance a few values have several records."""
DAY_TIMES = 3
"""A day of the year is a heap where so many times as many records fall on it as would by chance."""
LEAST_ON_DAY = 20
DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class Blocked:
    """The records that a block can learn from, how many pairs they are, how many records have at least one of them, and what remains
    out, in words."""

    sides: tuple[pl.DataFrame, ...]
    pairs: int
    records: int
    heaps: tuple[str, ...]


def without_heaps(spec: Spec, sides: tuple[pl.DataFrame, ...], block: Block) -> Blocked:
    """The records of each side that have a value of the block which is no heap. On which side they are counted follows the
    specification: a register alone, if there is one."""
    columns = list(block.columns)
    stated = tuple(side.drop_nulls(columns) for side in sides)
    counted = stated[-1:] if spec.reference else stated
    heaps: list[str] = []
    for column in columns:
        days = _heaped_days(spec, column, counted)
        if days:
            heaps.append(f"{block}: born on {', '.join(f'{day[2:]}-{day[:2]}' for day in days)}")
            stated = tuple(side.filter(~_day(column).is_in(days)) for side in stated)
    crowded = pl.concat([_crowded(side, columns) for side in (stated[-1:] if spec.reference else stated)]).unique()
    if len(crowded):
        heaps.append(f"{block}: {len(crowded):,} values that many records have")
        stated = tuple(side.join(crowded, on=columns, how="anti", maintain_order="left") for side in stated)
    pairs, records = _pairs(stated, columns)
    return Blocked(stated, pairs, records, tuple(heaps))


def _day(column: str) -> pl.Expr:
    """Month and day of a date as `prepare` writes it, in order of size where it was sorted."""
    return pl.col(column) if column.endswith(MONTH_DAY) else pl.col(column).str.slice(4, 4)


def _heaped_days(spec: Spec, column: str, sides: tuple[pl.DataFrame, ...]) -> list[str]:
    field = prepared_columns(spec)[column]
    if field.kind is not Kind.DATE or column.endswith("_year"):
        return []
    heaped: set[str] = set()
    for side in sides:
        counts = side.group_by(_day(column).alias("day")).len()
        # Where day and month stand in order of size, most days stand for two.
        days = DAYS_OF_YEAR / 2 if column.endswith("_sorted") else DAYS_OF_YEAR
        least = max(LEAST_ON_DAY, DAY_TIMES * len(side) / days)
        heaped.update(counts.filter(pl.col("len") > least)["day"])
    return sorted(heaped)


def _crowded(side: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The values that many times as many records have as a typical record's value."""
    counts = side.group_by(columns).len()
    typical = counts.select(pl.col("len").repeat_by("len").explode(empty_as_null=True).median()).item() or 0
    return counts.filter(pl.col("len") > max(LEAST_RECORDS, TYPICAL_TIMES * typical)).select(columns)


def _pairs(sides: tuple[pl.DataFrame, ...], columns: list[str]) -> tuple[int, int]:
    """How many pairs the block has, and how many records of the first side are in one."""
    if len(sides) == 1:
        counts = sides[0].group_by(columns).len().filter(pl.col("len") > 1)["len"].cast(pl.Int64)
        return int((counts * (counts - 1) // 2).sum()), int(counts.sum())
    left, right = (side.group_by(columns).len() for side in sides)
    met = left.join(right, on=columns)
    pairs = (met["len"].cast(pl.Int64) * met["len_right"].cast(pl.Int64)).sum()
    return int(pairs), int(met["len"].sum())
