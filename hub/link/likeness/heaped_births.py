"""Heaps of birth dates in the register that is linked: days, dates and years that are written where the true one is not known.

Whoever registers late and knows the year alone is given a day: 1 January in most places, and 1 July, the 15th of a month or a date of the
office's own in others. Two namesakes of such a day agree in it by habit, and a digit apart they are no typing error. So of a heaped day
the year alone is compared, and of a heaped year nothing, on both sides. The model of parties treats 1 January so in every register
(`placeholders`); other heaps belong to a register and not to a model, so they are counted in it, at the beginning of each run and of all its rows.
"""

import hashlib
from dataclasses import astuple, dataclass

import polars as pl

from hub.link.model.training.heaps import DAY_TIMES, DAYS_OF_YEAR, LEAST_ON_DAY, TYPICAL_TIMES
from schema.linking.declarations import PartyRegister

LEAST_BIRTHS = 500
"""With fewer birth dates nothing is taken for a heap: a few classmates share a year."""
YEARS_AROUND = 5
"""A year is a heap if it has TYPICAL_TIMES as many births as any of so many years before and after it ..."""
MOST_OF_ALL = 0.5
"""... and at most this share of all: a register of one cohort has no default year."""
DAY, YEAR = "birth_day", "birth_year"
DAY_COLUMNS = (DAY, "birth_day_sorted", "birth_day_month_day")
"""The features and prepared columns that say more than the year."""


@dataclass(frozen=True)
class HeapedBirths:
    """The heaps of a register: days of the year as `0701`, whole dates as `19750519`, and years, each in order."""

    days: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    years: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """What a decision rests on; empty if there is no heap. With other heaps everything is linked anew."""
        if not any(astuple(self)):
            return ""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:16]

    def blank_heaped(self, parties: pl.DataFrame) -> pl.DataFrame:
        """Features or prepared columns of parties, with null for what is heaped."""
        if not self.digest:
            return parties
        digits = pl.col(DAY).cast(pl.String).str.replace_all("-", "", literal=True)
        in_year = pl.col(YEAR).is_in(list(self.years))
        in_day = digits.str.slice(4, 4).is_in(list(self.days)) | digits.is_in(list(self.dates))
        known = [name for name in DAY_COLUMNS if name in parties.columns]
        return parties.with_columns(
            *(
                pl.when((in_day | in_year).fill_null(False)).then(None).otherwise(pl.col(name)).alias(name)
                for name in known
            ),
            pl.when(in_year.fill_null(False)).then(None).otherwise(pl.col(YEAR)).alias(YEAR),
        )


NO_HEAPS = HeapedBirths()


def select_births(register: PartyRegister) -> str:
    """Select of the birth dates of a whole register, as `find_heaped_births` takes them."""
    return (
        f"select r.birth_date, count(*) as number from ({register.select}) r where r.birth_date is not null group by 1"
    )


def find_heaped_births(births: pl.DataFrame) -> HeapedBirths:
    """The heaps among birth dates, a frame of birth_date (`1980-05-01`, or a part of a date) and number, of how many people it is."""
    dated = births.select(
        pl.col("birth_date").str.extract(r"^(\d{4})").cast(pl.Int32).alias("year"),
        pl.col("birth_date").str.extract(r"^\d{4}-(\d\d-\d\d)$").str.replace("-", "", literal=True).alias("day"),
        pl.col("number").cast(pl.Int64),
    ).drop_nulls("year")
    if dated["number"].sum() < LEAST_BIRTHS:
        return NO_HEAPS
    years = _find_years(dated)
    # Years first: a default year mostly comes with a day of its own, which is none of other years.
    dated = dated.filter(~pl.col("year").is_in(years)).drop_nulls("day")
    days = _find_days(dated)
    dates = _find_dates(dated.filter(~pl.col("day").is_in(days)))
    return HeapedBirths(tuple(days), tuple(dates), tuple(years))


def _find_years(dated: pl.DataFrame) -> list[int]:
    born = dict(dated.group_by("year").agg(pl.col("number").sum()).iter_rows())
    most = MOST_OF_ALL * sum(born.values())
    around = [step for step in range(-YEARS_AROUND, YEARS_AROUND + 1) if step]
    return sorted(
        year
        for year, number in born.items()
        if max(LEAST_ON_DAY, TYPICAL_TIMES * max(born.get(year + step, 0) for step in around)) < number <= most
    )


def _find_days(dated: pl.DataFrame) -> list[str]:
    """Days of the year on which DAY_TIMES as many are born as by chance, and those of a day of the month of which that is so together:
    spread over twelve months, a habit of writing the 15th shows in a small register on none of them."""
    born = dict(dated.group_by("day").agg(pl.col("number").sum()).iter_rows())
    heaped = {day for day, number in born.items() if number > _least_on_days(1, sum(born.values()), DAYS_OF_YEAR)}
    left = {day: number for day, number in born.items() if day not in heaped}
    total = sum(left.values())
    for of_month in sorted({day[2:] for day in left}):
        same = [day for day in left if day.endswith(of_month)]
        if sum(left[day] for day in same) > _least_on_days(len(same), total, DAYS_OF_YEAR - len(heaped)):
            heaped.update(same)
    return sorted(heaped)


def _least_on_days(days: int, births: int, days_of_year: float) -> float:
    return max(LEAST_ON_DAY, DAY_TIMES * births * days / days_of_year)


def _find_dates(dated: pl.DataFrame) -> list[str]:
    of_year = pl.col("number").sum().over("year")
    crowded = pl.col("number") > pl.max_horizontal(pl.lit(LEAST_ON_DAY), TYPICAL_TIMES * of_year / DAYS_OF_YEAR)
    found = dated.group_by("year", "day").agg(pl.col("number").sum()).filter(crowded)
    return sorted(f"{year:04}{day}" for year, day in found.select("year", "day").iter_rows())
