"""A database with the tables that the manifest names, on PostgreSQL and behind a proxy that can be cut."""

from typing import ClassVar

import psycopg
from psycopg import sql

from hub.conform.rows.samples import to_cell
from hub.conform.servers.faulty_proxy import FaultyProxy
from hub.conform.servers.simulators.base import Rows, SourceSimulator
from hub.sdk.streams import CdcStream, SqlStream, Stream


class SqlSimulator(SourceSimulator):
    """A PostgreSQL database, for every database but MariaDB: what the engine does after reading is the same."""

    faults: ClassVar[frozenset[str]] = frozenset({"reset", "half_close", "stall"})
    followed: ClassVar[bool] = False
    """Whether its log has to be of use."""

    def start(self) -> None:
        """Make the database."""
        server, name = self.stack.enter_context(self.ground.database(followed=self.followed))
        self.proxy = FaultyProxy(server.port)
        self.stack.callback(self.proxy.close)
        direct = server.url(name)
        self.connection = self.stack.enter_context(psycopg.connect(direct, autocommit=True))
        self.point({"url": direct.replace(f":{server.port}/", f":{self.proxy.port}/")})
        self.columns: dict[str, list[str]] = {}

    def put(self, rows: Rows) -> None:
        """Make every table anew."""
        for name, given in rows.items():
            stream = self.declared.streams[name]
            columns = list(dict.fromkeys(column for row in given for column in row)) or self.columns[name]
            self.columns[name] = columns
            table = table_of(stream)
            with self.connection.transaction():
                for schema in table._obj[:-1]:
                    self.connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
                self.connection.execute(sql.SQL("drop table if exists {}").format(table))
                self.connection.execute(
                    sql.SQL("create table {} ({})").format(table, _column_definitions(stream, columns))
                )
                with (
                    self.connection.cursor() as cursor,
                    cursor.copy(sql.SQL("copy {} from stdin").format(table)) as out,
                ):
                    for row in given:
                        out.write_row([to_cell(row.get(column)) for column in columns])

    def break_(self, fault: str) -> None:
        """Break connections from now on."""
        super().break_(fault)
        self.proxy.fault = fault

    def heal(self) -> None:
        """Let connections live."""
        super().heal()
        self.proxy.fault = None
        self.proxy.reset_connections()

    def release_clients(self) -> None:
        """Reset what hangs."""
        self.proxy.reset_connections()


def table_of(stream: Stream) -> sql.Identifier:
    """The stream's table."""
    assert isinstance(stream, SqlStream | CdcStream)
    return sql.Identifier(*stream.table.split("."))


def _column_definitions(stream: Stream, names: list[str]) -> sql.Composed:
    """Columns of text, but for the cursor: what it is compared with decides what it is."""
    kinds = {}
    if stream.cursor is not None:
        kinds[stream.cursor.column] = "timestamptz" if stream.cursor.kind == "time" else "numeric"
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kinds.get(name, "text"))) for name in names
    )
