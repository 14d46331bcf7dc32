"""A database as a reader sees it: the columns of one table, and the rows of a statement as frames of text.

Every database is reached by SQLAlchemy, which quotes names and binds values. `hub.ingest.read.sql.postgresql` is the fast way
of one of them. Statements name columns without types, so that a driver's own values arrive: what a source holds in a date
column is not always a date, and is not ours to refuse here.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import orjson
import polars as pl
from pymysql.converters import encoders
from sqlalchemy import BindParameter, Connection, Engine, Select, bindparam, create_engine, inspect, types
from sqlalchemy import column as column_of
from sqlalchemy import table as table_of
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.elements import ColumnClause

from hub.errors import HubMisconfigured
from hub.ingest.read.reader import Context
from hub.ingest.read.sql.errors import explained
from hub.sdk.sources import SqlSource
from hub.sdk.streams import SqlStream

Kind = Literal["number", "date", "time", "binary", "text"]
"""How values of a column compare and are written: a time may be with or without an offset; everything else is text."""

UTC_SUFFIX = "+00:00"
DRIVERS: Mapping[str, str] = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""Backend → the driver that the hub brings; other databases take the driver that their URL names."""


def parsed(context: Context) -> URL:
    """The stream's address, with a driver. Raises HubMisconfigured."""
    source = context.manifest.source
    assert isinstance(source, SqlSource)
    try:
        url = make_url(source.url.value(context.manifest.name))
    except ArgumentError:
        raise HubMisconfigured(
            f"{context.where}: the database URL in {source.url.shown} cannot be read",
            next_step="write it as postgresql://user:password@host/database",
        ) from None
    backend = url.get_backend_name()
    if backend in DRIVERS:
        return url.set(drivername=DRIVERS[backend])
    if backend == "sqlite" and url.database and not url.database.startswith("file:"):
        # Read only, since SQLite makes the file that it does not find.
        database = f"file:{quote(str(Path(url.database).absolute()))}"
        return url.set(database=database, query={**url.query, "mode": "ro", "uri": "true"})
    return url


class Access:
    """One table of one database, by one connection that is made when first wanted."""

    def __init__(self, context: Context, url: URL) -> None:
        source, stream = context.manifest.source, context.stream
        assert isinstance(source, SqlSource)
        assert isinstance(stream, SqlStream)
        self.context, self.source, self.stream, self.url = context, source, stream, url
        self.backend_page: int | None = context.batch_rows
        """Most rows of one ordered statement; none where the answer is streamed however long it is."""
        schema, _, name = stream.table.rpartition(".")
        self.table = table_of(name, schema=schema or None)
        """The table, for a statement."""
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._kinds: dict[str, Kind] | None = None
        self._in_utc: frozenset[str] = frozenset()

    def close(self) -> None:
        """Throw the connection away, whatever state it is in.

        It is never ended in order: a rollback would wait for the rest of an answer that nobody wants, or for good where the
        network swallows what is sent. The hub only reads, so there is nothing to roll back.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, OSError, self._driver_error()):
                connection.invalidate()
                connection.close()

    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self._made().dialect.loaded_dbapi.Error
        return error

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The table's columns in order, each with its kind. Raises SourceUnavailable."""
        if self._kinds is None:
            with self.context.gate:
                self._reflect()
        assert self._kinds is not None
        return self._kinds

    def column(self, name: str) -> ColumnClause[Any]:
        """A column, for a statement."""
        return column_of(name, _selectable=self.table)

    def frames(self, statement: Select[Any], *, streamed: bool = False) -> Iterator[pl.DataFrame]:
        """The rows of a statement, `batch_rows` at a time; nothing where there are none. Raises SourceUnavailable.

        `streamed` is for answers of any length; others are taken whole, so that a slow consumer holds nothing open.
        """
        with self.context.gate:
            try:
                for frame in self._run(statement, streamed):
                    yield self._with_offsets(frame)
            except (SQLAlchemyError, OSError, ValueError) as error:
                self.close()
                raise explained(self.context.where, self.stream.table, error) from None

    def empty(self, columns: Sequence[str]) -> pl.DataFrame:
        """A frame without rows."""
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))

    def bound(self, column: str, text: str) -> BindParameter[Any]:
        """A cell as a value to compare the column with. Raises ValueError where the column can hold no such value."""
        # Without a type: PostgreSQL then takes the column's, where a text would not compare with a time.
        return bindparam(None, self._value(column, text), type_=types.NullType(), unique=True)

    def _value(self, column: str, text: str) -> Any:
        kind = self.kinds[column]
        if kind == "number":
            return self._number(text)
        if kind == "binary":
            return bytes.fromhex(text)
        return text.removesuffix(UTC_SUFFIX) if column in self._in_utc else text

    def _number(self, text: str) -> int | float | Decimal:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError("not a number") from None
        if number == number.to_integral_value():
            return int(number)
        return float(number) if self.url.get_backend_name() == "sqlite" else number

    def _run(self, statement: Select[Any], streamed: bool) -> Iterator[pl.DataFrame]:
        options = {"stream_results": streamed, "max_row_buffer": self.context.batch_rows}
        with self._connected().execute(statement, execution_options=options) as result:
            columns = list(result.keys())
            for rows in result.partitions(self.context.batch_rows):
                yield _frame(columns, rows)

    def _with_offsets(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col(name) + UTC_SUFFIX for name in frame.columns if name in self._in_utc)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._made().connect()
            self._opened(self._connection)
        return self._connection

    def _made(self) -> Engine:
        if self._engine is None:
            try:
                self._engine = create_engine(self.url, poolclass=NullPool, connect_args=self._connect_arguments())
            except (NoSuchModuleError, ModuleNotFoundError):
                raise HubMisconfigured(
                    f"{self.context.where}: there is no driver for {self.url.drivername}",
                    next_step="install the driver, or name an installed one as in mssql+pyodbc:// or oracle+oracledb://",
                ) from None
        return self._engine

    def _connect_arguments(self) -> dict[str, Any]:
        seconds = max(1, round(self.source.timeout_s))
        by_backend: dict[str, dict[str, Any]] = {"sqlite": {"timeout": self.source.timeout_s}}
        for name in ("mysql", "mariadb"):
            # Without decoders every value arrives as the server writes it: exact, fast, and a day 0 is no error.
            by_backend[name] = {
                "connect_timeout": seconds,
                "read_timeout": self.source.timeout_s,
                "write_timeout": self.source.timeout_s,
                "conv": encoders,
                "init_command": "set session time_zone = '+00:00', session sql_mode = ''",
            }
        return by_backend.get(self.url.get_backend_name(), {})

    def _opened(self, connection: Connection) -> None:
        """Bound statements at the server where it can, so that a statement that nobody waits for ends."""
        if connection.dialect.name not in ("mysql", "mariadb"):
            return
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql("set session max_statement_time = %s", (self.source.timeout_s,))
        else:
            connection.exec_driver_sql("set session max_execution_time = %s", (round(self.source.timeout_s * 1000),))

    def _reflect(self) -> None:
        schema, _, name = self.stream.table.rpartition(".")
        try:
            found = inspect(self._connected()).get_columns(name, schema=schema or None)
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise explained(self.context.where, self.stream.table, error) from None
        self._kinds = {column["name"]: _kind(column["type"]) for column in found}
        if self.url.get_backend_name() in ("mysql", "mariadb"):
            self._in_utc = frozenset(c["name"] for c in found if isinstance(c["type"], types.TIMESTAMP))


def _kind(found: types.TypeEngine[Any]) -> Kind:
    table: tuple[tuple[type[types.TypeEngine[Any]], Kind], ...] = (
        (types.Integer, "number"),
        (types.Numeric, "number"),
        (types.DateTime, "time"),
        (types.Date, "date"),
        (types.LargeBinary, "binary"),
        (types.BINARY, "binary"),
        (types.VARBINARY, "binary"),
    )
    return next((kind for type_, kind in table if isinstance(found, type_)), "text")


def _frame(columns: list[str], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """By column: one look at the types of a column is 8 times faster than one at every cell."""
    return pl.DataFrame([_series(name, cells) for name, cells in zip(columns, zip(*rows, strict=True), strict=True)])


def _series(name: str, cells: Sequence[Any]) -> pl.Series:
    found = set(map(type, cells)) - {type(None)}
    if found <= {str}:
        return pl.Series(name, cells, pl.String)
    if found == {int}:
        return pl.Series(name, [None if cell is None else str(cell) for cell in cells], pl.String)
    return pl.Series(name, [text(cell) for cell in cells], pl.String)


WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (str, str),
    (bool, lambda value: "true" if value else "false"),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
    (dt.datetime, lambda value: value.isoformat(sep=" ")),
    ((dt.date, dt.time), lambda value: value.isoformat()),
    (Decimal, lambda value: format(value, "f")),
    ((dict, list), lambda value: orjson.dumps(value).decode()),
)
"""Type of a driver's value → how it is written; the first that fits. Everything else as `str` writes it."""


def text(value: Any) -> str | None:
    """A value as text: times as ISO 8601, numbers exact, bytes as hex, JSON as JSON."""
    if value is None:
        return None
    return next((write for kind, write in WRITTEN if isinstance(value, kind)), str)(value)
