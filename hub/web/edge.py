"""The edge: what every HTTP request and WebSocket meets first: is the host ours, and which request is this in the logs."""

import logging
import re
import secrets
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.settings import Settings
from hub.web import negotiate

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered; it stands in every line that is logged meanwhile."""

ID_HEADER = b"x-request-id"
GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        names = {name.strip().lower().encode() for name in settings.allowed_hosts.split(",") if name.strip()}
        self.any_host = b"*" in names
        self.hosts = frozenset(names | {settings.host.lower().encode(), f"[{settings.host.lower()}]".encode()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        given = b""
        hosts = []
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == ID_HEADER:
                given = value
        identifier = given if GOOD_ID.fullmatch(given) else secrets.token_hex(8).encode()
        REQUEST_ID.set(identifier.decode())
        if not self._is_ours(hosts):
            await _refuse(scope, receive, send, identifier)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (ID_HEADER, identifier)]
            await send(message)

        await self.app(scope, receive, send_with_id)

    def _is_ours(self, hosts: list[bytes]) -> bool:
        """Whether the one Host header names us. A page of another site could otherwise point its own name at this address."""
        if len(hosts) != 1:
            return False
        return self.any_host or host_name(hosts[0]) in self.hosts


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
    body = negotiate.refused_body("HOST_NOT_ALLOWED", message)
    headers = [
        (b"content-type", negotiate.JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (ID_HEADER, identifier),
    ]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class WithRequestId(logging.Filter):
    """Gives every record of a log the id of the request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        record.request_id = REQUEST_ID.get()
        return True
