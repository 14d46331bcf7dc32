"""Nodes → SQL: one statement whose single value is the response's `data` as JSON text.

Aliases go by depth (`t0`, `t1`; `l1` for a link, `r1` for a row made an object, `p1` for a page). PostgreSQL builds the
JSON; the order of keys is the order of selection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.model.tables import ACCEPTED
from hub.plan.binds import Bind
from hub.plan.build import order_name
from hub.plan.nodes import (
    AllOf,
    AnyOf,
    ByColumn,
    ByKey,
    ByLink,
    Candidate,
    Candidates,
    Condition,
    Edges,
    Group,
    Keyset,
    LinkObject,
    Member,
    NodeById,
    Nodes,
    NodesById,
    Not,
    One,
    OneOf,
    OrderTerm,
    Page,
    PageInfo,
    PagePart,
    Root,
    Row,
    Scalar,
    Test,
    Through,
    TotalCount,
    Via,
)

LONGEST_NAME = 63
"""PostgreSQL cuts longer names; objects with a longer key are put together as text."""

MOST_PAIRS = 50
"""A function takes 100 arguments at most."""

CURSOR = "translate(encode(convert_to(json_build_array({parts})::text, 'UTF8'), 'base64'), E'\\n', '')"


@dataclass(frozen=True)
class Statement:
    """One SQL statement with `$1` … and its binds, in order."""

    sql: str
    binds: tuple[Bind, ...]


@dataclass(frozen=True)
class Past:
    """A past instant, and the columns that data and history have of each table."""

    at: Bind
    columns: Mapping[str, tuple[str, ...]]


LINK_COLUMNS = "record_id, subject_id, subject_kind, status, method, confidence, decided_at"


def render(roots: Sequence[Root], past: Past | None = None, *, most_bytes: int) -> Statement:
    """The statement of an operation's stored root fields. Its value is null where the JSON is longer than `most_bytes`."""
    renderer = _Renderer(past)
    members = [(root.key, renderer.root(root)) for root in roots]
    # `offset 0` keeps PostgreSQL from making the JSON twice, for its length and for itself.
    sql = (
        f"select case when octet_length(j) <= {most_bytes} then j end"
        f" from (select {_object(members, 'd')}::text as j offset 0) result"
    )
    return Statement(sql, tuple(renderer.binds))


@dataclass
class _Renderer:
    past: Past | None
    binds: list[Bind] = field(default_factory=list)

    def bind(self, bind: Bind) -> str:
        """The placeholder of a bind; equal binds share one."""
        if bind not in self.binds:
            self.binds.append(bind)
        return f"${self.binds.index(bind) + 1}::{bind.cast}"

    def root(self, root: Root) -> str:
        if isinstance(root, One):
            return self._one(root, 0)
        if isinstance(root, NodeById):
            number, kind = self.bind(root.id), self.bind(root.kind)
            return f"case {kind} {self._cases(root.rows, 0, number)} end"
        if isinstance(root, NodesById):
            wanted = f"unnest({self.bind(root.kinds)}, {self.bind(root.ids)}) with ordinality w(kind, id, place)"
            case = f"case w.kind {self._cases(root.rows, 0, 'w.id')} end"
            return f"(select coalesce(json_agg({case} order by w.place), '[]'::json) from {wanted})"
        if isinstance(root, Page):
            return self._page(root, 0)
        return root.sql

    # --- Tables, now or at an instant -----------------------------------------------------------------------------------

    def _table(self, table: str) -> str:
        """The rows of an entity that hold: in `data`, or at the past instant in `data` and `history` together."""
        if self.past is None:
            return f"data.{table}"
        return self._held(f"data.{table}", f"history.{table}", ", ".join(self.past.columns[table]))

    def _links(self, table: str) -> str:
        """The links of a linked field that hold."""
        if self.past is None:
            return f"link.{table}"
        return self._held(f"link.{table}", f"link_history.{table}", LINK_COLUMNS)

    def _held(self, now: str, before: str, columns: str) -> str:
        assert self.past is not None
        at = self.bind(self.past.at)
        return (
            f"(select {columns} from {now} where sys_from <= {at}"
            f" union all select {columns} from {before} where sys_from <= {at} and sys_to > {at})"
        )

    def _sql(self, scalar: Scalar, **names: str) -> str:
        """The expression of a scalar, with the names of the rows in scope."""
        if self.past is not None:
            names["at"] = self.bind(self.past.at)
        return scalar.sql.format(**names)

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def _members(self, row: Row, depth: int) -> "Pairs":
        return [(m.key, self._member(m, depth)) for m in row.members]

    def _row(self, row: Row, depth: int) -> str:
        """The row in scope as an object."""
        return _object(self._members(row, depth), f"r{depth}")

    def _row_of(self, row: Row, depth: int, rest: str) -> str:
        """A scalar select of one row as an object; `rest` is its from clause and what follows."""
        return _object(self._members(row, depth), f"r{depth}", f" from {rest}")

    def _member(self, member: Member, depth: int) -> str:
        if isinstance(member, Scalar):
            return self._sql(member, t=f"t{depth}", l=f"l{depth + 1}")
        if isinstance(member, Group):
            return _object([(m.key, self._member(m, depth)) for m in member.members], f"g{depth}")
        if isinstance(member, One):
            return self._one(member, depth + 1)
        if isinstance(member, OneOf):
            return self._one_of(member, depth + 1)
        if isinstance(member, Page):
            return self._page(member, depth + 1)
        return self._link_object(member, depth)

    def _one(self, one: One, depth: int) -> str:
        source, where = self._source(one.via, one.row.table, _Aliases.at(depth))
        return self._row_of(one.row, depth, source + _where(where))

    def _one_of(self, one: OneOf, depth: int) -> str:
        return (
            f"(select {self._by_kind(one.rows, depth)} from {self._links(one.table)} l{depth}"
            f" where l{depth}.record_id = t{depth - 1}.id and l{depth}.{ACCEPTED})"
        )

    def _by_kind(self, rows: Sequence[Row], depth: int) -> str:
        return f"case l{depth}.subject_kind {self._cases(rows, depth, f'l{depth}.subject_id')} end"

    def _cases(self, rows: Sequence[Row], depth: int, number: str) -> str:
        """For each kind, the row of this id."""
        return " ".join(
            f"when '{row.entity}' then "
            + self._row_of(row, depth, f"{self._table(row.table)} t{depth} where t{depth}.id = {number}")
            for row in rows
        )

    def _source(self, via: Via, table: str, names: "_Aliases") -> tuple[str, list[str]]:
        """The from clause and the conditions that hang a row on the one above."""
        own = f"{self._table(table)} {names.row}"
        if isinstance(via, ByColumn):
            return own, [f"{names.row}.{via.column} = {names.parent}.{via.parent_column}"]
        if isinstance(via, ByKey):
            return own, [f"{names.row}.{via.column} = {self.bind(via.bind)}"]
        if isinstance(via, ByLink):
            near, far = ("subject_id", "record_id") if via.back else ("record_id", "subject_id")
            link = f"{self._links(via.table)} {names.link} join {own} on {names.row}.id = {names.link}.{far}"
            return link, [f"{names.link}.{near} = {names.parent}.id", f"{names.link}.{ACCEPTED}"]
        return own, []

    # --- Links --------------------------------------------------------------------------------------------------------

    def _link_object(self, link: LinkObject, depth: int) -> str:
        alias = f"l{depth + 1}"
        of_record = f"{{l}}.record_id = t{depth}.id"
        pending = (
            f"case when exists (select from {self._links(link.table)} c where c.record_id = t{depth}.id)"
            " then 'UNCONFIRMED' else 'UNLINKED' end"
        )
        members: list[tuple[str, str]] = []
        for member in link.members:
            if isinstance(member, Candidates):
                members.append((member.key, self._candidates(member, depth)))
            elif isinstance(member, Scalar):
                members.append((member.key, self._sql(member, t=f"t{depth}", l=alias, pending=pending)))
            else:
                members.append((member.key, self._member(member, depth)))
        joined = f"{self._links(link.table)} {alias} on {of_record.format(l=alias)} and {alias}.{ACCEPTED}"
        return _object(members, f"k{depth}", f" from (select) one left join {joined}")

    def _candidates(self, candidates: Candidates, depth: int) -> str:
        inner = depth + 1
        members: list[tuple[str, str]] = []
        for member in candidates.members:
            if isinstance(member, Candidate):
                members.append((member.key, self._by_kind(member.rows, inner)))
            elif isinstance(member, Scalar):
                members.append((member.key, self._sql(member, t=f"t{depth}", l=f"l{inner}")))
        return (
            f"(select coalesce(json_agg({_object(members, f'k{inner}')} order by l{inner}.subject_id), '[]'::json)"
            f" from {self._links(candidates.table)} l{inner}"
            f" where l{inner}.record_id = t{depth}.id and l{inner}.status = 'UNCONFIRMED')"
        )

    # --- Pages --------------------------------------------------------------------------------------------------------

    def _page(self, page: Page, depth: int) -> str:
        if not any(_reads_rows(part, page) for part in page.parts):
            return self._bare_page(page, depth)
        names = _Aliases.at(depth)
        source, hung = self._source(page.via, page.table, names)
        matching = hung + [self._condition(c, names.row) for c in page.conditions]
        within = list(matching)
        within += [
            self._beyond(page.order, k, depth, backward=b) for k, b in ((page.after, False), (page.before, True)) if k
        ]
        order = _order_by(page, depth)
        if not page.backward and all(isinstance(part, Nodes | Scalar | TotalCount) for part in page.parts):
            plain = [part for part in page.parts if isinstance(part, Nodes)]
            if len(plain) == 1:
                return self._plain_page(page, plain[0], (source, matching, within, order), depth)
        return self._full_page(page, (source, matching, within, order), depth)

    def _bare_page(self, page: Page, depth: int) -> str:
        """No rows at all: at most how many there are, and what is known without them."""
        members: list[tuple[str, str]] = []
        for part in page.parts:
            if isinstance(part, PageInfo):
                members.append((part.key, _pairs([(key, _known(page)[name]) for key, name in part.fields])))
            elif isinstance(part, TotalCount):
                names = _Aliases.at(depth)
                source, hung = self._source(page.via, page.table, names)
                matching = hung + [self._condition(c, names.row) for c in page.conditions]
                members.append((part.key, f"(select count(*) from {source}{_where(matching)})"))
            else:
                assert isinstance(part, Scalar)
                members.append((part.key, part.sql))
        return _pairs(members)

    def _plain_page(self, page: Page, nodes: Nodes, clauses: tuple[str, list[str], list[str], str], depth: int) -> str:
        """Only nodes, forward: no row beyond the page is read and no cursor is made."""
        source, matching, within, order = clauses
        alias = f"r{depth}"
        row = self._members(nodes.row, depth)
        rows = f"select {_columns(row)} from {source}{_where(within)} order by {order} limit {page.size}"
        members: list[tuple[str, str]] = []
        for part in page.parts:
            if isinstance(part, Nodes):
                members.append((part.key, f"coalesce(json_agg({_json(row, alias)}), '[]'::json)"))
            elif isinstance(part, Scalar):
                members.append((part.key, part.sql))
            else:
                members.append((part.key, f"(select count(*) from {source}{_where(matching)})"))
        return f"(select {_pairs(members)} from ({rows}) {alias})"

    def _full_page(self, page: Page, clauses: tuple[str, list[str], list[str], str], depth: int) -> str:
        source, matching, within, order = clauses
        alias = f"p{depth}"
        columns = [f"row_number() over (order by {order}) as rn", f"{_cursor(page.order, depth)} as cursor"]
        members: list[tuple[str, str]] = []
        for part in page.parts:
            if isinstance(part, TotalCount):
                members.append((part.key, f"(select count(*) from {source}{_where(matching)})"))
            else:
                members.append((part.key, self._page_part(page, part, columns, depth)))
        rows = f"select {', '.join(columns)} from {source}{_where(within)} order by {order} limit {page.size + 1}"
        return f"(select {_pairs(members)} from ({rows}) {alias})"

    def _page_part(self, page: Page, part: object, columns: list[str], depth: int) -> str:
        alias = f"p{depth}"
        direction = " desc" if page.backward else ""
        kept = f"filter (where {alias}.rn <= {page.size})"
        if isinstance(part, Nodes):
            name = self._row_column(part.row, columns, depth)
            return f"coalesce(json_agg({alias}.{name} order by {alias}.rn{direction}) {kept}, '[]'::json)"
        if isinstance(part, Edges):
            members = [
                (
                    m.key,
                    f"{alias}.{self._row_column(m.row, columns, depth)}"
                    if isinstance(m, Nodes)
                    else m.sql.format(cursor=f"{alias}.cursor"),
                )
                for m in part.members
            ]
            edge = _pairs(members)
            return f"coalesce(json_agg({edge} order by {alias}.rn{direction}) {kept}, '[]'::json)"
        if isinstance(part, PageInfo):
            return _pairs([(key, self._page_info(page, name, depth)) for key, name in part.fields])
        assert isinstance(part, Scalar)
        return part.sql

    def _row_column(self, row: Row, columns: list[str], depth: int) -> str:
        name = f"n{len(columns)}"
        columns.append(f"{self._row(row, depth)} as {name}")
        return name

    def _page_info(self, page: Page, name: str, depth: int) -> str:
        alias = f"p{depth}"
        more = f"coalesce(max({alias}.rn) > {page.size}, false)"
        # A page of no rows has no cursors, though the row beyond it is read.
        first, last = (
            f"min({alias}.cursor) filter (where {alias}.rn = 1 and {page.size} > 0)",
            (f"(array_agg({alias}.cursor order by {alias}.rn desc) filter (where {alias}.rn <= {page.size}))[1]"),
        )
        found = {
            "hasPreviousPage" if page.backward else "hasNextPage": more,
            "startCursor": last if page.backward else first,
            "endCursor": first if page.backward else last,
        }
        return {**found, **_known(page)}[name]

    def _beyond(self, terms: Sequence[OrderTerm], keyset: Keyset, depth: int, *, backward: bool) -> str:
        """Rows after (or before) a cursor in the total order; an index serves it where one direction and no nulls allow."""
        columns = [term.sql.format(t=f"t{depth}") for term in terms]
        values = [self.bind(bind) for bind in keyset.binds]
        if not any(term.nullable for term in terms) and len({term.descending for term in terms}) == 1:
            sign = "<" if terms[0].descending is not backward else ">"
            return f"({', '.join(columns)}) {sign} ({', '.join(values)})"
        alternatives = []
        for index, term in enumerate(terms):
            equal = [f"{c} is not distinct from {v}" for c, v in zip(columns[:index], values[:index], strict=True)]
            alternatives.append(" and ".join([*equal, _past(term, columns[index], values[index], backward)]))
        return f"(({') or ('.join(alternatives)}))"

    # --- Conditions ---------------------------------------------------------------------------------------------------

    def _condition(self, condition: Condition, row: str) -> str:
        """The condition on the row of this alias."""
        if isinstance(condition, Test):
            sql = condition.sql.replace("{t}", row)
            for index, bind in enumerate(condition.binds):
                sql = sql.replace(f"{{{index}}}", self.bind(bind))
            return f"({sql})"
        if isinstance(condition, Not):
            return f"(({self._condition(condition.condition, row)}) is not true)"
        if isinstance(condition, Through):
            names = _Aliases(f"{row}f", f"{row}l", row)
            source, hung = self._source(condition.via, condition.table, names)
            inner = hung + [self._condition(c, names.row) for c in condition.conditions]
            return f"{'not ' if condition.none else ''}exists (select from {source}{_where(inner)})"
        word, none = (" and ", "true") if isinstance(condition, AllOf) else (" or ", "false")
        assert isinstance(condition, AllOf | AnyOf)
        inner = [self._condition(c, row) for c in condition.conditions]
        return f"({word.join(inner)})" if inner else none


@dataclass(frozen=True)
class _Aliases:
    """The names of a row, of the link it is reached by, and of the row above."""

    row: str
    link: str
    parent: str

    @classmethod
    def at(cls, depth: int) -> "_Aliases":
        return cls(f"t{depth}", f"l{depth}", f"t{depth - 1}")


def _known(page: Page) -> Mapping[str, str]:
    """The fields of `pageInfo` that the arguments alone say."""
    behind = page.before if page.backward else page.after
    return {
        "__typename": "'PageInfo'::text",
        "hasNextPage" if page.backward else "hasPreviousPage": "true" if behind else "false",
    }


def _reads_rows(part: PagePart, page: Page) -> bool:
    if isinstance(part, PageInfo):
        return any(name not in _known(page) for _, name in part.fields)
    return isinstance(part, Nodes | Edges)


def _past(term: OrderTerm, column: str, value: str, backward: bool) -> str:
    """One term past the cursor's value. Nulls are the greatest, so they come last ascending and first descending."""
    if term.descending is not backward:
        return (
            f"({column} < {value} or ({value} is null and {column} is not null))"
            if term.nullable
            else f"{column} < {value}"
        )
    return (
        f"({column} > {value} or ({column} is null and {value} is not null))"
        if term.nullable
        else f"{column} > {value}"
    )


def _order_by(page: Page, depth: int) -> str:
    terms = []
    for term in page.order:
        descending = term.descending is not page.backward
        terms.append(f"{term.sql.format(t=f't{depth}')}{' desc' if descending else ''}")
    return ", ".join(terms)


def _cursor(terms: Sequence[OrderTerm], depth: int) -> str:
    values = [f"{term.sql.format(t=f't{depth}')}::text" for term in terms]
    return CURSOR.format(parts=", ".join([f"'{order_name(tuple(terms))}'", *values]))


def _where(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""


Pairs = Sequence[tuple[str, str]]


def _object(members: Pairs, alias: str, source: str = "") -> str:
    """A scalar select of a JSON object with any number of members: a row made JSON, since functions take 100 arguments."""
    return f"(select {_json(members, alias)} from (select {_columns(members)}{source}) {alias})"


def _columns(members: Pairs) -> str:
    if _is_long(members):
        return ", ".join(f"{sql} as c{index}" for index, (_, sql) in enumerate(members))
    return ", ".join(f'{sql} as "{key}"' for key, sql in members)


def _json(members: Pairs, alias: str) -> str:
    if not _is_long(members):
        return f"row_to_json({alias})"
    return _joined([(key, f"{alias}.c{index}") for index, (key, _) in enumerate(members)])


def _is_long(members: Pairs) -> bool:
    return any(len(key) > LONGEST_NAME for key, _ in members)


def _pairs(members: Pairs) -> str:
    """A JSON object around aggregates, which a sub-select would not see as its own."""
    if len(members) > MOST_PAIRS:
        return _joined(members)
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in members)
    return f"json_build_object({pairs})"


def _joined(members: Pairs) -> str:
    parts = [f"'\"{key}\":' || coalesce(to_json({sql})::text, 'null')" for key, sql in members]
    joined = " || ',' || ".join(parts)
    return f"('{{' || {joined} || '}}')::json"
