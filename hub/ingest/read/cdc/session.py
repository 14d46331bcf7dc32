"""A session with a PostgreSQL source that outlives the source's restarts: asked again, in a new one, with growing pauses."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

from hub.errors import HubError, SourceUnavailable
from hub.ingest.read.cdc.slot import Connection, Wanted, connect
from hub.ingest.read.reader import Gate

T = TypeVar("T")

LONGEST_PAUSE_S = 5.0


class Session:
    """One connection at a time, for one statement at a time, whichever thread asks."""

    def __init__(self, wanted: Wanted, url: str, attempts: int, gate: Gate, stop: threading.Event | None) -> None:
        self.wanted = wanted
        self.url = url
        self.attempts = attempts
        self.gate = gate
        self.stop = stop
        self.again: Callable[[Connection], None] = lambda _: None
        """Looks at each new connection before it is used; raises where the source is not the same any more."""
        self._lock = threading.RLock()
        self._connection: Connection | None = None

    def ask(self, ask: Callable[[Connection], T]) -> T:
        """Ask the source, as often as its attempts allow. Raises SourceUnavailable, and what `ask` itself raises."""
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._lock, self.gate:
                    return ask(self._open())
            except psycopg.OperationalError as error:
                self.pause(attempt, error)
            except psycopg.Error as error:
                raise self.said(error) from None

    def tell(self, tell: Callable[[Connection], None]) -> None:
        """Tell the source something that can as well be told later: once, where there is a connection."""
        with self._lock:
            if self._connection is not None and not self._connection.closed:
                with suppress(psycopg.Error, HubError), self.gate:
                    tell(self._connection)

    def fetch(self, cursor: "psycopg.ServerCursor[Any]", rows: int) -> list[Any]:
        """Some more rows of a cursor; none at its end. Raises psycopg.OperationalError where the source went away."""
        with self._lock:
            return cursor.fetchmany(rows)

    def pause(self, attempt: int, error: psycopg.Error) -> None:
        """Wait before another attempt. Raises SourceUnavailable after the last one, or where none can help."""
        if attempt >= self.attempts or not _may_pass(error):
            raise self.said(error) from None
        self.wait(min(0.25 * 2**attempt, LONGEST_PAUSE_S))

    def wait(self, seconds: float) -> None:
        """Wait, or until the follower is stopped."""
        if self.stop is not None:
            self.stop.wait(seconds)
        else:
            time.sleep(seconds)

    def said(self, error: psycopg.Error) -> SourceUnavailable:
        """An error in our words: the driver's message repeats address and user, and quotes values."""
        where, table = self.wanted.where, self.wanted.table
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return SourceUnavailable(
                f"{where}: no right to read {table}",
                next_step="ask the owner to grant usage on its schema, and select on it",
            )
        if isinstance(error, psycopg.OperationalError):
            return SourceUnavailable(
                f"{where}: {_why(error)}",
                next_step="check address, user and password, and that the database runs; nothing is lost meanwhile",
            )
        return SourceUnavailable(
            f"{where}: the source refuses: {type(error).__name__}", next_step="ask the owner whether the table changed"
        )

    def close(self) -> None:
        """Let go of the connection. It waits for no lock: a statement that runs is given up."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            opened = connect(self.url, self.wanted.timeout_s)
            try:
                self.again(opened)
            except BaseException:
                opened.close()
                raise
            self._connection = opened
        return self._connection


def _why(error: psycopg.OperationalError) -> str:
    if isinstance(error, psycopg.errors.ObjectInUse):
        return "another session reads the same slot"
    if error.sqlstate is not None:
        return f"the source refuses: {type(error).__name__}"
    return _refusal(error) or "the database cannot be reached"


def _may_pass(error: psycopg.Error) -> bool:
    return error.sqlstate is not None or _refusal(error) is None


def _refusal(error: psycopg.Error) -> str | None:
    """Why a connection was refused by a server that runs; libpq gives no code for it, only words."""
    text = str(error)
    if "password" in text or "authentication" in text or "role" in text:
        return "the database refuses the user or the password"
    return "the database does not exist" if "database" in text and "does not exist" in text else None
