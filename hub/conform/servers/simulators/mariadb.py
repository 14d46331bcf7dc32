"""The tables that the manifest names on MariaDB, in a database of their own, behind a proxy that can be cut."""

import os
import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pymysql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hub.conform.rows.samples import to_cell
from hub.conform.servers.faulty_proxy import FaultyProxy
from hub.conform.servers.simulators.base import NotAvailable, Rows
from hub.conform.servers.simulators.sql import SqlSimulator
from hub.errors import HubError
from hub.sdk.manifest import Manifest
from hub.sdk.sources import SqlSource
from hub.sdk.streams import Cursor, SqlStream

SERVER_VARIABLE = "HUB_TEST_MARIADB_URL"
LOCAL_URL = "mysql://root@127.0.0.1:3306"
CONNECT_S = 2
BACKENDS = frozenset({"mysql", "mariadb"})


def is_mariadb(manifest: Manifest) -> bool | None:
    """Whether the source is MariaDB or MySQL, by its address; None if the address is not known here."""
    if not isinstance(manifest.source, SqlSource):
        return False
    try:
        return make_url(manifest.source.url.value(manifest.name)).get_backend_name() in BACKENDS
    except (HubError, ArgumentError):
        return None


class MariaDbSimulator(SqlSimulator):
    """A database on the MariaDB server that URL names, or that of this machine; never the source's own."""

    def start(self) -> None:
        """Make the database. Raises NotHere if there is no server."""
        url = make_url(os.environ.get(SERVER_VARIABLE, LOCAL_URL))
        self.database = f"conform_{secrets.token_hex(4)}"
        try:
            self.server: Any = self._connect(url)
            self.stack.callback(self.server.close)
            self._do(f"create database {_quote_backticks(self.database)} character set utf8mb4 collate utf8mb4_bin")
        except (pymysql.err.MySQLError, OSError):
            raise NotAvailable(
                f"the source is MariaDB, and no MariaDB in which the kit may make databases answers at {SERVER_VARIABLE}, nor on this machine"
            ) from None
        self.stack.callback(lambda: self._do(f"drop database if exists {_quote_backticks(self.database)}"))
        self._do(f"use {_quote_backticks(self.database)}")
        self.proxy = FaultyProxy(url.port or 3306)
        self.stack.callback(self.proxy.close)
        through = url.set(drivername="mysql", host="127.0.0.1", port=self.proxy.port, database=self.database)
        streams = {
            name: stream.model_copy(update={"table": stream.table.rpartition(".")[2]})
            for name, stream in self.declared.streams.items()
            if isinstance(stream, SqlStream)
        }
        self.point({"url": through.render_as_string(hide_password=False)}, streams)
        self.columns: dict[str, list[str]] = {}

    def put(self, rows: Rows) -> None:
        """Make every table anew."""
        for name, given in rows.items():
            stream = self.manifest.streams[name]
            assert isinstance(stream, SqlStream)
            columns = list(dict.fromkeys(column for row in given for column in row)) or self.columns[name]
            self.columns[name] = columns
            table = _quote_backticks(stream.table)
            types = ", ".join(f"{_quote_backticks(column)} {_column_type(stream.cursor, column)}" for column in columns)
            self._do(f"drop table if exists {table}")
            self._do(f"create table {table} ({types})")
            values = [[self._cell(stream.cursor, column, row.get(column)) for column in columns] for row in given]
            holders = ", ".join(["%s"] * len(columns))
            with self.server.cursor() as cursor:
                cursor.executemany(f"insert into {table} values ({holders})", values)  # noqa: S608 constants and quoted identifiers

    def _cell(self, cursor: Cursor | None, column: str, value: object) -> str | None:
        """A value; of a cursor that is a time, the time without an offset that the source's zone has."""
        text = to_cell(value)
        if text is None or cursor is None or cursor.column != column or cursor.kind != "time":
            return text
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(ZoneInfo(self.declared.source.timezone)).replace(tzinfo=None)
        return moment.isoformat(sep=" ")

    def _connect(self, url: Any) -> Any:
        return pymysql.connect(
            host=url.host or "127.0.0.1",
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=CONNECT_S,
            read_timeout=10 * CONNECT_S,
        )

    def _do(self, statement: str) -> None:
        with self.server.cursor() as cursor:
            cursor.execute(statement)


def _quote_backticks(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _column_type(cursor: Cursor | None, column: str) -> str:
    if cursor is None or cursor.column != column:
        return "longtext"
    return "datetime(6)" if cursor.kind == "time" else "decimal(38, 6)"
