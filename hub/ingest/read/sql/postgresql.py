"""PostgreSQL as a source: statements by COPY, in one snapshot for everything that a reader asks of one connection."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import polars as pl
import psycopg
from psycopg import Column
from sqlalchemy import Select
from sqlalchemy.exc import SQLAlchemyError

from hub.ingest.read.sql.access import Access
from hub.ingest.read.sql.errors import explained
from hub.model.names import quote_identifier

BOOL, BYTEA = 16, 17
"""Type numbers whose text is not how the hub writes such values: `t`, `\\x00`."""


class PostgresqlAccess(Access):
    """Rows by COPY as CSV, which tells null (nothing) from empty text (two quotes), and is parsed by column."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.backend_page = None
        self._watch: _Watch | None = None

    def close(self) -> None:
        """Let go of the connection and of the thread that watches it."""
        self._unwatch()
        super().close()

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.end()
            self._watch = None

    def _connect_arguments(self) -> dict[str, Any]:
        seconds = max(1, round(self.source.timeout_s))
        session = (
            "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
            " -c datestyle=ISO -c intervalstyle=iso_8601 -c timezone=UTC -c bytea_output=hex -c client_encoding=UTF8"
            f" -c lock_timeout={seconds}s"
        )
        return {
            "connect_timeout": max(2, seconds),
            "options": session,
            "keepalives_idle": seconds,
            "tcp_user_timeout": seconds * 1000,
        }

    def _opened(self, connection: Any) -> None:
        self._watch = _Watch(self._driver(connection).fileno(), self.source.timeout_s)

    def _reflect(self) -> None:
        self._connected_or_explained()
        assert self._watch is not None
        with self._watch.waiting():
            super()._reflect()

    def _connected_or_explained(self) -> None:
        try:
            self._connected()
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise explained(self.context.where, self.stream.table, error) from None

    def _run(self, statement: Select[Any], streamed: bool) -> Iterator[pl.DataFrame]:
        connection = self._connected()
        compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
        try:
            yield from self._copied(self._driver(connection), str(compiled), dict(compiled.params))
        except psycopg.Error as error:
            self.close()
            raise explained(self.context.where, self.stream.table, error) from None

    def _copied(self, driver: "psycopg.Connection[Any]", query: str, values: dict[str, Any]) -> Iterator[pl.DataFrame]:
        watch, most = self._watch, self.context.batch_rows
        assert watch is not None
        with watch.waiting():
            # Values are quoted into the statement by the driver: COPY takes no parameters.
            query = psycopg.ClientCursor(driver).mogrify(query, values)
            columns = driver.execute(f"select * from ({query}) as t0 limit 0".encode()).description or ()  # noqa: S608 a reader's own statement
        copy = f"copy (select {_written(columns)} from ({query}) as t0) to stdout (format csv)"  # noqa: S608 a reader's own statement
        with self._copying(driver, copy.encode(), watch) as rows:
            while True:
                with watch.waiting():
                    lines, count = _lines(rows, most, watch)
                if count:
                    yield _csv([column.name for column in columns], lines, count)
                if count < most:
                    return

    @contextmanager
    def _copying(self, driver: "psycopg.Connection[Any]", copy: bytes, watch: "_Watch") -> Iterator["psycopg.Copy"]:
        """A COPY in flight. Whatever breaks it off, its connection is thrown away first: the driver would read it to its end."""
        opened = ExitStack()
        try:
            with watch.waiting():
                rows = opened.enter_context(driver.cursor().copy(copy))
            yield rows
        except BaseException:
            self.close()
            with suppress(psycopg.Error):
                opened.close()
            raise
        with watch.waiting():
            opened.close()

    @staticmethod
    def _driver(connection: Any) -> "psycopg.Connection[Any]":
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver


def _lines(rows: "psycopg.Copy", most: int, watch: "_Watch") -> tuple[bytes, int]:
    """Rows as they are sent, one message each, and how many they are.

    Copied into one buffer at once: to keep the messages and join them takes twice the time of a read, since each is memory
    of its own that libpq has to find and to free.
    """
    buffer = bytearray()
    read = rows.read
    count = 0
    while count < most and (line := read()):
        buffer += line
        count += 1
        watch.seen = True
    return bytes(buffer), count


def _csv(columns: list[str], lines: bytes, count: int) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    parsed = pl.read_csv(lines, has_header=False, schema=schema, raise_if_empty=False)
    if parsed.height == count:
        return parsed
    # One column and nothing in it: lines without anything, which are rows all the same.
    return pl.DataFrame({columns[0]: [line.decode() or None for line in lines.split(b"\n")[:count]]}, schema=schema)


def _written(columns: Sequence[Column]) -> str:
    """The columns of the answer as the hub writes their values: `true`, hex without a prefix."""
    by_type = {BOOL: "{0}::text as {0}", BYTEA: "encode({0}, 'hex') as {0}"}
    return ", ".join(by_type.get(column.type_code, "{0}").format(quote_identifier(column.name)) for column in columns)


class _Watch:
    """Ends a connection on which nothing arrives for `timeout_s` while somebody waits.

    A statement's timeout is no help where the network swallows what is sent, and one for the whole of a COPY would end long
    reads that go well.
    """

    def __init__(self, descriptor: int, timeout_s: float) -> None:
        self.seen = False
        self._waiting = threading.Event()
        self._over = threading.Event()
        self._timeout_s = timeout_s
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While somebody waits for the source."""
        self.seen = True
        self._waiting.set()
        try:
            yield
        finally:
            self._waiting.clear()

    def end(self) -> None:
        """Look no longer."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _look(self) -> None:
        while not self._over.wait(self._timeout_s):
            if self._waiting.is_set() and not self.seen:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                return
            self.seen = False
