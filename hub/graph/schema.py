"""The schema: Query from the registry, plus the root fields that are not stored data."""

from functools import cache
from math import isfinite
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError, GraphQLFloat, GraphQLInputObjectType, GraphQLSchema, ValueNode
from graphql.type.scalars import parse_float_literal
from strawberry.directive import DirectiveLocation
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from hub.graph.events.record_subscription import subscription_type
from hub.graph.ledger.access_log import access_log_field
from hub.graph.ledger.ledger_state import ledger_state_fields
from hub.graph.ledger.my_access_log import my_access_log_field
from hub.graph.link_review.record_evidence import link_evidence_field
from hub.graph.link_review.review import mutation_type
from hub.graph.link_review.review_queue import review_fields
from hub.graph.permission.dossier_list import dossiers_field
from hub.graph.permission.dossiers import add_dossier_types
from hub.graph.procedures.prefill.prefill_service import prefill_field
from hub.graph.procedures.prefill.prefill_types import VALUES as HELD_VALUES
from hub.graph.procedures.prefill.prefill_types import add_prefill_types
from hub.graph.procedures.procedure_statistics import procedure_statistics_field
from hub.graph.procedures.register_evidence import register_evidence_field
from hub.graph.procedures.snapshot_types import add_snapshot_types
from hub.graph.procedures.snapshots import snapshot_fields
from hub.graph.schema_types.entity_types import derive_types
from hub.graph.schema_types.fields import object_type
from hub.graph.schema_types.labels import labels_field
from hub.graph.sources.data_quality import quality_fields
from hub.graph.sources.hub_state import hub_state_fields
from hub.graph.sources.rejected_rows import rejected_row_fields
from hub.graph.sources.sector_work import sector_work_fields
from hub.graph.sources.source_fields import source_fields
from hub.model.registry import Registry, load_registry


class HubSchema(strawberry.Schema):
    """A schema that logs nothing of its own: Strawberry would log errors with the values that they quote."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `hub.graph.execution.responses` logs kinds and paths."""


@cache
def load_schema() -> strawberry.Schema:
    """The schema of the declared vocabulary."""
    return build_schema(load_registry())


def build_schema(known: Registry) -> strawberry.Schema:
    """A schema of this registry."""
    derived = derive_types(known)
    scalars = {**derived.scalars, **add_prefill_types(derived.types)}
    add_snapshot_types(derived.types)
    add_dossier_types(known, derived.types)
    fields: dict[str, Any] = {**derived.query_fields, "prefill": prefill_field(known, derived.types)}
    fields |= snapshot_fields(derived.types)
    fields["register_evidence"] = register_evidence_field(derived.types)
    fields["procedure_statistics"] = procedure_statistics_field(derived.types)
    fields["dossiers"] = dossiers_field(derived.types)
    fields["labels"] = labels_field(known)
    fields |= review_fields(derived.types)
    fields["link_evidence"] = link_evidence_field(derived.types)
    fields |= source_fields(derived.types)
    fields |= rejected_row_fields(derived.types)
    fields |= sector_work_fields(derived.types)
    fields |= hub_state_fields(derived.types)
    fields |= quality_fields(derived.types)
    fields["access_log"] = access_log_field(known, derived.types)
    fields |= ledger_state_fields(derived.types)
    fields["my_access_log"] = my_access_log_field(derived.types)
    query = object_type("Query", "Everything the hub holds.", fields)
    config = StrawberryConfig(disable_field_suggestions=True, scalar_map=scalars)
    return HubSchema(
        query,
        mutation=mutation_type(known, derived.types),
        subscription=subscription_type(derived.types),
        types=[derived.types[name] for name in (*(entity.name for entity in known), *HELD_VALUES)],
        directives=[as_of_directive(derived.types["DateTime"])],
        config=config,
    )


def as_of_directive(instant: Any) -> Any:
    """The operation directive `@asOf`. The planner reads it; there is nothing to resolve."""

    def as_of(instant: Any) -> None: ...

    as_of.__annotations__["instant"] = Annotated[
        instant, strawberry.argument(description="The past instant, with its offset.")
    ]
    return strawberry.directive(
        locations=[DirectiveLocation.QUERY],
        name="asOf",
        description="Answers the whole query with rows and links as the hub held them at an instant.",
    )(as_of)


def get_core_schema(built: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema beneath: what documents are validated against, and what plans are made with."""
    beneath: GraphQLSchema = built._schema  # Strawberry gives no public name to it
    for kind in beneath.type_map.values():
        # Strawberry checks @oneOf in a rule of its own, which only its own execution runs; graphql-core's rules hold it too.
        definition = kind.extensions.get("strawberry-definition")
        if isinstance(kind, GraphQLInputObjectType) and definition is not None and definition.is_one_of:
            kind.is_one_of = True
    GraphQLFloat.parse_literal = GraphQLFloat.coerce_input_literal = parse_finite_float  # type: ignore[method-assign]  # as scalars of ours have it
    return beneath


def parse_finite_float(node: ValueNode, variables: Any = None) -> float:
    """A Float literal. Raises GraphQLError for 1e400: graphql-core checks that of variables, and makes infinity of a literal."""
    number = parse_float_literal(node, variables)
    if not isfinite(number):
        raise GraphQLError("Float cannot represent a number this large", node)
    return number
