"""The pool of reads, in which one read hands its connection to the next.

psycopg's pool locks, counts and looks at the age of a connection for each hand-over, which took a tenth of a keyed read. A connection that is
spare goes back to it within `SPARE_S`, and so each of them does many times a minute, unless all are in use without a pause.
"""

import asyncio
from collections import deque
from typing import Any

from psycopg import AsyncConnection
from psycopg.pq import ConnStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.store.connections.silence import shut_down

SPARE_S = 0.1
MAX_HELD_S = 60.0
"""How long a connection is handed on, before the pool looks at it again."""


class ReadPool(AsyncConnectionPool[AsyncConnection[Any]]):
    """A pool whose connections are had by `take` and `give_back`. Used from one event loop."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._held: dict[AsyncConnection[Any], float] = {}
        """Every connection that the pool has given, and until when it is handed on, by the loop's clock."""
        self._asking = 0
        """How many wait for the pool to give one."""
        self._spare: list[AsyncConnection[Any]] = []
        self._places: deque[asyncio.Future[AsyncConnection[Any] | None]] = deque()
        """Of those who wait for another read to end."""
        self._timer: asyncio.TimerHandle | None = None
        self._returning: asyncio.Task[None] | None = None
        self._queued = self._refused = 0
        self._queued_s = 0.0

    def get_stats(self) -> dict[str, int]:
        """Return those of psycopg's pool, to which the hand-overs are added."""
        stats = super().get_stats()
        ours = {
            "pool_available": len(self._spare),
            "requests_waiting": sum(not one.done() for one in self._places),
            "requests_queued": self._queued,
            "requests_wait_ms": int(1000 * self._queued_s),
            "requests_errors": self._refused,
        }
        return {**stats, **{name: stats.get(name, 0) + value for name, value in ours.items()}}

    async def take(self, timeout_s: float) -> AsyncConnection[Any]:
        """A connection, with which `give_back` has to be called. Raises PoolTimeout."""
        if self._spare:
            return self._spare.pop()
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while len(self._held) + self._asking >= self.max_size:
            found = await self._await_other(until)
            if found is not None:
                return found
        self._asking += 1
        try:
            connection = await self.getconn(until - loop.time())
        finally:
            self._asking -= 1
        self._held[connection] = loop.time() + MAX_HELD_S
        return connection

    async def give_back(self, connection: AsyncConnection[Any]) -> None:
        """Let another read have it."""
        loop = asyncio.get_running_loop()
        is_good = connection.pgconn.status == ConnStatus.OK and not self.closed
        if not is_good or loop.time() > self._held[connection]:
            await self._return(connection)
            return
        if not self._hand_over(connection):
            self._spare.append(connection)
            if self._timer is None:
                self._timer = loop.call_later(SPARE_S, self._return_spare_later)

    async def drain(self) -> None:
        """Close every connection that nobody reads from, and each other one when it comes back: the database has lost them."""
        await super().drain()
        for connection in self._held:
            self._held[connection] = float("-inf")
        await self._return_spare()

    def cut(self) -> None:
        """End every connection that is read from: the database is silent. Their reads hear at once that it was lost."""
        for connection in self._held:
            shut_down(connection)

    async def close(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 as the pool has it
        """Close every connection that nobody reads from, and each other one when it comes back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._returning is not None:
            await self._returning
        await self._return_spare()
        await super().close(timeout)

    async def _await_other(self, until: float) -> AsyncConnection[Any] | None:
        """The connection of a read that ends; None if it is not good any more, so that the pool has room for another one."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._queued += 1
        place: asyncio.Future[AsyncConnection[Any] | None] = loop.create_future()
        self._places.append(place)
        timer = loop.call_at(until, _end_wait, place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and (given := place.result()) is not None:
                await self.give_back(given)
            raise
        except PoolTimeout:
            self._refused += 1
            raise
        finally:
            timer.cancel()
            self._queued_s += loop.time() - began

    def _hand_over(self, connection: AsyncConnection[Any] | None) -> bool:
        """Give it to whoever has waited longest. False if nobody waits."""
        while self._places:
            place = self._places.popleft()
            if not place.done():
                place.set_result(connection)
                return True
        return False

    async def _return(self, connection: AsyncConnection[Any]) -> None:
        """Give it back to the pool, which has room for another one then."""
        del self._held[connection]
        self._hand_over(None)
        await self.putconn(connection)

    def _return_spare_later(self) -> None:
        self._timer = None
        self._returning = asyncio.get_running_loop().create_task(self._return_spare())

    async def _return_spare(self) -> None:
        while self._spare:
            await self._return(self._spare.pop())


def _end_wait(place: "asyncio.Future[AsyncConnection[Any] | None]") -> None:
    if not place.done():
        place.set_exception(PoolTimeout("no read has ended in time"))
