"""Nodes → SQL: one statement whose single value is the response's `data` as JSON text.

Aliases go by depth (`t0`, `t1`; `l1` for a link, `r$1` for a row made an object, `p1` for a page). A caller's response keys
are names of columns only, and never those of a row that we use as a whole (`row_name`). PostgreSQL builds the JSON; the
order of keys is the order of selection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.model.names import quote_identifier
from hub.model.tables import ACCEPTED
from hub.plan.binds import Bind
from hub.plan.nodes import (
    CandidateList,
    CandidatePeople,
    CandidateSubject,
    ConnectionPage,
    EvidenceList,
    Group,
    KeyedSubject,
    LinkedSubject,
    LinkObject,
    Member,
    MergedIds,
    MergedRows,
    NodeById,
    NodesById,
    OneByKind,
    OneLinkedRow,
    OneRow,
    Root,
    RowObject,
    Scalar,
    Search,
)
from hub.plan.sql.json_objects import Pairs, json_object, row_name
from hub.plan.sql.page_sql import PageRenderer
from hub.plan.sql.row_sources import Aliases, Past, Sources, where_clause
from hub.plan.sql.search_sql import SearchRenderer


@dataclass(frozen=True)
class Statement:
    """One SQL statement with `$1` … and its binds, in order."""

    sql: str
    binds: tuple[Bind, ...]


def render_statement(
    roots: Sequence[Root], past: Past | None = None, *, merging: frozenset[str] = frozenset(), most_bytes: int
) -> Statement:
    """The statement of an operation's stored root fields. Its value is null if the JSON is longer than `most_bytes`.

    `merging` are the tables whose rows can be merged.
    """
    renderer = _Renderer(Sources(past, merging))
    members = [(root.key, renderer.root(root)) for root in roots]
    # `offset 0` keeps PostgreSQL from making the JSON twice, for its length and for itself.
    sql = (
        f"select case when octet_length(j) <= {most_bytes} then j end"
        f" from (select {json_object(members, row_name('d'))}::text as j offset 0) result"
    )
    return Statement(sql, tuple(renderer.sources.binds))


class _Renderer:
    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.pages = PageRenderer(self.sources, self._members)
        self.searches = SearchRenderer(self.sources, lambda rows, number: self._cases(rows, 0, number, heir=True))

    def root(self, root: Root) -> str:
        if isinstance(root, OneRow):
            return self._one(root, 0)
        if isinstance(root, NodeById):
            number, kind = self.sources.bind(root.id), self.sources.bind(root.kind)
            return f"case {kind} {self._cases(root.rows, 0, number)} end"
        if isinstance(root, NodesById):
            # Behind a subselect the planner does not count the ids: a plan for any number of them then costs as much as one for these, and is
            # kept. Otherwise all kinds of records are planned for each request: 15 ms of the processor for the rows of a review question.
            given = (f"(select {self.sources.bind(values)})" for values in (root.kinds, root.ids))
            wanted = f"unnest({', '.join(given)}) with ordinality w(kind, id, place)"
            case = f"case w.kind {self._cases(root.rows, 0, 'w.id')} end"
            return f"(select coalesce(json_agg({case} order by w.place), '[]'::json) from {wanted})"
        if isinstance(root, ConnectionPage):
            return self.pages.page(root, 0)
        if isinstance(root, Search):
            return self.searches.search(root)
        return root.sql

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def _members(self, row: RowObject, depth: int) -> Pairs:
        return [(m.key, self._member(m, depth)) for m in row.members]

    def _row(self, row: RowObject, depth: int) -> str:
        """The row in scope as an object."""
        return json_object(self._members(row, depth), row_name("r", depth))

    def _row_of(self, row: RowObject, depth: int, rest: str) -> str:
        """A scalar select of one row as an object; `rest` is its from clause and what follows."""
        return json_object(self._members(row, depth), row_name("r", depth), f" from {rest}")

    def _member(self, member: Member, depth: int) -> str:
        if isinstance(member, Scalar):
            return self.sources.scalar(member, t=f"t{depth}", l=f"l{depth + 1}")
        if isinstance(member, Group):
            return json_object([(m.key, self._member(m, depth)) for m in member.members], row_name("g", depth))
        if isinstance(member, OneRow):
            return self._one(member, depth + 1)
        if isinstance(member, OneLinkedRow):
            return self._one_of(member, depth + 1)
        if isinstance(member, OneByKind):
            kind, number = (sql.format(t=f"t{depth}") for sql in (member.kind, member.id))
            return f"case {kind} {self._cases(member.rows, depth + 1, number)} end"
        if isinstance(member, ConnectionPage):
            return self.pages.page(member, depth + 1)
        if isinstance(member, MergedIds | MergedRows):
            return self._merged(member, depth)
        if isinstance(member, LinkedSubject):
            return self._linked_subject(member, depth)
        if isinstance(member, KeyedSubject):
            return self._keyed_subject(member, depth)
        return self._link_object(member, depth)

    def _one(self, one: OneRow, depth: int) -> str:
        source, hung = self.sources.source(one.via, one.row.table, Aliases.at(depth))
        return self._row_of(one.row, depth, source + where_clause(hung))

    def _one_of(self, one: OneLinkedRow, depth: int) -> str:
        return (
            f"(select {self._by_kind(one.rows, depth)} from {self.sources.links(one.table)} l{depth}"
            f" where l{depth}.record_id = t{depth - 1}.id and l{depth}.{ACCEPTED})"
        )

    def _by_kind(self, rows: Sequence[RowObject], depth: int) -> str:
        return f"case l{depth}.subject_kind {self._cases(rows, depth, f'l{depth}.subject_id', heir=True)} end"

    def _cases(self, rows: Sequence[RowObject], depth: int, number: str, *, heir: bool = False) -> str:
        """For each kind, the row of this id, or the one that it was merged into; `heir` says that the id is an heir's already."""
        found = []
        for row in rows:
            own = number if heir else self.sources.heir(row.table, number)
            rest = f"{self.sources.table(row.table)} t{depth} where t{depth}.id = {own}"
            found.append(f"when '{row.entity}' then {self._row_of(row, depth, rest)}")
        return " ".join(found)

    def _merged(self, merged: MergedIds | MergedRows, depth: int) -> str:
        """The rows that were merged into the row in scope, oldest first."""
        inner = depth + 1
        source = f"{self.sources.heirs()} h{inner}"
        if isinstance(merged, MergedIds):
            item = f"hub.global_id('{merged.entity}', h{inner}.subject_id)"
        else:
            source += f" join {self.sources.table(merged.row.table)} t{inner} on t{inner}.id = h{inner}.subject_id"
            item = self._object(merged.row.members, row_name("k", inner), t=f"t{inner}", h=f"h{inner}")
        listed = f"coalesce(json_agg({item} order by h{inner}.subject_id), '[]'::json)"
        return f"(select {listed} from {source} where h{inner}.heir_id = t{depth}.id)"

    def _object(self, members: Sequence[Member], alias: str, **names: str) -> str:
        """An object of expressions over the rows of these names."""
        scalars = [(m.key, self.sources.scalar(m, **names)) for m in members if isinstance(m, Scalar)]
        return json_object(scalars, alias)

    def _linked_subject(self, linked: LinkedSubject, depth: int) -> str:
        alias = f"s{depth + 1}"
        return (
            f"(select {alias}.subject_id from {self.sources.links(linked.table)} {alias} where {alias}.record_id = t{depth}.id"
            f" and {alias}.{ACCEPTED} and {alias}.subject_kind = '{linked.kind}')"
        )

    def _keyed_subject(self, keyed: KeyedSubject, depth: int) -> str:
        alias = f"k{depth + 1}"
        value = keyed.value.format(t=f"t{depth}")
        return (
            f"(select {self.sources.heir(keyed.table, f'{alias}.id')} from {self.sources.table(keyed.table)} {alias}"
            f" where {alias}.{quote_identifier(keyed.column)} = {value})"
        )

    # --- Links --------------------------------------------------------------------------------------------------------

    def _link_object(self, link: LinkObject, depth: int) -> str:
        alias = f"l{depth + 1}"
        of_record = f"{{l}}.record_id = t{depth}.id"
        pending = self.sources.pending(link.table, f"t{depth}")
        members: list[tuple[str, str]] = []
        for member in link.members:
            if isinstance(member, CandidateList):
                members.append((member.key, self._candidates(member, depth)))
            elif isinstance(member, EvidenceList):
                members.append((member.key, self._evidence(member, depth + 1)))
            elif isinstance(member, CandidatePeople):
                members.append((member.key, self._candidate_people(member, depth)))
            elif isinstance(member, Scalar):
                members.append((member.key, self.sources.scalar(member, t=f"t{depth}", l=alias, pending=pending)))
            else:
                members.append((member.key, self._member(member, depth)))
        joined = f"{self.sources.links(link.table)} {alias} on {of_record.format(l=alias)} and {alias}.{ACCEPTED}"
        return json_object(members, row_name("k", depth), f" from (select) one left join {joined}")

    def _candidates(self, candidates: CandidateList, depth: int) -> str:
        inner = depth + 1
        members: list[tuple[str, str]] = []
        for member in candidates.members:
            if isinstance(member, CandidateSubject):
                members.append((member.key, self._by_kind(member.rows, inner)))
            elif isinstance(member, EvidenceList):
                members.append((member.key, self._evidence(member, inner)))
            elif isinstance(member, Scalar):
                members.append((member.key, self.sources.scalar(member, t=f"t{depth}", l=f"l{inner}")))
        return (
            f"(select coalesce(json_agg({json_object(members, row_name('k', inner))} order by l{inner}.subject_id, l{inner}.found_id),"
            f" '[]'::json) from {self.sources.links(candidates.table)} l{inner}"
            f" where l{inner}.record_id = t{depth}.id and l{inner}.status = 'UNCONFIRMED')"
        )

    def _candidate_people(self, people: CandidatePeople, depth: int) -> str:
        alias, row = f"c{depth + 1}", row_name("k", depth + 1)
        is_asked = f" and l{depth + 1}.record_id is null" if people.pending else ""
        return (
            f"(select coalesce(json_agg(row_to_json({row})), '[]'::json) from (select {alias}.subject_id as \"{people.member}\""
            f" from {self.sources.links(people.table)} {alias} where {alias}.record_id = t{depth}.id"
            f" and {alias}.status = 'UNCONFIRMED' and {alias}.subject_kind = '{people.kind}'{is_asked}) {row})"
        )

    def _evidence(self, evidence: EvidenceList, depth: int) -> str:
        """The comparisons behind the link in scope, in their order; null if none were kept."""
        kept, alias = f"l{depth}.evidence", f"e{depth}"
        item = self._object(evidence.members, row_name("ke", depth), e=f"{alias}.item")
        return (
            f"case jsonb_typeof({kept}) when 'array' then (select coalesce(json_agg({item} order by {alias}.place), '[]'::json)"
            f" from jsonb_array_elements({kept}) with ordinality {alias}(item, place)) end"
        )
