"""Plain variables are coerced as graphql-core coerces them, or left to it."""

from typing import Any

from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from hub.graph.execution.variable_values import coerce_plain_variables, list_plain_variables

SCHEMA = build_schema(
    "enum Color { RED BLUE } input Box { size: Int } type Query { f(a: Float, b: String, c: Color, d: Box, e: ID): Int }"
)
TYPES = ("Int", "Int!", "String", "Float!", "Boolean", "ID!", "Color", "Color!")
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=True),
    st.text(max_size=5),
    st.sampled_from(["RED", "BLUE", "red"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


def read_definitions(types: dict[str, str]) -> OperationDefinitionNode:
    declared = ", ".join(f"${name}: {kind}" for name, kind in types.items())
    (operation,) = parse(f"query ({declared}) {{ f }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(TYPES), min_size=1),
    st.dictionaries(st.sampled_from("abcdx"), VALUES),
)
def test_they_are_coerced_as_graphql_core_does_it(types: dict[str, str], values: dict[str, Any]) -> None:
    definitions = read_definitions(types).variable_definitions or ()
    plain = list_plain_variables(SCHEMA, definitions)
    assert plain is not None
    found = coerce_plain_variables(plain, values)
    expected = get_variable_values(SCHEMA, definitions, values)
    if isinstance(expected, list):
        assert found is None
    else:
        assert found == expected.coerced
        assert list(found) == list(expected.coerced)
        assert [type(one) for one in found.values()] == [type(one) for one in expected.coerced.values()]


def test_others_are_left_to_graphql_core() -> None:
    for kind in ("Box", "[Int]", "[Int!]!", "Int = 3"):
        assert list_plain_variables(SCHEMA, read_definitions({"a": kind}).variable_definitions or ()) is None
