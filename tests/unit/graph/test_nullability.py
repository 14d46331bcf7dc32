"""The SDL says `!` where the store cannot hold null, and nowhere else; every other null has a stated reason."""

import re
from collections.abc import Iterator

import pytest
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type
from sqlalchemy import Table

from hub.graph.schema import get_core_schema, load_schema
from hub.model.derived_fields import CANDIDATE, DISCREPANCY, LINK, MERGED_SINCE, PROVENANCE, RECORDED_IN, DerivedField
from hub.model.names import to_camel_case
from hub.model.registry import Entity, load_registry
from hub.model.tables import build_metadata
from hub.store.meta import METADATA

KNOWN = load_registry()
TYPES = {
    name: kind
    for name, kind in get_core_schema(load_schema()).type_map.items()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
}
FIELDS = [(f"{name}.{field}", made) for name, kind in TYPES.items() for field, made in kind.fields.items()]
ENTITIES = [pytest.param(entity, id=entity.name) for entity in KNOWN]


def is_required(type_name: str, field: str) -> bool:
    return isinstance(TYPES[type_name].fields[field].type, GraphQLNonNull)


def nullable_columns(table: Table) -> dict[str, bool]:
    return {column.name: bool(column.nullable) for column in table.columns}


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_value_is_required_exactly_where_its_column_is(entity: Entity) -> None:
    for room in ("data", "history"):
        nullable = nullable_columns(build_metadata().tables[f"{room}.{entity.table}"])
        columns = [*entity.fields, *(reference.column for reference in entity.references)]
        for column in columns:
            assert is_required(entity.name, column.graphql) is not nullable[column.name], column.name


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_a_sector_recorded_is_required_exactly_where_its_column_is(entity: Entity) -> None:
    nullable = nullable_columns(build_metadata().tables[f"data.{entity.table}"])
    for linked in entity.linked:
        for part in linked.recorded:
            graphql = to_camel_case(part.part)
            assert is_required(linked.as_recorded, graphql) is not nullable[part.column.name], part.part


@pytest.mark.parametrize("entity", ENTITIES)
def test_pages_links_and_origins_are_always_there_and_joined_rows_may_not_be(entity: Entity) -> None:
    """A referred row can be in quarantine, or not read yet, and a linked one not found: both are null, and never an error."""
    always = ["id", "provenance", *(back.graphql for back in entity.backlinks)]
    always += [linked.link_graphql for linked in entity.linked]
    joined = [reference.graphql for reference in entity.references] + [linked.graphql for linked in entity.linked]
    assert {name: is_required(entity.name, name) for name in always + joined} == {
        **dict.fromkeys(always, True),
        **dict.fromkeys(joined, False),
    }


STORED_PARTS: tuple[tuple[str, tuple[DerivedField, ...], str], ...] = (
    *((entity.name, PROVENANCE, f"data.{entity.table}") for entity in KNOWN),
    *((linked.owner, CANDIDATE, f"link.{linked.table}") for entity in KNOWN for linked in entity.linked),
    ("Discrepancy", DISCREPANCY, "link.discrepancy"),
    ("RecordedIn", RECORDED_IN, "link.discrepancy"),
    ("Merged", (MERGED_SINCE,), "link.heir"),
)


@pytest.mark.parametrize(("about", "parts", "table"), STORED_PARTS)
def test_a_part_that_is_a_column_is_required_exactly_where_the_column_is(
    about: str, parts: tuple[DerivedField, ...], table: str
) -> None:
    """Of a link nothing but its status is required: a record may have none."""
    nullable = nullable_columns(METADATA.tables[table]) | {"sys_to": True}
    for part in parts:
        if column := re.fullmatch(r"\{\w\}\.(\w+)", part.sql):
            assert part.annotation.endswith(" | None") is nullable[column[1]], f"{about}.{part.graphql}"
    assert [part.graphql for part in LINK if not part.annotation.endswith(" | None")] == ["status"]


def lists_within(field: GraphQLField) -> Iterator[bool]:
    """Of each list of a field's type, whether its items are required."""
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    while isinstance(kind, GraphQLList):
        yield isinstance(kind.of_type, GraphQLNonNull)
        kind = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else kind.of_type


def test_no_list_holds_a_null_but_rows_asked_for_by_id() -> None:
    holding = [name for name, field in FIELDS if not all(lists_within(field))]
    assert holding == ["Query.nodes"]


def test_no_list_is_null_but_evidence_that_was_not_kept() -> None:
    """Empty and unknown are different answers: a list is null only where nobody knows."""
    absent = {name.partition(".")[2] for name, field in FIELDS if isinstance(field.type, GraphQLList)}
    assert absent == {"evidence"}


def test_every_field_of_a_connection_is_required_but_cursors_of_an_empty_page() -> None:
    paged = re.compile(r"\w+(Connection|Edge)$|PageInfo$|SearchResult$|SearchHit$")
    optional = [
        name for name, field in FIELDS if paged.match(name.partition(".")[0]) and not isinstance(field.type, GraphQLNonNull)
    ]  # fmt: skip
    assert optional == ["PageInfo.startCursor", "PageInfo.endCursor"]
    connections = [field for _, field in FIELDS if get_named_type(field.type).name.endswith("Connection")]
    assert connections
    assert all(isinstance(field.type, GraphQLNonNull) for field in connections)


DECLARED = {
    f"{entity.name}.{column.graphql}"
    for entity in KNOWN
    for column in [*entity.fields, *(reference.column for reference in entity.references)]
} | {f"{recorded.name}.{part.graphql}" for recorded in KNOWN.recorded.values() for part in recorded.fields}
"""Values of a source: null says that the source gave none. Other descriptions say what a null of theirs means."""


def test_every_other_null_is_explained_where_it_is_declared() -> None:
    unexplained = [
        name
        for name, field in FIELDS
        if not isinstance(field.type, GraphQLNonNull)
        and name not in DECLARED
        and not re.search(r"\bnull\b", field.description or "", re.IGNORECASE)
    ]
    assert unexplained == []
