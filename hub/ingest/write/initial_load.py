"""Initial load: fill a new table instead of an empty one. Indexes are built after the rows, and no row is copied twice.

Values that are equal for every row are column defaults until the rows are there, so that they are not sent a million times. Duplicate keys are found
when the unique index is built, which costs nothing if there are none. Others go on reading the empty table (`hub.ingest.write.new_table`).
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.ingest.write.merge_sql import MergeTask
from hub.ingest.write.new_table import NewIndex, NewTable, is_replaceable, put_in_place
from hub.ingest.write.stage import CopyText, copy_text
from hub.ingest.write.unique_keys import drop_copies, select_surplus, set_aside
from hub.model.names import quote_identifier
from hub.model.registry import Entity
from hub.store.query import fetch_value


def can_load_directly(connection: Connection[Any], entity: Entity) -> bool:
    """Whether the table has no row of any stream, the session's role owns it, and a new one can take its place.

    The look keeps no lock: two runs that both looked would each wait for the other's when they load.
    """
    table = f"data.{quote_identifier(entity.table)}"
    owns = f"(select pg_has_role(c.relowner, 'usage') from pg_class c where c.oid = '{table}'::regclass)"
    with connection.transaction(force_rollback=True):
        is_ours_and_empty = bool(fetch_value(connection, f"select {owns} and {_has_no_row(table)}"))
        return is_ours_and_empty and is_replaceable(connection, table)


def begin_loads(loads: Mapping[str, "InitialLoad"]) -> dict[str, "InitialLoad"]:
    """Begin all loads whose tables are still empty, in the order of the tables: two runs with the same tables then wait for each
    other in one direction only. Returns those that have begun."""
    begun = [name for name, load in sorted(loads.items(), key=lambda item: item[1].table) if load.begin()]
    return {name: load for name, load in loads.items() if name in begun}


def _has_no_row(table: str) -> str:
    return f"not exists (select from {table})"


def end_loads(connection: Connection[Any], loads: Collection["InitialLoad"]) -> None:
    """Let everybody see the tables that were built, once this transaction is committed. Raises LockNotAvailable."""
    put_in_place(connection, [load.new for load in loads])


class InitialLoad:
    """Fills one table within one transaction: `begin`, then `copy_rows` for each batch, then `build_indexes`; then `end_loads` with all others."""

    def __init__(self, connection: Connection[Any], work: MergeTask) -> None:
        self.connection = connection
        self.work = work
        self.table = f"data.{quote_identifier(work.entity.table)}"
        self.new: NewTable
        self.copied = self.copies = 0

    def begin(self) -> bool:
        """Keep other writers out of the table, and make the new one if it is still empty. Returns whether it is."""
        with self.connection.transaction() as attempt:
            self.connection.execute(f"lock table {self.table} in share row exclusive mode")
            # Others may have committed rows while this waited for the lock; it goes with the savepoint.
            is_empty = bool(fetch_value(self.connection, f"select {_has_no_row(self.table)}"))
            if not is_empty:
                raise psycopg.Rollback(attempt)
        if is_empty:
            self.new = NewTable(self.connection, self.table)
            sets = ", ".join(f"alter {name} set default {value}" for name, value in self._list_defaults().items())
            self.connection.execute(f"alter table {self.new.name} {sets}")
        return is_empty

    def copy_rows(self, rows: CopyText) -> None:
        """Copy accepted rows, without their row numbers."""
        copy_text(self.connection, self.new.name, rows)
        self.copied += rows.height

    def build_indexes(self) -> tuple[int, int]:
        """Build the indexes. Returns how many rows were loaded, and how many were copies of another row."""
        unset = ", ".join(f"alter {name} drop default" for name in self._list_defaults())
        self.connection.execute(f"alter table {self.new.name} {unset}")
        aside = sum(self._build_index(index) for index in self.new.indexes)
        self.new.add_key()
        self.connection.execute(f"analyze {self.new.name}")
        return self.copied - self.copies - aside, self.copies

    def _build_index(self, index: NewIndex) -> int:
        try:
            with self.connection.transaction():
                self.connection.execute(index.definition)
        except psycopg.errors.UniqueViolation:
            pass
        else:
            return 0
        assert index.is_unique  # no other index rejects a row
        self.copies = drop_copies(self.connection, self.new.name, self.work.entity)
        aside = 0
        for column in ("source_key", *(key.name for key in self.work.entity.keys)):
            where = f"ctid in ({select_surplus(self.new.name, column)})"
            words = "occurs on another row of the same read"
            aside += set_aside(self.connection, self.work.entity, self.new.name, column, where, words)
        self.connection.execute(index.definition)
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
