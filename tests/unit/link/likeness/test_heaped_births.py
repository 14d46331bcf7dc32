"""Heaps of birth dates: found in the register itself, of whichever day, date or year, and not where births merely vary."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import polars as pl
import pytest

from hub.link.likeness.heaped_births import NO_HEAPS, HeapedBirths, find_heaped_births
from hub.link.model.party import PARTY
from hub.link.model.scoring.prepare import prepare_records
from hub.link.normalise.party import INPUT, party_features

FIRST = date(1940, 1, 1)


def frame(births: list[str]) -> pl.DataFrame:
    counted = Counter(births)
    given = {"birth_date": list(counted), "number": list(counted.values())}
    return pl.DataFrame(given, schema={"birth_date": pl.String, "number": pl.Int64})


def by_chance(people: int, *, years: int = 70, seed: int = 1) -> list[str]:
    """Birth dates without a heap, with more births in one half of the year than in the other."""
    random = Random(seed)
    days = [FIRST + timedelta(days=random.randrange(years * 365)) for _ in range(people)]
    return [day.isoformat() for day in days] + [day.isoformat() for day in days[: people // 4] if day.month > 6]


@pytest.mark.parametrize("people", [600, 4_000, 60_000])
@pytest.mark.parametrize("seed", range(3))
def test_births_that_merely_vary_are_no_heap(people: int, seed: int) -> None:
    assert find_heaped_births(frame(by_chance(people, seed=seed))) == NO_HEAPS


@pytest.mark.parametrize("day", ["07-01", "01-01", "05-15", "12-31", "10-10"])
@pytest.mark.parametrize("people", [2_000, 30_000])
def test_a_day_of_the_year_is_found(people: int, day: str) -> None:
    heap = [f"{1940 + at % 50}-{day}" for at in range(people // 20)]
    assert find_heaped_births(frame([*by_chance(people), *heap])) == HeapedBirths(days=(day.replace("-", ""),))


@pytest.mark.parametrize("of_month", ["15", "01"])
@pytest.mark.parametrize("people", [2_000, 30_000])
def test_a_day_of_any_month_is_found_though_no_month_alone_shows_it(people: int, of_month: str) -> None:
    heap = [f"{1940 + at % 50}-{at % 12 + 1:02}-{of_month}" for at in range(people // 8)]
    found = find_heaped_births(frame([*by_chance(people), *heap]))
    assert found == HeapedBirths(days=tuple(f"{month:02}{of_month}" for month in range(1, 13)))


def test_a_heap_on_one_first_of_a_month_makes_no_heap_of_the_others() -> None:
    heap = [f"{1940 + at % 50}-01-01" for at in range(3_000)]
    assert find_heaped_births(frame([*by_chance(20_000), *heap])).days == ("0101",)


def test_a_whole_date_is_found() -> None:
    found = find_heaped_births(frame([*by_chance(20_000), *["1975-05-19"] * 60]))
    assert found == HeapedBirths(dates=("19750519",))


@pytest.mark.parametrize("written", ["1900", "1900-01-01", "1900-06", "1970", "1970-01-01"])
def test_a_default_year_is_found_and_its_day_is_no_heap_of_other_years(written: str) -> None:
    found = find_heaped_births(frame([*by_chance(4_000), *[written] * 400]))
    assert found == HeapedBirths(years=(int(written[:4]),))


@pytest.mark.parametrize(
    "births",
    [
        [f"2005-{at % 12 + 1:02}-{at % 28 + 1:02}" for at in range(2_000)],  # one cohort
        [f"{2003 + at % 4}-{at % 12 + 1:02}-{at % 28 + 1:02}" for at in range(4_000)],  # a school
        ["1980-05-01"] * 400,  # too few to tell
        [],
    ],
)
def test_a_register_of_few_years_or_few_people_has_no_heap_of_years(births: list[str]) -> None:
    assert find_heaped_births(frame(births)).years == ()


def test_the_order_of_the_rows_does_not_matter() -> None:
    births = [*by_chance(4_000), *["1962-07-01", "1900", "1975-05-19"] * 150]
    one = find_heaped_births(frame(births))
    other = find_heaped_births(frame(births).sort("number", "birth_date", descending=True))
    assert (one, one.digest) == (other, other.digest)
    assert one.digest != NO_HEAPS.digest == ""


HEAPS = HeapedBirths(days=("0701",), dates=("19750519",), years=(1900,))


@pytest.mark.parametrize(
    ("written", "day", "year"),
    [
        ("01/07/1962", None, 1962),
        ("1962-07-01", None, 1962),
        ("07/01/1962", "19620107", 1962),
        ("19/05/1975", None, 1975),
        ("19/05/1976", "19760519", 1976),
        ("03/04/1900", None, None),
        ("1900", None, None),
        ("1962", None, 1962),
        ("", None, None),
    ],
)
def test_of_a_heap_the_year_alone_is_compared_or_nothing(written: str, day: str | None, year: int | None) -> None:
    """Before records are prepared and after: registers are kept prepared."""
    given = {"key": "1", "kind": "PERSON", "name": "Trần Thị Lan", "birth_date": written or None}
    features = party_features(
        pl.DataFrame({column: [given.get(column)] for column in INPUT}, schema=dict.fromkeys(INPUT, pl.String))
    )
    before, after = (
        prepare_records(PARTY, HEAPS.blank_heaped(features)),
        HEAPS.blank_heaped(prepare_records(PARTY, features)),
    )
    assert before.equals(after, null_equal=True)
    (row,) = before.iter_rows(named=True)
    assert (row["birth_day"], row["birth_year"]) == (day, year)
    assert (row["birth_day_sorted"] is None, row["birth_day_month_day"] is None) == (day is None, day is None)
