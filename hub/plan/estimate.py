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
    Group,
    LinkObject,
    NodeById,
    Nodes,
    NodesById,
    One,
    OneOf,
    Page,
    Row,
)

CANDIDATES = 5
"""A list of candidates has no page size; few records have more."""


@dataclass(frozen=True)
class Rows:
    """So many rows (a page size, a list of ids, or a number), each with the rows beneath it; of several kinds the largest."""

    times: Bind | int
    beneath: "tuple[Rows, ...]" = ()
    kinds: "tuple[tuple[Rows, ...], ...]" = ()

    def count(self, variables: Mapping[str, Any]) -> int:
        """The estimate for these variables."""
        if isinstance(self.times, int):
            times = self.times
        else:
            value = self.times.value(variables)
            times = len(value) if isinstance(value, list) else value
        each = 1 + sum(rows.count(variables) for rows in self.beneath)
        each += max((sum(rows.count(variables) for rows in kind) for kind in self.kinds), default=0)
        return int(times * each)


def rows(nodes: Sequence[object]) -> tuple[Rows, ...]:
    """What these plan nodes add to the estimate."""
    found: list[Rows] = []
    for node in nodes:
        if isinstance(node, Page):
            found.append(Rows(node.limit, rows(node.parts)))
        elif isinstance(node, One):
            found.append(Rows(1, rows(node.row.members)))
        elif isinstance(node, OneOf | NodeById | Candidate):
            found.append(Rows(1, kinds=_kinds(node.rows)))
        elif isinstance(node, NodesById):
            found.append(Rows(node.ids, kinds=_kinds(node.rows)))
        elif isinstance(node, Candidates):
            found.append(Rows(CANDIDATES, rows(node.members)))
        elif isinstance(node, Nodes):
            found.extend(rows(node.row.members))
        elif isinstance(node, Edges | Group | LinkObject):
            found.extend(rows(node.members))
    return tuple(found)


def _kinds(alternatives: Sequence[Row]) -> tuple[tuple[Rows, ...], ...]:
    return tuple(rows(row.members) for row in alternatives)
