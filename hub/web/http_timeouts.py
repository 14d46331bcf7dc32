"""Clients that are slow, or silent: how long the server waits for the head of a request, and for an answer to be read; how many connections
it has; and how one ends that is kept open.

`hub.web.graphql_http.negotiate` bounds the body. uvicorn bounds the pause between two requests of a connection, not how long one may take to arrive: connections that send a byte
now and then would stay open for good, and use up the descriptors of the process.

uvicorn closes idle connections as soon as it stops. A client may be sending its next request just then, and gets an error for it.
Here it gets an answer, with `Connection: close`.
"""

import asyncio
import resource
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.web.whole_exchange import offer_exchange

HEAD_WITHIN_S = 20.0
"""From a new connection, or the first byte of the next request, to the end of its headers."""


MIN_READ_BYTES_S = 10_000
"""How fast a client has to read an answer that does not fit into the buffers of the kernel."""
LOOK_AT_UNREAD_S = 10.0
SPARE_DESCRIPTORS = 100
"""For descriptors other than client connections: the database, files, pipes."""


class PatientConfig(uvicorn.Config):
    """A configuration of servers that answer one more request of each open connection when they stop, if it comes within `drain_idle_s`, and
    that have `max_connections` at most: if one more comes, the one that has been idle for longest is closed.
    """

    drain_idle_s = 5.0
    """As long as uvicorn keeps an idle connection open anyway: then clients know that it may be gone."""

    def __init__(self, *arguments: Any, max_connections: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = max_connections if descriptors == resource.RLIM_INFINITY else max(1, descriptors - SPARE_DESCRIPTORS)
        self.max_connections = min(max_connections, room)
        self.idle: dict[ImpatientProtocol, None] = {}
        """Connections without a request, the one that has waited longest first."""


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which closes a connection whose request head does not arrive in time, and an idle one gently."""

    head_within_s = HEAD_WITHIN_S
    look_at_unread_s = LOOK_AT_UNREAD_S
    _is_draining = False
    _is_in_head = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0
        self._idle: dict[ImpatientProtocol, None] = {}
        if isinstance(self.config, PatientConfig):
            self._idle = self.config.idle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()
        self._idle[self] = None
        if isinstance(self.config, PatientConfig) and len(self.connections) > self.config.max_connections:
            # If none is idle, it is this one: it has sent nothing yet.
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._end_wait()
        self._idle.pop(self, None)
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request, mostly all of it: only if its head is not complete, the rest of it is waited for."""
        super().data_received(data)
        if self._is_in_head and self._head_timer is None:
            self._await_head()

    def on_message_begin(self) -> None:
        """The first byte of a request is there."""
        super().on_message_begin()
        self._end_wait()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._end_wait()
        self._is_in_head = False
        self._idle.pop(self, None)
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # otherwise it becomes a WebSocket
            offer_exchange(self.cycle)
        if self._is_draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """The answer is written: until the next request the connection is idle."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._idle[self] = None

    def pause_writing(self) -> None:
        """More is written than the client has read: look after a while how much that still is."""
        super().pause_writing()
        self._look_later()

    def resume_writing(self) -> None:
        """It has read most of it."""
        super().resume_writing()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _look_later(self) -> None:
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._unread_timer = self.loop.call_later(self.look_at_unread_s, self._look_at_unread)

    def _look_at_unread(self) -> None:
        read_bytes = self._unread_bytes - self.transport.get_write_buffer_size()
        if read_bytes < MIN_READ_BYTES_S * self.look_at_unread_s:
            self.transport.abort()
        else:
            self._look_later()

    def shutdown(self) -> None:
        """The server stops: after this request, or the next one, the connection ends."""
        idle_s = self.config.drain_idle_s if isinstance(self.config, PatientConfig) else 0
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
