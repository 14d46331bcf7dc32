"""A PostgreSQL whose tables are streamed: rows are inserted and changed by statements, so that the log has them."""

from typing import ClassVar

from psycopg import sql

from hub.conform.rows.samples import to_cell
from hub.conform.servers.simulators.base import Rows
from hub.conform.servers.simulators.sql import SqlSimulator, table_of
from hub.sdk.sources import CdcSource

DROP_SLOTS = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active"


class CdcSimulator(SqlSimulator):
    """A database with the publication that the manifest names."""

    faults: ClassVar[frozenset[str]] = frozenset({"reset", "half_close", "stall"})
    followed: ClassVar[bool] = True

    def start(self) -> None:
        """Make database and publication; its slots go before it does."""
        super().start()
        source = self.declared.source
        assert isinstance(source, CdcSource)
        self.publication = sql.Identifier(source.publication)
        self.connection.execute(sql.SQL("create publication {}").format(self.publication))
        self.stack.callback(lambda: self.connection.execute(DROP_SLOTS))

    def put(self, rows: Rows) -> None:
        """Change every table until it has these rows."""
        for name, given in rows.items():
            stream = self.declared.streams[name]
            table = table_of(stream)
            columns = list(dict.fromkeys(column for row in given for column in row)) or self.columns[name]
            if name not in self.columns:
                super().put({name: given})
                self.connection.execute(sql.SQL("alter table {} replica identity full").format(table))
                self.connection.execute(sql.SQL("alter publication {} add table {}").format(self.publication, table))
                continue
            with self.connection.transaction():
                self._shape(table, self.columns[name], columns)
                self.columns[name] = columns
                self.connection.execute(sql.SQL("delete from {}").format(table))
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                holders = sql.SQL(", ").join(sql.Placeholder() * len(columns))
                insert = sql.SQL("insert into {} ({}) values ({})").format(table, names, holders)
                for row in given:
                    self.connection.execute(insert, [to_cell(row.get(column)) for column in columns])

    def _shape(self, table: sql.Identifier, before: list[str], now: list[str]) -> None:
        for name in before:
            if name not in now:
                self.connection.execute(sql.SQL("alter table {} drop column {}").format(table, sql.Identifier(name)))
        for name in now:
            if name not in before:
                self.connection.execute(
                    sql.SQL("alter table {} add column {} text").format(table, sql.Identifier(name))
                )
