"""Kinds of household: who lives together and how old they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hub.demo.people.identifiers import Bools, Ints

# Members in order (Head, Spouse, Child, Father, Mother, Other), part of all households, and the ages of the head: together
# they give 3.5 people a household and about the age pyramid of the 2024 mid-term census (24 % below 15, 14 % from 60 on).
HOUSEHOLD_TEMPLATES: tuple[tuple[str, float, int, int], ...] = (
    ("HSCC", 0.200, 29, 56),
    ("H", 0.045, 62, 88),
    ("H", 0.045, 20, 45),
    ("HS", 0.110, 54, 84),
    ("HS", 0.035, 23, 34),
    ("HSC", 0.155, 25, 58),
    ("HSCCC", 0.075, 34, 56),
    ("HC", 0.055, 28, 62),
    ("HCC", 0.035, 32, 60),
    ("HSCM", 0.045, 27, 46),
    ("HSCCM", 0.060, 30, 50),
    ("HSCCFM", 0.070, 28, 45),
    ("HSCFM", 0.040, 26, 40),
    ("HSCO", 0.015, 28, 45),
    ("HSCCO", 0.015, 30, 48),
)
SHOWCASE_TEMPLATE = 0
FEMALE_HEAD = 0.25
MAX_TEMPLATE_SIZE = max(len(template[0]) for template in HOUSEHOLD_TEMPLATES)
TEMPLATE_ROLES = np.asarray(
    [["HSCFMO".index(letter) for letter in t[0]] + [-1] * (MAX_TEMPLATE_SIZE - len(t[0])) for t in HOUSEHOLD_TEMPLATES]
)
TEMPLATE_SIZES = np.asarray([len(t[0]) for t in HOUSEHOLD_TEMPLATES])
MAX_AGE_YEARS = 101


@dataclass(frozen=True)
class HouseholdRoles:
    """One entry a person, household by household: which household, what they are in it, whose spouse they are."""

    HEAD: ClassVar[int] = 0
    SPOUSE: ClassVar[int] = 1
    CHILD: ClassVar[int] = 2
    FATHER: ClassVar[int] = 3
    MOTHER: ClassVar[int] = 4
    OTHER: ClassVar[int] = 5

    household: Ints
    role: Ints
    birth_order: Ints
    """Of children: 0 for the first."""
    head: Ints
    """By household: index of the head; `template` likewise."""
    template: Ints
    spouse: Ints
    alone: Bools
    lone_parent: Bools


def draw_roles(rng: np.random.Generator, people: int, showcase: bool) -> HouseholdRoles:
    """Households for exactly this many people; the last may lack its last members. The showcase family comes first."""
    cumulative = np.cumsum([t[1] for t in HOUSEHOLD_TEMPLATES])
    template = np.minimum(
        np.searchsorted(cumulative, rng.random(people) * cumulative[-1]), len(HOUSEHOLD_TEMPLATES) - 1
    )
    if showcase:
        template[0] = SHOWCASE_TEMPLATE
    ends = np.cumsum(TEMPLATE_SIZES[template])
    households = int(np.searchsorted(ends, people)) + 1
    template = template[:households]
    grid = TEMPLATE_ROLES[template]
    present = grid >= 0
    household = np.repeat(np.arange(households), TEMPLATE_SIZES[template])[:people]
    role = grid[present][:people]
    head = np.concatenate([[0], ends[: households - 1]]).astype(np.int64)
    place = np.arange(people) - head[household]
    size = np.bincount(household, minlength=households)
    return HouseholdRoles(
        household=household, role=role, birth_order=np.where(role == HouseholdRoles.CHILD, place - np.where(_has(role, household, 1, households), 2, 1), 0),
        head=head, template=template, spouse=_spouses(role, people),
        alone=(size == 1)[household], lone_parent=(role == 0) & ~_has(role, household, 1, households) & _has(role, household, 2, households),
    )  # fmt: skip


def _has(role: Ints, household: Ints, wanted: int, households: int) -> Bools:
    """By person: whether somebody of the household has this role."""
    found: Bools = np.bincount(household[role == wanted], minlength=households)[household] > 0
    return found


def _spouses(role: Ints, people: int) -> Ints:
    """Head and spouse, father and mother stand next to each other in every template."""
    spouse = np.full(people, -1, dtype=np.int64)
    for second, first in ((HouseholdRoles.SPOUSE, HouseholdRoles.HEAD), (HouseholdRoles.MOTHER, HouseholdRoles.FATHER)):
        at = np.flatnonzero((role[1:] == second) & (role[:-1] == first)) + 1
        spouse[at], spouse[at - 1] = at - 1, at
    return spouse


def ages_by_role(rng: np.random.Generator, roles: HouseholdRoles) -> tuple[Ints, Bools, Ints]:
    """Age and sex of each person, and by household the age at which the mother had her first child."""
    households, people = len(roles.head), len(roles.role)
    low, high = np.asarray([t[2] for t in HOUSEHOLD_TEMPLATES]), np.asarray([t[3] for t in HOUSEHOLD_TEMPLATES])
    spread = rng.beta(1.6, 2.0, households)
    head_age = (low[roles.template] + spread * (high - low)[roles.template]).astype(np.int64)
    coupled = roles.spouse[roles.head] >= 0
    head_female = rng.random(households) < np.where(coupled, FEMALE_HEAD, 0.62)
    gap = np.clip(rng.normal(2.5, 2.5, households), -3, 10).astype(np.int64)
    spouse_age = np.maximum(np.where(head_female, head_age + gap, head_age - gap), 20)
    mother_age = np.where(head_female, head_age, np.where(coupled, spouse_age, head_age))
    first_birth = np.clip(rng.normal(24.5, 3.2, households), 19, 34).astype(np.int64)
    own, role = roles.household, roles.role
    child = mother_age[own] - first_birth[own] - roles.birth_order * 3 - rng.integers(0, 3, people)
    child = np.where(child < 0, np.maximum(2 - roles.birth_order, 0), child)
    noise = rng.normal(0, 3.0, people)
    age = np.select(
        [
            role == HouseholdRoles.HEAD,
            role == HouseholdRoles.SPOUSE,
            role == HouseholdRoles.CHILD,
            role == HouseholdRoles.FATHER,
            role == HouseholdRoles.MOTHER,
        ],
        [
            head_age[own],
            spouse_age[own],
            child,
            head_age[own] + 27 + noise,
            head_age[own] + 24.5 + np.maximum(noise, -5),
        ],
        head_age[own] + 2 * noise,
    ).astype(np.int64)
    female = np.where(role == HouseholdRoles.HEAD, head_female[own], rng.random(people) < 0.485)
    female = np.where(role == HouseholdRoles.SPOUSE, ~head_female[own], female)
    female = np.where(role == HouseholdRoles.FATHER, False, np.where(role == HouseholdRoles.MOTHER, True, female))
    return np.clip(age, 0, MAX_AGE_YEARS), female.astype(np.bool_), first_birth
