"""Estimates of precision: exact bounds against those of textbooks, coverage by seeded simulation, and what is still needed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.link.quality.estimate import (
    Counted,
    PrecisionVerdict,
    answers_for_margin,
    answers_for_target,
    compare_with,
    estimate_precision,
    estimate_recall,
    exact_interval,
    total_precision,
)

MANY = 10_000_000
"""Links enough that a sample without replacement is one with."""


@pytest.mark.parametrize(
    ("wrong", "answered", "low", "high"),
    # Clopper and Pearson's bounds, from published tables.
    [(0, 10, 0.6915, 1.0), (1, 10, 0.5550, 0.9975), (5, 10, 0.1871, 0.8129), (10, 10, 0.0, 0.3085), (1, 50, 0.8935, 0.9995)],
)  # fmt: skip
def test_bounds_are_clopper_and_pearsons(wrong: int, answered: int, low: float, high: float) -> None:
    assert exact_interval(wrong, answered, MANY) == pytest.approx((low, high), abs=1e-4)


def test_a_stratum_that_was_looked_at_whole_is_known_exactly() -> None:
    assert exact_interval(2, 40, 40) == (0.95, 0.95)
    low, high = exact_interval(2, 39, 40)
    assert (low, high) == (1 - 3 / 40, 1 - 2 / 40)


@given(st.integers(1, 400), st.data())
def test_bounds_hold_the_share_and_are_narrower_the_more_was_answered(links: int, data: st.DataObject) -> None:
    answered = data.draw(st.integers(1, links))
    wrong = data.draw(st.integers(0, answered))
    low, high = exact_interval(wrong, answered, links)
    assert 0 <= low <= 1 - wrong / answered <= high <= 1
    wide = exact_interval(wrong, answered, links * 50)
    # Wrong links are whole ones: among few links a bound can be off by one of them.
    assert wide[0] <= low + 1 / links
    assert high <= wide[1] + 1 / links


STRATA = [
    {"sure": (90_000, 90, 60), "near": (2_000, 40, 40)},
    {"sure": (50_000, 5, 20), "rule": (400, 4, 20), "near": (300, 30, 30)},
    {"one": (30, 3, 10), "other": (25, 0, 10), "third": (5_000, 100, 80)},
    {"few": (12, 6, 6), "many": (1_000_000, 2_000, 150)},
]
"""Name → links, wrong ones among them, answers."""


@pytest.mark.parametrize("strata", STRATA)
def test_the_interval_of_the_total_holds_the_truth_at_least_as_often_as_it_says(
    strata: dict[str, tuple[int, int, int]],
) -> None:
    draw, times = np.random.default_rng(11), 2_000
    truth = 1 - sum(wrong for _, wrong, _ in strata.values()) / sum(links for links, *_ in strata.values())
    wrong = {name: draw.hypergeometric(bad, links - bad, n, times) for name, (links, bad, n) in strata.items()}
    known = {name: {w: exact_interval(int(w), n, links) for w in set(wrong[name].tolist())} for name, (links, _, n) in strata.items()}  # fmt: skip
    held, alone = 0, dict.fromkeys(strata, 0)
    cache: dict[tuple[int, ...], tuple[float, float]] = {}
    for at in range(times):
        drawn = tuple(int(wrong[name][at]) for name in strata)
        if drawn not in cache:
            parts = [Counted(links, n - w, w) for (links, _, n), w in zip(strata.values(), drawn, strict=True)]
            found = total_precision(parts)
            assert found is not None
            cache[drawn] = (found.low, found.high)
        low, high = cache[drawn]
        held += low - 1e-12 <= truth <= high + 1e-12
        for (name, (links, bad, _)), w in zip(strata.items(), drawn, strict=True):
            low, high = known[name][w]
            alone[name] += low - 1e-12 <= 1 - bad / links <= high + 1e-12
    # Three standard errors of 2,000 trials are 0.015.
    assert held / times >= 0.935
    # The interval of a stratum is exact: never below 95 in 100, but for the simulation's own error.
    assert all(count / times >= 0.935 for count in alone.values()), alone


def test_the_estimate_has_no_bias_towards_the_strata_that_are_asked_most() -> None:
    near, sure = Counted(1_000, 30, 20), Counted(99_000, 10, 0)
    found = total_precision([near, sure])
    assert found is not None
    assert found.share == pytest.approx(0.01 * 0.6 + 0.99)


def test_strata_without_answers_are_left_out_and_this_is_told() -> None:
    found = total_precision([Counted(750, 20, 0), Counted(250, 0, 0)])
    assert found is not None
    assert (found.share, found.covered, found.answered) == (1.0, 0.75, 20)
    many = total_precision(
        [Counted(links, 9, 0) for links in (668, 389, 808, 215, 97, 500, 30, 856, 400, 444, 623, 781)]
    )
    assert many is not None
    assert (many.share, many.high) == (1.0, 1.0)
    assert total_precision([Counted(250, 0, 0)]) is None
    assert total_precision([Counted(0, 5, 1)]) is None
    assert estimate_precision(Counted(10, 0, 0)) is None


@pytest.mark.parametrize(
    ("right", "wrong", "verdict"),
    [
        (0, 0, PrecisionVerdict.OPEN),
        (50, 0, PrecisionVerdict.OPEN),  # its lower bound is 0.93: nothing speaks against it yet
        (4_000, 0, PrecisionVerdict.MET),
        (200, 1, PrecisionVerdict.OPEN),  # one of 201 comes about one time in five
        (50, 1, PrecisionVerdict.SHORT),
        (200, 3, PrecisionVerdict.SHORT),
        (4_000, 30, PrecisionVerdict.SHORT),
    ],
)
def test_a_band_falls_short_only_on_evidence(right: int, wrong: int, verdict: PrecisionVerdict) -> None:
    assert compare_with(0.999, Counted(MANY, right, wrong)) is verdict


def test_a_band_that_is_as_good_as_its_target_is_seldom_found_short() -> None:
    draw = np.random.default_rng(3)
    for answered in (20, 100, 500):
        wrong = draw.binomial(answered, 0.001, 2_000)
        verdicts = {w: compare_with(0.999, Counted(MANY, answered - w, w)) for w in map(int, set(wrong.tolist()))}
        short = sum(verdicts[int(w)] is PrecisionVerdict.SHORT for w in wrong)
        assert short / 2_000 <= 0.065


def test_what_is_needed_is_enough_and_one_fewer_is_not() -> None:
    enough = answers_for_target(0.999, MANY)
    assert enough == pytest.approx(math.log(0.025) / math.log(0.999), abs=2)
    assert exact_interval(0, enough, MANY)[0] >= 0.999 > exact_interval(0, enough - 1, MANY)[0]
    for counted in (Counted(MANY, 0, 0), Counted(MANY, 60, 0), Counted(900, 30, 10)):
        more = answers_for_margin(0.02, counted)
        share = counted.wrong / counted.answered if counted.answered else 0.0
        answers = counted.answered + more
        wrong = round(answers * share)
        low, high = exact_interval(wrong, answers, counted.links)
        assert max(1 - wrong / answers - low, high - (1 - wrong / answers)) <= 0.02
    assert answers_for_margin(0.02, Counted(50, 50, 0)) == 0
    assert answers_for_margin(0.0001, Counted(50, 20, 0)) <= 30


def test_recall_is_bounded_by_what_cannot_be_known() -> None:
    right, half = estimate_precision(Counted(100, 100, 0)), estimate_precision(Counted(40, 20, 20))
    assert right is not None
    found = estimate_recall(100, right, 40, half, 60)
    assert found is not None
    assert (found.least, found.most) == (0.5, pytest.approx(100 / 120))
    assert estimate_recall(100, right, 40, None, 60) is None
    sure = estimate_recall(100, right, 0, None, 0)
    assert sure is not None
    assert (sure.least, sure.most) == (1.0, 1.0)
