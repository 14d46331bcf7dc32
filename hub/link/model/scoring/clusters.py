"""Duplicates: records of one subject, from pairs. Pure.

A cluster of accepted pairs says more than its pairs: to join a group of a records to one of b claims that a·b pairs match. One
pair that is wrong then makes one subject of two. So a link between two groups of two records and more has to be better proven
than a link of a single record: by a second accepted pair between them, or by a weight that exceeds the accepted one by the margin
once more. One that is not goes to a person, and the groups stay apart.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from hub.link.model.scoring.decide import strongest_first
from hub.link.model.spec import Bands


@dataclass(frozen=True)
class Clusters:
    """`members`: key and cluster (the least key in it) of each record in a pair that is joined. `refused`: the accepted pairs that
    alone would have joined two groups."""

    members: pl.DataFrame
    refused: pl.DataFrame


def cluster_pairs(pairs: pl.DataFrame, bands: Bands) -> Clusters:
    """The records that accepted pairs join, strongest pair first."""
    accepted = strongest_first(pairs.filter(pl.col("probability") >= bands.accept))
    edges = list(accepted.select("left_key", "right_key", "weight").iter_rows())
    strong = math.log2(bands.accept / (1 - bands.accept)) + bands.margin
    groups = _Groups(key for one, two, _ in edges for key in (one, two))
    for one, two, _ in edges:
        groups.see(one, two)
    waiting = edges
    while True:
        left = [edge for edge in waiting if not groups.join(edge[0], edge[1], sure=edge[2] >= strong)]
        if len(left) == len(waiting):
            break
        waiting = left
    apart = [groups.of(one) != groups.of(two) for one, two, _ in edges]
    keys = sorted(groups.parent)
    members = pl.DataFrame(
        {"key": keys, "cluster": [groups.of(key) for key in keys]}, schema={"key": pl.String, "cluster": pl.String}
    )
    return Clusters(members, accepted.filter(pl.Series(apart, dtype=pl.Boolean)))


class _Groups:
    """Disjoint groups of keys, each named by its least key, and how many accepted pairs there are between any two."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.parent = {key: key for key in keys}
        self.size = dict.fromkeys(self.parent, 1)
        self.between: dict[str, dict[str, int]] = {key: {} for key in self.parent}

    def of(self, key: str) -> str:
        """The group of a key."""
        root = key
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[key] != root:
            self.parent[key], key = root, self.parent[key]
        return root

    def see(self, one: str, two: str) -> None:
        """Count an accepted pair."""
        for here, there in ((one, two), (two, one)):
            self.between[here][there] = self.between[here].get(there, 0) + 1

    def join(self, one: str, two: str, *, sure: bool) -> bool:
        """Make the groups of two keys one, unless both are groups and nothing but this pair joins them. Whether they are one."""
        a, b = sorted((self.of(one), self.of(two)))
        if a == b:
            return True
        if min(self.size[a], self.size[b]) > 1 and not sure and self.between[a].get(b, 0) < 2:
            return False
        self.parent[b] = a
        self.size[a] += self.size.pop(b)
        for other, count in self.between.pop(b).items():
            self.between[other].pop(b, None)
            if other != a:
                self.between[a][other] = self.between[a].get(other, 0) + count
                self.between[other][a] = self.between[a][other]
        return True
