"""Unique keys: what becomes of staged rows whose key another row has, in the same read or in the store.

A row may take a key that another row gives up in the same commit, and two may exchange theirs: neither is at fault. Such rows
leave the table for a moment, since its indexes compare row by row, and keep their ids.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.ingest.transform.map import NUMBER
from hub.ingest.write.merge_sql import MergeSql
from hub.ingest.write.stage import Staged
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import Column, Entity
from hub.store.query import fetch_value

OWN = (NUMBER, "row_digest", "id", "stream_id", "run_id", "first_seen", "sys_from")
"""Columns that a row has by being staged or stored, not by what its source said."""


@dataclass(frozen=True)
class Conflicts:
    """How many rows were set aside, and whether others take a key that another row gives up."""

    set_aside: int
    moving: bool


def set_duplicates_aside(connection: Connection[Any], sql: MergeSql) -> int:
    """Set aside staged rows of a whole read whose key stands twice: the one that has it in the store stays, then the one changed
    last, then the smallest key.
    """
    found = 0
    forget_copies(connection, sql.stage, sql.entity)
    for column in ("source_key", *(key.name for key in sql.entity.keys)):
        if not fetch_value(connection, doubled(sql.stage, column)):
            continue
        found += _set_aside(connection, sql, column, f"ctid in ({_extra(sql, column)})")
    if sql.work.digested:
        # The other row of that key was known by its digest, and so not staged.
        known = f"m.row_digest not in (select digest from {sql.unseen})"
        newer = f"{sql.stage}.changed_at_source > m.changed_at_source"
        found += _set_aside(
            connection,
            sql,
            "source_key",
            f"exists (select from {sql.met} m where m.source_key = {sql.stage}.source_key and {known}"
            f" and m.row_digest <> {sql.stage}.row_digest and not coalesce({newer}, false))",
        )
    return found


def forget_copies(connection: Connection[Any], table: str, entity: Entity) -> int:
    """Of rows that came twice just the same keep one: a list that is paged while it grows gives such. Returns how many went."""
    if not fetch_value(connection, doubled(table, "source_key")):
        return 0
    values = quote_identifiers(c.name for c in entity.columns)
    ranked = f"select ctid, row_number() over (partition by source_key, {values} order by ctid) as rank from {table}"
    which = f"ctid in (select ctid from ({ranked}) copies where rank > 1)"
    return connection.execute(f"delete from {table} where {which}").rowcount


def doubled(table: str, column: str, where: str = "true") -> str:
    """SQL: whether a key stands twice in a table."""
    key = quote_identifier(column)
    return f"select exists (select from {table} where {key} is not null and {where} group by {key} having count(*) > 1)"


def extra(table: str, column: str, first: str = "", then: str = "") -> str:
    """SQL: the ctids of the rows of a table that give way to another of the same key. `first` is an order before all others,
    `then` one of rows that changed at the same time.
    """
    key = quote_identifier(column)
    return (
        f"select ctid from (select ctid, row_number() over (partition by {key}"
        f" order by {first}changed_at_source desc nulls last, {then}source_key, ctid) as rank from {table}"
        f" where {key} in (select {key} from {table} group by {key} having count(*) > 1)) ranked where rank > 1"
    )


def _extra(sql: MergeSql, column: str) -> str:
    """The same of staged rows: one that has the key in the store keeps it."""
    if column == "source_key":
        return extra(sql.stage, column, then=f"{_stands(sql)} desc, ")
    key = quote_identifier(column)
    has = (
        f"exists (select from {sql.data} t where t.stream_id = {sql.stream_id}"
        f" and t.source_key = {sql.stage}.source_key and t.{key} = {sql.stage}.{key})"
    )
    return extra(sql.stage, column, f"{has} desc, ")


def _stands(sql: MergeSql) -> str:
    """SQL: whether the store has a staged row just so. It stays, whichever of two rows of one key a source happens to give first."""
    values = quote_identifiers((c.name for c in sql.entity.columns), sql.stage)
    return (
        f"exists (select from {sql.data} t where t.stream_id = {sql.stream_id}"
        f" and t.source_key = {sql.stage}.source_key and row({sql.there}) is not distinct from row({values}))"
    )


def set_doubled_items_aside(connection: Connection[Any], sql: MergeSql) -> int:
    """Set aside items of a read of changes whose list has their key twice."""
    forget_copies(connection, sql.stage, sql.entity)
    if not fetch_value(connection, doubled(sql.stage, "source_key")):
        return 0
    return _set_aside(connection, sql, "source_key", f"ctid in ({_extra(sql, 'source_key')})")


def set_conflicts_aside(connection: Connection[Any], sql: MergeSql) -> Conflicts:
    """Set aside staged rows whose own key another row has and keeps: in the store, or in the same commit."""
    found, moving = 0, False
    while True:
        # A row that is set aside keeps its old key, which another may have been about to take.
        once = sum(_conflicts(connection, sql, key) for key in sql.entity.keys)
        found += once
        if not once:
            break
    for key in sql.entity.keys:
        moving = moving or bool(fetch_value(connection, f"select exists ({_taken(sql, key)})"))
    return Conflicts(found, moving)


def _conflicts(connection: Connection[Any], sql: MergeSql, key: Column) -> int:
    found = 0
    if fetch_value(connection, f"select exists ({_taken(sql, key)})"):
        stays = (
            f"select s.source_key {_pairs(sql, key)} left join {sql.stage} o on t.stream_id = {sql.stream_id}"
            f" and o.source_key = t.source_key where o.source_key is null or o.{key.sql} is not distinct from t.{key.sql}"
        )
        found += _set_aside(connection, sql, key.name, f"source_key in ({stays})", "stands on another row of the store")
    if not sql.work.whole and fetch_value(connection, doubled(sql.stage, key.name)):
        found += _set_aside(connection, sql, key.name, f"ctid in ({_extra(sql, key.name)})")
    return found


def _pairs(sql: MergeSql, key: Column) -> str:
    """FROM: staged rows, `s`, each with the row of the store that has its key, `t`, where that is another row."""
    other = f"(t.stream_id, t.source_key) is distinct from ({sql.stream_id}, s.source_key)"
    return f"from {sql.stage} s join {sql.data} t on t.{key.sql} = s.{key.sql} and {other}"


def _taken(sql: MergeSql, key: Column) -> str:
    return f"select {_pairs(sql, key)}"


def note_moving(connection: Connection[Any], sql: MergeSql) -> int:
    """Note the changed rows that take a key which another row of the store has and gives up. Returns how many."""
    pairs = " union ".join(f"select s.source_key {_pairs(sql, key)}" for key in sql.entity.keys)
    return connection.execute(
        f"insert into {sql.moving} select d.source_key, d.id, t.first_seen from {sql.diff} d join {sql.data} t on t.id = d.id"
        f" where d.source_key in ({pairs})"
    ).rowcount


def _set_aside(
    connection: Connection[Any],
    sql: MergeSql,
    field: str,
    where: str,
    words: str = "stands on another row of the same read",
) -> int:
    return set_aside(connection, sql.entity, sql.stage, field, where, words)


def set_aside(connection: Connection[Any], entity: Entity, table: str, field: str, where: str, words: str) -> int:
    """Move rows whose key is another's to the rejects. Returns how many.

    A row is known by what the mapping made of it, and by nothing of the table's own: numbers of rows and runs differ from read to
    read, while the row is the same. `hub.ingest.write.source_rows` puts the row as it was read in its place.
    """
    rule = "duplicate_source_key" if field == "source_key" else "duplicate_key"
    searched = [str(column.search_key) for column in entity.columns if column.search_key]
    moved = (
        f"with gone as (delete from {table} where {where} returning *), said as"
        f" (select source_key, (to_jsonb(gone)->>'{NUMBER}')::bigint as {NUMBER}, row_digest,"
        " jsonb_strip_nulls(to_jsonb(gone) - %s::text[]) as payload from gone)"
        f" insert into {Staged(entity).rejects} (source_key, field, rule, reason, payload, identity, {NUMBER}, row_digest)"
        f" select source_key, %s, %s, %s, payload, md5(payload::text), {NUMBER}, row_digest from said"
    )
    return connection.execute(moved, ([*OWN, *searched], field, rule, f"{field} {words}")).rowcount
