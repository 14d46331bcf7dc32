"""Spare connections: those of a pool that one read hands to the next.

The pool itself locks, counts and looks at the age of a connection for each hand-over, which took a tenth of a keyed read. A spare connection
goes back to it within `SPARE_S`, so that all of this still happens some times a second.
"""

import asyncio
from typing import Any

from psycopg import AsyncConnection
from psycopg.pq import ConnStatus
from psycopg_pool import AsyncConnectionPool

SPARE_S = 0.1


class SpareConnections:
    """The connections of a pool, which its owner opens. Used from one event loop."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self.pool = pool
        self._spare: list[AsyncConnection[Any]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._returning: asyncio.Task[None] | None = None
        self._asking = 0
        """How many ask the pool for a connection now: they would not see a spare one."""

    def __len__(self) -> int:
        """How many are spare now."""
        return len(self._spare)

    async def take(self, timeout_s: float) -> AsyncConnection[Any]:
        """A connection, which `give_back` has to be called with. Raises PoolTimeout."""
        if self._spare:
            return self._spare.pop()
        self._asking += 1
        try:
            return await self.pool.getconn(timeout_s)
        finally:
            self._asking -= 1

    async def give_back(self, connection: AsyncConnection[Any]) -> None:
        """Let another read have it."""
        if self._asking or self.pool.closed or connection.pgconn.status != ConnStatus.OK:
            await self.pool.putconn(connection)
            return
        self._spare.append(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SPARE_S, self._return_later)

    async def drain(self) -> None:
        """Close every connection that nobody reads from, and each other one when it comes back: the database has lost them."""
        await self.pool.drain()
        await self._return()

    async def close(self) -> None:
        """Close every connection, and the pool."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._returning is not None:
            await self._returning
        await self._return()
        await self.pool.close()

    def _return_later(self) -> None:
        self._timer = None
        self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        while self._spare:
            await self.pool.putconn(self._spare.pop())
