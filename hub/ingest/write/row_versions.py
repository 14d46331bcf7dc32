"""Row versions: decide which of several versions of a row counts. For lists this is decided for the row that holds the
list, with its items.
"""

from typing import Any

from psycopg import Connection

from hub.ingest.transform.map import KEYED_ITEM, ROW_NUMBER
from hub.ingest.write import unique_keys
from hub.ingest.write.merge_sql import MergeStatements, MergeTask
from hub.store.query import fetch_value

IS_STALE = "t.changed_at_source > {staged}.changed_at_source"
"""Whether the stored row `t` is newer than a staged row."""
IS_NEWER = f"(coalesce(o.changed_at_source, '-infinity'), o.{ROW_NUMBER}) > (coalesce({{t}}.changed_at_source, '-infinity'), {{t}}.{ROW_NUMBER})"
"""Whether `o` is newer than `t`, both in one table: by the source's own change time if it has one, otherwise by order
of arrival.
"""
IS_LATER = (
    "case when o.changed_at_source <> {t}.changed_at_source then o.changed_at_source > {t}.changed_at_source"
    f" else o.{ROW_NUMBER} > {{t}}.{ROW_NUMBER} end"
)
"""The same for a row and a deletion, which often has no change time."""


def keep_living(connection: Connection[Any], sql: MergeStatements) -> None:
    """In a whole read, a key that also arrives as a living row is not deleted."""
    living = [sql.parents] if sql.work.exploded else [sql.stage, sql.reject]
    if fetch_value(connection, f"select exists (select from {sql.gone})"):
        for table in living:
            connection.execute(f"delete from {sql.gone} g using {table} s where s.source_key = g.source_key")


def keep_newest(connection: Connection[Any], sql: MergeStatements) -> int:
    """In a read of changes, keep only the newest version of each row.

    Returns how many items were set aside because their list contains their key twice.
    """
    rows = sql.parents if sql.work.exploded else sql.stage
    for table, other, newer in (
        (rows, rows, IS_NEWER),
        (sql.gone, sql.gone, IS_NEWER),
        (rows, sql.gone, IS_LATER),
        (sql.gone, rows, IS_LATER),
    ):
        _drop_rows(
            connection,
            sql,
            table,
            f"exists (select from {other} o where o.source_key = {table}.source_key and {newer.format(t=table)})",
        )
    return unique_keys.set_doubled_items_aside(connection, sql) if sql.work.exploded else 0


def drop_stale(connection: Connection[Any], sql: MergeStatements) -> int:
    """Drop rows that are older than the stored version, by the source's own change time. Returns how many."""
    rows = sql.parents if sql.work.exploded else sql.stage
    stored = (
        f"exists (select from {sql.data} t where t.stream_id = {sql.stream_id} and {sql.match_key(f'{rows}.source_key')}"
        f" and {IS_STALE.format(staged=rows)})"
    )
    return _drop_rows(connection, sql, rows, f"{rows}.changed_at_source is not null and {stored}")


def _drop_rows(connection: Connection[Any], sql: MergeStatements, table: str, where: str) -> int:
    """Drop versions of rows; for lists, with their items. Returns how many rows or items were dropped."""
    if table != sql.parents:
        return connection.execute(f"delete from {table} where {where}").rowcount
    return connection.execute(
        f"with old as (delete from {table} where {where} returning {ROW_NUMBER})"
        f" delete from {sql.stage} s using old where s.{ROW_NUMBER} = old.{ROW_NUMBER}"
    ).rowcount


def rekey_items(connection: Connection[Any], work: MergeTask) -> int:
    """Give stored items the new form of their key if all their values are equal.

    An item thus keeps its id when a manifest declares a key for it, or when an old version of the hub stored its
    position. Returns how many items changed.
    """
    sql = MergeStatements(work)
    if not work.exploded or not fetch_value(connection, f"select exists (select from {sql.stage})"):
        return 0
    rows, present = f"{sql.data} t", f"t.stream_id = {sql.stream_id}"
    if not work.whole:
        rows, present = sql.join_stored(sql.parents), "true"
    old = _select_items(
        work.key_parts,
        f"select t.id, t.source_key, md5(row({sql.there})::text) as content from {rows} where {present}"
        f" and not exists (select from {sql.stage} s where s.source_key = t.source_key)"
        f" and not exists (select from {sql.reject} r where r.source_key = t.source_key)",
    )
    new = _select_items(
        work.key_parts,
        f"select s.source_key, md5(row({sql.here})::text) as content from {sql.stage} s"
        f" where not exists (select from {sql.data} t where t.stream_id = {sql.stream_id} and t.source_key = s.source_key)",
    )
    # A different declared key means a different item, whatever its values.
    return connection.execute(
        f"update {sql.data} t set source_key = new.source_key from ({old}) old join ({new}) new"
        f" on (new.parent, new.content, new.nth) = (old.parent, old.content, old.nth)"
        f" where t.id = old.id and not (old.sort = '{KEYED_ITEM}' and new.sort = '{KEYED_ITEM}')"
    ).rowcount


def _select_items(key_parts: int, rows: str) -> str:
    """Return SQL for items with their parent's key, the form of their own key, and their ordinal among equal items."""
    parent = build_parent_pattern(key_parts)
    parts = (
        f"select *, substring(source_key from {parent}) as parent, left(regexp_replace(source_key, {parent}, ''), 1) as sort"
        f" from ({rows}) items"
    )
    return f"select *, row_number() over (partition by parent, content order by source_key) as nth from ({parts}) parts"


def build_parent_pattern(key_parts: int) -> str:
    """Return the SQL pattern of an item's source key; its group is the key of the row that holds the list."""
    part = r"(?:[^|\\]|\\.)*"
    return f"'^({part}(?:[|]{part}){{{key_parts - 1}}})[|]'"
