"""Explanations of plans: the nodes as a tree of words, the SQL, and what PostgreSQL estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.graph.execution.prepare import PreparedRequest
from hub.graph.execution.reads import Reads
from hub.plan.data_subjects import HIDDEN
from hub.plan.limits import Limits
from hub.plan.nodes import (
    AllOf,
    AnyOf,
    CandidateList,
    CandidateSubject,
    Condition,
    ConnectionPage,
    Edges,
    EveryRow,
    EvidenceList,
    Group,
    LinkObject,
    LinkTest,
    MergedIds,
    MergedRows,
    NodeById,
    Nodes,
    NodesById,
    Not,
    OneByKind,
    OneLinkedRow,
    OneRow,
    PageInfo,
    RowExists,
    RowObject,
    Scalar,
    Search,
    SearchHits,
    SqlTest,
    TotalCount,
    Via,
    ViaColumn,
    ViaFound,
    ViaKey,
    ViaLink,
)
from hub.plan.planner import Plan


@dataclass(frozen=True)
class Branch:
    """One line of the tree, and what stands beneath it."""

    text: str
    beneath: "tuple[Branch, ...]" = ()

    def as_json(self) -> object:
        """A string, or an object of the line and the lines beneath."""
        return {self.text: [branch.as_json() for branch in self.beneath]} if self.beneath else self.text


@dataclass(frozen=True)
class Explanation:
    """One plan: its nodes as branches, its SQL, the rows it builds at most, and PostgreSQL's own plan (`explain`)."""

    plan: tuple[Branch, ...]
    sql: str
    rows: int
    estimate: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The explanation for machines."""
        return {
            "plan": [branch.as_json() for branch in self.plan],
            "sql": self.sql,
            "rows": self.rows,
            "postgresql": self.estimate,
        }


async def explain_plan(plan: Plan, reads: Reads, variables: Mapping[str, Any]) -> Explanation:
    """Explain a plan for these variables. Nothing is read of the rows. Raises as `Reads.json` does."""
    estimate = await reads.estimate(plan.sql, plan.parameters(variables))
    return Explanation(build_tree(plan.roots), plan.sql, plan.estimate.rows(variables), estimate)


def describe_cost(ready: PreparedRequest, plans: Sequence[Plan], most: Limits) -> dict[str, dict[str, int]]:
    """The size of an operation beside what it may have."""
    size, rows = ready.size, sum(plan.estimate.rows(ready.variables) for plan in plans)
    sizes = (
        ("depth", size.depth, most.depth),
        ("fields", size.fields, most.fields),
        ("breadth", size.breadth, most.breadth),
        ("aliases", size.aliases, most.aliases),
        ("directives", size.directives, most.directives),
        ("rows", rows, most.rows),
    )
    return {name: {"is": value, "most": limit} for name, value, limit in sizes}


def build_tree(nodes: Sequence[object]) -> tuple[Branch, ...]:
    """The branches of these plan nodes; plain values stand together on one line."""
    branches: list[Branch] = []
    plain: list[str] = []
    for node in nodes:
        if getattr(node, "key", "").startswith(HIDDEN):
            continue
        if isinstance(node, Scalar | TotalCount | MergedIds):
            plain.append(f"{node.key} (count)" if isinstance(node, TotalCount) else node.key)
        else:
            branches.append(_branch(node))
    return (*([Branch("values: " + ", ".join(plain))] if plain else []), *branches)


def _branch(node: object) -> Branch:
    if isinstance(node, ConnectionPage):
        return Branch(f"{node.key}: a page of {node.table} {_via(node.via)}{_page(node)}", build_tree(node.parts))
    if isinstance(node, OneRow):
        return Branch(f"{node.key}: one {node.row.table} {_via(node.via)}", build_tree(node.row.members))
    if isinstance(node, OneLinkedRow):
        return Branch(f"{node.key}: one of several kinds by link.{node.table}", _kinds(node.rows))
    if isinstance(node, OneByKind):
        return Branch(f"{node.key}: one of several kinds that the row names", _kinds(node.rows))
    if isinstance(node, MergedRows):
        return Branch(f"{node.key}: rows of {node.row.table} that were merged into it", build_tree(node.row.members))
    if isinstance(node, EvidenceList):
        return Branch(f"{node.key}: the comparisons behind the link", build_tree(node.members))
    if isinstance(node, NodeById | NodesById):
        many = "rows of any kind by ids" if isinstance(node, NodesById) else "a row of any kind by id"
        return Branch(f"{node.key}: {many}", _kinds(node.rows))
    if isinstance(node, Search):
        kinds = ", ".join(f"{kind.table} by {' or '.join(c.name.lower() for c in kind.columns)}" for kind in node.kinds)
        return Branch(f"{node.key}: at most {node.size} hits of {kinds}", build_tree(node.parts))
    if isinstance(node, SearchHits):
        return Branch(node.key, build_tree(node.members))
    if isinstance(node, CandidateSubject):
        return Branch(f"{node.key}: a candidate", _kinds(node.rows))
    if isinstance(node, CandidateList):
        return Branch(f"{node.key}: unconfirmed candidates in link.{node.table}", build_tree(node.members))
    if isinstance(node, LinkObject):
        return Branch(f"{node.key}: the link in link.{node.table}", build_tree(node.members))
    if isinstance(node, Nodes):
        return Branch(node.key, build_tree(node.row.members))
    if isinstance(node, Edges):
        return Branch(f"{node.key}: with cursors", build_tree(node.members))
    if isinstance(node, PageInfo):
        return Branch(f"{node.key}: {', '.join(key for key, _ in node.fields)}")
    assert isinstance(node, Group)
    return Branch(f"{node.key}: of the same row", build_tree(node.members))


def _kinds(rows: Sequence[RowObject]) -> tuple[Branch, ...]:
    return tuple(Branch(f"if a {row.entity}", build_tree(row.members)) for row in rows if row.members)


def _via(via: Via) -> str:
    if isinstance(via, ViaColumn):
        return f"where {via.column} = {via.parent_column} of the row above"
    if isinstance(via, ViaLink):
        return f"by link.{via.table}" + (" (its records)" if via.back else "")
    if isinstance(via, ViaKey):
        return f"by {via.column}"
    if isinstance(via, ViaFound):
        return "found of the row above"
    assert isinstance(via, EveryRow)
    return "of all"


def _page(page: ConnectionPage) -> str:
    words = [f", ordered by {', '.join(t.name + (' desc' if t.descending else '') for t in page.order)}"]
    words += [f", where {' and '.join(_condition(c) for c in page.conditions)}"] if page.conditions else []
    words += [f", {word} a cursor" for word, keyset in (("after", page.after), ("before", page.before)) if keyset]
    words += [", from the end"] if page.backward else []
    return "".join(words)


def _condition(condition: Condition) -> str:
    if isinstance(condition, SqlTest):
        return condition.sql.replace("{t}.", "").replace('"', "").replace("{0}", "…")
    if isinstance(condition, LinkTest):
        tests = " and ".join(_condition(test) for test in condition.tests)
        return f"its link.{condition.table} with ({tests.replace('{l}.', '').replace('{pending}', 'pending')})"
    if isinstance(condition, Not):
        return f"not ({_condition(condition.condition)})"
    if isinstance(condition, RowExists):
        inner = " and ".join(_condition(c) for c in condition.conditions) or "true"
        return f"{'no' if condition.none else 'some'} {condition.table} {_via(condition.via)} with ({inner})"
    assert isinstance(condition, AllOf | AnyOf)
    word, none = (" and ", "true") if isinstance(condition, AllOf) else (" or ", "false")
    return f"({word.join(_condition(c) for c in condition.conditions) or none})"
