"""The matrix of permission against an oracle that knows no trie; and each check, taken away, is missed by some cell."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from zlib import crc32

import pytest
from graphql import DocumentNode, validate
from graphql.execution.values import get_variable_values

from hub.access import argument_rules
from hub.access.permission_trie import PathNode
from hub.plan.permission import walk
from hub.plan.permission.check import Permitted, check_permission
from hub.plan.permission.compile import operations_of
from tests.permission.cases import ALL_BOUND, allows, graphql_schema, known, paths_of
from tests.permission.cells import Cell, all_cells
from tests.permission.oracle import parse_once

FEWEST_CELLS = 20_000
VALIDATED_ONE_IN = 10


@cache
def document_of(text: str) -> DocumentNode:
    document = parse_once(text)
    # Validating takes ten times as long as the check: a part of the cells shows that they are operations.
    if crc32(text.encode()) % VALIDATED_ONE_IN == 0:
        assert validate(graphql_schema(), document) == [], text
    return document


@cache
def expected(purpose: str, text: str) -> bool:
    return allows(purpose, paths_of(text))


def is_allowed(cell: Cell) -> bool:
    document = document_of(cell.text)
    (operation,) = operations_of(document)
    given = get_variable_values(graphql_schema(), operation.variable_definitions or (), dict(cell.variables))
    assert not isinstance(given, list), (cell, given)
    purpose = known()[cell.purpose]
    found = check_permission(document, operation, given.coerced, purpose, ALL_BOUND, graphql_schema())
    return isinstance(found, Permitted)


def wrong(cells: Iterable[Cell]) -> Iterable[Cell]:
    """The cells that the check allows and the oracle does not, or the other way round."""
    return (cell for cell in cells if is_allowed(cell) != (expected(cell.purpose, cell.text) and not cell.forbidden))


@cache
def cells() -> tuple[Cell, ...]:
    return tuple(all_cells())


def test_every_cell_is_as_the_oracle_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(wrong(cells()))
    ways = Counter(cell.way for cell in cells())
    allowed = Counter(cell.way for cell in cells() if not cell.forbidden and expected(cell.purpose, cell.text))
    with capsys.disabled():
        print(f"\npermission matrix: {len(cells()):,} cells, {sum(allowed.values()):,} of them allowed")
        print(", ".join(f"{way} {allowed[way]}/{count}" for way, count in sorted(ways.items())))
    assert [(cell.purpose, cell.field, cell.way, cell.text) for cell in found[:5]] == []
    assert len(cells()) >= FEWEST_CELLS
    # Each way of selecting is allowed somewhere and refused somewhere.
    assert {"key", "key, alias", "key, fragment", "key, skipped", "place", "place, fragment"} <= set(allowed)
    assert all(allowed[way] < count for way, count in ways.items())


def _any_type(self: PathNode, type_name: str, name: str) -> tuple[Any, ...]:
    return tuple(rule for by_field in self.fields.values() for rule in by_field.get(name, ()))


def _unless(name: str) -> Callable[..., Any]:
    """`match_arguments` that does not look at one argument."""
    real = walk.match_arguments  # type: ignore[attr-defined]  # looked up there

    def match(allowed: Any, *rest: Any) -> Any:
        return real(tuple(pair for pair in allowed if pair[0] != name), *rest)

    return match


def _fine(*_: Any) -> None:
    return None


MUTANTS: dict[str, tuple[Any, str, Any, tuple[str, ...]]] = {
    "filters are not compared": (walk, "match_arguments", _unless("filter"), ("place, filter",)),
    "orders are not compared": (walk, "match_arguments", _unless("orderBy"), ("place, order",)),
    "page sizes are not compared": (argument_rules.AtMost, "mismatch", _fine, ("place, page",)),
    "the end of a page is not compared": (walk, "match_arguments", _unless("last"), ("place, from the end",)),
    "subjects are not compared": (argument_rules.BoundTo, "mismatch", _fine, ("stranger",)),
    "kinds of a union are not told apart": (PathNode, "rules", _any_type, ("place",)),
    "the past is the present": (walk.Walk, "_check_instant", _fine, ("past", "place, past")),
    "what is refused beneath a root is not kept": (walk.Walk, "_refuse", lambda self, place, argument="": len(place.path) > 1 or self.refused.append(walk.RefusedField(place, argument)), ("key",)),
    "what is skipped is not read": (walk.Walk, "run", None, ("key, skipped", "place, skipped")),
    "filters of public types may lead anywhere": (walk.PublicSelections, "_value", lambda *_: True, ("filter",)),  # type: ignore[attr-defined]  # looked up there
}  # fmt: skip
"""What is broken, by what, and the ways of the matrix that have to show it."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_taken_away_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, replacement, ways = MUTANTS[name]
    if replacement is None:
        real = walk.Walk.run

        def run(self: walk.Walk) -> walk.Walk:
            object.__setattr__(self.document, "with_skipped", False)
            return real(self)

        replacement = run
    monkeypatch.setattr(owner, attribute, replacement)
    assert next(iter(wrong(cell for cell in cells() if cell.way in ways)), None) is not None
