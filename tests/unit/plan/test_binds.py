"""Cursors and global ids: read back as they were made, refused as anything else."""

import base64
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import OperationRefused
from hub.plan.binds import CURSOR_PATTERNS, LONGEST_CURSOR, CursorPart, read_global_id
from hub.plan.building.arguments import argument_shape


@given(st.text(string.ascii_letters, min_size=1), st.integers(0, 10**18 - 1))
def test_global_ids_are_read_back(kind: str, number: int) -> None:
    assert read_global_id(base64.b64encode(f"{kind}:{number}".encode()).decode()) == (kind, number)


@given(st.text())
def test_anything_else_is_no_global_id_and_no_error(text: str) -> None:
    kind, number = read_global_id(text)
    assert (kind is None) == (number is None)


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))


@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=4))
def test_cursors_are_read_back_for_their_own_order_only(values: list[str | None]) -> None:
    cursor = base64.b64encode(json.dumps(["name asc", *values]).encode()).decode()
    assert [CursorPart("name asc", i)(cursor) for i in range(len(values))] == values
    with pytest.raises(OperationRefused, match="cursor") as caught:
        CursorPart("name desc", 0)(cursor)
    assert caught.value.code == "BAD_CURSOR"
    with pytest.raises(OperationRefused):
        CursorPart("name asc", len(values))(cursor)


@given(st.text())
def test_garbage_is_refused_as_a_cursor(text: str) -> None:
    with pytest.raises(OperationRefused):
        CursorPart("id asc", 0)(text)


def test_the_shape_of_variables_is_what_changes_a_statement() -> None:
    assert argument_shape({"a": "x", "n": 3}) == argument_shape({"a": "y", "n": 4})
    assert argument_shape({"a": None}) != argument_shape({"a": "x"})
    assert argument_shape({"on": True}) != argument_shape({"on": False})
    assert argument_shape({"f": {"eq": "x"}}) != argument_shape({"f": {"in": ["x"]}})
    assert argument_shape({"l": ["a"]}) == argument_shape({"l": ["a", "b"]})


JSON_VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))  # fmt: skip


@given(JSON_VALUES, st.sampled_from([*CURSOR_PATTERNS, "text"]))
def test_a_forged_part_of_a_cursor_is_refused_at_its_connection(value: object, cast: str) -> None:
    """Whatever passes is a text of the form that PostgreSQL writes for the type, so no cast of it can fail on its form."""
    cursor = base64.b64encode(json.dumps(["id asc", value]).encode()).decode()
    good = value is None or (isinstance(value, str) and "\0" not in value)
    if good and value is not None and cast != "text":
        good = CURSOR_PATTERNS[cast].fullmatch(str(value)) is not None
    take = CursorPart("id asc", 0, cast, ("citizens",))
    if good and len(cursor) <= LONGEST_CURSOR:
        assert take(cursor) == value
        return
    with pytest.raises(OperationRefused) as raised:
        take(cursor)
    assert (raised.value.code, raised.value.path) == ("BAD_CURSOR", ("citizens",))
