"""The planner: a parsed and validated operation becomes a Plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from hub.model.registry import Registry
from hub.model.tables import stored_columns
from hub.plan.binds import Bind, Constant, PastInstant, Variable
from hub.plan.building.arguments import directive_argument
from hub.plan.building.conditions import ConditionCounter
from hub.plan.building.node_builder import Builder, Catalog
from hub.plan.building.selection import Document, Selected
from hub.plan.estimate import RowEstimate, estimate_rows
from hub.plan.limits import Limits, too_large
from hub.plan.masks import FULL, Disclosure
from hub.plan.nodes import Root
from hub.plan.sql.render_sql import render_statement
from hub.plan.sql.row_sources import Past

AS_OF = "asOf"
"""The operation directive that reads rows and links as the hub held them at an instant."""


@dataclass(frozen=True)
class Plan:
    """One SQL statement for the stored root fields of an operation, and the nodes it came from."""

    sql: str
    binds: tuple[Bind, ...]
    roots: tuple[Root, ...]
    estimate: RowEstimate
    most_rows: int

    def with_ids(self, ids: Sequence[str]) -> "Plan":
        """The same plan of `Planner.nodes`, for these global ids."""
        known = Constant(list(ids))
        binds = tuple(replace(bind, leaf=known) if bind.leaf == NODE_IDS else bind for bind in self.binds)
        each = tuple((replace(bind, leaf=known), rows) for bind, rows in self.estimate.each)
        return replace(self, binds=binds, estimate=replace(self.estimate, each=each))

    def parameters(self, variables: Mapping[str, Any]) -> list[Any]:
        """The parameters for coerced variables of the same shape.

        Raises OperationRefused for a bad cursor, or if the pages multiply to too many rows.
        """
        found = [bind.value(variables) for bind in self.binds]
        estimated = self.estimate.rows(variables)
        if estimated > self.most_rows:
            raise too_large(
                "rows, each page taken as full,", estimated, self.most_rows, "ask for smaller pages or fewer levels"
            )
        return found


NODE_IDS = Variable(("ids of nodes",))
"""Stands in a kept plan for the ids of each time that it runs. No variable of GraphQL has such a name."""


@dataclass(frozen=True)
class Operation:
    """An operation read for planning: its merged root fields, and the instant it is about if that is not now."""

    document: Document
    fields: tuple[Selected, ...]
    at: Bind | None = None

    @property
    def in_the_past(self) -> bool:
        """Whether the operation asks for a past instant."""
        return self.at is not None


@dataclass(frozen=True)
class Planner:
    """Makes plans over one registry and one schema. Holds no state that a plan changes."""

    registry: Registry
    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    names_data_subjects: bool = False
    """Whether statements also say which people their rows are about."""

    @cached_property
    def catalog(self) -> Catalog:
        """What each GraphQL field of stored data is."""
        return Catalog(self.registry)

    def read(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> Operation:
        """The merged root fields of an operation, and its instant."""
        read = Document(self.schema, _fragments(document), variables)
        instant = directive_argument(read, operation.directives or (), AS_OF, "instant")
        at = None if instant is None else Bind(instant, "timestamptz", PastInstant())
        assert self.schema.query_type is not None
        return Operation(read, read.collect(self.schema.query_type.name, (operation.selection_set,)), at)

    def is_stored(self, field: Selected) -> bool:
        """Whether one statement can answer this root field."""
        return self.catalog.is_stored(field.name) or field.name == "__typename"

    def plan(self, operation: Operation, *, typed: bool = False, disclosure: Disclosure = FULL) -> Plan:
        """The plan of the operation's stored root fields; `typed` and `disclosure` as in Builder. Raises OperationRefused."""
        builder = Builder(
            self.catalog,
            operation.document,
            self.limits.filter_links,
            ConditionCounter(self.limits.filter_terms),
            typed,
            operation.in_the_past,
            self.names_data_subjects,
            disclosure,
        )
        chosen = [f for f in operation.fields if self.is_stored(f) and not (typed and f.name == "__typename")]
        return self._rendered(tuple(builder.root(f) for f in chosen), operation.at)

    def nodes(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any],
        sets: Sequence[SelectionSetNode],
        disclosure: Disclosure = FULL,
    ) -> Plan:
        """The typed plan of rows by global ids, under the key `nodes`, with their selection. `Plan.with_ids` says which rows."""
        read = Document(self.schema, _fragments(document), variables)
        terms = ConditionCounter(self.limits.filter_terms)
        builder = Builder(
            self.catalog,
            read,
            self.limits.filter_links,
            terms,
            True,
            names_data_subjects=self.names_data_subjects,
            disclosure=disclosure,
        )
        selected = Selected("nodes", "nodes", FieldNode(name=NameNode(value="nodes")), tuple(sets))
        return self._rendered((builder.nodes(selected, NODE_IDS),), None)

    def _rendered(self, roots: tuple[Root, ...], at: Bind | None) -> Plan:
        past = None
        if at is not None:
            past = Past(at, {entity.table: stored_columns(entity) for entity in self.registry})
        merging = frozenset(entity.table for entity in self.registry if entity.duplicates)
        statement = render_statement(roots, past, merging=merging, most_bytes=self.limits.result_bytes)
        return Plan(statement.sql, statement.binds, roots, estimate_rows(roots), self.limits.rows)


def _fragments(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    return {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
