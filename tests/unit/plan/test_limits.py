"""Limits: measured on the expanded document, at the cost of its text."""

import time

import pytest
from graphql import parse

from hub.errors import OperationRefused
from hub.plan.limits import Limits, SelectionSize, check_size


def test_depth_and_number_count_fragments_where_they_are_spread() -> None:
    document = parse("{ a { ...F ...F } } fragment F on X { b { c } }")
    check_size(document, Limits(depth=3, fields=5))
    with pytest.raises(OperationRefused, match="3 levels of fields"):
        check_size(document, Limits(depth=2, fields=5))
    with pytest.raises(OperationRefused, match="5 fields in all"):
        check_size(document, Limits(depth=3, fields=4))


def test_a_fragment_bomb_is_measured_quickly() -> None:
    lines = [f"fragment F{i} on X {{ ...F{i + 1} ...F{i + 1} }}" for i in range(60)]
    document = parse("{ a { ...F0 } } " + " ".join(lines) + " fragment F60 on X { b }")
    started = time.monotonic()
    with pytest.raises(OperationRefused, match="fields in all"):
        check_size(document, Limits(spreads=1_000, depth=100))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on Query { a { ...F } }",
        "{ ...F } fragment F on Query { a { ...G } } fragment G on A { ...F }",
        "{ a } fragment F on Query { a { ...F } b { ...F } }",
    ],
)
def test_a_fragment_that_spreads_itself_is_refused(text: str) -> None:
    with pytest.raises(OperationRefused, match="spreads itself"):
        check_size(parse(text), Limits())


def test_unknown_fragments_are_left_to_validation() -> None:
    assert check_size(parse("{ a ...F }"), Limits())[None].fields == 1


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("{ a a a }", 3),
        ("{ a b c }", 0),
        ("{ x: a x: b }", 1),
        ("{ a { b } a { b } }", 2),
        ("{ a { b } ...F } fragment F on Query { a { b } }", 2),
        ("{ a ... { a } ... on Query { a } }", 3),
        ("{ a } fragment F on Query { b b }", 1),
        ("{ a { b } c { b } }", 0),
    ],
)
def test_fields_of_one_name_are_counted_in_pairs(text: str, pairs: int) -> None:
    """As validation compares them: quadratic in their number, so the pairs have a limit."""
    check_size(parse(text), Limits(comparisons=pairs))
    if pairs:
        with pytest.raises(OperationRefused, match="pairs of fields"):
            check_size(parse(text), Limits(comparisons=pairs - 1))


def test_each_measure_has_its_limit() -> None:
    document = parse("{ x: a @include(if: true) { b } c }")
    found = check_size(document, Limits())[None]
    assert found == SelectionSize(depth=2, fields=3, breadth=2, aliases=1, directives=1)
    for name in ("depth", "fields", "breadth", "aliases", "directives"):
        with pytest.raises(OperationRefused, match="Next step"):
            check_size(document, Limits(**{name: getattr(found, name) - 1}))
    with pytest.raises(OperationRefused, match="operations"):
        check_size(parse("query A { a } query B { a }"), Limits(operations=1))
    with pytest.raises(OperationRefused, match="fragment spreads"):
        check_size(parse("{ ...F ...F } fragment F on Query { a }"), Limits(spreads=1))
