"""The planner: a parsed and validated operation becomes a Plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode

from hub.model.registry import Registry
from hub.plan.binds import Bind
from hub.plan.build import Builder, Catalog
from hub.plan.nodes import Root
from hub.plan.render import render
from hub.plan.selection import Document, Selected


@dataclass(frozen=True)
class Plan:
    """One SQL statement for the stored root fields of an operation, and the nodes it came from."""

    sql: str
    binds: tuple[Bind, ...]
    checked: tuple[Bind, ...]
    roots: tuple[Root, ...]

    def parameters(self, variables: Mapping[str, Any]) -> list[Any]:
        """The parameters for coerced variables of the same shape. Raises OperationRefused for a bad page size or cursor."""
        for bind in self.checked:
            bind.value(variables)
        return [bind.value(variables) for bind in self.binds]


class Planner:
    """Makes plans over one registry and one schema. Holds no state that a plan changes."""

    def __init__(self, registry: Registry, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.catalog = Catalog(registry)

    def root_fields(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> tuple[Document, tuple[Selected, ...]]:
        """The merged root fields of an operation."""
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        read = Document(self.schema, fragments, variables)
        return read, read.collect("Query", (operation.selection_set,))

    def is_whole(self, fields: Sequence[Selected]) -> bool:
        """Whether every root field is stored data or `__typename`, so that one statement answers the operation."""
        return all(self.catalog.is_stored(field.name) or field.name == "__typename" for field in fields)

    def plan(self, read: Document, fields: Sequence[Selected], *, typed: bool = False) -> Plan:
        """The plan of these root fields; `typed` as in Builder. Raises OperationRefused."""
        builder = Builder(self.catalog, read, typed)
        roots = tuple(builder.root(field) for field in fields)
        statement = render(roots)
        return Plan(statement.sql, statement.binds, statement.checked, roots)
