"""What builders of nodes share: what a connection is of, objects of the same row, names as literals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphql import SelectionSetNode

from hub.plan.building.selection import Document, Selected
from hub.plan.nodes import Condition, Group, OrderTerm, RowObject, Scalar

Sets = tuple[SelectionSetNode, ...]
Rows = Callable[[tuple[str, ...], Sets], tuple[RowObject, ...]]
"""Makes a row for each of several kinds, of their selection."""


@dataclass(frozen=True)
class ConnectionSource:
    """What a connection is of: the name of its type, its table, its total order, its conditions, and the selection of a row."""

    kind: str
    table: str
    terms: tuple[OrderTerm, ...]
    conditions: tuple[Condition, ...]
    row: Callable[[Sets], RowObject]


def make_group(document: Document, field: Selected, type_name: str, sql: Mapping[str, str]) -> Group:
    """An object of the row in scope: the selection of a type whose fields these expressions give."""
    return Group(field.key, make_scalars(document, field.beneath, type_name, sql))


def make_scalars(document: Document, sets: Sets, type_name: str, sql: Mapping[str, str]) -> tuple[Scalar, ...]:
    """The selection of a type whose fields these expressions give."""
    known = {**sql, "__typename": quote_literal(type_name)}
    return tuple(Scalar(f.key, known[f.name]) for f in document.collect(type_name, sets))


def quote_literal(text: str) -> str:
    """A name of the schema as an SQL literal; names have no quotes."""
    return f"'{text}'::text"
