"""Streaming replicas of the store: a pool of reads for each, and a watch that says which of them may be read from.

Every second the primary is asked for its position in the WAL, and then each replica, by a connection of its own and within a deadline of
its own. A replica that is behind, silent, away or promoted is left out until it is good again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection

from hub.settings import Settings
from hub.store.connections.read_pool import ReadPool
from hub.store.connections.replica_positions import (
    SELECT_POSITION,
    PrimaryPositions,
    ReplicaFault,
    ReplicaState,
    ServerPosition,
    read_replica_urls,
)
from hub.store.connections.silence import end_silence
from hub.store.engine import SESSION, add_silence_timeouts, make_read_pool

LOG = logging.getLogger("hub.replicas")
ASK_EVERY_S = 1.0
ASK_WITHIN_S = 2.0
CONNECTION_WITHIN_S = 1.0
"""How long a read waits for a connection to a replica before it goes to the primary."""


class Replica:
    """One replica, which the log and the metrics know by its number only: its URL has a password."""

    def __init__(self, number: int, url: str, pool: ReadPool, *, max_lag_s: float) -> None:
        self.number = number
        self.pool = pool
        self.max_lag_s = max_lag_s
        self.server = AskedServer(url)
        self.state = ReplicaState(ReplicaFault.NO_PRIMARY, 0.0)
        self._before: tuple[float, ServerPosition] | None = None
        self._was_told = False

    def may_be_read(self) -> bool:
        """Whether it is good. What it last said counts no longer than it may lag: it may be silent since."""
        state = self.state
        if state.fault is not None or state.current_at is None:
            return False
        return asyncio.get_running_loop().time() - state.current_at <= self.max_lag_s

    async def look(self, primary: PrimaryPositions) -> None:
        """Ask it, and judge what it says."""
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        try:
            position = await self.server.read_position()
        except (psycopg.Error, OSError):
            self._before = None
            await self._change(ReplicaState(ReplicaFault.AWAY, asked_at))
            return
        state = primary.judge(position, asked_at, before=self._before, max_lag_s=self.max_lag_s)
        self._before = clock(), position
        await self._change(state)

    async def _change(self, state: ReplicaState) -> None:
        was, told = self.state.fault, self._was_told
        if state.fault is ReplicaFault.AWAY:
            self.pool.cut()  # reads that wait for it go to the primary now, not at their deadline
        if state.fault is None and was is not None:
            await self.pool.drain()  # its connections may be from before it was away
        self.state = state
        if (state.fault is was and told) or (state.fault is ReplicaFault.NO_PRIMARY and not told):
            return
        self._was_told = True
        if state.fault is None:
            LOG.info("replica %d is read from", self.number)
        else:
            LOG.warning("replica %d is left out: %s", self.number, state.describe_fault())


class ReplicaWatch:
    """Watches the replicas of a primary while it is open."""

    def __init__(self, primary_url: str, replicas: Sequence[Replica]) -> None:
        self.replicas = tuple(replicas)
        self._primary = AskedServer(primary_url)
        self._positions = PrimaryPositions()
        self._asked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin. Waits for no server."""
        for replica in self.replicas:
            await replica.pool.open(wait=False)
        work = [self._ask_primary(), *map(self._look_at, self.replicas)]
        self._tasks = [asyncio.create_task(one) for one in work]

    async def close(self) -> None:
        """Stop, and close every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in (self._primary, *(replica.server for replica in self.replicas)):
            await server.close()
        for replica in self.replicas:
            await replica.pool.close()

    async def _ask_primary(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            asked_at = clock()
            # If it does not answer, what replicas have grows old, and they are left out; /readyz tells of the primary.
            with contextlib.suppress(psycopg.Error, OSError):
                self._positions.add(asked_at, await self._primary.read_position())
            done, self._asked = self._asked, asyncio.Event()
            done.set()
            await asyncio.sleep(max(0.0, asked_at + ASK_EVERY_S - clock()))

    async def _look_at(self, replica: Replica) -> None:
        while True:
            await self._asked.wait()
            await replica.look(self._positions)


class AskedServer:
    """A connection that asks a server for its position."""

    def __init__(self, url: str) -> None:
        self._url = add_silence_timeouts(url)
        self._connection: AsyncConnection[Any] | None = None

    async def read_position(self) -> ServerPosition:
        """Its answer, which takes twice ASK_WITHIN_S at most. Raises psycopg.Error, OSError."""
        try:
            connection = self._connection
            if connection is None:
                connection = self._connection = await self._connect()
            with end_silence(connection, ASK_WITHIN_S):
                cursor = await connection.execute(SELECT_POSITION)
                return ServerPosition.from_row(await cursor.fetchone())
        except BaseException:
            await self.close()
            raise

    async def _connect(self) -> AsyncConnection[Any]:
        options = f"{SESSION} -c default_transaction_read_only=on -c statement_timeout={int(ASK_WITHIN_S * 1000)}"
        async with asyncio.timeout(ASK_WITHIN_S):
            return await AsyncConnection.connect(
                self._url, autocommit=True, options=options, application_name="hub-replicas"
            )

    async def close(self) -> None:
        """End the connection; the next question makes another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def make_replicas(settings: Settings, primary_url: str) -> ReplicaWatch | None:
    """The replicas of HUB_REPLICA_URLS, not yet open; None if there are none. Raises HubMisconfigured."""
    urls = read_replica_urls(settings)
    if not urls:
        return None
    replicas = [
        Replica(
            number,
            url,
            make_read_pool(
                url,
                size=settings.pool_size,
                statement_timeout_s=settings.statement_timeout_s,
                kept=0,
                wait_s=CONNECTION_WITHIN_S,
                name=f"replica {number}",
            ),
            max_lag_s=settings.replica_max_lag_s,
        )
        for number, url in enumerate(urls, 1)
    ]
    return ReplicaWatch(primary_url, replicas)
