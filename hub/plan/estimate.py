"""Estimated rows of a plan: the page size of each connection, multiplied down the tree.

An upper bound on what a statement may build, known before it runs: every page is taken to be full.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.plan.binds import Bind
from hub.plan.nodes import (
    CandidateList,
    CandidateSubject,
    ConnectionPage,
    Edges,
    EvidenceList,
    Group,
    LinkObject,
    MergedRows,
    NodeById,
    Nodes,
    NodesById,
    OneByKind,
    OneLinkedRow,
    OneRow,
    Root,
    RowObject,
    Scalar,
    Search,
    SearchHits,
    TotalCount,
)

CANDIDATE_ROWS = 5
EVIDENCE_ROWS = 8
MERGED_ROWS = 2
"""Lists without a page size; few are longer."""


@dataclass(frozen=True)
class RowEstimate:
    """Rows that are known with the plan, and rows for each id of a list that only the variables have."""

    fixed: int
    each: tuple[tuple[Bind, int], ...]

    def rows(self, variables: Mapping[str, Any]) -> int:
        """The estimate for these variables."""
        if not self.each:
            return self.fixed
        return self.fixed + sum(len(ids.value(variables)) * times for ids, times in self.each)


def estimate_rows(roots: Sequence[Root]) -> RowEstimate:
    """The estimate of a plan's root fields."""
    lists = [root for root in roots if isinstance(root, NodesById)]
    fixed = _count_rows([root for root in roots if not isinstance(root, NodesById)])
    return RowEstimate(fixed, tuple((root.ids, 1 + _count_largest(root.rows)) for root in lists))


def _count_rows(nodes: Sequence[object]) -> int:
    """The rows that these plan nodes add."""
    found = 0
    for node in nodes:
        if isinstance(node, ConnectionPage) and all(isinstance(part, TotalCount | Scalar) for part in node.parts):
            continue  # a count reads no page
        if isinstance(node, ConnectionPage | Search):
            found += node.size * (1 + _count_rows(node.parts))
        elif isinstance(node, OneRow):
            found += 1 + _count_rows(node.row.members)
        elif isinstance(node, OneLinkedRow | OneByKind | NodeById | CandidateSubject):
            found += 1 + _count_largest(node.rows)
        elif isinstance(node, CandidateList):
            found += CANDIDATE_ROWS * (1 + _count_rows(node.members))
        elif isinstance(node, EvidenceList):
            found += EVIDENCE_ROWS
        elif isinstance(node, MergedRows):
            found += MERGED_ROWS
        elif isinstance(node, Nodes):
            found += _count_rows(node.row.members)
        elif isinstance(node, Edges | Group | SearchHits | LinkObject):
            found += _count_rows(node.members)
    return found


def _count_largest(kinds: Sequence[RowObject]) -> int:
    """A row is of one kind: what the kind with the most rows beneath it adds."""
    return max((_count_rows(row.members) for row in kinds), default=0)
