"""Initial load: fill an empty table directly. Indexes are built after the rows, and no row is copied twice.

Values that are equal for every row become column defaults for the duration of the transaction, so that they are not
sent a million times. Duplicate keys are found when the unique index is built, which costs nothing if there are none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.ingest.write.merge_sql import MergeTask
from hub.ingest.write.stage import CopyText, copy_text
from hub.ingest.write.unique_keys import drop_copies, select_surplus, set_aside
from hub.model.names import quote_identifier
from hub.model.registry import Entity
from hub.store.query import fetch_value


def can_load_directly(connection: Connection[Any], entity: Entity) -> bool:
    """Whether the table has no row of any stream, and the session's role owns it: only an owner rebuilds indexes.

    The look keeps no lock: two runs that both looked would each wait for the other's when they load.
    """
    table = f"data.{quote_identifier(entity.table)}"
    owns = f"(select pg_has_role(c.relowner, 'usage') from pg_class c where c.oid = '{table}'::regclass)"
    with connection.transaction(force_rollback=True):
        return bool(fetch_value(connection, f"select {owns} and {_has_no_row(table)}"))


def begin_loads(loads: Mapping[str, "InitialLoad"]) -> dict[str, "InitialLoad"]:
    """Begin all loads whose tables are still empty, in the order of the tables: two runs with the same tables then wait for each
    other in one direction only. Returns those that have begun."""
    begun = [name for name, load in sorted(loads.items(), key=lambda item: item[1].table) if load.begin()]
    return {name: load for name, load in loads.items() if name in begun}


def _has_no_row(table: str) -> str:
    return f"not exists (select from {table})"


class InitialLoad:
    """Fills one table within one transaction: `begin`, then `copy_rows` for each batch, then `end`."""

    def __init__(self, connection: Connection[Any], work: MergeTask) -> None:
        self.connection = connection
        self.work = work
        self.table = f"data.{quote_identifier(work.entity.table)}"
        self.primary_key = quote_identifier(f"{work.entity.table}_pkey")
        self.indexes: list[tuple[str, str, bool]] = []
        self.copied = self.copies = 0

    def begin(self) -> bool:
        """Lock the table, and drop the indexes if it is still empty: `end` rebuilds them; so does a rollback. Returns whether it is."""
        with self.connection.transaction() as attempt:
            self.connection.execute(f"lock table {self.table} in access exclusive mode")
            # Others may have committed rows while this waited for the lock; it goes with the savepoint.
            is_empty = bool(fetch_value(self.connection, f"select {_has_no_row(self.table)}"))
            if not is_empty:
                raise psycopg.Rollback(attempt)
        if is_empty:
            self._drop_indexes()
        return is_empty

    def _drop_indexes(self) -> None:
        self.indexes = self.connection.execute(
            "select pg_get_indexdef(i.indexrelid), i.indexrelid::regclass::text, i.indisunique from pg_index i"
            " where i.indrelid = %s::regclass and not i.indisprimary order by not i.indisunique, i.indexrelid",
            (self.table,),
        ).fetchall()
        for _, name, _ in self.indexes:
            self.connection.execute(f"drop index {name}")
        # If a table is emptied in the transaction that fills it, and the server keeps no WAL for replicas, its rows
        # need no WAL.
        self.connection.execute(f"truncate {self.table}")
        self.connection.execute(f"alter table {self.table} drop constraint {self.primary_key}")
        sets = ", ".join(f"alter {name} set default {value}" for name, value in self._list_defaults().items())
        self.connection.execute(f"alter table {self.table} {sets}")

    def copy_rows(self, rows: CopyText) -> None:
        """Copy accepted rows, without their row numbers."""
        copy_text(self.connection, self.table, rows)
        self.copied += rows.height

    def end(self) -> tuple[int, int]:
        """Build the indexes. Returns how many rows were loaded, and how many were copies of another row."""
        unset = ", ".join(f"alter {name} drop default" for name in self._list_defaults())
        self.connection.execute(f"alter table {self.table} {unset}")
        aside = 0
        for definition, _, unique in self.indexes:
            aside += self._create_index(definition, unique=unique)
        self.connection.execute(f"alter table {self.table} add constraint {self.primary_key} primary key (id)")
        self.connection.execute(f"analyze {self.table}")
        return self.copied - self.copies - aside, self.copies

    def _create_index(self, definition: str, *, unique: bool) -> int:
        try:
            with self.connection.transaction():
                self.connection.execute(definition)
        except psycopg.errors.UniqueViolation:
            pass
        else:
            return 0
        assert unique  # no other index rejects a row
        self.copies = drop_copies(self.connection, self.table, self.work.entity)
        aside = 0
        for column in ("source_key", *(key.name for key in self.work.entity.keys)):
            where = f"ctid in ({select_surplus(self.table, column)})"
            words = "occurs on another row of the same read"
            aside += set_aside(self.connection, self.work.entity, self.table, column, where, words)
        self.connection.execute(definition)
        return aside

    def _list_defaults(self) -> dict[str, str]:
        at = _render_timestamp(self.work.at)
        return {
            "stream_id": f"{self.work.stream_id:d}",
            "run_id": f"{self.work.run_id:d}",
            "first_seen": at,
            "sys_from": at,
        }


def _render_timestamp(at: datetime) -> str:
    return f"'{at.isoformat()}'::timestamptz"
