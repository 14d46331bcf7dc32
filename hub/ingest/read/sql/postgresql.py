"""PostgreSQL as a source: statements run through COPY, in one snapshot per connection."""

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

from hub.ingest.read.sql.access import DatabaseAccess
from hub.ingest.read.sql.errors import explain_error
from hub.model.names import quote_identifier

BOOL_OID, BYTEA_OID = 16, 17
"""Types whose text differs from the hub's form: `t`, `\\x00`."""


class PostgresqlAccess(DatabaseAccess):
    """Reads rows through COPY as CSV, which distinguishes null (nothing) from empty text (two quotes) and is parsed by
    column.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.backend_page = None
        self._watch: _SourceWatch | None = None

    def close(self) -> None:
        """Close the connection and stop the thread that watches it."""
        self._stop_watch()
        super().close()

    def _stop_watch(self) -> None:
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

    def _limit_statements(self, connection: Any) -> None:
        self._watch = _SourceWatch(self._get_driver(connection).fileno(), self.source.timeout_s)

    def _reflect(self) -> None:
        self._connect_or_explain()
        assert self._watch is not None
        with self._watch.waiting():
            super()._reflect()

    def _connect_or_explain(self) -> None:
        try:
            self._connect()
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise explain_error(self.context.where, self.stream.table, error) from None

    def _run_statement(self, statement: Select[Any], streamed: bool) -> Iterator[pl.DataFrame]:
        connection = self._connect()
        compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
        try:
            yield from self._copy_frames(self._get_driver(connection), str(compiled), dict(compiled.params))
        except psycopg.Error as error:
            self.close()
            raise explain_error(self.context.where, self.stream.table, error) from None

    def _copy_frames(
        self, driver: "psycopg.Connection[Any]", query: str, values: dict[str, Any]
    ) -> Iterator[pl.DataFrame]:
        watch, most = self._watch, self.context.batch_rows
        assert watch is not None
        with watch.waiting():
            # The driver quotes values into the statement, because COPY takes no parameters.
            query = psycopg.ClientCursor(driver).mogrify(query, values)
            columns = driver.execute(f"select * from ({query}) as t0 limit 0".encode()).description or ()  # noqa: S608 a reader's own statement
        copy = f"copy (select {_select_written(columns)} from ({query}) as t0) to stdout (format csv)"  # noqa: S608 a reader's own statement
        with self._open_copy(driver, copy.encode(), watch) as rows:
            while True:
                with watch.waiting():
                    lines, count = _read_lines(rows, most, watch)
                if count:
                    yield _parse_csv([column.name for column in columns], lines, count)
                if count < most:
                    return

    @contextmanager
    def _open_copy(
        self, driver: "psycopg.Connection[Any]", copy: bytes, watch: "_SourceWatch"
    ) -> Iterator["psycopg.Copy"]:
        """Run a COPY. If anything breaks it off, discard the connection first: the driver would read it to its end."""
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
    def _get_driver(connection: Any) -> "psycopg.Connection[Any]":
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver


def _read_lines(rows: "psycopg.Copy", most: int, watch: "_SourceWatch") -> tuple[bytes, int]:
    """Return rows as they are sent, one message each, and their number.

    They are appended to one buffer: collecting the messages and joining them doubles the time of a read, because libpq
    allocates and frees each one.
    """
    buffer = bytearray()
    read = rows.read
    count = 0
    while count < most and (line := read()):
        buffer += line
        count += 1
        watch.seen = True
    return bytes(buffer), count


def _parse_csv(columns: list[str], lines: bytes, count: int) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    parsed = pl.read_csv(lines, has_header=False, schema=schema, raise_if_empty=False)
    if parsed.height == count:
        return parsed
    # A single empty column: empty lines, which are rows nevertheless.
    return pl.DataFrame({columns[0]: [line.decode() or None for line in lines.split(b"\n")[:count]]}, schema=schema)


def _select_written(columns: Sequence[Column]) -> str:
    """Return the columns as the hub writes their values: `true`, hex without a prefix."""
    by_type = {BOOL_OID: "{0}::text as {0}", BYTEA_OID: "encode({0}, 'hex') as {0}"}
    return ", ".join(by_type.get(column.type_code, "{0}").format(quote_identifier(column.name)) for column in columns)


class _SourceWatch:
    """Shuts down a connection on which nothing arrives for `timeout_s` while someone waits.

    A statement timeout does not help if the network drops packets, and a timeout for a whole COPY would end long reads
    that are healthy.
    """

    def __init__(self, descriptor: int, timeout_s: float) -> None:
        self.seen = False
        self._waiting = threading.Event()
        self._over = threading.Event()
        self._timeout_s = timeout_s
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark a period in which someone waits for the source."""
        self.seen = True
        self._waiting.set()
        try:
            yield
        finally:
            self._waiting.clear()

    def end(self) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        while not self._over.wait(self._timeout_s):
            if self._waiting.is_set() and not self.seen:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                return
            self.seen = False
