"""A session with a PostgreSQL source that survives the source's restarts: it reconnects and asks again, with growing
pauses.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

from hub.errors import HubError, SourceUnavailable
from hub.ingest.read.cdc.slot import SlotTarget, SourceConnection, connect_to_source
from hub.ingest.read.reader import RequestGate

T = TypeVar("T")

LONGEST_PAUSE_S = 5.0


class SourceSession:
    """One connection and one statement at a time, whichever thread asks."""

    def __init__(
        self, wanted: SlotTarget, url: str, attempts: int, gate: RequestGate, stop: threading.Event | None
    ) -> None:
        self.wanted = wanted
        self.url = url
        self.attempts = attempts
        self.gate = gate
        self.stop = stop
        self.check_connection: Callable[[SourceConnection], None] = lambda _: None
        """Checks each new connection before it is used. Raises an error if the source is no longer the same."""
        self._lock = threading.RLock()
        self._connection: SourceConnection | None = None

    def ask(self, ask: Callable[[SourceConnection], T]) -> T:
        """Ask the source, as often as its attempts allow. Raises SourceUnavailable, and whatever `ask` itself raises."""
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._lock, self.gate:
                    return ask(self._open())
            except psycopg.OperationalError as error:
                self.pause(attempt, error)
            except psycopg.Error as error:
                raise self.explain_error(error) from None

    def tell(self, tell: Callable[[SourceConnection], None]) -> None:
        """Tell the source something that can wait: once, if there is a connection."""
        with self._lock:
            if self._connection is not None and not self._connection.closed:
                with suppress(psycopg.Error, HubError), self.gate:
                    tell(self._connection)

    def fetch(self, cursor: "psycopg.ServerCursor[Any]", rows: int) -> list[Any]:
        """Return more rows of a cursor; none at its end. Raises psycopg.OperationalError if the source went down."""
        with self._lock:
            return cursor.fetchmany(rows)

    def pause(self, attempt: int, error: psycopg.Error) -> None:
        """Wait before another attempt. Raises SourceUnavailable after the last one, or if a retry cannot help."""
        if attempt >= self.attempts or not _may_pass(error):
            raise self.explain_error(error) from None
        self.wait(min(0.25 * 2**attempt, LONGEST_PAUSE_S))

    def wait(self, seconds: float) -> None:
        """Wait, or until the follower is stopped."""
        if self.stop is not None:
            self.stop.wait(seconds)
        else:
            time.sleep(seconds)

    def explain_error(self, error: psycopg.Error) -> SourceUnavailable:
        """Translate an error: the driver's message repeats address and user, and quotes values."""
        where, table = self.wanted.where, self.wanted.table
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return SourceUnavailable(
                f"{where}: no permission to read {table}",
                next_step="ask the owner to grant usage on its schema, and select on it",
            )
        if isinstance(error, psycopg.OperationalError):
            return SourceUnavailable(
                f"{where}: {_explain_operational(error)}",
                next_step="check address, user and password, and whether the database is running; nothing is lost meanwhile",
            )
        return SourceUnavailable(
            f"{where}: the source rejects the request: {type(error).__name__}",
            next_step="ask the owner whether the table changed",
        )

    def close(self) -> None:
        """Close the connection without waiting for a lock: a running statement is abandoned."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> SourceConnection:
        if self._connection is None or self._connection.closed:
            opened = connect_to_source(self.url, self.wanted.timeout_s)
            try:
                self.check_connection(opened)
            except BaseException:
                opened.close()
                raise
            self._connection = opened
        return self._connection


def _explain_operational(error: psycopg.OperationalError) -> str:
    if isinstance(error, psycopg.errors.ObjectInUse):
        return "another session reads the same slot"
    if error.sqlstate is not None:
        return f"the source rejects the request: {type(error).__name__}"
    return _explain_refusal(error) or "the database cannot be reached"


def _may_pass(error: psycopg.Error) -> bool:
    return error.sqlstate is not None or _explain_refusal(error) is None


def _explain_refusal(error: psycopg.Error) -> str | None:
    """Say why a running server refused a connection. libpq reports only words, no code."""
    text = str(error)
    if "password" in text or "authentication" in text or "role" in text:
        return "the database rejects the user or the password"
    return "the database does not exist" if "database" in text and "does not exist" in text else None
