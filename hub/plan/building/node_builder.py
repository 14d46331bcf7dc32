"""Operation → nodes: walks the merged selections of each stored root field along the registry."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from graphql import GraphQLField, GraphQLObjectType

from hub.errors import OperationRefused
from hub.model import derived_fields
from hub.model.names import to_camel_case
from hub.model.registry import Backlink, Column, Entity, Linked, Reference, Registry
from hub.plan.binds import Bind, CursorPart, GlobalIdPart, GlobalIdParts, Tree
from hub.plan.building.arguments import read_arguments, read_value
from hub.plan.building.conditions import ConditionCounter, FilterReader, backlink_via, find_filtered_columns, read_order
from hub.plan.building.correction_nodes import CORRECTIONS_FIELD as CORRECTIONS
from hub.plan.building.correction_nodes import CorrectionNodeBuilder
from hub.plan.building.discrepancy_nodes import DISCREPANCIES_FIELD as DISCREPANCIES
from hub.plan.building.discrepancy_nodes import DiscrepancyNodeBuilder
from hub.plan.building.link_nodes import MERGED_FROM, MERGED_IDS, LinkNodeBuilder
from hub.plan.building.node_parts import ConnectionSource, Sets, make_group, quote_literal
from hub.plan.building.search_nodes import SEARCH_FIELD as SEARCH
from hub.plan.building.search_nodes import SearchNodeBuilder
from hub.plan.building.selection import Document, Selected
from hub.plan.data_subjects import HIDDEN_ROWS, data_subject_members, keyed_subject_members
from hub.plan.masks import FULL, HIDDEN_TEXT, Disclosure, is_masked, is_told_by_filter, mask_column, refuse_masked
from hub.plan.nodes import (
    ConnectionPage,
    Edges,
    EveryRow,
    Keyset,
    Member,
    MergedIds,
    NamedCount,
    NamedRows,
    NodeById,
    Nodes,
    NodesById,
    OneLinkedRow,
    OneRow,
    OrderTerm,
    PageInfo,
    PagePart,
    Root,
    RowObject,
    Scalar,
    TotalCount,
    Via,
    ViaColumn,
    ViaFound,
    ViaKey,
    ViaLink,
)

SMALL_COUNT = 10
"""A count of so many rows that satisfy a filter names their people, as a page of them does: a filter for one person counts one or none."""
KIND_KEY = "$kind"
"""A response key cannot be this: no name of GraphQL has a `$`."""


@dataclass(frozen=True)
class Catalog:
    """What each GraphQL field of stored data is, found by name. Made once for a registry."""

    registry: Registry

    @cached_property
    def by_field(self) -> Mapping[str, Mapping[str, Column | Reference | Linked | Backlink]]:
        """Entity → GraphQL field → element."""
        found: dict[str, dict[str, Column | Reference | Linked | Backlink]] = {}
        for entity in self.registry:
            fields: dict[str, Column | Reference | Linked | Backlink] = {c.graphql: c for c in entity.fields}
            for ref in entity.references:
                fields |= {ref.column.graphql: ref.column, ref.graphql: ref}
            for linked in entity.linked:
                fields |= {linked.graphql: linked, linked.link_graphql: linked}
            fields |= {back.graphql: back for back in entity.backlinks}
            found[entity.name] = fields
        return found

    @cached_property
    def roots(self) -> Mapping[str, tuple[Entity, bool]]:
        """Root field → its entity, and whether it is a connection."""
        found = {to_camel_case(entity.table): (entity, False) for entity in self.registry if entity.keys}
        return found | {to_camel_case(entity.plural): (entity, True) for entity in self.registry}

    def is_stored(self, field: str) -> bool:
        """Whether a root field is stored data, and so the planner's."""
        return field in self.roots or field in ("node", "nodes", SEARCH, DISCREPANCIES, CORRECTIONS)


@dataclass(frozen=True)
class Builder:
    """Builds the nodes of one operation.

    `typed` adds the name of its entity, under `KIND`, to every row of an abstract field: the graph lane completes values
    itself and has to know the type also where `__typename` is not selected. `past` reads the state at an instant.
    `names_data_subjects` adds hidden members to rows (see `hub.plan.data_subjects`).
    `disclosure` says what of it may be shown (see `hub.plan.masks`).
    """

    catalog: Catalog
    document: Document
    filter_links: int
    filter_terms: ConditionCounter
    typed: bool = False
    past: bool = False
    names_data_subjects: bool = False
    disclosure: Disclosure = FULL
    trail: list[str] = field(default_factory=list)
    """The response keys down to the node being built, for the path of an error."""

    def root(self, selected: Selected) -> Root:
        """The node of one root field. A refusal says at which response keys."""
        with self._at(selected):
            return self._root(selected)

    @contextmanager
    def _at(self, selected: Selected) -> Iterator[None]:
        self.trail.append(selected.key)
        try:
            yield
        except OperationRefused as error:
            error.path = error.path or tuple(self.trail)
            raise
        finally:
            self.trail.pop()

    def _root(self, selected: Selected) -> Root:
        query = self.document.schema.query_type
        assert query is not None
        if selected.name == "__typename":
            return Scalar(selected.key, quote_literal("Query"))
        given = read_arguments(self.document, query.fields[selected.name], selected.node)
        if self.disclosure.masked and selected.name in ("node", "nodes"):
            raise refuse_masked(selected.name)
        if selected.name == "node":
            return self._node(selected, given["id"])
        if selected.name == "nodes":
            return self.nodes(selected, given["ids"])
        if self.disclosure.masked and selected.name in (SEARCH, DISCREPANCIES, CORRECTIONS):
            raise refuse_masked(selected.name)
        if selected.name == SEARCH:
            return SearchNodeBuilder(
                self.catalog.registry, self.document, self._rows, tuple(self.trail), self.names_data_subjects
            ).search(selected, given)
        if selected.name == DISCREPANCIES:
            return self._page(selected, self._discrepancies(given), EveryRow(), given)
        if selected.name == CORRECTIONS:
            return self._page(selected, self._corrections.listed(given), EveryRow(), given)
        entity, many = self.catalog.roots[selected.name]
        if many:
            return self._page(selected, self._listed(entity, given), EveryRow(), given)
        return OneRow(selected.key, self._row(entity, selected.beneath), self._by_key(entity, given))

    def _node(self, selected: Selected, leaf: Tree) -> NodeById:
        assert not isinstance(leaf, Mapping | list)  # an ID is a leaf
        kind, number = Bind(leaf, "text", GlobalIdPart(0)), Bind(leaf, "bigint", GlobalIdPart(1))
        return NodeById(selected.key, self._any_row(selected), kind, number)

    def nodes(self, selected: Selected, leaf: Tree) -> NodesById:
        """Rows of any kind by the global ids of this list."""
        assert not isinstance(leaf, Mapping | list)  # a list of IDs is a leaf
        kinds, numbers = (
            Bind(leaf, cast, GlobalIdParts(index, derived_fields.MAX_PAGE, tuple(self.trail)))
            for index, cast in enumerate(("text[]", "bigint[]"))
        )
        return NodesById(selected.key, self._any_row(selected), kinds, numbers)

    def _any_row(self, selected: Selected) -> tuple[RowObject, ...]:
        """The selection of a row of each kind."""
        return self._rows(tuple(entity.name for entity in self.catalog.registry), selected.beneath)

    def _by_key(self, entity: Entity, given: Mapping[str, Tree]) -> ViaKey:
        by = given["by"]
        assert isinstance(by, Mapping)  # an input object, of which validation has required one field
        ((name, leaf),) = by.items()
        if read_value(self.document, leaf) is None:
            # Validation lets a nullable variable into a @oneOf input.
            raise OperationRefused(
                f"by: {name} is null", code="BAD_USER_INPUT", next_step="declare the variable as non-null, and give it"
            )
        column = next(column for column in entity.keys if column.graphql == name)
        if self.disclosure.masked and is_told_by_filter(column):
            raise refuse_masked(f"by: {name}")
        assert not isinstance(leaf, Mapping | list)  # keys are leaves
        return ViaKey(column.name, Bind(leaf, column.value.storage.value, path=tuple(self.trail)))

    # --- One row ------------------------------------------------------------------------------------------------------

    def _row(
        self, entity: Entity, sets: Sets, reached_by: Linked | None = None, filtered: tuple[Column, ...] = ()
    ) -> RowObject:
        """A row with its selection. `filtered` are the columns by which it was chosen: they are told as if they were selected."""
        selected = self.document.collect(entity.name, sets)
        hidden: tuple[Member, ...] = ()
        if self.names_data_subjects:
            fields = self.catalog.by_field[entity.name]
            told = [element for field in selected if isinstance(element := fields.get(field.name), Column)]
            hidden = (
                *data_subject_members(self.catalog.registry, entity, reached_by),
                *keyed_subject_members(self.catalog.registry, entity, (*told, *filtered)),
            )
        members = (self._member(entity, field, selected) for field in selected)
        return RowObject(entity.name, entity.table, (*hidden, *members))

    def _rows(self, kinds: tuple[str, ...], sets: Sets) -> tuple[RowObject, ...]:
        """A row for each kind that an abstract field can lead to."""
        rows = tuple(self._row(self.catalog.registry[kind], sets) for kind in kinds)
        if not self.typed:
            return rows
        return tuple(replace(row, members=(*row.members, Scalar(KIND_KEY, quote_literal(row.entity)))) for row in rows)

    def _member(self, entity: Entity, field: Selected, beside: tuple[Selected, ...]) -> Member:
        with self._at(field):
            return self._member_of(entity, field, beside)

    def _member_of(self, entity: Entity, field: Selected, beside: tuple[Selected, ...]) -> Member:
        if field.name == "__typename":
            return Scalar(field.key, quote_literal(entity.name))
        if field.name == "id":
            return Scalar(field.key, f"hub.global_id({quote_literal(entity.name)}, {{t}}.id)")
        if field.name == "provenance":
            parts = derived_fields.PAST_PROVENANCE if self.past else derived_fields.PROVENANCE
            sql = {part.graphql: part.sql for part in parts}
            if self.disclosure.masked:
                sql["sourceKey"] = HIDDEN_TEXT  # of many sources it is a person's identifier
            return make_group(self.document, field, "Provenance", sql)
        if entity.duplicates and field.name == MERGED_IDS:
            return MergedIds(field.key, entity.name)
        if entity.duplicates and field.name == MERGED_FROM:
            return self._links.merged(entity, field)
        if entity.name in self.catalog.registry.copied and field.name == DISCREPANCIES:
            if self.disclosure.masked:
                raise refuse_masked(field.name)
            given = read_arguments(self.document, self._definition(entity.name, field.name), field.node)
            return self._page(field, self._discrepancies(given), ViaFound(entity.duplicates), given)
        if field.name == CORRECTIONS:
            given = read_arguments(self.document, self._definition(entity.name, field.name), field.node)
            via = ViaColumn("record_id", "id")
            return self._page(field, self._corrections.of_row(entity, beside), via, given)
        element = self.catalog.by_field[entity.name][field.name]
        if isinstance(element, Column):
            return Scalar(field.key, self._value(element))
        if isinstance(element, Reference):
            return self._reference(field, element)
        if isinstance(element, Linked):
            return (
                self._links.link(entity, field, element)
                if field.name == element.link_graphql
                else self._linked(field, element)
            )
        return self._backlink(entity, field, element)

    def _value(self, column: Column) -> str:
        """The expression of a column, masked if only that may be shown."""
        sql = f"{{t}}.{column.sql}"
        return mask_column(column, sql) if self.disclosure.masked else sql

    def _reference(self, field: Selected, reference: Reference) -> OneRow:
        target = self.catalog.registry[reference.target]
        return OneRow(
            field.key, self._row(target, field.beneath), ViaColumn(reference.target_column, reference.column.name)
        )

    def _linked(self, field: Selected, linked: Linked) -> OneRow | OneLinkedRow:
        rows = self._rows(linked.kinds, field.beneath)
        if len(rows) == 1:
            return OneRow(field.key, rows[0], ViaLink(linked.table))
        return OneLinkedRow(field.key, rows, linked.table)

    def _backlink(self, entity: Entity, field: Selected, back: Backlink) -> ConnectionPage:
        target = self.catalog.registry[back.target]
        end = self.catalog.registry.end(back)
        via = backlink_via(self.catalog.registry, end)
        given = read_arguments(self.document, self._definition(entity.name, field.name), field.node)
        reached_by = end if isinstance(end, Linked) else None
        return self._page(field, self._listed(target, given, reached_by), via, given)

    def _definition(self, type_name: str, field: str) -> GraphQLField:
        found = self.document.schema.get_type(type_name)
        assert isinstance(found, GraphQLObjectType)
        definition: GraphQLField = found.fields[field]
        return definition

    @property
    def _links(self) -> LinkNodeBuilder:
        return LinkNodeBuilder(self.catalog.registry, self.document, self._rows, self._value, self.names_data_subjects)

    # --- Pages --------------------------------------------------------------------------------------------------------

    def _listed(self, entity: Entity, given: Mapping[str, Tree], reached_by: Linked | None = None) -> ConnectionSource:
        conditions = self._filters.conditions(entity, given.get("filter"))
        terms = read_order(self.document, entity, given.get("orderBy"), masked=self.disclosure.masked)
        filtered = tuple(find_filtered_columns(entity, given.get("filter")))
        row = partial(self._row, entity, reached_by=reached_by, filtered=filtered)
        return ConnectionSource(entity.name, entity.table, terms, conditions, row)

    def _discrepancies(self, given: Mapping[str, Tree]) -> ConnectionSource:
        return DiscrepancyNodeBuilder(
            self.catalog.registry, self.document, self._rows, self._filters, self.names_data_subjects
        ).listed(given)

    @property
    def _corrections(self) -> CorrectionNodeBuilder:
        return CorrectionNodeBuilder(
            self.catalog.registry,
            self.document,
            self._filters,
            self.names_data_subjects,
            self.past,
            self.disclosure.masked,
        )

    def _page(self, field: Selected, listed: ConnectionSource, via: Via, given: Mapping[str, Tree]) -> ConnectionPage:
        first, last = (read_value(self.document, given.get(name)) for name in ("first", "last"))
        if first is not None and last is not None:
            raise OperationRefused(
                f"{field.name}: first and last were both given",
                code="BAD_USER_INPUT",
                next_step="page forward or backward",
            )
        backward = last is not None
        size = _page_size(last if backward else first)
        is_below = self.disclosure.masked and not isinstance(via, EveryRow)
        if is_below and self._is_personal(listed.kind) and self.disclosure.count_step > 1:
            selected = self.document.collect(f"{listed.kind}Connection", field.beneath)
            if any(inner.name == "totalCount" for inner in selected):
                raise refuse_masked(f"{field.name}: totalCount beneath a row")
        after, before = (self._keyset(listed.terms, given.get(name)) for name in ("after", "before"))
        parts = tuple(
            self._page_part(listed, inner) for inner in self.document.collect(f"{listed.kind}Connection", field.beneath)
        )
        if self.names_data_subjects:
            whole = None if after or before else size
            parts = (*self._name_told_rows(listed, parts, backward=backward, first_rows=whole), *parts)
        return ConnectionPage(
            key=field.key,
            entity=listed.kind,
            table=listed.table,
            via=via,
            conditions=listed.conditions,
            order=listed.terms,
            size=size,
            backward=backward,
            after=after,
            before=before,
            parts=parts,
            cell=self._cell(listed.kind, via),
        )

    @property
    def _filters(self) -> FilterReader:
        return FilterReader(
            self.catalog.registry,
            self.document,
            self.filter_links,
            self.filter_terms,
            self.past,
            self.disclosure.masked,
            tuple(self.trail),
        )

    def _keyset(self, terms: tuple[OrderTerm, ...], leaf: Tree | None) -> Keyset | None:
        if leaf is None or isinstance(leaf, Mapping | list) or read_value(self.document, leaf) is None:
            return None
        name, path = order_name(terms), tuple(self.trail)
        parts = enumerate(terms)
        return Keyset(tuple(Bind(leaf, term.cast, CursorPart(name, index, term.cast, path)) for index, term in parts))

    def _name_told_rows(
        self, listed: ConnectionSource, parts: tuple[PagePart, ...], *, backward: bool, first_rows: int | None
    ) -> Iterator[PagePart]:
        """What names the people of rows that a page tells of and does not show: by an edge, a cursor, `hasNextPage`, or a small count.

        Otherwise a page of no rows would say whether somebody is there, and nobody would be named. `first_rows` is the size of a page
        that begins at the first row.
        """
        row = listed.row(())
        if not row.members:
            return
        shows_rows = has_rows(parts)
        names = {name for part in parts if isinstance(part, PageInfo) for _, name in part.fields}
        tells_beyond = ("hasPreviousPage" if backward else "hasNextPage") in names
        tells_page = (
            tells_beyond or any(isinstance(p, Edges) for p in parts) or any(n.endswith("Cursor") for n in names)
        )
        if tells_beyond or (tells_page and not shows_rows):
            yield NamedRows(HIDDEN_ROWS, row, on_page=not shows_rows, beyond=tells_beyond)
        is_counted = any(isinstance(part, TotalCount) and part.step == 1 for part in parts)
        shows_all = shows_rows and first_rows is not None and first_rows >= SMALL_COUNT
        if is_counted and listed.conditions and not shows_all:
            yield NamedCount(HIDDEN_ROWS, row, SMALL_COUNT)

    def _page_part(self, listed: ConnectionSource, field: Selected) -> PagePart:
        if field.name == "nodes":
            with self._at(field):
                return Nodes(field.key, listed.row(field.beneath))
        if field.name == "edges":
            with self._at(field):
                return self._edges(listed, field)
        if field.name == "pageInfo":
            inner = self.document.collect("PageInfo", field.beneath)
            return PageInfo(field.key, tuple((f.key, f.name) for f in inner))
        if field.name == "totalCount":
            return TotalCount(field.key, self._count_step(listed.kind))
        return Scalar(field.key, quote_literal(f"{listed.kind}Connection"))

    def _count_step(self, kind: str) -> int:
        """What counts are rounded down to: reference data, of which a masked read shows every row, is counted as it is."""
        return 1 if self.disclosure.masked and not self._is_personal(kind) else self.disclosure.count_step

    def _cell(self, kind: str, via: Via) -> int:
        """The cell of a page: under a mask a list must not show rows where its count says that there are none.

        Beneath a row lists are short, and would be empty: they show their rows, and are not counted.
        """
        is_rounded = self.disclosure.masked and isinstance(via, EveryRow) and self._is_personal(kind)
        return self.disclosure.count_step if is_rounded else 1

    def _is_personal(self, kind: str) -> bool:
        """Whether rows of an entity have anything that is masked, or lead to somebody; all else is reference data."""
        entity = self.catalog.registry.entities.get(kind)
        return entity is None or bool(entity.linked) or any(is_masked(column) for column in entity.columns)

    def _edges(self, listed: ConnectionSource, field: Selected) -> Edges:
        members: list[Scalar | Nodes] = []
        for inner in self.document.collect(f"{listed.kind}Edge", field.beneath):
            if inner.name == "node":
                with self._at(inner):
                    members.append(Nodes(inner.key, listed.row(inner.beneath)))
            elif inner.name == "cursor":
                members.append(Scalar(inner.key, "{cursor}"))
            else:
                members.append(Scalar(inner.key, quote_literal(f"{listed.kind}Edge")))
        return Edges(field.key, tuple(members))


def has_rows(parts: tuple[PagePart, ...]) -> bool:
    """Whether a page shows its rows, by nodes or in edges."""
    members = [*parts, *(member for part in parts if isinstance(part, Edges) for member in part.members)]
    return any(isinstance(member, Nodes) for member in members)


def order_name(terms: tuple[OrderTerm, ...]) -> str:
    """The order in words, put into every cursor, so that a cursor of another order is refused."""
    return ",".join(f"{term.name} {'desc' if term.descending else 'asc'}" for term in terms)


def _page_size(given: Any) -> int:
    if given is None:
        return derived_fields.DEFAULT_PAGE
    if not 0 <= given <= derived_fields.MAX_PAGE:
        raise OperationRefused(
            f"a page has 0 to {derived_fields.MAX_PAGE} rows, not {given}",
            code="BAD_PAGE_SIZE",
            next_step=f"ask for {derived_fields.MAX_PAGE} at most, and go on from the endCursor",
        )
    return int(given)
