"""How many links of each stratum are drawn. Pure.

Power allocation (Bankier 1988): a stratum gets its share of √links × σ, where σ = √(e (1 − e)) and e is the share of wrong links
that is expected. Neyman's allocation uses the links themselves, and would ask almost only about the largest stratum; here each
stratum is estimated by itself too, and those near the threshold, which are less sure, get more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key")


@dataclass(frozen=True)
class Size:
    """A stratum before the draw: how many links can still be drawn, and which share of them is expected to be wrong."""

    links: int
    expected_wrong: float

    @property
    def demand(self) -> float:
        """Its claim on the sample."""
        return math.sqrt(self.links * self.expected_wrong * (1 - self.expected_wrong))


def sample_sizes(strata: Mapping[Key, Size], most: int) -> dict[Key, int]:
    """Links to draw from each stratum: at most `most` together, at most all of a stratum, and at least one of each if `most`
    allows. Ties go to the stratum that stands first."""
    order = {key: at for at, key in enumerate(strata)}
    open_strata = {key: size for key, size in strata.items() if size.links and size.demand}
    by_demand = sorted(open_strata, key=lambda key: (-open_strata[key].demand, order[key]))
    sizes = dict.fromkeys(strata, 0) | dict.fromkeys(by_demand[: max(most, 0)], 1)
    left = most - sum(sizes.values())
    while left > 0:
        unfilled = [key for key in by_demand if sizes[key] < open_strata[key].links]
        if not unfilled:
            break
        given = _shares({key: open_strata[key].demand for key in unfilled}, left)
        for key, share in given.items():
            sizes[key] += min(share, open_strata[key].links - sizes[key])
        left = most - sum(sizes.values())
    return sizes


def _shares(demands: Mapping[Key, float], whole: int) -> dict[Key, int]:
    """A whole divided in proportion, by largest remainders."""
    total = sum(demands.values())
    exact = {key: whole * demand / total for key, demand in demands.items()}
    shares = {key: int(value) for key, value in exact.items()}
    by_remainder = sorted(exact, key=lambda key: shares[key] - exact[key])
    for key in by_remainder[: whole - sum(shares.values())]:
        shares[key] += 1
    return shares
