"""Limits: measured on the expanded document, at the cost of its text."""

import time

import pytest
from graphql import parse

from hub.errors import OperationRefused
from hub.plan.limits import check


def test_depth_and_number_count_fragments_where_they_are_spread() -> None:
    document = parse("{ a { ...F ...F } } fragment F on X { b { c } }")
    check(document, max_depth=3, max_fields=5)
    with pytest.raises(OperationRefused, match="3 fields deep"):
        check(document, max_depth=2, max_fields=5)
    with pytest.raises(OperationRefused, match="5 fields in all"):
        check(document, max_depth=3, max_fields=4)


def test_a_fragment_bomb_is_measured_quickly() -> None:
    lines = [f"fragment F{i} on X {{ ...F{i + 1} ...F{i + 1} }}" for i in range(60)]
    document = parse("{ a { ...F0 } } " + " ".join(lines) + " fragment F60 on X { b }")
    started = time.monotonic()
    with pytest.raises(OperationRefused, match="fields in all"):
        check(document, max_depth=100, max_fields=2_000)
    assert time.monotonic() - started < 5


def test_cycles_and_unknown_fragments_are_left_to_validation() -> None:
    check(parse("{ ...F ...G } fragment F on Query { a { ...F } }"), max_depth=5, max_fields=5)
