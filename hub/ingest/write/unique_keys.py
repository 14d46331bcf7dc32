"""Unique keys: resolve staged rows whose key belongs to another row, in the same read or in the store.

A row may take over a key that another row gives up in the same commit, and two rows may exchange keys. Such rows leave
the table for a moment, because its indexes compare row by row, and keep their ids.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.ingest.transform.map import ROW_NUMBER
from hub.ingest.write.merge_sql import MergeStatements
from hub.ingest.write.stage import StagingTables
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import Column, Entity
from hub.store.query import fetch_value

OWN_COLUMNS = (ROW_NUMBER, "row_digest", "id", "stream_id", "run_id", "first_seen", "sys_from")
"""Columns that a row has by being staged or stored, not from its source."""


@dataclass(frozen=True)
class KeyConflicts:
    """How many rows were set aside, and whether others take over a key that another row gives up."""

    set_aside: int
    moving: bool


def set_duplicates_aside(connection: Connection[Any], sql: MergeStatements) -> int:
    """Set aside staged rows of a whole read with a duplicate key.

    The row that holds the key in the store stays, then the one changed last, then the one with the smallest source key.
    """
    found = 0
    drop_copies(connection, sql.stage, sql.entity)
    for column in ("source_key", *(key.name for key in sql.entity.keys)):
        if not fetch_value(connection, build_duplicate_check(sql.stage, column)):
            continue
        found += _set_aside(connection, sql, column, f"ctid in ({_select_surplus_staged(sql, column)})")
    if sql.work.digested:
        # The other row of that key was known by its digest and therefore not staged.
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


def drop_copies(connection: Connection[Any], table: str, entity: Entity) -> int:
    """Keep one of several identical rows: a list that is paged while it grows repeats some. Returns how many were
    dropped.
    """
    if not fetch_value(connection, build_duplicate_check(table, "source_key")):
        return 0
    values = quote_identifiers(c.name for c in entity.columns)
    ranked = f"select ctid, row_number() over (partition by source_key, {values} order by ctid) as rank from {table}"
    which = f"ctid in (select ctid from ({ranked}) copies where rank > 1)"
    return connection.execute(f"delete from {table} where {which}").rowcount


def build_duplicate_check(table: str, column: str, where: str = "true") -> str:
    """Return SQL that tests whether a key occurs twice in a table."""
    key = quote_identifier(column)
    return f"select exists (select from {table} where {key} is not null and {where} group by {key} having count(*) > 1)"


def select_surplus(table: str, column: str, first: str = "", then: str = "") -> str:
    """Return SQL for the ctids of rows that give way to another row of the same key.

    `first` is an ordering before all others, `then` an ordering of rows that changed at the same time.
    """
    key = quote_identifier(column)
    return (
        f"select ctid from (select ctid, row_number() over (partition by {key}"
        f" order by {first}changed_at_source desc nulls last, {then}source_key, ctid) as rank from {table}"
        f" where {key} in (select {key} from {table} group by {key} having count(*) > 1)) ranked where rank > 1"
    )


def _select_surplus_staged(sql: MergeStatements, column: str) -> str:
    """Return the same for staged rows: one that holds the key in the store keeps it."""
    if column == "source_key":
        return select_surplus(sql.stage, column, then=f"{_match_stored_unchanged(sql)} desc, ")
    key = quote_identifier(column)
    has = (
        f"exists (select from {sql.data} t where t.stream_id = {sql.stream_id}"
        f" and t.source_key = {sql.stage}.source_key and t.{key} = {sql.stage}.{key})"
    )
    return select_surplus(sql.stage, column, f"{has} desc, ")


def _match_stored_unchanged(sql: MergeStatements) -> str:
    """Return SQL that tests whether the store has a staged row unchanged. That row stays, in whatever order the source
    sends two rows of one key.
    """
    values = quote_identifiers((c.name for c in sql.entity.columns), sql.stage)
    return (
        f"exists (select from {sql.data} t where t.stream_id = {sql.stream_id}"
        f" and t.source_key = {sql.stage}.source_key and row({sql.there}) is not distinct from row({values}))"
    )


def set_doubled_items_aside(connection: Connection[Any], sql: MergeStatements) -> int:
    """Set aside items of a read of changes whose list contains their key twice."""
    drop_copies(connection, sql.stage, sql.entity)
    if not fetch_value(connection, build_duplicate_check(sql.stage, "source_key")):
        return 0
    return _set_aside(connection, sql, "source_key", f"ctid in ({_select_surplus_staged(sql, 'source_key')})")


def set_conflicts_aside(connection: Connection[Any], sql: MergeStatements) -> KeyConflicts:
    """Set aside staged rows whose own key another row holds and keeps, in the store or in the same commit."""
    found, moving = 0, False
    while True:
        # A row that is set aside keeps its old key, which another row may have been about to take over.
        once = sum(_set_key_conflicts_aside(connection, sql, key) for key in sql.entity.keys)
        found += once
        if not once:
            break
    for key in sql.entity.keys:
        moving = moving or bool(fetch_value(connection, f"select exists ({_select_taken(sql, key)})"))
    return KeyConflicts(found, moving)


def _set_key_conflicts_aside(connection: Connection[Any], sql: MergeStatements, key: Column) -> int:
    found = 0
    if fetch_value(connection, f"select exists ({_select_taken(sql, key)})"):
        stays = (
            f"select s.source_key {_join_holders(sql, key)} left join {sql.stage} o on t.stream_id = {sql.stream_id}"
            f" and o.source_key = t.source_key where o.source_key is null or o.{key.sql} is not distinct from t.{key.sql}"
        )
        found += _set_aside(connection, sql, key.name, f"source_key in ({stays})", "occurs on another row of the store")
    if not sql.work.whole and fetch_value(connection, build_duplicate_check(sql.stage, key.name)):
        found += _set_aside(connection, sql, key.name, f"ctid in ({_select_surplus_staged(sql, key.name)})")
    return found


def _join_holders(sql: MergeStatements, key: Column) -> str:
    """Return a FROM clause: staged rows `s`, each with the stored row `t` that holds its key, if that is another row."""
    other = f"(t.stream_id, t.source_key) is distinct from ({sql.stream_id}, s.source_key)"
    return f"from {sql.stage} s join {sql.data} t on t.{key.sql} = s.{key.sql} and {other}"


def _select_taken(sql: MergeStatements, key: Column) -> str:
    return f"select {_join_holders(sql, key)}"


def record_moving(connection: Connection[Any], sql: MergeStatements) -> int:
    """Record the changed rows that take over a key given up by another stored row. Returns how many."""
    pairs = " union ".join(f"select s.source_key {_join_holders(sql, key)}" for key in sql.entity.keys)
    return connection.execute(
        f"insert into {sql.moving} select d.source_key, d.id, t.first_seen from {sql.diff} d join {sql.data} t on t.id = d.id"
        f" where d.source_key in ({pairs})"
    ).rowcount


def _set_aside(
    connection: Connection[Any],
    sql: MergeStatements,
    field: str,
    where: str,
    words: str = "occurs on another row of the same read",
) -> int:
    return set_aside(connection, sql.entity, sql.stage, field, where, words)


def set_aside(connection: Connection[Any], entity: Entity, table: str, field: str, where: str, words: str) -> int:
    """Move rows whose key belongs to another row to the rejected rows. Returns how many.

    A row's identity is the digest of its mapped values, without the table's own columns: row and run numbers differ
    from read to read while the row is the same. `hub.ingest.write.source_rows` then restores the source's payload.
    """
    rule = "duplicate_source_key" if field == "source_key" else "duplicate_key"
    searched = [str(column.search_key) for column in entity.columns if column.search_key]
    moved = (
        f"with gone as (delete from {table} where {where} returning *), said as"
        f" (select source_key, (to_jsonb(gone)->>'{ROW_NUMBER}')::bigint as {ROW_NUMBER}, row_digest,"
        " jsonb_strip_nulls(to_jsonb(gone) - %s::text[]) as payload from gone)"
        f" insert into {StagingTables(entity).rejects} (source_key, field, rule, reason, payload, identity, {ROW_NUMBER}, row_digest)"
        f" select source_key, %s, %s, %s, payload, md5(payload::text), {ROW_NUMBER}, row_digest from said"
    )
    return connection.execute(moved, ([*OWN_COLUMNS, *searched], field, rule, f"{field} {words}")).rowcount
