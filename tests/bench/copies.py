"""A large store from a small one: rows of a linked province, and their links, copied in SQL under new keys.

Nothing is read from sources or linked, which would take longer than all else. A copy has its own ids (in tables and in links), its own unique keys
(and columns that refer by them), and its own personal identifiers, whose first three digits are another province's. Names, dates, evidence and
the codes of administrative units are the original's; those units themselves are not copied.
"""

from collections.abc import Set
from functools import cache
from typing import Any

import psycopg

from hub.model.registry import load_registry

SHIFT = 10_000_000
"""Added to the ids of each copy; more than any id of a small province."""
MOST_COPIES = 999
"""The first three digits of a personal identifier have a thousand values."""
NOT_COPIED = (
    "data.administrative_unit",
    "data.administrative_unit_change",
    # What linking remembers between runs, and what people decided: no read touches the first, and there are none of the second.
    "link.considered",
    "link.decision",
    "link.sample",
)
ROW_IDS = ("id", "record_id", "found_id", "subject_id", "heir_id")
TABLES = """
select format('%I.%I', nspname, relname) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r' and (nspname = 'data' or nspname = 'link' and exists (
    select from pg_attribute where attrelid = pg_class.oid and attname in ('record_id', 'heir_id')))
order by pg_total_relation_size(pg_class.oid) desc, 1
"""
COLUMNS = """
select attname from pg_attribute
where attrelid = %s::regclass and attnum > 0 and attgenerated = '' and not attisdropped order by attnum
"""
INDEXES = """
select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index where indrelid = %s::regclass and not indisprimary order by 1
"""
OTHER_PROVINCE = """
case when {column} ~ '^[0-9]{{12}}$' then lpad(((substr({column}, 1, 3)::int + {copy}) % 1000)::text, 3, '0') || substr({column}, 4)
else {column} end
"""


def list_copied_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Tables of records and of links that belong to citizens, the largest first."""
    return [name for (name,) in connection.execute(TABLES) if name not in NOT_COPIED]


def drop_indexes(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Drop all indexes of a table but the one of its primary key. Returns the statements that make them again."""
    found = connection.execute(INDEXES, (table,)).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}")
    return [definition for _, definition in found]


def copy_rows(connection: psycopg.Connection[Any], table: str, copies: range) -> None:
    """Add copies with these numbers of a table's original rows, one after the other, in one transaction."""
    assert copies.start > 0
    assert copies.stop - 1 <= MOST_COPIES
    columns = [str(name) for (name,) in connection.execute(COLUMNS, (table,))]
    unique = _list_unique_columns()
    key = next(name for name in ROW_IDS if name in columns)
    with connection.transaction():
        connection.execute(
            f"create temporary table original on commit drop as select * from {table} where {key} < {SHIFT} order by {key}"
        )
        for copy in copies:
            values = ", ".join(_value(column, unique, copy) for column in columns)
            connection.execute(
                f"insert into {table} ({', '.join(columns)}) overriding system value select {values} from original"
            )


@cache
def _list_unique_columns() -> frozenset[str]:
    """Names of the columns that are unique in some table of records that is copied."""
    entities = [entity for entity in load_registry().entities.values() if f"data.{entity.table}" not in NOT_COPIED]
    return frozenset(column.name for entity in entities for column in entity.columns if column.unique)


def _value(column: str, unique: Set[str], copy: int) -> str:
    """What a column of a copy holds."""
    if column in ROW_IDS:
        return f"{column} + {copy * SHIFT}"
    is_key = any(column == name or column.endswith(f"_{name}") for name in unique)
    if column.endswith("personal_id") or (column.endswith("_identifier") and not is_key):
        return OTHER_PROVINCE.format(column=column, copy=copy)
    return f"{column} || '~{copy}'" if is_key or column == "source_key" else column
