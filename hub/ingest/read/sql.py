"""SQL: one table of a database. PostgreSQL is read by COPY, every other database by a server-side cursor of SQLAlchemy."""

import io
from collections.abc import Iterator

import polars as pl
import psycopg
from psycopg import sql
from sqlalchemy import MetaData, Table, create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchTableError, SQLAlchemyError

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.base import Batch, Reader, State
from hub.sdk.sources import SqlSource
from hub.sdk.streams import SqlStream

CONNECT_TIMEOUT_S = 10


class SqlReader(Reader):
    """Reads a table."""

    def read(self, state: State | None) -> Iterator[Batch]:
        """Every row."""
        source, stream = self.context.manifest.source, self.context.stream
        assert isinstance(source, SqlSource)
        assert isinstance(stream, SqlStream)
        url = source.url.value(self.context.manifest.name)
        for frame in read(self.context.where, url, stream, self.context.batch_rows):
            yield Batch(frame)


def read(where: str, url: str, stream: SqlStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of the stream's table. Raises SourceUnavailable, HubMisconfigured."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise HubMisconfigured(
            f"{where}: the database URL cannot be read", next_step="write it as postgresql://user@host/database"
        ) from None
    if parsed.get_backend_name() == "postgresql":
        yield from _postgresql(
            where, parsed.set(drivername="postgresql").render_as_string(hide_password=False), stream, batch_rows
        )
    else:
        yield from _any_database(where, url, stream, batch_rows)


def _postgresql(where: str, url: str, stream: SqlStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    table = sql.SQL(".").join(sql.Identifier(part) for part in stream.table.split("."))
    options = "-c default_transaction_read_only=on -c datestyle=ISO -c timezone=UTC"
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, options=options) as connection:
            cursor = connection.execute(sql.SQL("select * from {} limit 0").format(table))
            columns = [column.name for column in cursor.description or ()]
            copy = sql.SQL("copy (select * from {}) to stdout (format csv, header)").format(table)
            with connection.cursor() as reading, reading.copy(copy) as rows:
                yield from _frames(rows, columns, batch_rows)
    except psycopg.errors.UndefinedTable:
        raise SourceUnavailable(
            f"{where}: there is no table {stream.table}", next_step="ask the owner whether it was renamed"
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise SourceUnavailable(
            f"{where}: no right to read {stream.table}", next_step="ask the owner to grant select"
        ) from None
    except psycopg.OperationalError as error:
        raise SourceUnavailable(
            f"{where}: {_why(error)}", next_step="check address, user and password, and that the database runs"
        ) from None


def _frames(rows: "psycopg.Copy", columns: list[str], batch_rows: int) -> Iterator[pl.DataFrame]:
    """COPY hands over one row at a time, so a count of rows is a count of messages."""
    header: bytes | None = None
    buffer = io.BytesIO()
    count = 0
    for row in rows:
        line = bytes(row)
        if header is None:
            header = line
            continue
        buffer.write(line)
        count += 1
        if count == batch_rows:
            yield _csv(columns, buffer)
            buffer, count = io.BytesIO(), 0
    yield _csv(columns, buffer)


def _csv(columns: list[str], buffer: io.BytesIO) -> pl.DataFrame:
    if not buffer.tell():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return pl.read_csv(buffer.getvalue(), has_header=False, new_columns=columns, infer_schema=False)


def _any_database(where: str, url: str, stream: SqlStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    engine = create_engine(url)
    schema, _, name = stream.table.rpartition(".")
    try:
        table = Table(name, MetaData(), schema=schema or None, autoload_with=engine)
        columns = [column.name for column in table.columns]
        with engine.connect().execution_options(stream_results=True, max_row_buffer=batch_rows) as connection:
            result = connection.execute(select(table))
            empty = True
            for rows in result.partitions(batch_rows):
                empty = False
                texts = [[None if value is None else str(value) for value in row] for row in rows]
                yield pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
            if empty:
                yield pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    except NoSuchTableError:
        raise SourceUnavailable(
            f"{where}: there is no table {stream.table}", next_step="ask the owner whether it was renamed"
        ) from None
    except (DatabaseError, SQLAlchemyError) as error:
        raise SourceUnavailable(
            f"{where}: {type(error).__name__}", next_step="check address, user and password, and that the database runs"
        ) from None
    finally:
        engine.dispose()


def _why(error: psycopg.OperationalError) -> str:
    """In our words: the driver's message repeats address and user."""
    text = str(error)
    if "password" in text or "authentication" in text or "role" in text:
        return "the database refuses the user or the password"
    if "does not exist" in text:
        return "the database does not exist"
    return "the database cannot be reached"
