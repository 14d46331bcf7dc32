"""Any pure sub-selection of a document is allowed, and what else is allowed is what an oracle that knows no trie allows."""

import pytest
from graphql import (
    OverlappingFieldsCanBeMergedRule,
    get_named_type,
    is_composite_type,
    is_required_argument,
    validate,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.permission.cases import (
    ALL_BOUND,
    VALUES,
    DeclaredOperation,
    allows,
    declared_operations,
    graphql_schema,
    known,
    refusals,
)
from tests.permission.oracle import flat_paths, parse_once
from tests.permission.selections import sub_selections

DRAWN = settings(max_examples=15, backend="independent")
EVERY = pytest.mark.parametrize("declared", declared_operations(), ids=str)


@EVERY
@DRAWN
@given(data=st.data())
def test_any_sub_selection_is_allowed(declared: DeclaredOperation, data: st.DataObject) -> None:
    drawn = data.draw(sub_selections(declared, varied=True, change=False))
    assert refusals(known()[declared.purpose], drawn.text, drawn.variables, ALL_BOUND) == []


@EVERY
@DRAWN
@given(data=st.data())
def test_one_thing_more_is_allowed_only_if_the_oracle_allows_it(
    declared: DeclaredOperation, data: st.DataObject
) -> None:
    drawn = data.draw(sub_selections(declared, varied=False, change=True))
    document = parse_once(drawn.text)
    # Two sub-selections of one key may differ in what was added below it.
    assume(not validate(graphql_schema(), document, [OverlappingFieldsCanBeMergedRule]))
    expected = allows(declared.purpose, flat_paths(drawn.text, graphql_schema()))
    assert expected or drawn.changed
    found = refusals(known()[declared.purpose], drawn.text, drawn.variables, ALL_BOUND)
    assert (found == []) == expected, found


@pytest.mark.parametrize("purpose", sorted(known()))
def test_a_root_field_without_arguments_is_allowed_only_if_the_oracle_allows_it(purpose: str) -> None:
    # Leaving out an argument gives it its default: allowed wherever a request may send that default.
    texts = [
        f"{{ {name} {'{ __typename }' if is_composite_type(get_named_type(field.type)) else ''} }}"
        for name, field in graphql_schema().type_map["Query"].fields.items()  # type: ignore[attr-defined]  # an object
        if not any(is_required_argument(argument) for argument in field.args.values())
    ]
    expected = {text: allows(purpose, flat_paths(text, graphql_schema())) for text in texts}
    assert {text: refusals(known()[purpose], text, {}, ALL_BOUND) == [] for text in texts} == expected


@EVERY
def test_each_document_is_allowed_as_it_stands(declared: DeclaredOperation) -> None:
    assert refusals(known()[declared.purpose], declared.text, VALUES, ALL_BOUND, declared.name) == []
