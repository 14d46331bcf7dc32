"""Waiting for results: the socket of one connection, watched by the event loop from one statement to the next.

To begin and end watching for each statement cost it seven system calls, as many as all else that a keyed read does together.
"""

import asyncio
import os
from contextlib import suppress

import psycopg
from psycopg.pq.abc import PGconn


class ResultWaiter:
    """Waits on the connection of `pgconn`, for one statement at a time. Used from one event loop.

    What it watches is a copy of the descriptor, since psycopg watches and leaves the descriptor itself for statements of its own. Whenever there is
    something to read that nobody waits for here, watching ends until the next statement: psycopg reads it, or the connection was closed.
    """

    __slots__ = ("_descriptor", "_loop", "_pgconn", "_waiting")

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._loop = asyncio.get_running_loop()
        self._descriptor = -1
        """The copy that is watched; -1 if nothing is."""
        self._waiting: asyncio.Future[None] | None = None

    def __del__(self) -> None:
        # The loop has let go of it, so it was closed, or nothing is watched.
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)

    async def wait(self) -> None:
        """Return when the next result is there whole. Raises psycopg.Error if the connection is lost."""
        if not self._pgconn.is_busy():
            return  # it came while the rest of the statement was sent
        if self._descriptor < 0:
            self._descriptor = os.dup(self._pgconn.socket)
            self._loop.add_reader(self._descriptor, self._look)
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    async def wait_to_send(self) -> None:
        """Return when more of a statement can be sent, or something was received. Raises psycopg.Error."""
        done: asyncio.Future[None] = self._loop.create_future()

        def look() -> None:
            if done.done():
                return
            try:
                self._pgconn.consume_input()
            except psycopg.Error as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self._stop()
        descriptor = self._pgconn.socket
        self._loop.add_reader(descriptor, look)
        self._loop.add_writer(descriptor, look)
        try:
            await done
        finally:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)

    def _look(self) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            self._stop()
            return
        try:
            self._pgconn.consume_input()
            if self._pgconn.is_busy():
                return
        except psycopg.Error as error:
            self._stop()
            waiting.set_exception(error)
        else:
            waiting.set_result(None)

    def _stop(self) -> None:
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
