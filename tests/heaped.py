"""People whose births are heaped, in villages with few names, as the features that linking compares: made up, small, for tests.

Where births were registered late, many stand on 1 January of a year. In a village of one people the same few names are borne by
most, so that people who share such a birth agree on much else too, and are not one person.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

SURNAMES = ("nguyễn", "trần", "phạm", "lê", "hoàng", "vũ", "bùi", "đặng", "đỗ", "ngô", "hồ", "dương")
MIDDLES = ("văn", "thị", "đức", "thu", "ngọc", "quang", "minh", "thanh")
GIVENS = (
    "an", "bình", "châu", "dũng", "hà", "hải", "hạnh", "hiền", "hoa", "hùng", "hương", "khánh", "lan", "linh", "long",
    "mai", "nam", "nga", "phúc", "quân", "sơn", "tâm", "thảo", "tuấn", "vân", "yến",
)  # fmt: skip
VILLAGE_SURNAMES, VILLAGE_GIVENS = ("giàng", "vàng", "sùng"), ("a", "dơ", "páo", "mỷ", "sính")
UNITS = 12


@dataclass(frozen=True)
class Heaped:
    """Citizens, what offices wrote of them, and whom each record is of: the key of a record is that of its citizen and a number."""

    parties: pl.DataFrame
    citizens: pl.DataFrame


def heaped(citizens: int, heap: float, *, records: int = 2, seed: int = 1) -> Heaped:
    """A register, and so many records of each citizen. `heap` is the part of births that stand on 1 January, all of them in
    villages with few names."""
    draw = np.random.default_rng(seed)
    village = draw.random(citizens) < 2 * heap
    late = village & (draw.random(citizens) < 0.5)
    years = draw.integers(1955, 1985, citizens)
    days = [f"{draw.integers(1, 13):02}{draw.integers(1, 29):02}" for _ in range(citizens)]
    born = [f"{year}{'0101' if on_first else day}" for year, on_first, day in zip(years, late, days, strict=True)]
    female = draw.random(citizens) < 0.5
    common = 1 / np.arange(1, len(SURNAMES) + 1)
    people = pl.DataFrame({
        "key": [f"c{at:05}" for at in range(citizens)],
        "surname": np.where(village, draw.choice(VILLAGE_SURNAMES, citizens), draw.choice(SURNAMES, citizens, p=common / common.sum())),
        "middle": np.where(village, np.where(female, "thị", "a"), draw.choice(MIDDLES, citizens)),
        "given": np.where(village, draw.choice(VILLAGE_GIVENS, citizens), draw.choice(GIVENS, citizens)),
        "birth_day": born,
        "birth_year": years,
        "personal_id": [
            f"022{(0, 1)[int(woman)] if year < 2000 else (2, 3)[int(woman)]}{year % 100:02}{number:06}"
            for woman, year, number in zip(female, years, draw.permutation(1_000_000)[:citizens], strict=True)
        ],
        "unit": [f"u{at}" for at in np.where(village, draw.integers(0, 2, citizens), draw.integers(2, UNITS, citizens))],
        "hamlet": [f"thôn {at}" for at in draw.integers(0, 5, citizens)],
        "grp": [f"{at}" for at in draw.integers(0, 4, citizens)],
    })  # fmt: skip
    copies = [_written(people, number, np.random.default_rng(seed + 1 + number)) for number in range(records)]
    return Heaped(_features(pl.concat(copies)), _features(people))


def _written(people: pl.DataFrame, number: int, draw: np.random.Generator) -> pl.DataFrame:
    """The same people by an office: identifiers left out, mistyped or another's, years alone, names and addresses damaged."""
    luck = {name: pl.Series(draw.random(len(people))) for name in ("id", "day", "name", "given", "place")}
    digit = pl.col("personal_id").str.slice(10, 1).cast(pl.Int8)
    mistyped = pl.concat_str(
        pl.col("personal_id").str.head(10), ((digit + 3) % 10).cast(pl.String), pl.col("personal_id").str.tail(1)
    )
    at = draw.integers(0, len(people), len(people))
    return people.with_columns(
        key=pl.format("{}-{}", "key", pl.lit(number)),
        personal_id=pl.when(luck["id"] < 0.12).then(None).when(luck["id"] < 0.14).then(mistyped).otherwise("personal_id"),
        birth_day=pl.when(luck["day"] < 0.3).then(None).otherwise("birth_day"),
        surname=pl.when(luck["name"] < 0.01).then(pl.lit("đoàn")).otherwise("surname"),
        given=pl.when(luck["given"] < 0.02).then(pl.lit("bảo")).otherwise("given"),
        unit=pl.when(luck["place"] < 0.05).then(people["unit"].gather(at)).otherwise("unit"),
    )  # fmt: skip


def _features(people: pl.DataFrame) -> pl.DataFrame:
    name = pl.concat_str("surname", "middle", "given", separator=" ")
    initials = pl.concat_str(*(pl.col(part).str.head(1) for part in ("surname", "middle", "given")), separator=" ")
    number = pl.col("personal_id")
    century = pl.when(number.str.slice(3, 1).is_in(["0", "1"])).then(1900).otherwise(2000)
    return people.with_columns(
        name=name,
        name_other=pl.lit(None, pl.String),
        initials=initials,
        former_id=pl.lit(None, pl.String),
        id_year=century + number.str.slice(4, 2).cast(pl.Int32),
        id_sex=pl.when(number.str.slice(3, 1).is_in(["0", "2"])).then(pl.lit("MALE")).otherwise(pl.lit("FEMALE")),
        units=pl.concat_list("unit"),
        companions=pl.lit([], pl.List(pl.String)),
    )
