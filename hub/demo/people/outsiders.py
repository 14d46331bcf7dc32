"""People whom the register of this province does not hold: members from elsewhere, and those who moved away."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.people.identifiers import Bools, Ints, to_digits
from hub.demo.people.people import People, day_of
from hub.demo.people.person_names import NameParts, load_name_book
from hub.demo.province.data_faults import FaultRates, is_showcase, join_flags, record_parties, write_addresses
from hub.demo.province.province_files import day_text

OUTSIDE_PROVINCES = np.asarray([1, 79, 48, 38, 40, 33])
HOMES = ("quận Cầu Giấy, thành phố Hà Nội", "quận 7, Thành phố Hồ Chí Minh", "thành phố Vinh, tỉnh Nghệ An")
FIRST, DAYS = day_of(1955, 1, 1), 45 * 365
ONCE_HERE_PROVINCES = np.asarray([25, 35])
"""Where those who moved away were registered at birth: nobody whom the register holds was."""
ONCE_HERE_FORMER = 300_000_000
"""Their former identifiers begin here; those of the register are far below."""


def make_outsiders(rng: np.random.Generator, people: People, count: int) -> pl.DataFrame:
    """People of other provinces: in no register of this one. No citizen here has an identifier of those provinces."""
    book = load_name_book()
    female, born = rng.random(count) < 0.4, FIRST + (rng.random(count) * DAYS).astype(np.int64)
    year = 1955 + (born - FIRST) // 366
    middle, given = book.draw_given(rng, female, year)
    names = NameParts(book.draw_families(rng, np.zeros(count, dtype=np.int64)), middle, given)
    number = (
        OUTSIDE_PROVINCES[rng.integers(0, len(OUTSIDE_PROVINCES), count)] * 1_000 + _class(year, female)
    ) * 1_000_000
    number += people.block.number * 2_000 + np.arange(count)
    days = pl.DataFrame({"born": born}).select(day_text("born")).to_series()
    homes = pl.Series(HOMES)
    return pl.DataFrame({"name": book.render(names, np.zeros(count, dtype=np.int64)), "birth": days, "identifier": to_digits(number, 12),
                         "address": homes.gather(rng.integers(0, len(homes), count))})  # fmt: skip


def record_persons(
    rng: np.random.Generator, people: People, who: Ints, on: Ints, rates: FaultRates, movable: Bools
) -> tuple[pl.DataFrame, Bools]:
    """Persons as one office wrote them, and which of those `movable` have moved away: other people, at the same addresses."""
    written, own = record_parties(rng, people, who, on, rates), rng.spawn(1)[0]
    gone: Bools = movable & (own.random(len(who)) < rates.moved_away) & ~is_showcase(people, who)
    at = np.flatnonzero(gone)
    others = _make_former_residents(own, people, who[at], on[at], rates)
    for column in others.columns:
        written = written.with_columns(written[column].scatter(at, others[column]))
    return written, gone


def _make_former_residents(
    rng: np.random.Generator, people: People, who: Ints, on: Ints, rates: FaultRates
) -> pl.DataFrame:
    """Those who lived at these persons' homes once: born here or there, dead or alive, in no register that the hub reads."""
    count, book = len(who), load_name_book()
    female, born = rng.random(count) < 0.45, FIRST + (rng.random(count) * DAYS).astype(np.int64)
    year = born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    middle, given = book.draw_given(rng, female, year)
    names = NameParts(book.draw_families(rng, np.zeros(count, dtype=np.int64)), middle, given)
    number = (ONCE_HERE_PROVINCES[rng.integers(0, 2, count)] * 1_000 + _class(year, female)) * 1_000_000
    personal = to_digits(number + rng.integers(0, 1_000_000, count), 12)
    former = to_digits(ONCE_HERE_FORMER + rng.integers(0, 1_000_000, count), 9)
    form, year_only = rng.random(count), rng.random(count) < rates.year_only
    chosen = pl.lit(pl.Series(form))
    identifier = pl.when(chosen < 0.2).then(None).when(chosen < 0.6).then(pl.lit(former)).otherwise(pl.lit(personal))
    day = pl.DataFrame({"born": born}).select(day_text("born")).to_series()
    birth = pl.when(pl.lit(pl.Series(year_only))).then(pl.lit(to_digits(year, 4))).otherwise(pl.lit(day))
    return pl.DataFrame({
        "name": book.render(names, np.zeros(count, dtype=np.int64)), "birth": pl.select(birth).to_series(),
        "identifier": pl.select(identifier).to_series(), "address": write_addresses(people, people.household[who], people.pair[who], on),
        "dirt": join_flags([("moved_away", np.ones(count, dtype=np.bool_)), ("missing_identifier", form < 0.2), ("year_only", year_only)], count),
    })  # fmt: skip


def _class(year: Ints, female: Bools) -> Ints:
    """Century, sex and year of birth, as personal identifiers have them."""
    return (year // 100 - 19) * 200 + female * 100 + year % 100
