"""The schema: Query from the registry, plus the root fields that are not stored data."""

from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from hub.graph.fields import object_type
from hub.graph.prefill import prefill_field
from hub.graph.types import derive
from hub.model.registry import Registry, registry


class HubSchema(strawberry.Schema):
    """A schema that logs nothing of its own: Strawberry would log errors with the values that they quote."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `hub.graph.execute` logs kinds and paths."""


@cache
def schema() -> strawberry.Schema:
    """The schema of the declared vocabulary."""
    return build(registry())


def build(known: Registry) -> strawberry.Schema:
    """A schema of this registry."""
    derived = derive(known)
    fields: dict[str, Any] = {**derived.query_fields, "prefill": prefill_field(derived.types["PersonalId"])}
    query = object_type("Query", "Everything the hub holds.", fields)
    config = StrawberryConfig(disable_field_suggestions=True, scalar_map=derived.scalars)
    return HubSchema(query, types=[derived.types[entity.name] for entity in known], config=config)


def core(built: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema beneath: what documents are validated against, and what plans are made with."""
    return built._schema  # Strawberry gives no public name to it
