"""Plain variables: scalars and enums without a default. Most variables are plain, and their definitions are read once for a document.

graphql-core reads the definitions of an operation again for each request, which took an eighth of a keyed read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_leaf_type,
    type_from_ast,
)


@dataclass(frozen=True)
class PlainVariable:
    """A variable whose type is a scalar or an enum, without a default."""

    name: str
    type: GraphQLLeafType
    is_required: bool


def list_plain_variables(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> tuple[PlainVariable, ...] | None:
    """The variables of an operation if all of them are plain; None otherwise."""
    found = []
    for definition in definitions:
        kind = type_from_ast(schema, definition.type)
        is_required = isinstance(kind, GraphQLNonNull)
        named = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if definition.default_value is not None or not is_leaf_type(named):
            return None
        found.append(PlainVariable(definition.variable.name.value, named, is_required))
    return tuple(found)


def coerce_plain_variables(variables: Sequence[PlainVariable], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Coerce the variables as graphql-core does. Returns None for an invalid value, which graphql-core then reports."""
    found: dict[str, Any] = {}
    for variable in variables:
        value = given.get(variable.name, Undefined)
        if value is Undefined or value is None:
            if variable.is_required:
                return None
            if value is None:
                found[variable.name] = None
            continue
        try:
            coerced = variable.type.coerce_input_value(value)
        except Exception:  # whatever a type raises, graphql-core takes for a refusal
            return None
        if coerced is Undefined:
            return None
        found[variable.name] = coerced
    return found
