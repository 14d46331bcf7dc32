"""Clients that are slow, or silent: how long the server waits for the head of a request. And how a connection ends that is kept open.

`hub.web.negotiate` bounds the body. uvicorn bounds the pause between two requests of a connection, not how long one may take to arrive: connections that send a byte
now and then would stay open for good, and use up the descriptors of the process.

uvicorn closes idle connections as soon as it stops. A client may be sending its next request just then, and gets an error for it.
Here it gets an answer, with `Connection: close`.
"""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN_S = 20.0
"""From a new connection, or the first byte of the next request, to the end of its headers."""


class DrainingConfig(uvicorn.Config):
    """A configuration of servers that answer one more request of each open connection when they stop, if it comes within `drain_idle_s`."""

    drain_idle_s = 5.0
    """As long as uvicorn keeps an idle connection open anyway: then clients know that it may be gone."""


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which closes a connection whose request head does not arrive in time, and an idle one gently."""

    head_within_s = HEAD_WITHIN_S
    _is_draining = False

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
        if self._is_draining:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The server stops: after this request, or the next one, the connection ends."""
        idle_s = self.config.drain_idle_s if isinstance(self.config, DrainingConfig) else 0
        if idle_s <= 0 or (self.cycle is not None and not self.cycle.response_complete):
            super().shutdown()
        else:
            self.loop.call_later(idle_s, self._close_if_idle)
        self._is_draining = True

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_within_s, self.transport.abort)

    def _end_wait(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
