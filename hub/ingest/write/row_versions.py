"""Versions: of several versions of a row, which one counts. Of a list, the row that holds it: its items stand or fall together."""

from typing import Any

from psycopg import Connection

from hub.ingest.transform.map import KEYED, NUMBER
from hub.ingest.write import unique_keys
from hub.ingest.write.merge_sql import Merge, MergeSql
from hub.store.query import fetch_value

STALE = "t.changed_at_source > {staged}.changed_at_source"
"""Whether the row of the store, `t`, is newer than a staged one."""
NEWER = f"(coalesce(o.changed_at_source, '-infinity'), o.{NUMBER}) > (coalesce({{t}}.changed_at_source, '-infinity'), {{t}}.{NUMBER})"
"""Whether `o` is newer than `t`, both of one table: by the source's own time where it gives one, by order of arrival otherwise."""
LATER = (
    "case when o.changed_at_source <> {t}.changed_at_source then o.changed_at_source > {t}.changed_at_source"
    f" else o.{NUMBER} > {{t}}.{NUMBER} end"
)
"""The same of a row and a deletion, which often has no time."""


def keep_living(connection: Connection[Any], sql: MergeSql) -> None:
    """Of a whole read: a key that comes as a living row, too, is not gone."""
    living = [sql.parents] if sql.work.exploded else [sql.stage, sql.reject]
    if fetch_value(connection, f"select exists (select from {sql.gone})"):
        for table in living:
            connection.execute(f"delete from {sql.gone} g using {table} s where s.source_key = g.source_key")


def keep_newest(connection: Connection[Any], sql: MergeSql) -> int:
    """Of a read of changes: keep of each row the newest version only.

    Returns how many items were set aside because their list has their key twice.
    """
    rows = sql.parents if sql.work.exploded else sql.stage
    for table, other, newer in (
        (rows, rows, NEWER),
        (sql.gone, sql.gone, NEWER),
        (rows, sql.gone, LATER),
        (sql.gone, rows, LATER),
    ):
        _drop(
            connection,
            sql,
            table,
            f"exists (select from {other} o where o.source_key = {table}.source_key and {newer.format(t=table)})",
        )
    return unique_keys.set_doubled_items_aside(connection, sql) if sql.work.exploded else 0


def drop_stale(connection: Connection[Any], sql: MergeSql) -> int:
    """Drop rows of which the store has a newer version, by the source's own time of change. Returns how many there were."""
    rows = sql.parents if sql.work.exploded else sql.stage
    stored = (
        f"exists (select from {sql.data} t where t.stream_id = {sql.stream_id} and {sql.within(f'{rows}.source_key')}"
        f" and {STALE.format(staged=rows)})"
    )
    return _drop(connection, sql, rows, f"{rows}.changed_at_source is not null and {stored}")


def _drop(connection: Connection[Any], sql: MergeSql, table: str, where: str) -> int:
    """Forget versions of rows; of lists, with their items. Returns how many rows, or items, went."""
    if table != sql.parents:
        return connection.execute(f"delete from {table} where {where}").rowcount
    return connection.execute(
        f"with old as (delete from {table} where {where} returning {NUMBER})"
        f" delete from {sql.stage} s using old where s.{NUMBER} = old.{NUMBER}"
    ).rowcount


def rekey_items(connection: Connection[Any], work: Merge) -> int:
    """Give items that the store knows by another sort of key the one by which they come now, where all their values are equal.

    So an item keeps its id when a manifest declares a key for it, and when the hub knew it by its position. Returns how many.
    """
    sql = MergeSql(work)
    if not work.exploded or not fetch_value(connection, f"select exists (select from {sql.stage})"):
        return 0
    rows, present = f"{sql.data} t", f"t.stream_id = {sql.stream_id}"
    if not work.whole:
        rows, present = sql.keyed(sql.parents), "true"
    old = _items(
        work.key_parts,
        f"select t.id, t.source_key, md5(row({sql.there})::text) as content from {rows} where {present}"
        f" and not exists (select from {sql.stage} s where s.source_key = t.source_key)"
        f" and not exists (select from {sql.reject} r where r.source_key = t.source_key)",
    )
    new = _items(
        work.key_parts,
        f"select s.source_key, md5(row({sql.here})::text) as content from {sql.stage} s"
        f" where not exists (select from {sql.data} t where t.stream_id = {sql.stream_id} and t.source_key = s.source_key)",
    )
    # A declared key that is another one is another item, whatever its values.
    return connection.execute(
        f"update {sql.data} t set source_key = new.source_key from ({old}) old join ({new}) new"
        f" on (new.parent, new.content, new.nth) = (old.parent, old.content, old.nth)"
        f" where t.id = old.id and not (old.sort = '{KEYED}' and new.sort = '{KEYED}')"
    ).rowcount


def _items(key_parts: int, rows: str) -> str:
    """SQL: rows with the key of the row that holds the list, the sort of the item's key, and their number among equal ones."""
    parent = parent_pattern(key_parts)
    parts = (
        f"select *, substring(source_key from {parent}) as parent, left(regexp_replace(source_key, {parent}, ''), 1) as sort"
        f" from ({rows}) items"
    )
    return f"select *, row_number() over (partition by parent, content order by source_key) as nth from ({parts}) parts"


def parent_pattern(key_parts: int) -> str:
    """SQL: the pattern of an item's source key whose group is the key of the row that holds its list."""
    part = r"(?:[^|\\]|\\.)*"
    return f"'^({part}(?:[|]{part}){{{key_parts - 1}}})[|]'"
