"""Review of links from the graph: functions of linking, each in a thread on a connection of its own.

They write, so they never touch the read pool; they are few, so a connection for each costs nothing that matters.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from hub.errors import HubError
from hub.graph.execution.reads import explain_failure
from hub.store.connection import StoreConnection
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

    async def run(self, work: Callable[[Connection[Any]], T]) -> T:
        """What a function gives. One that has begun is finished, also if the caller goes away meanwhile.

        Raises what the function does, and StoreUnavailable.
        """
        async with self._free:
            return await asyncio.to_thread(self._done, work)

    def _done(self, work: Callable[[Connection[Any]], T]) -> T:
        # A commit is on disk, whatever the server's settings: a person is told that it is decided.
        options = f"{SESSION} -c synchronous_commit=on -c statement_timeout={TIMEOUT_S * 1000}"
        try:
            with StoreConnection.connect(self.url, autocommit=True, options=options, connect_timeout=5) as connection:
                return work(connection)
        except psycopg.Error as error:
            if self.unprivileged is not None and isinstance(error, psycopg.errors.InsufficientPrivilege):
                raise self.unprivileged from None
            raise explain_failure(error) from None
