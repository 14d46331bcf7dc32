"""Notifications of the store: one connection of the process listens, for every feed that is read."""

import asyncio
import logging
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from hub.store.connections.silence import end_silence

LOG = logging.getLogger("hub.graph")
HEARTBEAT_S, ANSWER_WITHIN_S = 30.0, 5.0
"""How long the connection may be without a word before it is asked for one, and how long the answer may take."""
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class NotificationListener:
    """Sets an event for each notification of its channel, and every event when it has connected again: something may be missed then."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._events: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, channel: str) -> asyncio.Event:
        """The event of a channel. Add every channel before the start."""
        return self._events.setdefault(channel, asyncio.Event())

    def start(self) -> None:
        """Listen, unless it does already. Call it on the event loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Stop listening."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await AsyncConnection.connect(self.url, autocommit=True, application_name="hub-changes")
                async with connection:
                    await self._begin(connection)
                    failures = 0
                    while True:
                        async for notification in connection.notifies(timeout=HEARTBEAT_S):
                            self._events[notification.channel].set()
                        # A connection that nothing comes over may be one that nothing can come over.
                        with end_silence(connection, ANSWER_WITHIN_S):
                            await connection.execute("select 1")
            except psycopg.Error as error:
                # The kind only: it says whether the server is away or refuses us.
                LOG.warning("listening for changes stopped: %s", type(error).__name__)
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1

    async def _begin(self, connection: AsyncConnection[Any]) -> None:
        for channel, event in self._events.items():
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            event.set()
