"""Review of links from the graph: functions of linking, each in a thread on a connection of its own.

They write, so they never touch the read pool; they are few, so a connection for each costs nothing that matters.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from hub.errors import HubError
from hub.graph.execution.reads import explain_failure
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION

T = TypeVar("T")
AT_ONCE = 4
TIMEOUT_S = 30
"""Longer than a decision waits for a run of linking."""


class ReviewRunner:
    """Runs functions of linking on the database at `url`."""

    def __init__(self, url: str, unprivileged: HubError | None = None) -> None:
        """`unprivileged` is raised if the login may not do what a function does; without it, that is an internal error."""
        self.url = url
        self.unprivileged = unprivileged
        self._free = asyncio.Semaphore(AT_ONCE)
        self._kept: deque[StoreConnection] = deque(maxlen=AT_ONCE)
        """Connections that reads have left, for the next ones: to make one costs more than most reads."""
        weakref.finalize(self, close_connections, self._kept)

    async def run(self, work: Callable[[Connection[Any]], T]) -> T:
        """What a function gives. One that has begun is finished, also if the caller goes away meanwhile.

        Raises what the function does, and StoreUnavailable.
        """
        async with self._free:
            return await asyncio.to_thread(self._done, work)

    async def read(self, work: Callable[[Connection[Any]], T]) -> T:
        """The same for a function that only reads, and leaves nothing in its session. Raises as `run` does."""
        async with self._free:
            return await asyncio.to_thread(self._read, work)

    def close(self) -> None:
        """Close the connections that are kept."""
        close_connections(self._kept)

    def _read(self, work: Callable[[Connection[Any]], T]) -> T:
        try:
            connection = self._take() or self._connect(f"{SESSION} -c default_transaction_read_only=on")
            try:
                found = work(connection)
            except BaseException:
                connection.close()
                raise
            self._kept.append(connection)
            return found
        except psycopg.Error as error:
            raise self._explain(error) from None

    def _take(self) -> StoreConnection | None:
        """A kept connection that the server still answers; None if there is none."""
        with suppress(IndexError):
            while True:
                connection = self._kept.pop()
                with suppress(psycopg.Error):
                    connection.execute("select 1")
                    return connection
                connection.close()
        return None

    def _connect(self, options: str) -> StoreConnection:
        options = f"{options} -c statement_timeout={TIMEOUT_S * 1000}"
        return StoreConnection.connect(self.url, autocommit=True, options=options, connect_timeout=5)

    def _explain(self, error: psycopg.Error) -> HubError:
        if self.unprivileged is not None and isinstance(error, psycopg.errors.InsufficientPrivilege):
            return self.unprivileged
        return explain_failure(error)

    def _done(self, work: Callable[[Connection[Any]], T]) -> T:
        # A commit is on disk, whatever the server's settings: a person is told that it is decided.
        try:
            with self._connect(f"{SESSION} -c synchronous_commit=on") as connection:
                return work(connection)
        except psycopg.Error as error:
            raise self._explain(error) from None


def close_connections(kept: deque[StoreConnection]) -> None:
    """Close them all, and forget them."""
    while kept:
        kept.pop().close()
