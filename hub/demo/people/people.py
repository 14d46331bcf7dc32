"""People in households: the true population of one block, before any office has written it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import load_commune_pairs
from hub.demo.people.families import HouseholdRoles, ages_by_role, draw_roles
from hub.demo.people.identifiers import Bools, Ints, Scatter, tax_codes
from hub.demo.people.lookalikes import draw_second_identifiers, find_near_identifiers, group_homonyms
from hub.demo.people.person_names import MINORITY_MIX, NameParts, load_name_book

TODAY_DAY = (date(2026, 11, 1) - date(1970, 1, 1)).days
THIS_YEAR = 2026
NOBODY = -1
ID_PROVINCES = (22, 31, 24, 20, 30, 34, 36, 19)
ID_PROVINCE_CUMULATIVE = np.cumsum([0.88, 0.04, 0.02, 0.02, 0.02, 0.01, 0.005, 0.005])
FORMER_UNTIL_BIRTH_YEAR = 2003
FORMER_HELD = 0.9
ADULT_YEARS = 18
SHOWCASE_COMMUNE = "06664"
"""Hà Tu: went whole into a ward whose code had until then been that of Hà Phong."""


@dataclass(frozen=True)
class ProvinceBlock:
    """Which part of the province is being made, and from what seeds."""

    number: int
    first_serial: int
    size: int
    seed: int

    @property
    def first(self) -> bool:
        return self.number == 0

    def rng(self, purpose: int) -> np.random.Generator:
        """A generator of its own for each purpose, so that a change to one sector leaves the others as they were."""
        return np.random.default_rng([self.seed, self.number, purpose])

    def ids(self, count: int, stride: int = 100_000) -> Ints:
        """Row ids that no other block uses."""
        return self.number * stride + 1 + np.arange(count, dtype=np.int64)


@dataclass
class Households:
    """One entry a household; `head` is an index into the people of the block."""

    head: Ints
    pair: Ints
    hamlet: Ints
    group: Ints
    created: Ints
    codes: pl.Series


@dataclass
class People:
    """One entry a person; days are days since 1970, and -1 is no day, no person, no number."""

    block: ProvinceBlock
    roles: HouseholdRoles
    names: NameParts
    female: Bools
    born: Ints
    year_known_only: Bools
    ethnic: Ints
    personal: Ints
    former: Ints
    pair: Ints
    spouse: Ints
    married: Ints
    ended: Ints
    """When the marriage ended by divorce or by a death."""
    state: Ints
    """0 single, 1 married, 2 divorced, 3 widowed."""
    died: Ints
    households: Households
    second: Ints
    """Another personal identifier, of those whom the register holds twice."""
    near: Ints
    """A living person whose personal identifier differs in one digit."""
    homonym: Ints
    """Number of the group that shares name, birth year and commune."""

    def __len__(self) -> int:
        return len(self.female)

    @property
    def household(self) -> Ints:
        return self.roles.household

    @property
    def birth_year(self) -> Ints:
        return to_years(self.born)

    @property
    def alive(self) -> Bools:
        return self.died < 0

    @property
    def adult(self) -> Bools:
        return THIS_YEAR - self.birth_year > ADULT_YEARS

    @property
    def old_tax_codes(self) -> pl.Series:
        """Ten-digit tax codes from before the personal identifier took their place."""
        return tax_codes("80", Scatter.seeded(self.block.seed, 4)(self.block.first_serial + np.arange(len(self))))


def to_years(days: Ints) -> Ints:
    """Calendar year of each day."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def day_of(year: int, month: int, day: int) -> int:
    """Days since 1970."""
    return (date(year, month, day) - date(1970, 1, 1)).days


def make_people(block: ProvinceBlock) -> People:
    """The people of a block: households, ages, sexes, names, identifiers, marriages. Block 0 begins with the showcase family."""
    rng, book, where = block.rng(1), load_name_book(), load_commune_pairs()
    roles = draw_roles(rng, block.size, showcase=block.first)
    count, head = len(roles.household), roles.head
    pair = where.draw(rng, len(head))
    if block.first:
        pair[0] = where.pair_of(SHOWCASE_COMMUNE)
    age, female, first_birth = ages_by_role(rng, roles)
    year_fraction = rng.random(count)
    born = (np.asarray(THIS_YEAR - age - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)) + (
        year_fraction * np.where(age == 0, 290, 365)
    ).astype(np.int64)
    ethnic = _ethnic(rng, where.minorities[pair], roles)
    middle, given = book.draw_given(rng, female, to_years(born))
    names = NameParts(_families(book.draw_families(rng, ethnic), roles, female), middle, given)
    households = _households(block, rng, head, pair)
    nobody = np.full(count, NOBODY, dtype=np.int64)
    people = People(
        block, roles, names, female, born, (to_years(born) < 1958) & (rng.random(count) < 0.15), ethnic, nobody.copy(), nobody.copy(),
        pair[roles.household], roles.spouse.copy(), nobody.copy(), nobody.copy(), np.zeros(count, dtype=np.int64), nobody.copy(), households,
        nobody.copy(), nobody.copy(), nobody.copy(),
    )  # fmt: skip
    _marry(rng, people, first_birth)
    if block.first:
        _plant_showcase(people)
    plant_homonyms(people)
    _identify(rng, people)
    _confuse(people)
    return people


def _ethnic(rng: np.random.Generator, share: np.ndarray, roles: HouseholdRoles) -> Ints:
    minority = rng.random(len(share)) < share
    group = 1 + np.searchsorted(np.cumsum(MINORITY_MIX), rng.random(len(share)), side="right")
    ethnic = np.where(minority, np.minimum(group, len(MINORITY_MIX)), 0)[roles.household].astype(np.int64)
    outside = (roles.role == HouseholdRoles.SPOUSE) & (rng.random(len(ethnic)) < 0.08)
    ethnic[outside] = 0
    return ethnic


def _families(drawn: Ints, roles: HouseholdRoles, female: Bools) -> Ints:
    """Children bear the father's family name, or the mother's if there is no father at home; so do heads and siblings."""
    head_name = drawn[roles.head][roles.household]
    spouse_of_head = roles.spouse[roles.head]
    from_father = np.where(female[roles.head] & (spouse_of_head >= 0), drawn[spouse_of_head], drawn[roles.head])[
        roles.household
    ]
    names = np.where(roles.role == HouseholdRoles.CHILD, from_father, drawn)
    return np.where(np.isin(roles.role, (HouseholdRoles.FATHER, HouseholdRoles.OTHER)), head_name, names)


def _households(block: ProvinceBlock, rng: np.random.Generator, head: Ints, pair: Ints) -> Households:
    count = len(head)
    numbers = block.number * 10_000 + np.arange(count)
    created = day_of(1998, 1, 1) + (rng.random(count) ** 0.8 * (TODAY_DAY - day_of(1998, 1, 1))).astype(np.int64)
    codes = "HK22-" + pl.Series(numbers).cast(pl.String).str.zfill(7)
    return Households(head, pair, rng.integers(1, 12, count), rng.integers(1, 16, count), created, codes)


def _marry(rng: np.random.Generator, people: People, first_birth: Ints) -> None:
    """Deaths of some of the old, then marriages, widows and divorces that agree with who lives in the household."""
    count, roles = len(people), people.roles
    age = THIS_YEAR - people.birth_year
    dying = (rng.random(count) < np.select([age > 85, age > 70, age > 55], [0.12, 0.05, 0.01], 0.0)) & (age > 0)
    if people.block.first:
        dying[:4] = False
    people.died[dying] = TODAY_DAY - 1 - (rng.random(count) * 1_800).astype(np.int64)[dying]
    wife = np.where(people.female, np.arange(count), roles.spouse)
    husband = np.where(people.female, roles.spouse, np.arange(count))
    has = roles.spouse >= 0
    wedding = np.maximum(people.born[wife] + (first_birth[roles.household] - 1) * 365, people.born[husband] + 20 * 366)
    people.married[has] = np.minimum(wedding, TODAY_DAY - 60)[has]
    people.state[has] = 1
    for index in (np.arange(count), roles.spouse):
        gone = has & (people.died[index] >= 0)
        people.ended[gone] = np.where(
            people.ended < 0, people.died[index], np.minimum(people.ended, people.died[index])
        )[gone]
    widowed = has & (people.died < 0) & (people.ended >= 0)
    people.state[widowed] = 3
    _alone(rng, people, age)


def _alone(rng: np.random.Generator, people: People, age: Ints) -> None:
    """Those without a spouse at home: a lone parent is divorced or widowed, an old person living alone mostly widowed."""
    roles, drawn = people.roles, rng.random(len(people))
    lone_parent = roles.lone_parent & (age > 20)
    lone_grandparent = np.isin(roles.role, (HouseholdRoles.FATHER, HouseholdRoles.MOTHER)) & (roles.spouse < 0)
    old_alone = roles.alone & (age > 60) & (drawn < 0.6)
    divorced = (lone_parent & (drawn < 0.55)) | (roles.alone & (age > 30) & (age <= 60) & (drawn < 0.2))
    widowed = (lone_parent & ~divorced) | lone_grandparent | old_alone
    people.state[divorced], people.state[widowed] = 2, 3
    once = divorced | widowed
    people.married[once] = (people.born + 24 * 365)[once]
    length = ((TODAY_DAY - people.married) * (0.3 + 0.6 * rng.random(len(people)))).astype(np.int64)
    people.ended[once] = (people.married + np.maximum(length, 30))[once]
    people.ended[once] = np.minimum(people.ended[once], TODAY_DAY - 20)


def _plant_showcase(people: People) -> None:
    """The first family of the province: the same people for every size, alive and with nothing unusual."""
    book = load_name_book()
    family = (
        (("Nguyễn", "Văn", "Hoà"), day_of(1980, 5, 14), False), (("Phạm", "Thị Thu", "Thuỷ"), day_of(1984, 9, 2), True),
        (("Nguyễn", "Ngọc", "Linh"), day_of(2008, 3, 21), True), (("Nguyễn", "Đức", "Minh"), day_of(2012, 11, 8), False),
    )  # fmt: skip
    for at, (name, born, female) in enumerate(family):
        people.names.family[at], people.names.middle[at], people.names.given[at] = book.parts_of(*name)
        people.born[at], people.female[at], people.ethnic[at], people.died[at], people.year_known_only[at] = (
            born,
            female,
            0,
            NOBODY,
            False,
        )
    people.married[:2], people.ended[:2], people.state[:4] = day_of(2006, 11, 18), NOBODY, (1, 1, 0, 0)
    people.households.created[0] = day_of(2007, 2, 5)


def plant_homonyms(people: People, share: float = 0.004) -> Ints:
    """Give some wives the full name of another woman of the same commune, born in the same year. Returns those renamed.

    Only wives and mothers living with their husbands are renamed: no child bears their family name.
    """
    free = np.flatnonzero(people.female & (people.spouse >= 0) & (people.household > 0))
    where = load_commune_pairs().old[people.pair[free]]
    order = free[np.lexsort((free, people.birth_year[free], where))]
    commune, year = load_commune_pairs().old[people.pair[order]], people.birth_year[order]
    twins = np.flatnonzero((commune[1:] == commune[:-1]) & (year[1:] == year[:-1]))
    wanted = max(2, int(len(people) * share / 2)) if len(people) >= 500 else 1
    twins = twins[:: max(1, len(twins) // wanted)][:wanted]
    renamed = order[twins + 1]
    for part in (people.names.family, people.names.middle, people.names.given):
        part[renamed] = part[order[twins]]
    return renamed


def _identify(rng: np.random.Generator, people: People) -> None:
    """Personal identifiers for all, former ones for most born before 2003."""
    serial = people.block.first_serial + np.arange(len(people), dtype=np.int64)
    provinces = np.asarray(ID_PROVINCES)[
        np.minimum(np.searchsorted(ID_PROVINCE_CUMULATIVE, rng.random(len(people))), len(ID_PROVINCES) - 1)
    ]
    if people.block.first:
        provinces[:4] = 22
    year = people.birth_year
    century = (year // 100 - 19) * 2 + people.female
    scatter = Scatter.seeded(people.block.seed, 1)
    people.personal = ((provinces * 10 + century) * 100 + year % 100) * 1_000_000 + scatter(serial)
    held = (year < FORMER_UNTIL_BIRTH_YEAR) & (rng.random(len(people)) < FORMER_HELD)
    if people.block.first:
        held[:2] = True
    people.former = np.where(
        held, 100_000_000 + (serial % 2) * 1_000_000 + Scatter.seeded(people.block.seed, 2)(serial), NOBODY
    )


def _confuse(people: People) -> None:
    """Who is registered twice, and who is easily taken for whom."""
    block, who = people.block, np.arange(len(people))
    free: Bools = people.alive & people.adult & ((people.household > 0) | np.bool_(not block.first))
    scattered = Scatter.seeded(block.seed, 5)(block.first_serial + who)
    people.second = draw_second_identifiers(block.rng(9), people.personal, scattered, free, first=block.first)
    people.near = find_near_identifiers(people.personal, people.alive)
    names = people.names
    people.homonym = group_homonyms(
        (names.family, names.middle, names.given, people.birth_year, load_commune_pairs().old[people.pair])
    )
