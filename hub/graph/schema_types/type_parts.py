"""Parts of types that several builders make: fields of values and derived parts, connections and their arguments."""

from collections.abc import Sequence
from typing import Any

from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from hub.graph.schema_types.fields import Namespace, StoredField, Whole, make_argument, make_field, object_type
from hub.graph.schema_types.scalars import scalar_name
from hub.model.derived_fields import DerivedField
from hub.model.labels import describe_with_label
from hub.model.registry import Column


def value_field(column: Column, names: Namespace) -> StrawberryField:
    """The field of a declared column."""
    optional = " | None" if column.nullable else ""
    return make_field(
        StoredField,
        scalar_name(column.value) + optional,
        names,
        graphql=column.graphql,
        description=describe_with_label(column.declared_label, column.description),
        deprecated=column.deprecated,
    )


def part_fields(parts: tuple[DerivedField, ...], names: Namespace) -> dict[str, StrawberryField]:
    """The fields of derived parts."""
    return {
        p.graphql: make_field(StoredField, p.annotation, names, graphql=p.graphql, description=p.description)
        for p in parts
    }


def of_parts(name: str, about: str, parts: tuple[DerivedField, ...], names: Namespace) -> Any:
    """An object of derived parts."""
    return object_type(name, about, part_fields(parts, names))


def page_arguments(names: Namespace) -> list[StrawberryArgument]:
    """The arguments that say which page of a connection is wanted."""
    return [
        make_argument("first", "int | None", names, "At most so many, from the start or after `after`."),
        make_argument("after", "str | None", names, "Begin after this cursor."),
        make_argument("last", "int | None", names, "At most so many, from the end or before `before`."),
        make_argument("before", "str | None", names, "End before this cursor."),
    ]


def add_connection(name: str, names: Namespace, *, counted: bool = True) -> None:
    """Add the edge and the connection of a type to `names`; not `counted`, it has no `totalCount`."""
    edge = {
        "cursor": ("str", "Cursor of this edge, for `after` and `before`."),
        "node": (name, "The row."),
    }
    names[f"{name}Edge"] = object_type(f"{name}Edge", f"One {name} of a connection.", _make_stored_fields(edge, names))
    connection = {
        "nodes": (f"list[{name}]", "The rows of the page."),
        "edges": (f"list[{name}Edge]", "The rows with their cursors."),
        "pageInfo": ("PageInfo", "Where the page stands."),
    }
    if counted:
        connection["totalCount"] = ("int", "How many there are in all; counted only when asked.")
    names[f"{name}Connection"] = object_type(
        f"{name}Connection", f"A page of {name}.", _make_stored_fields(connection, names)
    )


def make_connection(
    nodes: Sequence[Whole], cursors: Sequence[str], *, has_next: bool, has_previous: bool, total: int | None = None
) -> Whole:
    """A page as a connection of `add_connection` answers it; `total` is None if it was not asked for."""
    info = Whole(
        hasNextPage=has_next,
        hasPreviousPage=has_previous,
        startCursor=cursors[0] if cursors else None,
        endCursor=cursors[-1] if cursors else None,
    )
    edges = [Whole(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)]
    return Whole(nodes=list(nodes), edges=edges, pageInfo=info, totalCount=total)


def _make_stored_fields(about: dict[str, tuple[str, str]], names: Namespace) -> dict[str, StrawberryField]:
    return {n: make_field(StoredField, kind, names, graphql=n, description=text) for n, (kind, text) in about.items()}
