"""Estimated rows of a plan: the page size of each connection, multiplied down the tree.

An upper bound on what a statement may build, known before it runs: every page is taken to be full.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.plan.binds import Bind
from hub.plan.nodes import (
    Candidate,
    Candidates,
    Edges,
    Evidence,
    Group,
    Hits,
    LinkObject,
    Merged,
    NodeById,
    Nodes,
    NodesById,
    One,
    OneByKind,
    OneOf,
    Page,
    Root,
    Row,
    Scalar,
    Search,
    TotalCount,
)

CANDIDATES = 5
EVIDENCE = 8
MERGED = 2
"""Lists without a page size; few are longer."""


@dataclass(frozen=True)
class Estimate:
    """Rows that are known with the plan, and rows for each id of a list that only the variables have."""

    fixed: int
    each: tuple[tuple[Bind, int], ...]

    def rows(self, variables: Mapping[str, Any]) -> int:
        """The estimate for these variables."""
        return self.fixed + sum(len(ids.value(variables)) * times for ids, times in self.each)


def estimate(roots: Sequence[Root]) -> Estimate:
    """The estimate of a plan's root fields."""
    lists = [root for root in roots if isinstance(root, NodesById)]
    fixed = _rows([root for root in roots if not isinstance(root, NodesById)])
    return Estimate(fixed, tuple((root.ids, 1 + _largest(root.rows)) for root in lists))


def _rows(nodes: Sequence[object]) -> int:
    """The rows that these plan nodes add."""
    found = 0
    for node in nodes:
        if isinstance(node, Page) and all(isinstance(part, TotalCount | Scalar) for part in node.parts):
            continue  # a count reads no page
        if isinstance(node, Page | Search):
            found += node.size * (1 + _rows(node.parts))
        elif isinstance(node, One):
            found += 1 + _rows(node.row.members)
        elif isinstance(node, OneOf | OneByKind | NodeById | Candidate):
            found += 1 + _largest(node.rows)
        elif isinstance(node, Candidates):
            found += CANDIDATES * (1 + _rows(node.members))
        elif isinstance(node, Evidence):
            found += EVIDENCE
        elif isinstance(node, Merged):
            found += MERGED
        elif isinstance(node, Nodes):
            found += _rows(node.row.members)
        elif isinstance(node, Edges | Group | Hits | LinkObject):
            found += _rows(node.members)
    return found


def _largest(kinds: Sequence[Row]) -> int:
    """A row is of one kind: what the kind with the most rows beneath it adds."""
    return max((_rows(row.members) for row in kinds), default=0)
