"""Pages → SQL: nodes, edges, page information and counts of a connection, each made only where it is selected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.plan.building.node_builder import order_name
from hub.plan.nodes import (
    ConnectionPage,
    Edges,
    Keyset,
    NamedCount,
    NamedRows,
    Nodes,
    OrderTerm,
    PageInfo,
    PagePart,
    RowObject,
    Scalar,
    TotalCount,
)
from hub.plan.sql.json_objects import Pairs, json_object, json_pairs, row_as_json, row_name, select_list
from hub.plan.sql.row_sources import Aliases, Sources, where_clause

CURSOR_TEMPLATE = "translate(encode(convert_to({place}, 'UTF8'), 'base64'), E'\\n', '')"
"""From a row's place. It costs more than the place: `pageInfo` makes it for the first and last row alone."""


@dataclass(frozen=True)
class PageRenderer:
    """Renders pages. `members` gives the selection of a row at a depth."""

    sources: Sources
    members: Callable[[RowObject, int], Pairs]

    def page(self, page: ConnectionPage, depth: int) -> str:
        """The connection as one JSON object."""
        if not any(_reads_rows(part, page) for part in page.parts):
            return self._bare_page(page, depth)
        names = Aliases.at(depth)
        source, hung = self.sources.source(page.via, page.table, names)
        matching = hung + [self.sources.condition(c, names.row) for c in page.conditions]
        within = list(matching)
        within += [
            self._beyond(page.order, k, depth, backward=b) for k, b in ((page.after, False), (page.before, True)) if k
        ]
        order = _order_by(page, depth)
        if not page.backward and all(isinstance(part, Nodes | Scalar | TotalCount | NamedCount) for part in page.parts):
            plain = [part for part in page.parts if isinstance(part, Nodes)]
            if len(plain) == 1:
                return self._plain_page(page, plain[0], (source, matching, within, order), depth)
        return self._full_page(page, (source, matching, within, order), depth)

    def _bare_page(self, page: ConnectionPage, depth: int) -> str:
        """No rows at all: at most how many there are, and whatever is known without them."""
        members: list[tuple[str, str]] = []
        for part in page.parts:
            if isinstance(part, PageInfo):
                members.append(
                    (part.key, json_pairs([(key, _known_page_info(page)[name]) for key, name in part.fields]))
                )
            elif isinstance(part, TotalCount):
                names = Aliases.at(depth)
                source, hung = self.sources.source(page.via, page.table, names)
                matching = hung + [self.sources.condition(c, names.row) for c in page.conditions]
                members.append((part.key, _count(part, source, matching)))
            elif isinstance(part, NamedCount):
                names = Aliases.at(depth)
                source, hung = self.sources.source(page.via, page.table, names)
                matching = hung + [self.sources.condition(c, names.row) for c in page.conditions]
                members.append((part.key, self._named_count(part, source, matching, depth)))
            else:
                assert isinstance(part, Scalar)
                members.append((part.key, part.sql))
        return json_pairs(members)

    def _plain_page(
        self, page: ConnectionPage, nodes: Nodes, clauses: tuple[str, list[str], list[str], str], depth: int
    ) -> str:
        """Only nodes, forward: no row beyond the page is read and no cursor is made."""
        source, matching, within, order = clauses
        alias = row_name("r", depth)
        row = self.members(nodes.row, depth)
        rows = f"select {select_list(row)} from {source}{where_clause(within)} order by {order} limit {_limit(page, page.size, source, within)}"
        members: list[tuple[str, str]] = []
        for part in page.parts:
            if isinstance(part, Nodes):
                members.append((part.key, f"coalesce(json_agg({row_as_json(row, alias)}), '[]'::json)"))
            elif isinstance(part, Scalar):
                members.append((part.key, part.sql))
            elif isinstance(part, NamedCount):
                members.append((part.key, self._named_count(part, source, matching, depth)))
            else:
                assert isinstance(part, TotalCount)  # plain pages have no other parts
                members.append((part.key, _count(part, source, matching)))
        return f"(select {json_pairs(members)} from ({rows}) {alias})"

    def _full_page(self, page: ConnectionPage, clauses: tuple[str, list[str], list[str], str], depth: int) -> str:
        source, matching, within, order = clauses
        alias = f"p{depth}"
        selected = [f"row_number() over (order by {order}) as rn", f"{_place(page.order, depth)} as place"]
        members: list[tuple[str, str]] = []
        for part in page.parts:
            if isinstance(part, TotalCount):
                members.append((part.key, _count(part, source, matching)))
            elif isinstance(part, NamedCount):
                members.append((part.key, self._named_count(part, source, matching, depth)))
            elif isinstance(part, NamedRows):
                members.append((part.key, self._named_rows(page, part, selected, depth)))
            else:
                members.append((part.key, self._page_part(page, part, selected, depth)))
        if not any(f"{alias}.place" in made for _, made in members):
            del selected[1]
        rows = f"select {', '.join(selected)} from {source}{where_clause(within)} order by {order} limit {_limit(page, page.size + 1, source, within)}"
        return f"(select {json_pairs(members)} from ({rows}) {alias})"

    def _page_part(self, page: ConnectionPage, part: object, selected: list[str], depth: int) -> str:
        alias = f"p{depth}"
        direction = " desc" if page.backward else ""
        kept = f"filter (where {alias}.rn <= {page.size})"
        if isinstance(part, Nodes):
            name = self._row_column(part.row, selected, depth)
            return f"coalesce(json_agg({alias}.{name} order by {alias}.rn{direction}) {kept}, '[]'::json)"
        if isinstance(part, Edges):
            members = [
                (
                    m.key,
                    f"{alias}.{self._row_column(m.row, selected, depth)}"
                    if isinstance(m, Nodes)
                    else m.sql.format(cursor=_cursor(f"{alias}.place")),
                )
                for m in part.members
            ]
            edge = json_pairs(members)
            return f"coalesce(json_agg({edge} order by {alias}.rn{direction}) {kept}, '[]'::json)"
        if isinstance(part, PageInfo):
            return json_pairs([(key, self._page_info(page, name, depth)) for key, name in part.fields])
        assert isinstance(part, Scalar)
        return part.sql

    def _named_rows(self, page: ConnectionPage, part: NamedRows, selected: list[str], depth: int) -> str:
        """The hidden members of the rows that are told of. Of a page that shows its rows, only the one beyond it has any made."""
        number, alias = selected[0].removesuffix(" as rn"), f"p{depth}"
        name = self._row_column(part.row, selected, depth)
        if not part.on_page:
            made = selected[-1].removesuffix(f" as {name}")
            selected[-1] = f"case when {number} > {page.size} then {made} end as {name}"
        kept = {
            (True, False): f" filter (where {alias}.rn <= {page.size})",
            (False, True): f" filter (where {alias}.rn > {page.size})",
        }.get((part.on_page, part.beyond), "")
        return f"coalesce(json_agg({alias}.{name}){kept}, '[]'::json)"

    def _named_count(self, part: NamedCount, source: str, matching: Sequence[str], depth: int) -> str:
        """The hidden members of the rows that are counted, if they are few."""
        alias = f"c{depth}"
        made = json_object(self.members(part.row, depth), row_name("r", depth))
        rows = f"select {made} as named from {source}{where_clause(matching)} limit {part.most + 1}"
        return (
            f"(select case when count(*) <= {part.most} then coalesce(json_agg({alias}.named), '[]'::json)"
            f" else '[]'::json end from ({rows}) {alias})"
        )

    def _row_column(self, row: RowObject, selected: list[str], depth: int) -> str:
        name = f"n{len(selected)}"
        made = json_object(self.members(row, depth), row_name("r", depth))
        selected.append(f"{made} as {name}")
        return name

    def _page_info(self, page: ConnectionPage, name: str, depth: int) -> str:
        alias = f"p{depth}"
        more = f"coalesce(max({alias}.rn) > {page.size}, false)"
        # A page of no rows has no cursors, though the row beyond it is read.
        first = _cursor(f"min({alias}.place) filter (where {alias}.rn = 1 and {page.size} > 0)")
        last = _cursor(
            f"(array_agg({alias}.place order by {alias}.rn desc) filter (where {alias}.rn <= {page.size}))[1]"
        )
        found = {
            "hasPreviousPage" if page.backward else "hasNextPage": more,
            "startCursor": last if page.backward else first,
            "endCursor": first if page.backward else last,
        }
        return {**found, **_known_page_info(page)}[name]

    def _beyond(self, terms: Sequence[OrderTerm], keyset: Keyset, depth: int, *, backward: bool) -> str:
        """Rows after (or before) a cursor in the total order; an index serves it where one direction and no nulls allow."""
        sorted_by = [term.sql.format(t=f"t{depth}") for term in terms]
        values = [self.sources.bind(bind) for bind in keyset.binds]
        if not any(term.nullable for term in terms) and len({term.descending for term in terms}) == 1:
            sign = "<" if terms[0].descending is not backward else ">"
            return f"({', '.join(sorted_by)}) {sign} ({', '.join(values)})"
        alternatives = []
        for index, term in enumerate(terms):
            equal = [f"{c} is not distinct from {v}" for c, v in zip(sorted_by[:index], values[:index], strict=True)]
            alternatives.append(" and ".join([*equal, _past_cursor(term, sorted_by[index], values[index], backward)]))
        return f"(({') or ('.join(alternatives)}))"


def _count(count: TotalCount, source: str, matching: Sequence[str]) -> str:
    counted = "count(*)" if count.step == 1 else f"count(*) / {count.step} * {count.step}"
    return f"(select {counted} from {source}{where_clause(matching)})"


def _limit(page: ConnectionPage, rows: int, source: str, within: Sequence[str]) -> str:
    """The most rows to read: of a page that shows whole cells only, no more than these have. No more rows are counted than are wanted."""
    if page.cell == 1:
        return str(rows)
    most = -(-max(rows, 1) // page.cell) * page.cell
    counted = f"select from {source}{where_clause(within)} limit {most}"
    return f"(select least({rows}, count(*) / {page.cell} * {page.cell}) from ({counted}) cells)"


def _known_page_info(page: ConnectionPage) -> Mapping[str, str]:
    """The fields of `pageInfo` that the arguments alone say."""
    behind = page.before if page.backward else page.after
    return {
        "__typename": "'PageInfo'::text",
        "hasNextPage" if page.backward else "hasPreviousPage": "true" if behind else "false",
    }


def _reads_rows(part: PagePart, page: ConnectionPage) -> bool:
    if isinstance(part, PageInfo):
        return any(name not in _known_page_info(page) for _, name in part.fields)
    return isinstance(part, Nodes | Edges | NamedRows)


def _past_cursor(term: OrderTerm, column: str, value: str, backward: bool) -> str:
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


def _order_by(page: ConnectionPage, depth: int) -> str:
    terms = []
    for term in page.order:
        descending = term.descending is not page.backward
        terms.append(f"{term.sql.format(t=f't{depth}')}{' desc' if descending else ''}")
    return ", ".join(terms)


def _place(terms: Sequence[OrderTerm], depth: int) -> str:
    """The row's place in an order, as JSON text: the order's name and the values of its terms."""
    values = [f"{term.sql.format(t=f't{depth}')}::text" for term in terms]
    parts = ", ".join([f"'{order_name(tuple(terms))}'", *values])
    return f"json_build_array({parts})::text"


def _cursor(place: str) -> str:
    return CURSOR_TEMPLATE.format(place=place)
