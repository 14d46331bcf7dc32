"""Rates that several blocks have learned: none decides alone, none leaves its bounds, and no weaker outcome says more."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.link.model.frozen import Learned, Limit
from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.spec import OTHER, Bound, By, Comparison, FeatureField, Is, Kind, Level, Restated, Spec
from hub.link.model.training.estimate import Run, combine_estimates, estimate_parameters

LEVELS = (Level("equal", (Is(By.EQUAL, ("name",)),)), Level("similar", (Is(By.SIMILAR, ("name_ascii",), 0.8),)))
NAME = Comparison("name", (("name",),), LEVELS, bounds=(Bound(OTHER, most=0.05),))


def spec(comparison: Comparison = NAME) -> Spec:
    made = map_roles(
        "people", "id", {"name": ColumnRole.SURNAME, "born": ColumnRole.BIRTH_DATE, "number": ColumnRole.IDENTIFIER}
    )
    return replace(made, comparisons=(comparison,))


def run(name: str, rates: tuple[float | None, ...], matches: float = 1000.0, purity: float = 0.9) -> Run:
    return Run(name, {"name": rates}, matches, purity)


def test_a_block_that_lies_apart_from_the_others_is_not_used() -> None:
    runs = [run("a", (0.95, 0.03, 0.02)), run("b", (0.4, 0.02, 0.58)), run("c", (0.94, 0.03, 0.03))]
    other, estimates = combine_estimates(NAME, 2, runs)
    assert other == pytest.approx(0.025)
    assert [one.used for one in estimates] == [True, False, True]


def test_of_two_blocks_that_disagree_the_one_stands_that_learned_from_more_and_purer_matches() -> None:
    """The median of two is their mean, which is how one collapsed block spoiled a model."""
    runs = [run("collapsed", (0.4, 0.02, 0.58), 4000, 0.1), run("sound", (0.95, 0.03, 0.02), 2000, 0.99)]
    assert combine_estimates(NAME, 2, runs)[0] == pytest.approx(0.02)


def test_estimates_of_a_few_matches_count_only_where_there_are_no_others() -> None:
    few = run("few", (0.2, 0.0, 0.8), 3.0)
    assert combine_estimates(NAME, 2, [few, run("many", (0.95, 0.03, 0.02))])[0] == pytest.approx(0.02)
    assert combine_estimates(NAME, 2, [few])[0] == pytest.approx(0.8)


U = {"name": [0.1, 0.05, 0.85]}


def test_a_rate_beyond_its_bound_is_cut_and_says_so() -> None:
    equal, _, other = estimate_parameters(spec(), [run("a", (0.6, 0.1, 0.3))], U, unseen_m=1e-4, unseen_u=1e-6)["name"]
    assert other.m == 0.05
    assert other.limits == (Limit.BOUND,)
    assert equal.m > 0.6


def test_what_no_block_can_learn_is_assumed_where_it_is_stated_and_says_nothing_where_it_is_not() -> None:
    nothing = run("a", (None, None, None))
    rates = estimate_parameters(spec(), [nothing], U, unseen_m=1e-4, unseen_u=1e-6)["name"]
    assert all(Limit.ASSUMED in rate.limits for rate in rates)
    assert rates[0].bits > 0 > rates[-1].bits
    unstated = estimate_parameters(spec(), [nothing], {"name": [None, None, None]}, unseen_m=1e-4, unseen_u=1e-6)[
        "name"
    ]
    assert [rate.bits for rate in unstated] == [0, 0, 0]


SHARES = st.lists(st.floats(min_value=1e-5, max_value=1), min_size=3, max_size=3)


@given(matching=SHARES, others=SHARES)
@example(matching=[1.0, 1.0, 1e-5], others=[1.0, 1e-5, 1e-5])
def test_whatever_is_learned_is_in_order(matching: list[float], others: list[float]) -> None:
    m, u = ([share / sum(shares) for share in shares] for shares in (matching, others))
    free = replace(NAME, bounds=())
    rates = estimate_parameters(spec(free), [run("a", tuple(m))], {"name": u}, unseen_m=1e-4, unseen_u=1e-7)["name"]
    bits = [rate.bits for rate in rates if rate.bits]
    assert all(first >= second - 1e-6 for first, second in pairwise(bits))


BIRTH = Comparison(
    "born",
    (("born",),),
    (Level("same day", (Is(By.EQUAL, ("born",)),)), Level("same year", (Is(By.EQUAL, ("born_year",)),))),
)
NUMBER = Comparison(
    "number",
    (("number",),),
    (
        Level("equal", (Is(By.EQUAL, ("number",)),)),
        Level(
            "another of the year",
            (Is(By.EQUAL, ("number_tail",)),),
            restates=Restated("born", ("same day", "same year")),
        ),
    ),
    chains=(("equal", "another of the year"), ("equal", OTHER)),
    never_for=("another of the year",),
)
BIRTH_U, NUMBER_U = [0.0001, 0.0124, 0.9875], [0.000001, 0.01, 0.989999]


def number_rates(restated: float, *, number: Comparison = NUMBER) -> tuple[float, float]:
    """Bits of an equal number, and of another one of the same year, of which so many matches have one."""
    both = replace(spec(), comparisons=(BIRTH, number))
    rates = {"born": (0.9, 0.09, 0.01), "number": (0.95 - restated, restated, 0.05)}
    found = estimate_parameters(
        both, [Run("a", rates, 1000.0, 0.9)], {"born": BIRTH_U, "number": NUMBER_U}, unseen_m=1e-4, unseen_u=1e-7
    )
    return found["number"][0].bits, found["number"][1].bits


def test_what_another_comparison_has_said_counts_once() -> None:
    """Of pairs born in one year four in five have numbers that say so: that two numbers of one year differ speaks against a match."""
    _, another = number_rates(0.02)
    assert another == pytest.approx(math.log2(0.02 / 0.99) - math.log2(0.01 / 0.0125), abs=1e-3)
    assert another < -5


def test_a_level_that_restates_nothing_is_weighed_as_it_was_found() -> None:
    alone = replace(NUMBER, levels=(NUMBER.levels[0], replace(NUMBER.levels[1], restates=None)), never_for=())
    assert number_rates(0.02, number=alone)[1] == pytest.approx(1.0, abs=1e-3)


@given(restated=st.floats(min_value=1e-5, max_value=0.9))
def test_what_must_not_speak_for_a_match_never_does(restated: float) -> None:
    equal, another = number_rates(restated)
    assert another <= 1e-9
    assert equal > 0


PARTS = ("group", "hamlet", "commune")
PLACE = Comparison(
    "place",
    (("place",),),
    (
        *(Level(part, (Is(By.EQUAL, (part,)),)) for part in PARTS),
        Level("next commune", (Is(By.EQUAL, ("near",)),)),
    ),
    agreements=PARTS,
)
PLACE_U = [0.0005, 0.002, 0.02, 0.2, 0.7775]
RATE = st.floats(min_value=0.0, max_value=1.0)


def place_rates(*m: float | None, matches: float = 25_000.0) -> tuple[Learned, ...]:
    given = map_roles("people", "id", {"name": ColumnRole.SURNAME, "number": ColumnRole.IDENTIFIER})
    fields = (
        *given.fields,
        *(FeatureField(name, Kind.CODE) for name in ("place", *PARTS, "near")),
    )
    places = replace(given, fields=fields, comparisons=(PLACE,))
    runs = [Run(name, {"place": m}, matches, 0.9) for name in ("a", "b")]
    return estimate_parameters(places, runs, {"place": PLACE_U}, unseen_m=0.5 / matches, unseen_u=1e-7)["place"]


def bits_of(rates: tuple[Learned, ...]) -> list[float]:
    return [round(rate.bits, 3) for rate in rates]


def test_an_agreement_that_no_match_showed_says_nothing_and_not_what_another_place_says() -> None:
    """Offices that write whole addresses: pooled with `other`, hamlet and commune spoke against a match with 4 bits."""
    rates = place_rates(0.94, None, None, 0.01, 0.05)
    assert bits_of(rates)[1:3] == [0, 0]
    assert [rate.limits for rate in rates[1:3]] == [(Limit.UNSEEN,)] * 2
    assert rates[0].bits > 10
    assert -5 < rates[3].bits < -3
    assert rates[4].bits < -3


def test_an_agreement_that_too_few_matches_showed_says_what_a_weaker_one_says() -> None:
    rates = place_rates(0.8, 0.0001, 0.1, 0.02, 0.08)
    assert bits_of(rates)[1] == bits_of(rates)[2] == pytest.approx(math.log2(0.1 / 0.02), abs=0.01)


def test_an_agreement_that_enough_matches_showed_keeps_what_was_learned() -> None:
    """One in 70 matches has the commune alone, and one in 50 strangers."""
    rates = place_rates(0.9, 0.02, 0.0143, 0.01, 0.0557)
    assert bits_of(rates)[2] == pytest.approx(math.log2(0.0143 / 0.02), abs=0.01)
    few = place_rates(0.9, 0.02, 0.0143, 0.01, 0.0557, matches=1_000.0)
    assert bits_of(few)[2] == 0


@given(group=RATE, hamlet=RATE, commune=RATE, near=RATE, other=RATE, matches=st.floats(min_value=20, max_value=1e6))
def test_no_agreement_speaks_against_a_match_without_support_or_less_than_a_weaker_one(
    group: float, hamlet: float, commune: float, near: float, other: float, matches: float
) -> None:
    shares = (group, hamlet, commune, near, other)
    total = sum(shares) or 1.0
    rates = place_rates(*(share / total or None for share in shares), matches=matches)
    assert all(rate.bits >= -1e-6 for rate in rates[:3] if not rate.is_supported)
    assert all(one.bits >= weaker.bits - 1e-6 for one, weaker in pairwise(rates[:3]))
    if rates[-1].bits < 0:  # a model in which `other` speaks for a match is refused
        assert all(rate.bits >= rates[-1].bits - 1e-6 for rate in rates[:3])
