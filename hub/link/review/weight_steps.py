"""The weight of a candidate as a waterfall: from the prior, comparison by comparison, to the sum. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PRIOR = "prior"


@dataclass(frozen=True)
class Step:
    """One comparison: what came of it, the bits it added, and the sum so far. Both are null if a rule decided."""

    comparison: str
    outcome: str
    bits: float | None
    total: float | None


def explain_weight(weight: float | None, evidence: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps to a weight. If the evidence does not begin with the prior, the prior is what the comparisons leave of the
    weight; if there is no weight there are no sums."""
    given = list(evidence)
    if weight is not None and not (given and given[0]["comparison"] == PRIOR):
        counted = sum(each["bits"] or 0.0 for each in given)
        given.insert(0, {"comparison": PRIOR, "outcome": "", "bits": weight - counted})
    steps, total = [], 0.0
    for each in given:
        bits = each["bits"]
        total += bits or 0.0
        steps.append(Step(each["comparison"], each["outcome"], bits, None if weight is None else total))
    return tuple(steps)
