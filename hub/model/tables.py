"""SQLAlchemy tables derived from the registry: `data`, `history`, `link`, `link_history`.

`data.<entity>` holds the present, `history.<entity>` every version before it with the period in which the hub held it;
`link.<entity>_<field>` says which subject a linked field is, `link.<entity>_duplicate` which older row is the same subject,
and `link_history` what they said before. Ids come from one
sequence, so an id names one row of the whole hub. `staging` tables are made at run time by ingest and are not declared here.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    Sequence,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from hub.model.names import quote_identifier
from hub.model.registry import Column as Declared
from hub.model.registry import Entity, load_registry
from schema.values import Storage

SQL_TYPES: dict[Storage, TypeEngine[Any]] = {
    Storage.TEXT: Text(),
    Storage.DATE: Date(),
    Storage.INTEGER: Integer(),
    Storage.BIGINT: BigInteger(),
    Storage.NUMERIC: Numeric(),
    Storage.BOOLEAN: Boolean(),
    Storage.TIMESTAMP: DateTime(timezone=True),
}
ID = Sequence("id_seq", schema="hub", data_type=BigInteger())
DATA_TABLE_OPTIONS = {"fillfactor": 95}
"""Room in the pages of `data` for changed rows: an update of no indexed column then touches no index (docs/decisions/0008)."""
ACCEPTED = "status <> 'UNCONFIRMED'"
OPEN = "status = 'UNCONFIRMED'"


def sql_type(column: Declared) -> str:
    """The SQL type of a column, as written in casts: `text`, `date`, `bigint` …"""
    return column.value.storage.value


@cache
def build_metadata() -> MetaData:
    """All derived tables, in one MetaData; `hub.store.meta` adds the hub's own."""
    built = MetaData()
    ID._set_metadata(built)
    for entity in load_registry():
        _make_entity_tables(built, entity)
        for linked in entity.linked:
            about = f"Which subject {linked.owner}.{linked.name} is."
            _make_link_tables(built, linked.table, about, f"Links that {linked.owner}.{linked.name} had before.")
        if entity.duplicates:
            about = f"Which older {entity.name} (subject) a younger one (record) is the same as."
            before = f"Duplicates of {entity.name} that were taken back."
            # A row can be the same thing as two older ones, each by a pair of its own that can be undone.
            _make_link_tables(built, entity.duplicate_table, about, before, one=False)
    return built


def stored_columns(entity: Entity) -> tuple[str, ...]:
    """Every column that `data` and `history` have of an entity, by name."""
    searched = (column.search_key for column in entity.columns if column.search_key)
    added = (column.name for column in provenance_columns())
    return ("id", *(column.name for column in entity.columns), *searched, *added)


def provenance_columns() -> list[Column[Any]]:
    """What the hub adds to every row: where it is from, under which key, when it was seen, and its digest."""
    return [
        Column("stream_id", SmallInteger, nullable=False),
        # Collation C: keys are compared as bytes, children of a row are found by its key's prefix, and sorting is cheaper.
        Column("source_key", Text(collation="C"), nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column(
            "row_digest",
            BigInteger,
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        Column("first_seen", DateTime(timezone=True), nullable=False),
        Column("changed_at_source", DateTime(timezone=True)),
        Column("sys_from", DateTime(timezone=True), nullable=False),
    ]


def _make_entity_tables(built: MetaData, entity: Entity) -> None:
    Table(
        entity.table,
        built,
        Column("id", BigInteger, ID, server_default=ID.next_value(), primary_key=True, autoincrement=False),
        *_make_value_columns(entity),
        *provenance_columns(),
        *_make_indexes(entity),
        # A name without its key would be a name that no search finds.
        *(
            CheckConstraint(
                f"({c.sql} is null) = ({quote_identifier(c.search_key)} is null)",
                name=f"{entity.table}_{c.search_key}_made",
            )
            for c in entity.columns
            if c.search_key
        ),
        schema="data",
        comment=entity.description.splitlines()[0],
        postgresql_with=DATA_TABLE_OPTIONS,
    )
    Table(
        entity.table,
        built,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        *_make_value_columns(entity),
        *provenance_columns(),
        Column("sys_to", DateTime(timezone=True), primary_key=True),
        *_make_past_indexes(entity),
        schema="history",
        comment=f"Earlier versions of data.{entity.table}, each with the period in which the hub held it.",
    )


def _make_value_columns(entity: Entity) -> list[Column[Any]]:
    columns: list[Column[Any]] = []
    for declared in entity.columns:
        columns.append(
            Column(
                declared.name,
                SQL_TYPES[declared.value.storage],
                nullable=declared.nullable,
                comment=declared.description,
            )
        )
        if declared.search_key:
            # Made by ingest: as a generated column it took two thirds of a first load (docs/decisions/0007). Collation C, so
            # that one index serves prefix search and order, whatever the database's own collation is.
            columns.append(Column(declared.search_key, Text(collation="C")))
    return columns


def _make_indexes(entity: Entity) -> list[Index]:
    table = entity.table
    indexes = [Index(f"{table}_source", "stream_id", "source_key", unique=True)]
    for column in entity.columns:
        if column.unique:
            indexes.append(Index(f"{table}_{column.name}_key", column.name, unique=True))
        elif column.search_key:
            indexes.append(Index(f"{table}_{column.search_key}", column.search_key, "id"))
            # Core PostgreSQL has no trigrams: an index of the words finds them in any order (docs/decisions/0012).
            words = text(split_words(quote_identifier(column.search_key)))
            indexes.append(Index(f"{table}_{column.search_key}_words", words, postgresql_using="gin"))
        elif column.indexed:
            indexes.append(Index(f"{table}_{column.name}", column.name, "id"))
    return indexes


def split_words(key: str) -> str:
    """The words of a search key, as SQL: the expression of the index, and so of every condition that it serves."""
    return f"string_to_array({key}, ' ')"


def _make_past_indexes(entity: Entity) -> list[Index]:
    """What a read of a past instant looks rows up by: keys and references. Filters on other columns read all of history."""
    looked_up = [c for c in entity.columns if c.unique] + [reference.column for reference in entity.references]
    return [Index(f"{entity.table}_past_{column.name}", column.name) for column in looked_up]


def _make_link_tables(built: MetaData, name: str, about: str, before: str, *, one: bool = True) -> None:
    # A merge changes which subject a row stands for, not which row was found: so undoing it needs no new search.
    columns: list[tuple[str, Any, bool, str]] = [
        ("subject_id", BigInteger, False, "The subject: the heir of the row that was found."),
        ("subject_kind", Text, False, "Name of the kind of subject."),
        ("status", Text, False, "CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing)."),
        ("method", Text, False, "The rule or model that made the link."),
        ("confidence", REAL, True, "Probability that the link is right; null for rules."),
        ("weight", REAL, True, "Match weight in bits; null for rules."),
        ("evidence", JSONB, True, "What agreed and what did not: a list of comparison, outcome, bits."),
        ("decided_by", Text, False, "The run or the person who decided."),
        ("decided_at", DateTime(timezone=True), False, "When."),
        ("sys_from", DateTime(timezone=True), False, "Since when the hub holds this link."),
    ]
    Table(
        name,
        built,
        Column("record_id", BigInteger, primary_key=True, autoincrement=False),
        Column("found_id", BigInteger, primary_key=True, autoincrement=False, comment="The row that was found."),
        *(Column(column, kind, nullable=nullable, comment=comment) for column, kind, nullable, comment in columns),
        Index(f"{name}_accepted", "record_id", unique=one, postgresql_where=text(ACCEPTED)),
        Index(f"{name}_subject", "subject_id", "record_id", postgresql_where=text(ACCEPTED)),
        Index(f"{name}_found", "found_id"),
        # The review queue is a few in a hundred of the rows: it is read from its own index alone.
        Index(f"{name}_open", "record_id", "weight", postgresql_where=text(OPEN)),
        schema="link",
        comment=about,
    )
    Table(
        name,
        built,
        Column("record_id", BigInteger, primary_key=True, autoincrement=False),
        Column("found_id", BigInteger, primary_key=True, autoincrement=False, comment="The row that was found."),
        *(Column(column, kind, nullable=nullable, comment=comment) for column, kind, nullable, comment in columns),
        Column("sys_to", DateTime(timezone=True), primary_key=True),
        Index(f"{name}_past_subject", "subject_id"),
        schema="link_history",
        comment=before,
    )
