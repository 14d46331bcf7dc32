"""Rates that several blocks have learned: none decides alone, none leaves its bounds, and no weaker outcome says more."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.link.model.estimate import Run, combine, learned
from hub.link.model.frozen import Limit
from hub.link.model.roles import Role, mapped
from hub.link.model.spec import OTHER, Bound, By, Comparison, Is, Level, Spec

LEVELS = (Level("equal", (Is(By.EQUAL, ("name",)),)), Level("similar", (Is(By.SIMILAR, ("name_ascii",), 0.8),)))
NAME = Comparison("name", (("name",),), LEVELS, bounds=(Bound(OTHER, most=0.05),))


def spec(comparison: Comparison = NAME) -> Spec:
    made = mapped("people", "id", {"name": Role.SURNAME, "born": Role.BIRTH_DATE, "number": Role.IDENTIFIER})
    return replace(made, comparisons=(comparison,))


def run(name: str, rates: tuple[float | None, ...], matches: float = 1000.0, purity: float = 0.9) -> Run:
    return Run(name, {"name": rates}, matches, purity)


def test_a_block_that_lies_apart_from_the_others_is_not_used() -> None:
    runs = [run("a", (0.95, 0.03, 0.02)), run("b", (0.4, 0.02, 0.58)), run("c", (0.94, 0.03, 0.03))]
    other, estimates = combine(NAME, 2, runs)
    assert other == pytest.approx(0.025)
    assert [one.used for one in estimates] == [True, False, True]


def test_of_two_blocks_that_disagree_the_one_stands_that_learned_from_more_and_purer_matches() -> None:
    """The median of two is their mean, which is how one collapsed block spoiled a model."""
    runs = [run("collapsed", (0.4, 0.02, 0.58), 4000, 0.1), run("sound", (0.95, 0.03, 0.02), 2000, 0.99)]
    assert combine(NAME, 2, runs)[0] == pytest.approx(0.02)


def test_estimates_of_a_few_matches_count_only_where_there_are_no_others() -> None:
    few = run("few", (0.2, 0.0, 0.8), 3.0)
    assert combine(NAME, 2, [few, run("many", (0.95, 0.03, 0.02))])[0] == pytest.approx(0.02)
    assert combine(NAME, 2, [few])[0] == pytest.approx(0.8)


U = {"name": [0.1, 0.05, 0.85]}


def test_a_rate_beyond_its_bound_is_cut_and_says_so() -> None:
    equal, _, other = learned(spec(), [run("a", (0.6, 0.1, 0.3))], U, unseen_m=1e-4, unseen_u=1e-6)["name"]
    assert other.m == 0.05
    assert other.limits == (Limit.BOUND,)
    assert equal.m > 0.6


def test_what_no_block_can_learn_is_assumed_where_it_is_stated_and_says_nothing_where_it_is_not() -> None:
    nothing = run("a", (None, None, None))
    rates = learned(spec(), [nothing], U, unseen_m=1e-4, unseen_u=1e-6)["name"]
    assert all(Limit.ASSUMED in rate.limits for rate in rates)
    assert rates[0].bits > 0 > rates[-1].bits
    unstated = learned(spec(), [nothing], {"name": [None, None, None]}, unseen_m=1e-4, unseen_u=1e-6)["name"]
    assert [rate.bits for rate in unstated] == [0, 0, 0]


SHARES = st.lists(st.floats(min_value=1e-5, max_value=1), min_size=3, max_size=3)


@given(matching=SHARES, others=SHARES)
@example(matching=[1.0, 1.0, 1e-5], others=[1.0, 1e-5, 1e-5])
def test_whatever_is_learned_is_in_order(matching: list[float], others: list[float]) -> None:
    m, u = ([share / sum(shares) for share in shares] for shares in (matching, others))
    free = replace(NAME, bounds=())
    rates = learned(spec(free), [run("a", tuple(m))], {"name": u}, unseen_m=1e-4, unseen_u=1e-7)["name"]
    bits = [rate.bits for rate in rates if rate.bits]
    assert all(first >= second - 1e-6 for first, second in pairwise(bits))
