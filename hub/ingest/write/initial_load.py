"""Load: the first fill of an empty table, straight into it: its indexes are made after the rows, and nothing is copied twice.

What is the same for every row stands as a default of the table for as long as the transaction lasts, so that it need not be
sent a million times. A key that stands twice is found when its unique index is made, which costs nothing where none does.
"""

from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.ingest.write.merge_sql import Merge
from hub.ingest.write.stage import Written, send
from hub.ingest.write.unique_keys import extra, forget_copies, set_aside
from hub.model.names import quote_identifier
from hub.model.registry import Entity
from hub.store.query import fetch_value


def empty(connection: Connection[Any], entity: Entity) -> bool:
    """Whether the table has no row of any stream."""
    return bool(fetch_value(connection, f"select not exists (select from data.{quote_identifier(entity.table)})"))


class Load:
    """The fill of one table within one transaction: `begin`, `rows` for each batch, `end`."""

    def __init__(self, connection: Connection[Any], work: Merge) -> None:
        self.connection = connection
        self.work = work
        self.table = f"data.{quote_identifier(work.entity.table)}"
        self.primary_key = quote_identifier(f"{work.entity.table}_pkey")
        self.indexes: list[tuple[str, str, bool]] = []
        self.copied = self.copies = 0

    def begin(self) -> None:
        """Take the indexes down; they stand again in `end`, or when the transaction is rolled back."""
        self.indexes = self.connection.execute(
            "select pg_get_indexdef(i.indexrelid), i.indexrelid::regclass::text, i.indisunique from pg_index i"
            " where i.indrelid = %s::regclass and not i.indisprimary order by not i.indisunique, i.indexrelid",
            (self.table,),
        ).fetchall()
        for _, name, _ in self.indexes:
            self.connection.execute(f"drop index {name}")
        # A table emptied in the transaction that fills it needs no WAL for its rows where the server keeps none for replicas.
        self.connection.execute(f"truncate {self.table}")
        self.connection.execute(f"alter table {self.table} drop constraint {self.primary_key}")
        sets = ", ".join(f"alter {name} set default {value}" for name, value in self._constants().items())
        self.connection.execute(f"alter table {self.table} {sets}")

    def rows(self, rows: Written) -> None:
        """Copy accepted rows, without their numbers."""
        send(self.connection, self.table, rows)
        self.copied += rows.height

    def end(self) -> tuple[int, int]:
        """Make the indexes. Returns how many rows were loaded, and how many were copies of another."""
        unset = ", ".join(f"alter {name} drop default" for name in self._constants())
        self.connection.execute(f"alter table {self.table} {unset}")
        aside = 0
        for definition, _, unique in self.indexes:
            aside += self._index(definition, unique=unique)
        self.connection.execute(f"alter table {self.table} add constraint {self.primary_key} primary key (id)")
        self.connection.execute(f"analyze {self.table}")
        return self.copied - self.copies - aside, self.copies

    def _index(self, definition: str, *, unique: bool) -> int:
        try:
            with self.connection.transaction():
                self.connection.execute(definition)
        except psycopg.errors.UniqueViolation:
            pass
        else:
            return 0
        assert unique  # no other index refuses a row
        self.copies = forget_copies(self.connection, self.table, self.work.entity)
        aside = 0
        for column in ("source_key", *(key.name for key in self.work.entity.keys)):
            where = f"ctid in ({extra(self.table, column)})"
            words = "stands on another row of the same read"
            aside += set_aside(self.connection, self.work.entity, self.table, column, where, words)
        self.connection.execute(definition)
        return aside

    def _constants(self) -> dict[str, str]:
        at = _literal(self.work.at)
        return {
            "stream_id": f"{self.work.stream_id:d}",
            "run_id": f"{self.work.run_id:d}",
            "first_seen": at,
            "sys_from": at,
        }


def _literal(at: datetime) -> str:
    return f"'{at.isoformat()}'::timestamptz"
