"""What several blocks have learned of one rate, combined so that no single block decides; then held to bounds and order. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub.link.model.frozen import BlockEstimate, Learned, Limit
from hub.link.model.spec import Comparison, Spec

DIGITS = 10
Rates = Mapping[str, Sequence[float | None]]
"""By comparison: a rate of each outcome, None if it was not learned."""
APART_BITS = 1.0
"""Estimates agree where their log odds are at most so far apart ..."""
APART_ERRORS = 3.0
"""... or where sampling explains the difference: so many standard errors of both."""
FEW_MATCHES = 10.0
"""Estimates from fewer matches are used only if no block has more."""

MOST_ODDS = 20.0
"""Beyond 20 to 1 a block is as pure as it gets: the remaining pairs are registered twins and doubles."""


@dataclass(frozen=True)
class Run:
    """What one block has learned: rates of m, how many of its pairs match, and which part of them that is."""

    block: str
    m: Rates
    matches: float
    purity: float

    @property
    def weight(self) -> float:
        """The matches that it learned from, by the odds that a pair is one: where few pairs match, its rates depend the
        more on the rates assumed of the others, and share their error."""
        return self.matches * min(self.purity / max(1 - self.purity, 1e-9), MOST_ODDS)


def combine_estimates(
    comparison: Comparison, at: int, runs: Sequence[Run]
) -> tuple[float | None, tuple[BlockEstimate, ...]]:
    """m of the outcome at a place: the weighted mean of the estimates that agree with the weighted median. None if no block
    has learned it. With two estimates that disagree, the heavier stands."""
    if all(run.m[comparison.name][at] is None for run in runs):
        return None, ()
    # A block that has learned the comparison and met this outcome nowhere has seen it at no match.
    learned_by = [run for run in runs if any(rate is not None for rate in run.m[comparison.name])]
    found = [(run, run.m[comparison.name][at] or 0.0) for run in learned_by]
    enough = [pair for pair in found if pair[0].matches >= FEW_MATCHES]
    counted = enough or found
    middle = _weighted_median(counted)
    used = [pair for pair in counted if _agree(*pair, *middle)]
    total = sum(run.weight for run, _ in used) or 1.0
    rate = sum(run.weight * rate for run, rate in used) / total if total else middle[1]
    estimates = tuple(
        BlockEstimate(run.block, round_kept_digits(rate), round(run.matches, 1), (run, rate) in used)
        for run, rate in found
    )
    return rate, estimates


def _weighted_median(pairs: Sequence[tuple[Run, float]]) -> tuple[Run, float]:
    ordered = sorted(pairs, key=lambda pair: pair[1])
    half, passed = sum(run.weight for run, _ in ordered) / 2, 0.0
    for pair in ordered:
        passed += pair[0].weight
        if passed >= half:
            return pair
    return ordered[-1]


def _agree(run: Run, rate: float, middle: Run, typical: float) -> bool:
    if abs(_log_odds(rate, run.matches) - _log_odds(typical, middle.matches)) <= APART_BITS:
        return True
    error = math.sqrt(_variance(rate, run.matches) + _variance(typical, middle.matches))
    return abs(rate - typical) <= APART_ERRORS * error


def _log_odds(rate: float, matches: float) -> float:
    """In bits; half a match stands for none, and for all."""
    least = 0.5 / max(matches, 1.0)
    inside = min(max(rate, least), 1 - least) if least < 0.5 else 0.5
    return math.log2(inside / (1 - inside))


def _variance(rate: float, matches: float) -> float:
    smoothed = (rate * matches + 0.5) / (matches + 1)
    return smoothed * (1 - smoothed) / max(matches, 1.0)


def estimate_parameters(
    spec: Spec, runs: Sequence[Run], u: Rates, *, unseen_m: float, unseen_u: float
) -> Mapping[str, tuple[Learned, ...]]:
    """The parameters of every comparison: what its blocks say together, the prior of its kind where none does, what was not seen
    filled in, and all of it within bounds and in order."""
    found = {one.name: _found(one, runs, u[one.name], unseen_m, unseen_u) for one in spec.comparisons}
    made = {}
    for comparison in spec.comparisons:
        rates = _restated(comparison, found[comparison.name], found)
        # Pooling moves bits up as well as down, so what must not speak for a match is held to that before and after.
        ordered = _in_order(comparison, _with_agreements(comparison, _never_for(comparison, rates)))
        made[comparison.name] = tuple(map(_rounded, _never_for(comparison, ordered)))
    return made


def _found(
    comparison: Comparison, runs: Sequence[Run], u: Sequence[float | None], unseen_m: float, unseen_u: float
) -> list[Learned]:
    """The rates of one comparison within their bounds."""
    combined = [combine_estimates(comparison, at, runs) for at in range(len(comparison.outcomes))]
    limits: tuple[Limit, ...] = ()
    if all(m is None for m, _ in combined) and any(chance for chance in u):
        combined = [(m, ()) for m in assume_levels(comparison)]
        limits = (Limit.ASSUMED,)
    rates = [
        replace(_one(outcome, m, chance, unseen_m, unseen_u), estimates=estimates, limits=limits)
        for outcome, (m, estimates), chance in zip(comparison.outcomes, combined, u, strict=True)
    ]
    return _within_bounds(comparison, rates)


def _restated(
    comparison: Comparison, rates: Sequence[Learned], found: Mapping[str, Sequence[Learned]]
) -> list[Learned]:
    """Rates in which what another comparison has said counts once: m and u among the pairs that have the outcomes which a level
    restates. To divide both is to multiply u alone by the quotient, which leaves m what it is."""
    restates = {level.outcome: level.restates for level in comparison.levels if level.restates}
    made = []
    for rate in rates:
        said = restates.get(rate.outcome)
        if said is None or not rate.bits:
            made.append(rate)
            continue
        before = [one for one in found[said.comparison] if one.outcome in said.outcomes]
        times = max(sum(one.m for one in before) / sum(one.u for one in before), 1.0)
        made.append(replace(rate, u=min(rate.u * times, 1.0), limits=(*rate.limits, Limit.RESTATED)))
    return made


def _never_for(comparison: Comparison, rates: Sequence[Learned]) -> list[Learned]:
    """Outcomes that the specification does not let speak for a match say nothing instead."""
    return [
        replace(rate, u=rate.m, limits=(*rate.limits, Limit.NEVER_FOR))
        if rate.outcome in comparison.never_for and rate.m > rate.u
        else rate
        for rate in rates
    ]


def _with_agreements(comparison: Comparison, rates: Sequence[Learned]) -> list[Learned]:
    """Agreements say at least as much as the next weaker outcome of their chain, from the weakest to the strongest; those that too few
    matches showed do not speak against a match. Without this, what no match of the training showed is pooled with `other`: in a province
    whose offices write whole addresses, to live in one commune spoke against a match as much as to live in another."""
    by_outcome = {rate.outcome: rate for rate in rates}
    for outcome in reversed(comparison.outcomes):
        if outcome not in comparison.agreements:
            continue
        rate = by_outcome[outcome]
        weaker = [by_outcome[one] for one in comparison.weaker_than(outcome)]
        least = [one for one in weaker if one.outcome in comparison.agreements or not rate.is_supported]
        bits = max([one.bits for one in least] + ([] if rate.is_supported else [0.0]), default=rate.bits)
        if rate.bits < bits:
            limit = Limit.ORDER if rate.is_supported else Limit.UNSEEN
            m = rate.u if not bits else min(rate.u * 2**bits, 1.0)
            by_outcome[outcome] = replace(rate, m=m, limits=(*rate.limits, limit))
    return [by_outcome[rate.outcome] for rate in rates]


EQUAL_SHARE, OTHER_SHARE = 0.85, 0.05
"""Of matches, the part that agrees as well as can be, and that disagrees: what is assumed of a comparison that no block can learn.
A part in seven of values that are damaged is what data sets of people have."""


def assume_levels(comparison: Comparison) -> list[float | None]:
    """m of a comparison that no block can learn: most matches agree, few disagree, and the levels between share the rest,
    each half of the one before."""
    between = len(comparison.levels) - 1
    shares = [0.5**at for at in range(1, between + 1)]
    left = 1 - EQUAL_SHARE - OTHER_SHARE
    middle = [left * share / sum(shares) for share in shares]
    first = EQUAL_SHARE + (0.0 if between else left)
    return [first, *middle, OTHER_SHARE]


def _one(outcome: str, m: float | None, u: float | None, unseen_m: float, unseen_u: float) -> Learned:
    """Count an unseen outcome as half an observation, and as no evidence if neither kind of pair shows it."""
    if m is None and (u is None or u <= unseen_u):
        return Learned(outcome, unseen_u, unseen_u)
    found_u = max(u or 0.0, unseen_u)
    # What no match shows speaks against a match, or says nothing: never for it.
    found_m = max(m, unseen_m) if m is not None else min(unseen_m, found_u)
    return Learned(outcome, min(found_m, 1.0), min(found_u, 1.0))


def _within_bounds(comparison: Comparison, rates: Sequence[Learned]) -> list[Learned]:
    """Clip m to its bounds. The excess goes to the first outcome; a deficit is taken from the others in proportion."""
    bounds = {bound.outcome: bound for bound in comparison.bounds}
    cut = []
    for rate in rates:
        bound = bounds.get(rate.outcome)
        m = min(max(rate.m, bound.least), bound.most) if bound and rate.bits else rate.m
        cut.append(rate if m == rate.m else replace(rate, m=m, limits=(*rate.limits, Limit.BOUND)))
    freed = sum(rate.m for rate in rates) - sum(rate.m for rate in cut)
    open_ = [at for at, rate in enumerate(cut) if Limit.BOUND not in rate.limits and rate.bits]
    total = sum(cut[at].m for at in open_)
    if not open_ or not freed or total <= 0 or total + freed <= 0:
        return cut
    return [
        replace(rate, m=min(rate.m * (total + freed) / total, 1.0)) if at in open_ else rate
        for at, rate in enumerate(cut)
    ]


def _in_order(comparison: Comparison, rates: Sequence[Learned]) -> list[Learned]:
    """Bits that do not rise along a chain: neighbours that do are pooled, so that both say what they say together."""
    by_outcome = {rate.outcome: rate for rate in rates}
    for chain in comparison.ordered:
        # What neither kind of pair has shown says nothing, and bounds nothing.
        seen = [by_outcome[outcome] for outcome in chain if by_outcome[outcome].bits]
        for rate in _pooled(seen):
            by_outcome[rate.outcome] = rate
    return [by_outcome[rate.outcome] for rate in rates]


def _pooled(chain: Sequence[Learned]) -> list[Learned]:
    pools: list[list[Learned]] = []
    for rate in chain:
        pools.append([rate])
        while len(pools) > 1 and _ratio(pools[-1]) > _ratio(pools[-2]):
            last = pools.pop()
            pools[-1] = [*pools[-1], *last]
    return [one for pool in pools for one in (pool if len(pool) == 1 else _level(pool))]


def _ratio(pool: Sequence[Learned]) -> float:
    return sum(rate.m for rate in pool) / sum(rate.u for rate in pool)


def _level(pool: Sequence[Learned]) -> list[Learned]:
    # Unseen outcomes were filled in, so m adds up to more than 1: one rate cut to 1 alone would stand behind its equals.
    ratio = min(_ratio(pool), 1 / max(rate.u for rate in pool))
    return [replace(rate, m=min(rate.u * ratio, 1.0), limits=_with_order(rate.limits)) for rate in pool]


def _with_order(limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    return limits if Limit.ORDER in limits else (*limits, Limit.ORDER)


def _rounded(rate: Learned) -> Learned:
    return replace(rate, m=round_kept_digits(rate.m), u=round_kept_digits(rate.u))


def round_kept_digits(value: float) -> float:
    """To ten digits: engines add in the order that their threads finish."""
    return float(f"{value:.{DIGITS}g}")
