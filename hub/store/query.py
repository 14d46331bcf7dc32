"""Statements that always give a row: an aggregate, `exists`, a function, an insert with `returning`."""

from typing import Any, Protocol, TypeVar

from psycopg import Cursor

Row = TypeVar("Row", covariant=True)


class _Executes(Protocol[Row]):
    """A connection or a cursor of psycopg."""

    def execute(self, query: Any, params: Any = None, /) -> Cursor[Row]: ...


def fetch_row(connection: _Executes[Row], sql: Any, parameters: Any = None) -> Row:
    """The first row of a statement, of the connection's kind of rows. Raises LookupError if it gives none, which is a bug of the caller."""
    row = connection.execute(sql, parameters).fetchone()
    if row is None:
        raise LookupError(f"the statement gave no row: {sql}")
    return row


def fetch_value(connection: _Executes[Any], sql: Any, parameters: Any = None) -> Any:
    """The first column of the first row of a statement. Raises LookupError as `fetch_row` does."""
    return fetch_row(connection, sql, parameters)[0]


def render_has_rows(table: str, stream: str) -> str:
    """A condition: whether `table`, quoted, has a row of the stream, an expression. By the index on stream and key, in some microseconds.

    `exists (select from … where stream_id = …)` reads the whole table of a stream that has none: all rows of most tables are of one stream,
    so the planner expects the first one to fit. For 23 streams and 25 tables of 20,000 citizens that took 3 s, and takes 4 ms so.
    """
    return f"(select h.id from {table} h where h.stream_id = {stream} order by h.source_key limit 1) is not null"  # noqa: S608 a constant and a quoted identifier
