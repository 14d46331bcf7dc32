"""Statements that always give a row: an aggregate, `exists`, a function, an insert with `returning`."""

from typing import Any, Protocol

from psycopg import Cursor


class _Executes(Protocol):
    """A connection or a cursor of psycopg."""

    def execute(self, query: Any, params: Any = None, /) -> Cursor[Any]: ...


def fetch_row(connection: _Executes, sql: str, parameters: Any = None) -> tuple[Any, ...]:
    """The first row of a statement. Raises LookupError if it gives none, which is a bug of the caller."""
    row: tuple[Any, ...] | None = connection.execute(sql, parameters).fetchone()
    if row is None:
        raise LookupError(f"the statement gave no row: {sql}")
    return row


def fetch_value(connection: _Executes, sql: str, parameters: Any = None) -> Any:
    """The first column of the first row of a statement. Raises LookupError as `fetch_row` does."""
    return fetch_row(connection, sql, parameters)[0]
