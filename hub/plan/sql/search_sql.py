"""A search → SQL: candidates of each kind by their indexes, compared, scored, and the best of all kinds as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.plan.nodes import OneByKind, RowObject, Scalar, Search, SearchedKind, SearchHits
from hub.plan.sql.json_objects import json_object, json_pairs, row_name
from hub.plan.sql.row_sources import Sources

MAX_CANDIDATES = 200
"""Rows that each way of finding may give: of a name that a hundred thousand bear, not all are compared."""
HIT = "s$"
"""The row of a hit. No response key is this."""


@dataclass(frozen=True)
class SearchRenderer:
    """Renders searches. `cases` gives the row of a kind and an id, of several kinds."""

    sources: Sources
    cases: Callable[[Sequence[RowObject], str], str]

    def search(self, search: Search) -> str:
        """The result as one JSON object."""
        found = " union all ".join(self._kind(kind) for kind in search.kinds)
        order = "score desc, kind, id"
        best = f"select *, row_number() over (order by {order}) as place from ({found}) every order by {order} limit {search.size + 1}"
        members = [(part.key, self._part(search, part)) for part in search.parts]
        # One row, also where no part is an aggregate (`{ __typename }`).
        return f"(select {json_pairs(members)} from ({best}) {HIT} having true)"

    def _part(self, search: Search, part: Scalar | SearchHits) -> str:
        if isinstance(part, Scalar):
            return part.sql.format(more=f"count(*) > {search.size}")
        hit = json_object([(member.key, self._member(member)) for member in part.members], row_name("k"))
        return f"coalesce(json_agg({hit} order by {HIT}.place) filter (where {HIT}.place <= {search.size}), '[]'::json)"

    def _member(self, member: Scalar | OneByKind) -> str:
        if isinstance(member, Scalar):
            return member.sql.format(s=HIT)
        return f"case {member.kind.format(s=HIT)} {self.cases(member.rows, member.id.format(s=HIT))} end"

    def _kind(self, kind: SearchedKind) -> str:
        """Rows of one entity: kind, id, matched, score. Of rows that are one subject, the best stands for it."""
        own, row = self.sources.table(kind.table), "c0"
        ways = dict.fromkeys(
            f"(select {row}.id from {own} {row} where {self.sources.condition(way, row)} order by {row}.id limit {MAX_CANDIDATES})"
            for column in kind.columns
            for way in column.found
        )
        names, scores = [], []
        for column in kind.columns:
            tests = [(self.sources.condition(test, row), points) for test, points in column.graded]
            names.append(f"case when {' or '.join(test for test, _ in tests)} then '{column.name}' end")
            scores += [f"case when {test} then {points} else 0 end" for test, points in tests]
        id_ = self.sources.heir(kind.table, f"{row}.id")
        compared = (
            f"select '{kind.entity}' as kind, {id_} as id, array_remove(array[{', '.join(names)}], null) as matched,"
            f" {' + '.join(scores)} as score from {own} {row} where {row}.id in ({' union '.join(ways)})"
        )
        if kind.table not in self.sources.merging:
            return compared
        # An heir may have been deleted since the merge, or be younger than the instant asked for: then nobody stands for the row.
        there = f"exists (select from {own} {row} where {row}.id = one.id)"
        return f"(select distinct on (id) * from ({compared}) one where {there} order by id, score desc, matched)"
