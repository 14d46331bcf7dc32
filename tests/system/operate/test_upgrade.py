"""A populated store of an earlier revision is migrated without loss: every row stays, and every value but those that a migration
says it changes."""

from typing import Any

import psycopg
import pytest
from alembic import command
from psycopg import sql

from hub.store import migrate as migrations
from hub.store.engine import make_engine
from hub.store.migrate import find_schema_differences, migrate_store
from hub.store.revision import newest_revision

EARLIEST, VOCABULARY_THEN = "0008", "v0007"
ROWS = 3
OURS = ("hub", "data", "history", "link", "link_history")
CHANGED_BY_A_MIGRATION = {"changed_at_source"}
"""0010 forgets them: the store does not say which had an offset."""
SPECIMENS = {
    "bigint": "{n}", "integer": "{n}", "smallint": "{n}", "numeric": "{n}.5", "real": "0.5", "double precision": "0.5",
    "boolean": "true", "date": "'2020-01-0{n}'", "timestamp with time zone": "'2020-01-0{n} 10:00+07'", "jsonb": "'{{}}'",
    "text": "'{column} {n}'", "character varying": "'{column} {n}'", "bytea": "'\\x0{n}'", "point": "'({n},{n})'", "ARRAY": "'{{}}'",
}  # fmt: skip
"""Type → a value of it for row n, as SQL."""
Table = tuple[str, str]
Rows = list[tuple[Any, ...]]


@pytest.fixture
def populated(new_database_url: str) -> str:
    """A store at the earliest revision that is supported, with rows in every table."""
    made = make_engine(new_database_url)
    with made.begin() as connection:
        migrations.prepare_schemas(connection)
        for revision in (EARLIEST, VOCABULARY_THEN):
            command.upgrade(migrations.make_alembic_config(connection), revision)
        # One branch then held the tables of both, and its revision was the only one.
        connection.exec_driver_sql(f"delete from hub.alembic_version where version_num = '{VOCABULARY_THEN}'")
    made.dispose()
    with psycopg.connect(new_database_url) as store:
        # Rows refer to each other by foreign keys: they are all there in the end.
        store.execute("set session_replication_role = replica")
        for table in _columns(store):
            _fill(store, table)
        # A row of a list that waits with its position, and the correction that is bound to it.
        store.execute(
            'update hub.quarantine set payload = \'{"#": 4, "name": "An"}\', payload_hash = md5(\'{"#": 4, "name": "An"}\') where id = 2'
        )
        store.execute(
            "update hub.correction c set stream_id = q.stream_id, entity = q.entity, payload_hash = q.payload_hash"
            " from hub.quarantine q where q.id = 2 and c.id = 2"
        )
    return new_database_url


def test_a_populated_store_of_an_earlier_revision_keeps_every_row(populated: str) -> None:
    with psycopg.connect(populated) as store:
        columns = _columns(store)
        before = {table: _read(store, table, columns[table]) for table in columns}
    assert len(before) > 70
    assert all(len(rows) == ROWS for rows in before.values())
    made = make_engine(populated)
    assert migrate_store(made) == newest_revision()
    with made.connect() as connection:
        assert find_schema_differences(connection) == []
    made.dispose()
    with psycopg.connect(populated) as store:
        after = {table: _read(store, table, columns[table]) for table in columns}
        forgotten = store.execute("select count(changed_at_source) from data.citizen").fetchone()
        waiting = store.execute("select payload, payload_hash = md5(payload::text) from hub.quarantine where id = 2")
        row = waiting.fetchone()
        bound = store.execute(
            "select count(*) from hub.correction c join hub.quarantine q using (stream_id, entity, payload_hash) where q.id = 2"
        ).fetchone()
    assert forgotten == (0,)
    assert row == ({"name": "An"}, True)
    assert bound == (1,)
    assert {table for table in columns if after[table] != before[table]} == set()


def _columns(store: psycopg.Connection[Any]) -> dict[Table, dict[str, str]]:
    """Table → its columns with their types, those of a domain by the type beneath."""
    found: dict[Table, dict[str, str]] = {}
    for schema, table, column, kind in store.execute(
        "select c.table_schema, c.table_name, column_name, data_type from information_schema.columns c"
        " join information_schema.tables t using (table_schema, table_name)"
        " where table_schema = any(%s) and table_type = 'BASE TABLE' and table_name <> 'alembic_version'"
        " and is_generated = 'NEVER' order by 1, 2, ordinal_position",
        (list(OURS),),
    ):
        found.setdefault((schema, table), {})[column] = kind
    return found


def _fill(store: psycopg.Connection[Any], table: Table) -> None:
    columns = _columns(store)[table]
    for n in range(1, ROWS + 1):
        values = [sql.SQL(SPECIMENS[kind].format(n=n, column=column)) for column, kind in columns.items()]
        store.execute(
            sql.SQL("insert into {} ({}) overriding system value values ({})").format(
                sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(values)
            )
        )


def _read(store: psycopg.Connection[Any], table: Table, columns: dict[str, str]) -> Rows:
    """Every row, without what a migration says it changes."""
    mended = {"payload", "payload_hash"} if table[1] in ("quarantine", "correction") else set()
    kept = [column for column in columns if column not in CHANGED_BY_A_MIGRATION | mended]
    listed = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in kept)
    return store.execute(sql.SQL("select {} from {} order by 1, 2").format(listed, sql.Identifier(*table))).fetchall()
