"""Claims: fields that can be corrected, valid values, and what counts as the same value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.corrections.claims import check_claim, find_field, is_same, list_fields, normalise_claim
from hub.errors import OperationRefused
from hub.model.registry import load_registry
from schema.values import Value


def test_every_field_is_named_as_the_graph_reaches_it() -> None:
    right = list_fields(load_registry()["LandUseRight"])
    assert right["area"].column is not None
    assert right["area"].column.name == "area"
    assert right["holderLink.recorded.name"].column is not None
    assert list_fields(load_registry()["Citizen"])["landUseRights"].backlink is not None
    for entity in load_registry():
        columns = {field.column.name for field in list_fields(entity).values() if field.column}
        assert columns == {column.name for column in entity.columns}, "each column has exactly one name"


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(OperationRefused) as refused:
        find_field(load_registry()["Citizen"], "shoeSize")
    assert refused.value.code == "CORRECTION_FIELD_UNKNOWN"


def test_a_claim_is_cleaned_and_checked_without_telling_it() -> None:
    field = find_field(load_registry()["Citizen"], "personalId")
    assert check_claim(field, " 022085 001234 ") == "022085001234"
    assert check_claim(field, "  ") is None
    for wrong in ("0220850012", "x" * 3_000):
        with pytest.raises(OperationRefused) as refused:
            check_claim(field, wrong)
        assert refused.value.code == "CLAIM_INVALID"
        assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("entity", "field", "left", "right", "same"),
    [
        ("Citizen", "fullName", "Nguyễn Thị Hoà", "NGUYỄN  THỊ HÒA", True),
        ("Citizen", "fullName", "Nguyễn Thị Hoà", "Nguyễn Thị Hoa", False),
        ("Citizen", "personalId", "022085001234", "022 085 001234", True),
        ("Citizen", "birthDate", "1985", "1985-05-01", False),
        ("LandUseRight", "area", "120.50", "120.5", True),
        ("LandUseRight", "area", "100", "1E+2", True),
        ("LandUseRight", "area", "120.5", "120.05", False),
        ("LandUseRight", "issuedOn", "2020-01-05", "2020-01-05", True),
        ("LandUseRight", "issuedOn", None, "2020-01-05", False),
        ("LandUseRight", "issuedOn", None, " ", True),
        ("LandUseRight", "status", "registered", "REGISTERED", True),
    ],
)
def test_values_are_compared_in_the_normal_form_of_their_field(
    entity: str, field: str, left: str | None, right: str | None, same: bool
) -> None:
    column = find_field(load_registry()[entity], field).column
    assert column is not None
    assert is_same(column.value, left, right) is same


KINDS = sorted(
    {column.value for entity in load_registry() for column in entity.columns}, key=lambda kind: kind.__name__
)


@given(st.sampled_from(KINDS), st.one_of(st.none(), st.text(max_size=30)))
def test_a_normal_form_is_its_own(kind: type[Value], text: str | None) -> None:
    once = normalise_claim(kind, text)
    assert normalise_claim(kind, once) == once


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_examples_of_every_kind_are_the_same_as_themselves(kind: type[Value]) -> None:
    for example in kind.examples:
        assert is_same(kind, example, kind.parse(example))
