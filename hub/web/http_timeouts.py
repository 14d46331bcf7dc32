"""Clients that are slow, or silent: how long the server waits for the head of a request.

`hub.web.negotiate` bounds the body. uvicorn bounds the pause between two requests of a connection, not how long one may take to arrive: connections that send a byte
now and then would stay open for good, and use up the descriptors of the process.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN_S = 20.0
"""From a new connection, or the first byte of the next request, to the end of its headers."""


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which closes a connection whose request head does not arrive in time."""

    head_within_s = HEAD_WITHIN_S

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._end_wait()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a request is there: the rest of its head has to follow."""
        super().on_message_begin()
        self._end_wait()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._end_wait()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_within_s, self.transport.abort)

    def _end_wait(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
