"""Paths into documents: every name can be written, what is not there is absent, and two matches are never one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.paths import AmbiguousPath, IndexStep, MatchStep, MemberStep, parse_path, select_value, split_at_list

NAMES = st.text(min_size=1, max_size=8)


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.lists(NAMES, min_size=1, max_size=4), st.text())
def test_any_member_can_be_addressed(names: list[str], value: str) -> None:
    document: Any = value
    for name in reversed(names):
        document = {name: document}
    assert select_value(document, parse_path(".".join(map(quoted, names)))) == value


@given(st.lists(st.text(max_size=3), max_size=5), st.text(max_size=3))
def test_a_condition_finds_the_one_item_or_says_that_there_are_several(kinds: list[str], wanted: str) -> None:
    document = {"of": [{"kind": kind, "at": at} for at, kind in enumerate(kinds)]}
    steps = parse_path(f"of[kind={quoted(wanted)}].at")
    if kinds.count(wanted) > 1:
        with pytest.raises(AmbiguousPath):
            select_value(document, steps)
    else:
        expected = kinds.index(wanted) if wanted in kinds else None
        assert select_value(document, steps) == expected


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", ()),
        ("data.items", (MemberStep("data"), MemberStep("items"))),
        ('"@odata.nextLink"', (MemberStep("@odata.nextLink"),)),
        ("link[relation=next].url", (MemberStep("link"), MatchStep(("relation",), "next"), MemberStep("url"))),
        ("[0].a[-1]", (IndexStep(0), MemberStep("a"), IndexStep(-1))),
        ('a[b.c="]"]', (MemberStep("a"), MatchStep(("b", "c"), "]"))),
    ],
)
def test_paths_are_read(path: str, steps: tuple[object, ...]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize("path", ["a..b", ".a", "a.", "a[m2]", "a[0]b", 'a"b', "a[", '"a'])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not a valid path"):
        parse_path(path)


@pytest.mark.parametrize("column", ["Diện tích [m2]", "a.b", "[x]", "a[b]c", "[0]"])
def test_a_column_without_a_selector_is_its_own_name(column: str) -> None:
    assert split_at_list(column) == (column, ())


@pytest.mark.parametrize(
    ("document", "found"),
    [({"a": [{"b": 1}]}, 1), ({"a": []}, None), ({"a": {"b": 1}}, None), ({}, None), ({"a": [1]}, None), ([], None)],
)
def test_what_is_not_there_is_absent(document: Any, found: int | None) -> None:
    assert select_value(document, parse_path("a[0].b")) == found
