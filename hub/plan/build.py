"""Operation → nodes: walks the merged selections of each stored root field along the registry."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, SelectionSetNode

from hub.errors import OperationRefused
from hub.model import shapes
from hub.model.names import camel
from hub.model.registry import Backlink, Column, Entity, Linked, Reference, Registry
from hub.plan.arguments import arguments, value_of
from hub.plan.binds import Bind, CursorPart, GlobalIdPart, GlobalIdParts, Tree
from hub.plan.conditions import Filters, backlink_via, order
from hub.plan.nodes import (
    All,
    ByColumn,
    ByKey,
    ByLink,
    Candidate,
    Candidates,
    Edges,
    Group,
    Keyset,
    LinkObject,
    Member,
    NodeById,
    Nodes,
    NodesById,
    One,
    OneOf,
    OrderTerm,
    Page,
    PageInfo,
    PagePart,
    Root,
    Row,
    Scalar,
    TotalCount,
    Via,
)
from hub.plan.selection import Document, Selected

Sets = tuple[SelectionSetNode, ...]
KIND = "__kind"
"""GraphQL reserves names with two underscores, so no response key can be this."""


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
        found = {camel(entity.table): (entity, False) for entity in self.registry if entity.keys}
        return found | {camel(entity.plural): (entity, True) for entity in self.registry}

    def is_stored(self, field: str) -> bool:
        """Whether a root field is stored data, and so the planner's."""
        return field in self.roots or field in ("node", "nodes")


@dataclass(frozen=True)
class Builder:
    """Builds the nodes of one operation.

    `typed` adds the name of its entity, under `KIND`, to every row of an abstract field: the graph lane completes values
    itself and has to know the type also where `__typename` is not selected. `past` reads what was known at an instant.
    """

    catalog: Catalog
    document: Document
    filter_links: int
    typed: bool = False
    past: bool = False

    def root(self, selected: Selected) -> Root:
        """The node of one root field."""
        query = self.document.schema.query_type
        assert query is not None
        if selected.name == "__typename":
            return Scalar(selected.key, _literal("Query"))
        given = arguments(self.document, query.fields[selected.name], selected.node)
        if selected.name == "node":
            return self._node(selected, given["id"])
        if selected.name == "nodes":
            return self._nodes(selected, given["ids"])
        entity, many = self.catalog.roots[selected.name]
        if many:
            return self._page(selected, entity, All(), given)
        return One(selected.key, self._row(entity, selected.beneath), self._by_key(entity, given))

    def _node(self, selected: Selected, leaf: Tree) -> NodeById:
        assert not isinstance(leaf, Mapping | list)  # an ID is a leaf
        kind, number = Bind(leaf, "text", GlobalIdPart(0)), Bind(leaf, "bigint", GlobalIdPart(1))
        return NodeById(selected.key, self.any_row(selected), kind, number)

    def _nodes(self, selected: Selected, leaf: Tree) -> NodesById:
        assert not isinstance(leaf, Mapping | list)  # a list of IDs is a leaf
        kinds, numbers = (
            Bind(leaf, cast, GlobalIdParts(index, shapes.MAX_PAGE)) for index, cast in enumerate(("text[]", "bigint[]"))
        )
        return NodesById(selected.key, self.any_row(selected), kinds, numbers)

    def any_row(self, selected: Selected) -> tuple[Row, ...]:
        """What is selected of a row of each kind."""
        return self._rows(tuple(entity.name for entity in self.catalog.registry), selected.beneath)

    def _by_key(self, entity: Entity, given: Mapping[str, Tree]) -> ByKey:
        present = {name: leaf for name, leaf in given.items() if value_of(self.document, leaf) is not None}
        names = [column.graphql for column in entity.keys]
        if len(present) != 1:
            raise OperationRefused(
                f"{camel(entity.table)} takes exactly one of {', '.join(names)}; {len(present)} were given",
                code="BAD_USER_INPUT",
                next_step="give one identifier",
            )
        ((name, leaf),) = present.items()
        column = next(column for column in entity.keys if column.graphql == name)
        assert not isinstance(leaf, Mapping | list)  # keys are leaves
        return ByKey(column.name, Bind(leaf, column.value.storage.value))

    # --- One row ------------------------------------------------------------------------------------------------------

    def _row(self, entity: Entity, sets: Sets) -> Row:
        selected = self.document.collect(entity.name, sets)
        return Row(entity.name, entity.table, tuple(self._member(entity, field) for field in selected))

    def _rows(self, kinds: tuple[str, ...], sets: Sets) -> tuple[Row, ...]:
        """A row for each kind that an abstract field can lead to."""
        rows = tuple(self._row(self.catalog.registry[kind], sets) for kind in kinds)
        if not self.typed:
            return rows
        return tuple(replace(row, members=(*row.members, Scalar(KIND, _literal(row.entity)))) for row in rows)

    def _member(self, entity: Entity, field: Selected) -> Member:
        if field.name == "__typename":
            return Scalar(field.key, _literal(entity.name))
        if field.name == "id":
            return Scalar(field.key, f"hub.global_id({_literal(entity.name)}, {{t}}.id)")
        if field.name == "provenance":
            parts = shapes.PAST_PROVENANCE if self.past else shapes.PROVENANCE
            return self._group(field, "Provenance", {part.graphql: part.sql for part in parts})
        element = self.catalog.by_field[entity.name][field.name]
        if isinstance(element, Column):
            return Scalar(field.key, f"{{t}}.{element.name}")
        if isinstance(element, Reference):
            return self._reference(field, element)
        if isinstance(element, Linked):
            return (
                self._link(entity, field, element)
                if field.name == element.link_graphql
                else self._linked(field, element)
            )
        return self._backlink(entity, field, element)

    def _group(self, field: Selected, type_name: str, sql: Mapping[str, str]) -> Group:
        inner = self.document.collect(type_name, field.beneath)
        known = {**sql, "__typename": _literal(type_name)}
        return Group(field.key, tuple(Scalar(f.key, known[f.name]) for f in inner))

    def _reference(self, field: Selected, reference: Reference) -> One:
        target = self.catalog.registry[reference.target]
        return One(
            field.key, self._row(target, field.beneath), ByColumn(reference.target_column, reference.column.name)
        )

    def _linked(self, field: Selected, linked: Linked) -> One | OneOf:
        rows = self._rows(linked.kinds, field.beneath)
        if len(rows) == 1:
            return One(field.key, rows[0], ByLink(linked.table))
        return OneOf(field.key, rows, linked.table)

    def _backlink(self, entity: Entity, field: Selected, back: Backlink) -> Page:
        target = self.catalog.registry[back.target]
        via = backlink_via(self.catalog.registry, self.catalog.registry.end(back))
        given = arguments(self.document, self._definition(entity.name, field.name), field.node)
        return self._page(field, target, via, given)

    def _definition(self, type_name: str, field: str) -> GraphQLField:
        found = self.document.schema.get_type(type_name)
        assert isinstance(found, GraphQLObjectType)
        definition: GraphQLField = found.fields[field]
        return definition

    # --- Links --------------------------------------------------------------------------------------------------------

    def _link(self, entity: Entity, field: Selected, linked: Linked) -> LinkObject:
        known = {part.graphql: part.sql for part in shapes.LINK} | {"__typename": _literal(f"{linked.family}Link")}
        members: list[Member | Candidates] = []
        for inner in self.document.collect(f"{linked.family}Link", field.beneath):
            if inner.name == "recorded":
                columns = {camel(part.part): f"{{t}}.{part.column.name}" for part in linked.recorded}
                members.append(self._group(inner, linked.as_recorded, columns))
            elif inner.name == "candidates":
                members.append(self._candidates(inner, linked))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return LinkObject(field.key, linked.table, tuple(members))

    def _candidates(self, field: Selected, linked: Linked) -> Candidates:
        name = f"{linked.family}Candidate"
        known = {part.graphql: part.sql for part in shapes.CANDIDATE} | {"__typename": _literal(name)}
        members: list[Member | Candidate] = []
        for inner in self.document.collect(name, field.beneath):
            if inner.name == "subject":
                members.append(Candidate(inner.key, self._rows(linked.kinds, inner.beneath)))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return Candidates(field.key, linked.table, tuple(members))

    # --- Pages --------------------------------------------------------------------------------------------------------

    def _page(self, field: Selected, entity: Entity, via: Via, given: Mapping[str, Tree]) -> Page:
        terms = order(self.document, entity, given.get("orderBy"))
        first, last = (value_of(self.document, given.get(name)) for name in ("first", "last"))
        if first is not None and last is not None:
            raise OperationRefused(
                f"{field.name}: first and last were both given",
                code="BAD_USER_INPUT",
                next_step="page forward or backward",
            )
        backward = last is not None
        return Page(
            key=field.key,
            entity=entity.name,
            table=entity.table,
            via=via,
            conditions=self._filters.conditions(entity, given.get("filter")),
            order=terms,
            size=_page_size(last if backward else first),
            backward=backward,
            after=self._keyset(terms, given.get("after")),
            before=self._keyset(terms, given.get("before")),
            parts=tuple(
                self._page_part(entity, inner)
                for inner in self.document.collect(f"{entity.name}Connection", field.beneath)
            ),
        )

    @property
    def _filters(self) -> Filters:
        return Filters(self.catalog.registry, self.document, self.filter_links)

    def _keyset(self, terms: tuple[OrderTerm, ...], leaf: Tree | None) -> Keyset | None:
        if leaf is None or isinstance(leaf, Mapping | list) or value_of(self.document, leaf) is None:
            return None
        name = order_name(terms)
        return Keyset(tuple(Bind(leaf, term.cast, CursorPart(name, index)) for index, term in enumerate(terms)))

    def _page_part(self, entity: Entity, field: Selected) -> PagePart:
        if field.name == "nodes":
            return Nodes(field.key, self._row(entity, field.beneath))
        if field.name == "edges":
            return self._edges(entity, field)
        if field.name == "pageInfo":
            inner = self.document.collect("PageInfo", field.beneath)
            return PageInfo(field.key, tuple((f.key, f.name) for f in inner))
        if field.name == "totalCount":
            return TotalCount(field.key)
        return Scalar(field.key, _literal(f"{entity.name}Connection"))

    def _edges(self, entity: Entity, field: Selected) -> Edges:
        members: list[Scalar | Nodes] = []
        for inner in self.document.collect(f"{entity.name}Edge", field.beneath):
            if inner.name == "node":
                members.append(Nodes(inner.key, self._row(entity, inner.beneath)))
            elif inner.name == "cursor":
                members.append(Scalar(inner.key, "{cursor}"))
            else:
                members.append(Scalar(inner.key, _literal(f"{entity.name}Edge")))
        return Edges(field.key, tuple(members))


def order_name(terms: tuple[OrderTerm, ...]) -> str:
    """The order in words, put into every cursor, so that a cursor of another order is refused."""
    return ",".join(f"{term.name} {'desc' if term.descending else 'asc'}" for term in terms)


def _page_size(given: Any) -> int:
    if given is None:
        return shapes.DEFAULT_PAGE
    if not 0 <= given <= shapes.MAX_PAGE:
        raise OperationRefused(
            f"a page has 0 to {shapes.MAX_PAGE} rows, not {given}",
            code="BAD_PAGE_SIZE",
            next_step=f"ask for {shapes.MAX_PAGE} at most, and go on from the endCursor",
        )
    return int(given)


def _literal(text: str) -> str:
    """A name of the schema as an SQL literal; names have no quotes."""
    return f"'{text}'::text"
