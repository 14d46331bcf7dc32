"""Whether a model may be used: checks that need no truth, each a value with a verdict and what a person can read.

A model is refused if one of them fails. None uses known answers: the held-out links are those that a rule has confirmed by an
identifier, and the model has to find them again without.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from hub.link.evaluate.measure import Proportion
from hub.link.model.frozen import Limit, Model
from hub.link.model.scoring.decide import PairBand, one_to_many
from hub.link.model.spec import OTHER, Spec

if TYPE_CHECKING:  # who reads the checks of a model needs no engine
    from hub.link.model.scoring.backends import Backend

FEWEST_MATCHES = 500
"""Matches that a model is learned from: with fewer, a rate of one in a hundred rests on five."""
FEWEST_HELD = 200
MOST_MOVED = 0.25
"""Of the rates that blocks have learned, the part that bounds may cut. More says that the blocks learned something else than
matches."""
LEAST_FOUND = 0.9
"""Of links held out, the part that is found again with their identifiers."""
ORDER_BITS = 1e-6


class CheckVerdict(StrEnum):
    """What a check came to."""

    PASSED = "PASSED"
    NOTED = "NOTED"
    """It holds, and a person may want to know how."""
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    """There is nothing to check it by."""


@dataclass(frozen=True)
class ModelCheck:
    """One check: its subject, its verdict, the measured value, and the required one."""

    name: str
    verdict: CheckVerdict
    found: str
    wanted: str


@dataclass(frozen=True)
class HeldOutLinks:
    """Links held out from training: records, the register they are weighed against, and `right_key` of each `left_key`."""

    left: pl.DataFrame
    right: pl.DataFrame
    links: pl.DataFrame


def is_accepted(checks: tuple[ModelCheck, ...]) -> bool:
    """Whether a model with these checks may be used."""
    return all(check.verdict is not CheckVerdict.FAILED for check in checks)


def check_model(
    model: Model, held: HeldOutLinks | None = None, *, backend: "Backend | None" = None
) -> tuple[ModelCheck, ...]:
    """The checks of a model; without links held out, those of its rates alone."""
    made = [_matches(model), _bounds(model), _order(model), _direction(model), _learned(model)]
    if held is not None and backend is not None:
        made += _held(model, held, backend)
    return tuple(made)


def _matches(model: Model) -> ModelCheck:
    matches = model.trained_on.matches
    verdict = CheckVerdict.PASSED if matches >= FEWEST_MATCHES else CheckVerdict.FAILED
    return ModelCheck("enough matches", verdict, f"{matches:,.0f} expected matches", f"at least {FEWEST_MATCHES:,}")


def _bounds(model: Model) -> ModelCheck:
    bounds = {(one.name, bound.outcome): bound for one in model.spec.comparisons for bound in one.bounds}
    rates = [(name, rate) for name, learned in model.learned.items() for rate in learned if rate.bits]
    outside = [
        f"{name} {rate.outcome!r} {rate.m:.3g}"
        for name, rate in rates
        if (bound := bounds.get((name, rate.outcome))) and not bound.least * 0.999 <= rate.m <= bound.most * 1.001
    ]
    moved = [f"{name} {rate.outcome!r}" for name, rate in rates if Limit.BOUND in rate.limits]
    wanted = f"every rate within its bounds, and at most {MOST_MOVED:.0%} of them put there"
    if outside:
        return ModelCheck("bounds", CheckVerdict.FAILED, f"outside: {', '.join(outside)}", wanted)
    share = len(moved) / max(sum(bool(rate.estimates) for _, rate in rates), 1)
    verdict = CheckVerdict.FAILED if share > MOST_MOVED else CheckVerdict.NOTED if moved else CheckVerdict.PASSED
    return ModelCheck(
        "bounds", verdict, f"put within them: {', '.join(moved)}" if moved else "every rate within", wanted
    )


def _order(model: Model) -> ModelCheck:
    wrong = []
    for comparison in model.spec.comparisons:
        bits = {rate.outcome: rate.bits for rate in model.learned[comparison.name]}
        for chain in comparison.ordered:
            seen = [outcome for outcome in chain if bits[outcome]]
            wrong += [
                f"{comparison.name} {second!r} says more than {first!r}"
                for first, second in pairwise(seen)
                if bits[second] > bits[first] + ORDER_BITS
            ]
    found = "; ".join(wrong) or "bits fall along every chain"
    return ModelCheck(
        "order",
        CheckVerdict.FAILED if wrong else CheckVerdict.PASSED,
        found,
        "no outcome says more than a stronger one",
    )


def _direction(model: Model) -> ModelCheck:
    wrong = []
    for comparison in model.spec.comparisons:
        rates = model.learned[comparison.name]
        if all(not rate.bits for rate in rates):
            continue
        if rates[0].bits < 0:
            wrong.append(f"{comparison.name} {rates[0].outcome!r} speaks against a match")
        if rates[-1].bits > 0:
            wrong.append(f"{comparison.name} {OTHER!r} speaks for one")
        wrong += [
            f"{comparison.name} {rate.outcome!r} speaks for one"
            for rate in rates
            if rate.outcome in comparison.never_for and rate.bits > 0
        ]
        # Each one, and not the strongest alone: beside that, an agreement on a part can be worth less than no agreement.
        wrong += [
            f"{comparison.name} {rate.outcome!r} speaks against a match"
            for rate in rates[1:]
            if rate.outcome in comparison.agreements and rate.bits < -ORDER_BITS and not rate.is_supported
        ]
        other = rates[-1].bits
        wrong += [
            f"{comparison.name} {rate.outcome!r} says less than {OTHER!r}"
            for rate in rates
            if rate.outcome in comparison.agreements and rate.bits < other - ORDER_BITS
        ]
    found = "; ".join(wrong) or "agreement speaks for a match, disagreement against it"
    wanted = (
        "the strongest outcome of a comparison has bits above 0, `other` below, and what must not speak for a match at most 0;"
        " every agreement at least 0, unless matches enough show otherwise"
    )
    return ModelCheck("direction", CheckVerdict.FAILED if wrong else CheckVerdict.PASSED, found, wanted)


def _learned(model: Model) -> ModelCheck:
    unlearned = [name for name, rates in model.learned.items() if any(Limit.ASSUMED in rate.limits for rate in rates)]
    single = [
        name
        for name, rates in model.learned.items()
        if rates[0].estimates and sum(one.used for one in rates[0].estimates) < 2
    ]
    said = [f"assumed: {', '.join(unlearned)}"] if unlearned else []
    said += [f"by one block alone: {', '.join(single)}"] if single else []
    everything = len(unlearned) == len(model.learned)
    verdict = CheckVerdict.FAILED if everything else CheckVerdict.NOTED if said else CheckVerdict.PASSED
    return ModelCheck("blocks", verdict, "; ".join(said) or "every comparison by several blocks", "several blocks each")


def _held(model: Model, held: HeldOutLinks, backend: "Backend") -> Iterator[ModelCheck]:
    if len(held.links) < FEWEST_HELD:
        few = f"{len(held.links):,} links held out"
        yield ModelCheck("held-out links", CheckVerdict.UNKNOWN, few, f"at least {FEWEST_HELD}")
        return
    accepted, right = _found_again(model, held.left, held, backend)
    found = Proportion(right, len(held.links))
    verdict = CheckVerdict.PASSED if (found.value or 0) >= LEAST_FOUND else CheckVerdict.FAILED
    yield ModelCheck("held-out links", verdict, f"finds again {_shown(found)}", f"at least {LEAST_FOUND}")
    accepted, right = _found_again(model, withhold_columns(model.spec, held.left), held, backend)
    precision, wanted = Proportion(right, accepted), model.spec.bands.accept
    # Refuted where even the upper bound is below what an accepted link claims to be.
    upper = precision.interval[1] if precision.interval else 0.0
    verdict = (
        CheckVerdict.UNKNOWN
        if accepted < FEWEST_HELD
        else CheckVerdict.PASSED
        if upper >= wanted
        else CheckVerdict.FAILED
    )
    share = f"; it accepts {accepted:,} of {len(held.links):,}"
    name = "precision without identifiers"
    yield ModelCheck(name, verdict, _shown(precision) + share, f"an interval that reaches {wanted}")


def withhold_columns(spec: Spec, frame: pl.DataFrame) -> pl.DataFrame:
    """Records without the columns that a specification withholds in checks."""
    return frame.with_columns(
        pl.lit(None, frame.schema[column]).alias(column) for column in spec.training.withheld if column in frame.columns
    )


def _found_again(model: Model, left: pl.DataFrame, held: HeldOutLinks, backend: "Backend") -> tuple[int, int]:
    """How many of the records have an accepted link, and how many of these the one that was held out."""
    from hub.link.model.scoring.score import score_pairs  # the engine, imported by who weighs

    pairs = score_pairs(model, left, held.right, backend=backend, floor=model.spec.bands.review)
    accepted = one_to_many(pairs, model.spec.bands).filter(pl.col("band") == PairBand.ACCEPT)
    both = accepted.join(held.links, on="left_key", suffix="_held")
    return len(both), len(both.filter(pl.col("right_key") == pl.col("right_key_held")))


def _shown(share: Proportion) -> str:
    low, high = share.interval or (0.0, 0.0)
    return f"{share.part:,} of {share.whole:,} ({share.value or 0:.4f}; {low:.4f} to {high:.4f})"
