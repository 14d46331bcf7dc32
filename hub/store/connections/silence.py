"""Silence: a database or a network that keeps a connection open and passes nothing."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection


@contextmanager
def end_silence(connection: AsyncConnection[Any], deadline_s: float) -> Iterator[None]:
    """While the database is waited for: after `deadline_s` its connection is ended, and whoever waits hears that it was lost."""
    silence = Silence(connection, deadline_s)
    try:
        yield
    finally:
        silence.cancel()


class Silence:
    """Ends a connection that is silent for too long: whoever waits on it hears at once that it was lost.

    Nothing else is safe: to cancel, or to end it in order, is one more thing to wait for.
    """

    def __init__(self, connection: AsyncConnection[Any], deadline_s: float) -> None:
        self.ended = False
        self._connection = connection
        self._timer = asyncio.get_running_loop().call_later(deadline_s, self._end)

    def cancel(self) -> None:
        """The connection has answered."""
        self._timer.cancel()

    def _end(self) -> None:
        self.ended = True
        shut_down(self._connection)


def shut_down(connection: AsyncConnection[Any]) -> None:
    """End a connection at once: whoever waits on it hears that it was lost."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as held:
        held.shutdown(socket.SHUT_RDWR)
