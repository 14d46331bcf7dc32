"""Scalars of the schema: each says where it is specified, and none takes a number without end."""

import pytest
from graphql import GraphQLError, GraphQLNonNull, GraphQLScalarType, is_specified_scalar_type, parse_value
from graphql.utilities import coerce_input_literal, validate_input_literal

from hub.graph.schema import get_core_schema, load_schema

SCALARS = [kind for kind in get_core_schema(load_schema()).type_map.values() if isinstance(kind, GraphQLScalarType)]


def test_every_scalar_says_where_it_is_specified() -> None:
    ours = [scalar for scalar in SCALARS if not is_specified_scalar_type(scalar)]
    assert len(ours) > 15
    assert [scalar.name for scalar in ours if not scalar.specified_by_url] == []


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: scalar.name)
def test_no_literal_is_a_number_without_end(scalar: GraphQLScalarType) -> None:
    for text in ("1e400", "-1e400", "9" * 5_000):
        errors: list[GraphQLError] = []
        validate_input_literal(
            parse_value(text), GraphQLNonNull(scalar), lambda error, _, kept=errors: kept.append(error)
        )
        if scalar.name in ("ID",) and text.isdigit():
            continue  # an ID may be of digits
        assert errors or isinstance(coerce_input_literal(parse_value(text), scalar), str), text
