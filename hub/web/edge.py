"""The edge: what every HTTP request and WebSocket meets first: is the host ours, and which request is this in the logs.

GraphQL requests go from here straight to their endpoint: routing and middleware cost as much as a keyed read does.
"""

import itertools
import logging
import re
import secrets
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.graph.execution.request_trace import REQUEST_ID, TRACE_HEADER
from hub.settings import Settings
from hub.tracing.spans import NO_SPAN, OpenSpan, is_tracing, open_request_span
from hub.web.graphql_http import negotiate
from hub.web.graphql_http.endpoint import GraphQLEndpoint
from hub.web.parts import WebParts
from hub.web.whole_exchange import KEY as EXCHANGE
from hub.web.whole_exchange import find_exchange

LOG = logging.getLogger("hub.web")
ID_HEADER = b"x-request-id"
GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{16,64}")
"""Long enough to be no identifier of a person, since it stands in the log."""
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
PARTS = frozenset({"graphql", "federation", "console", "sign-in", "push", "healthz", "readyz"})
"""First parts of paths, by which spans are named."""


class Edge:
    """The outermost ASGI application: over `app`, and over `graphql`, which has the HTTP requests for one path."""

    def __init__(self, app: ASGIApp, graphql: ASGIApp, graphql_path: str, settings: Settings, parts: WebParts) -> None:
        self.app = app
        self.parts = parts
        self.end_streams = parts.executor.changes.end_streams
        """Ends what would keep the server from stopping; called on its event loop."""
        self.graphql = graphql
        self._sends_whole = isinstance(graphql, GraphQLEndpoint)
        self.graphql_path = graphql_path
        # Unique across processes by the first half, within one by the second.
        self._first_half = secrets.token_hex(6)
        self._second_half = itertools.count(1)
        names = {name.strip().lower().encode() for name in settings.allowed_hosts.split(",") if name.strip()}
        self.statuses: Counter[int] = Counter()
        """HTTP answers by status."""
        self.any_host = b"*" in names
        self.hosts = frozenset(names | {settings.host.lower().encode(), f"[{settings.host.lower()}]".encode()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        given = parent = b""
        hosts = []
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == ID_HEADER:
                given = value
            elif name == TRACE_HEADER:
                parent = value
        own = f"{self._first_half}-{next(self._second_half):x}".encode()
        identifier = given if GOOD_ID.fullmatch(given) else own
        REQUEST_ID.set(identifier.decode())
        if not self._is_ours(hosts):
            self.statuses[421] += scope["type"] == "http"
            scope.pop(EXCHANGE, None)
            await _refuse(scope, receive, send, identifier)
            return

        # A WebSocket stays open for hours: its operations have spans of their own.
        if scope["type"] != "http":
            await self._answer_request(scope, receive, send, identifier, NO_SPAN)
        elif is_tracing():
            with open_request_span(_name_span(scope), parent) as span:
                span.set_attribute("http.request.method", _name_method(scope))
                await self._answer_request(scope, receive, send, identifier, span)
        else:
            await self._answer_request(scope, receive, send, identifier, NO_SPAN)

    async def _answer_request(
        self, scope: Scope, receive: Receive, send: Send, identifier: bytes, span: OpenSpan
    ) -> None:
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self.statuses[message["status"]] += 1
                span.set_attribute("http.response.status_code", message["status"])
                message["headers"] = [*message.get("headers", ()), (ID_HEADER, identifier)]
            await send(message)

        exchange = find_exchange(scope)
        direct = scope["type"] == "http" and scope["path"] == self.graphql_path
        if exchange is not None and direct and self._sends_whole:
            exchange.added_headers.append((ID_HEADER, identifier))
            exchange.statuses = self.statuses
        else:
            exchange = None
            scope.pop(EXCHANGE, None)  # what stands between would not see the answer
        try:
            await (self.graphql if direct else self.app)(scope, receive, send_with_id)
        except Exception as error:
            # The kind only: a message may quote a value, and values are personal data.
            LOG.error("request failed: %s at %s", type(error).__name__, scope["path"])
            started = started or (exchange is not None and exchange.status is not None)
            if scope["type"] == "http" and not started:
                self.statuses[500] += 1
                await _answer(send, 500, "INTERNAL", "internal error", identifier)
        finally:
            # It holds the scope, which holds it: a circle for each request had the garbage collector at work many times a second.
            scope.pop(EXCHANGE, None)
        if exchange is not None and exchange.status is not None:
            span.set_attribute("http.response.status_code", exchange.status)

    def _is_ours(self, hosts: list[bytes]) -> bool:
        """Whether the one Host header names us. A page of another site could otherwise point its own name at this address."""
        if len(hosts) != 1:
            return False
        return self.any_host or host_name(hosts[0]) in self.hosts


def _name_method(scope: Scope) -> str:
    """The method if it is a known one: a caller may send any word."""
    return scope["method"] if scope["method"] in METHODS else "_OTHER"


def _name_span(scope: Scope) -> str:
    """Method and part of the server. Never the path: that of a page can hold the code of a dossier."""
    first = scope["path"].removeprefix("/").partition("/")[0]
    return f"{_name_method(scope)} {first if first in PARTS else 'other'}"


def host_name(host: bytes) -> bytes:
    """A Host header without its port: `localhost:8000` → `localhost`, `[::1]:8000` → `[::1]`."""
    name, colon, port = host.lower().rpartition(b":")
    return name if colon and port.isdigit() and (b":" not in name or name.endswith(b"]")) else host.lower()


async def _refuse(scope: Scope, receive: Receive, send: Send, identifier: bytes) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403})
        return
    message = "the hub does not answer under this host name. Next step: the operator adds it to HUB_ALLOWED_HOSTS."
    await _answer(send, 421, "HOST_NOT_ALLOWED", message, identifier)


async def _answer(send: Send, status: int, code: str, message: str, identifier: bytes) -> None:
    body = negotiate.refusal_body(code, message)
    headers = [
        (b"content-type", negotiate.JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (ID_HEADER, identifier),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
