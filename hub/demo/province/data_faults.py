"""What offices do to data: how often, by system, and the making of it. Whatever is applied is also named in the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import load_commune_pairs
from hub.demo.people.identifiers import Bools, Floats, Ints, to_digits
from hub.demo.people.name_misspellings import SLIPS, misspell_names
from hub.demo.people.people import NOBODY, People, day_of
from hub.demo.people.person_names import VARIANTS, load_name_book


@dataclass(frozen=True)
class FaultRates:
    """How often each kind of dirt is applied, as a part of the records it can befall. Spellings exclude each other."""

    tone_placement: float = 0.30
    """hoà → hòa; only names that have such a syllable change."""
    no_diacritics: float = 0.03
    decomposed: float = 0.02
    """Unicode NFD instead of NFC."""
    eth_for_d: float = 0.01
    """ð (U+00F0) for đ (U+0111)."""
    upper_case: float = 0.10
    year_only: float = 0.08
    swapped_day_month: float = 0.01
    """Only days up to the 12th that are not the month's own number."""
    missing_birth: float = 0.01
    slips: tuple[float, ...] = (0.006, 0.003, 0.010, 0.004, 0.002)
    """Names with a wrong letter, two letters swapped, no middle name, initials, the given name first; see hub.demo.people.name_misspellings."""
    typo_identifier: float = 0.01
    """One digit wrong."""
    near_identifier: float = 0.5
    """One digit wrong, and so it is the number of another living person; of those who have such a neighbour."""
    spouse_identifier: float = 0.001
    """The number of husband or wife; of the married."""
    second_identifier: float = 0.5
    """The number under which the person is in the register a second time; of those who are."""
    bare_homonym: float = 0.0
    """No number and the year of birth alone; of those who share name, birth year and commune with somebody."""
    moved_away: float = 0.004
    """Somebody whom the register does not hold."""
    missing_identifier: float = 0.03
    old_address: float = 0.06
    """An address in another commune, where the person lived once."""
    shared_former: float = 0.0002
    """A former number that the next person of the register also bears (population only)."""
    duplicate: float = 0.004
    """A second row: the same person under another row id in population, exactly the same row in land."""
    invalid: float = 0.004
    """A row that a rule must refuse; in the first block at least one of each kind."""


BY_SYSTEM = {
    "population": FaultRates(
        tone_placement=0.15, no_diacritics=0.002, decomposed=0.01, eth_for_d=0.003, upper_case=0.02, year_only=0.0,
        swapped_day_month=0.001, missing_birth=0.0, typo_identifier=0.0005, missing_identifier=0.0, old_address=0.0,
        slips=(0.0003, 0.0002, 0.0, 0.0, 0.0), near_identifier=0.0, spouse_identifier=0.0, second_identifier=0.0, moved_away=0.0,
    ),
    "land": replace(
        FaultRates(), year_only=0.45, missing_birth=0.02, missing_identifier=0.07, typo_identifier=0.015, duplicate=0.002,
        slips=(0.008, 0.003, 0.015, 0.005, 0.0), bare_homonym=0.25,
    ),
    "finance": replace(FaultRates(), upper_case=0.30, no_diacritics=0.05),
    "civil_status": replace(
        FaultRates(), no_diacritics=0.01, upper_case=0.20, year_only=0.05, missing_identifier=0.04, typo_identifier=0.005, moved_away=0.0,
    ),
    "insurance": replace(FaultRates(), upper_case=0.30, year_only=0.06, missing_identifier=0.02),
    "business": replace(FaultRates(), upper_case=0.40, missing_identifier=0.02, old_address=0.10, slips=(0.005, 0.002, 0.005, 0.002, 0.010)),
}  # fmt: skip

FORMER_BY_TIME = ((day_of(2016, 1, 1), 0.95), (day_of(2021, 3, 1), 0.55), (day_of(2024, 7, 1), 0.15))
"""Until when a record was written, and how often it then holds the former number of those who have one."""
FORMER_SINCE = 0.02


def format_births(people: People, who: Ints, form: Ints) -> pl.Series:
    """dd/mm/yyyy; the year alone (form 1), day and month swapped (2), or nothing (3)."""
    date = pl.Series("d", people.born[who].astype(np.int32)).cast(pl.Date).to_frame()
    form = np.where(people.year_known_only[who] & (form == 0), 1, form)
    chosen = pl.lit(pl.Series(form))
    return date.select(
        pl.when(chosen == 0).then(pl.col("d").dt.strftime("%d/%m/%Y"))
        .when(chosen == 1).then(pl.col("d").dt.strftime("%Y"))
        .when(chosen == 2).then(pl.col("d").dt.strftime("%m/%d/%Y"))
    ).to_series()  # fmt: skip


def mistype_digits(rng: np.random.Generator, numbers: Ints, width: int) -> Ints:
    """Each number with one of its digits changed to another."""
    power = np.power(10, rng.integers(0, width, len(numbers)), dtype=np.int64)
    digit = numbers // power % 10
    return numbers + ((digit + rng.integers(1, 10, len(numbers))) % 10 - digit) * power


def join_flags(flags: Sequence[tuple[str, Bools]], count: int) -> pl.Series:
    """The kinds of dirt of each row, joined by semicolons; empty if the row is clean."""
    exprs = [pl.when(pl.lit(pl.Series(mask))).then(pl.lit(label)) for label, mask in flags]
    if not count:
        return pl.Series("dirt", [], dtype=pl.String)
    return pl.select(pl.concat_str(exprs, separator=";", ignore_nulls=True).alias("dirt")).to_series()


def without_names(dirt: pl.Expr) -> pl.Expr:
    """Kinds of dirt but for those of a person's name, which is not written where a business goes by its own."""
    kinds = [label.replace(" ", "_") for label in VARIANTS[1:]] + list(SLIPS)
    return dirt.str.split(";").list.set_difference(kinds).list.join(";")


def record_names(
    rng: np.random.Generator, people: People, who: Ints, rates: FaultRates, clean: Bools
) -> tuple[pl.Series, list[tuple[str, Bools]]]:
    """Full names as an office spells them, and which rows differ from the register by which spelling."""
    cumulative = np.cumsum(
        [rates.tone_placement, rates.no_diacritics, rates.decomposed, rates.eth_for_d, rates.upper_case]
    )
    variant = (np.searchsorted(cumulative, rng.random(len(who)), side="right") + 1) % len(VARIANTS)
    variant[clean] = 0
    family, middle, given = people.names.family[who], people.names.middle[who], people.names.given[who]
    book, parts = load_name_book(), type(people.names)(family, middle, given)
    written, plain = book.render(parts, variant), book.render(parts, np.zeros(len(who), dtype=np.int64))
    differs = (written != plain).to_numpy()
    return written, [(label.replace(" ", "_"), differs & (variant == at)) for at, label in enumerate(VARIANTS) if at]


def record_births(
    rng: np.random.Generator, people: People, who: Ints, rates: FaultRates, clean: Bools
) -> tuple[pl.Series, list[tuple[str, Bools]]]:
    """Birth dates as an office writes them."""
    cumulative = np.cumsum([rates.year_only, rates.swapped_day_month * 3, rates.missing_birth])
    form = (np.searchsorted(cumulative, rng.random(len(who)), side="right") + 1) % 4
    day = people.born[who].astype("datetime64[D]")
    month_number = day.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day_number = (day - day.astype("datetime64[M]")).astype(np.int64) + 1
    # A third of all birthdays can be swapped unseen, hence three times the rate among them.
    swappable = (day_number <= 12) & (day_number != month_number) & ~people.year_known_only[who]
    form = np.where(clean | ((form == 2) & ~swappable), 0, form)
    year_only = (form == 1) | ((form == 0) & people.year_known_only[who])
    flags = [("year_only", year_only), ("swapped_day_month", form == 2), ("missing_birth", form == 3)]
    return format_births(people, who, form), flags


def record_identifiers(
    rng: np.random.Generator, people: People, who: Ints, on: Ints, rates: FaultRates, clean: Bools
) -> tuple[pl.Series, list[tuple[str, Bools]]]:
    """The identifier an office of that day wrote: personal or former, perhaps mistyped, perhaps none."""
    use: Floats = np.full(len(who), FORMER_SINCE)
    for until, rate in reversed(FORMER_BY_TIME):
        use = np.where(on < until, rate, use)
    former = (people.former[who] != NOBODY) & (rng.random(len(who)) < use) & ~clean
    missing = (rng.random(len(who)) < rates.missing_identifier) & ~clean
    typo = (rng.random(len(who)) < rates.typo_identifier) & ~clean & ~missing
    number = np.where(former, people.former[who], people.personal[who])
    for mask, width in ((typo & former, 9), (typo & ~former, 12)):
        number[mask] = mistype_digits(rng, number[mask], width)
    written = pl.select(
        pl.when(pl.lit(pl.Series(missing))).then(None)
        .when(pl.lit(pl.Series(former))).then(pl.lit(to_digits(number, 9)))
        .otherwise(pl.lit(to_digits(number, 12)))
    ).to_series()  # fmt: skip
    return written, [
        ("former_identifier", former & ~missing),
        ("typo_identifier", typo),
        ("missing_identifier", missing),
    ]


def write_addresses(people: People, household: Ints, pair: Ints, on: Ints) -> pl.Series:
    """Group, quarter or hamlet, commune, as written on each day."""
    homes, where = people.households, load_commune_pairs()
    quarter = pl.Series(["thôn", "khu"]).gather(where.urban[pair].astype(np.int64))
    return (
        pl.DataFrame(
            {"t": homes.group[household], "k": quarter, "h": homes.hamlet[household], "p": where.phrases(pair, on)}
        )
        .select(pl.format("Tổ {}, {} {}, {}", "t", "k", "h", "p"))
        .to_series()
    )


def record_parties(rng: np.random.Generator, people: People, who: Ints, on: Ints, rates: FaultRates) -> pl.DataFrame:
    """Persons as one office wrote them on these days: name, birth, identifier, address, and the dirt of each row."""
    clean = is_showcase(people, who)
    name, name_flags = record_names(rng, people, who, rates, clean)
    birth, birth_flags = record_births(rng, people, who, rates, clean)
    identifier, identifier_flags = record_identifiers(rng, people, who, on, rates, clean)
    moved = (rng.random(len(who)) < rates.old_address) & ~clean
    pair = np.where(moved, load_commune_pairs().draw(rng, len(who)), people.pair[who])
    # They have a generator of their own, so that values drawn before such faults existed stay the same.
    rng = rng.spawn(1)[0]
    name, slip_flags = misspell_names(rng, name, rates.slips, clean)
    flags = dict([*name_flags, *slip_flags, *birth_flags, *identifier_flags, ("old_address", moved)])
    identifier = _of_others(rng, people, who, rates, identifier, flags, clean)
    bare = (people.homonym[who] >= 0) & (rng.random(len(who)) < rates.bare_homonym) & ~clean
    birth = _where(bare, format_births(people, who, np.ones(len(who), dtype=np.int64)), birth)
    flags = {kind: mask & ~bare if kind in OUTDONE_BY_BARE else mask for kind, mask in flags.items()}
    flags |= {kind: flags[kind] | bare for kind in ("year_only", "missing_identifier")}
    return pl.DataFrame({
        "name": name, "birth": birth, "identifier": _where(bare, pl.Series([None] * len(who), dtype=pl.String), identifier),
        "address": write_addresses(people, people.household[who], pair, on), "dirt": join_flags(list(flags.items()), len(who)),
    })  # fmt: skip


OUTDONE_BY_BARE = (
    "swapped_day_month", "missing_birth", "former_identifier", "typo_identifier",
    "near_identifier", "spouse_identifier", "second_identifier",
)  # fmt: skip
"""Faults of values that are not written where only name, year and address are."""


def _of_others(
    rng: np.random.Generator,
    people: People,
    who: Ints,
    rates: FaultRates,
    identifier: pl.Series,
    flags: dict[str, Bools],
    clean: Bools,
) -> pl.Series:
    """Personal identifiers that are another's, or the person's own second one, put in place of the first; `flags` told so."""
    plain = ~(flags["former_identifier"] | flags["typo_identifier"] | flags["missing_identifier"] | clean)
    near, spouse = people.near[who], people.spouse[who]
    drawn = rng.random((3, len(who)))
    kinds = {
        "near_identifier": (people.personal[near], (near >= 0) & (drawn[0] < rates.near_identifier)),
        "spouse_identifier": (people.personal[spouse], (spouse >= 0) & (drawn[1] < rates.spouse_identifier)),
        "second_identifier": (people.second[who], (people.second[who] >= 0) & (drawn[2] < rates.second_identifier)),
    }
    for kind, (number, wanted) in kinds.items():
        flags[kind] = wanted & plain
        identifier, plain = _where(flags[kind], to_digits(number, 12), identifier), plain & ~wanted
    return identifier


def select_where(where: Bools, values: pl.Series) -> pl.Series:
    """The values where `where` is true, null elsewhere."""
    return pl.select(pl.when(pl.lit(pl.Series(where))).then(pl.lit(values))).to_series()


def _where(mask: Bools, this: pl.Series, that: pl.Series) -> pl.Series:
    chosen = pl.when(pl.lit(pl.Series(mask))).then(pl.lit(this)).otherwise(pl.lit(that))
    return pl.select(chosen).to_series() if len(mask) else that


def is_showcase(people: People, who: Ints) -> Bools:
    """The showcase family is written without fault everywhere."""
    clean: Bools = (people.household[who] == 0) & people.block.first
    return clean


@dataclass(frozen=True)
class InvalidValue:
    """One way in which a row is invalid: the column and the value put there (a literal, or an expression over the row)."""

    kind: str
    column: str
    value: pl.Expr


def spoil_rows(
    rng: np.random.Generator, frame: pl.DataFrame, faults: Sequence[InvalidValue], rate: float, keep: Bools, first: bool
) -> pl.DataFrame:
    """Some rows made invalid, and `dirt` told so. Rows of `keep` are left alone."""
    free = np.flatnonzero(~keep)
    wanted = max(int(rng.binomial(len(free), rate)), len(faults) if first else 0)
    if not wanted or len(free) < wanted:
        return frame
    which = np.full(len(frame), -1, dtype=np.int64)
    which[rng.choice(free, wanted, replace=False)] = np.arange(wanted) % len(faults)
    frame = frame.with_columns(pl.Series("_fault", which))
    for at, fault in enumerate(faults):
        hit = pl.col("_fault") == at
        label = pl.concat_str(
            [pl.when(pl.col("dirt") != "").then("dirt"), pl.lit("invalid_" + fault.kind)],
            separator=";",
            ignore_nulls=True,
        )
        frame = frame.with_columns(
            pl.when(hit).then(fault.value).otherwise(fault.column).alias(fault.column),
            pl.when(hit).then(label).otherwise("dirt").alias("dirt"),
        )
    return frame.drop("_fault")
