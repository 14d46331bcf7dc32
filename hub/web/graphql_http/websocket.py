"""The GraphQL endpoint over WebSocket: the protocol graphql-transport-ws, and no other.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. Operations go the same way as over HTTP, through the
same limits; Strawberry's own handler would parse and run them itself, and log errors with the values in them
(docs/decisions/0004).
"""

import asyncio
import contextlib
import logging
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hub.access.callers.principals import AuthenticationRefused
from hub.errors import HubError
from hub.graph.execution.execute import Executor
from hub.graph.execution.responses import Response
from hub.graph.execution.subscriptions import stream_events
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER, Caller, Gate, collect_headers
from hub.settings import Settings
from hub.web.graphql_http import negotiate
from hub.web.graphql_http.negotiate import HttpRefused

LOG = logging.getLogger("hub.web")
PROTOCOL = "graphql-transport-ws"
INIT_WITHIN_S = 5.0
PAYLOAD_HEADERS = frozenset({b"authorization", DOSSIER_HEADER, PURPOSE_HEADER})


class WebSocketEndpoint:
    """Serves WebSockets of one path."""

    def __init__(self, executor: Executor, gate: Gate, settings: Settings) -> None:
        self.executor = executor
        self.gate = gate
        self.settings = settings
        self.origins = {origin.strip() for origin in settings.allowed_origins.split(",") if origin.strip()}

    async def __call__(self, websocket: WebSocket) -> None:
        """Handle one connection until it is closed."""
        if PROTOCOL not in websocket.scope["subprotocols"]:
            # Closed before it is accepted, the handshake fails with 403; a client of the older protocol goes no further.
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        if not self._is_own(websocket.headers.get("origin"), websocket.headers.get("host", "")):
            await websocket.close(4403, "Forbidden")
            return
        await websocket.accept(PROTOCOL)
        await _Connection(self.executor, self.gate, websocket, self.settings).serve()

    def _is_own(self, origin: str | None, host: str) -> bool:
        """Whether the page that connects is ours: browsers let any page open a WebSocket to any host."""
        return origin is None or origin in self.origins or urlsplit(origin).netloc.lower() == host.lower()


class _Closed(Exception):
    """The connection is to be closed with this code and reason."""


class _Connection:
    def __init__(self, executor: Executor, gate: Gate, websocket: WebSocket, settings: Settings) -> None:
        self.executor = executor
        self.gate = gate
        self.headers = collect_headers(websocket.scope["headers"])
        self.query_string: bytes = websocket.scope["query_string"]
        self.websocket = websocket
        self.most_running = settings.max_subscriptions_each
        self.most_bytes = settings.max_body_bytes
        self.running: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        try:
            await asyncio.wait_for(self._initialise(), INIT_WITHIN_S)
            while True:
                await self._handle(await self._receive())
        except TimeoutError:
            await self._close(4408, "Connection initialisation timeout")
        except _Closed as closed:
            await self._close(*closed.args)
        except WebSocketDisconnect:
            pass
        finally:
            # Slots are given back before the connection is forgotten, whatever ended it.
            tasks = list(self.running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _initialise(self) -> None:
        while (message := await self._receive())["type"] == "ping":
            await self._send({"type": "pong"})
        if message["type"] != "connection_init":
            raise _Closed(4401, "Unauthorized")
        self._take_credentials(message.get("payload"))
        try:
            await self._admit()
        except AuthenticationRefused as error:
            raise _Closed(4401, f"Unauthorized: {error.code}") from None
        except HubError as error:
            if negotiate.is_unavailable(error):
                raise _Closed(4503, "Service unavailable") from None
            raise _Closed(4403, f"Forbidden: {error.code}") from None
        await self._send({"type": "connection_ack"})

    def _take_credentials(self, payload: Any) -> None:
        """Browsers cannot set headers of a WebSocket, so clients send them in the payload of connection_init."""
        for name, value in payload.items() if isinstance(payload, dict) else ():
            header = str(name).lower().encode()
            if header in PAYLOAD_HEADERS and isinstance(value, str):
                # One that is a header too makes two, which are refused.
                self.headers.setdefault(header, []).append(value.encode())

    async def _admit(self, *, is_request: bool = False) -> Caller:
        return await self.gate.admit(self.headers, self.query_string, is_request=is_request)

    async def _receive(self) -> dict[str, Any]:
        message = await self.websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise _Closed(4400, "Messages are text")
        if len(text) > self.most_bytes:
            raise _Closed(4400, "The message is too large")
        try:
            fields = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Closed(4400, "The message is not JSON") from None
        if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
            raise _Closed(4400, "The message has no type")
        return fields

    async def _handle(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "ping":
            await self._send({"type": "pong"})
        elif kind == "subscribe":
            await self._subscribe(message)
        elif kind == "complete":
            if task := self.running.pop(str(message.get("id")), None):
                task.cancel()
        elif kind == "connection_init":
            raise _Closed(4429, "Too many initialisation requests")
        elif kind != "pong":
            raise _Closed(4400, "The message has an unknown type")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        identifier, payload = message.get("id"), message.get("payload")
        if not isinstance(identifier, str) or not identifier or not isinstance(payload, dict):
            raise _Closed(4400, "subscribe needs an id and a payload")
        if identifier in self.running:
            raise _Closed(4409, f"Subscriber for {identifier[:50]} already exists")
        if len(self.running) >= self.most_running:
            code, words = "TOO_MANY_SUBSCRIPTIONS", f"{self.most_running} operations are running on this connection"
            await self._error(identifier, negotiate.refusal_body(code, words))
            return
        self.running[identifier] = asyncio.create_task(self._run(identifier, payload))

    async def _run(self, identifier: str, payload: dict[str, Any]) -> None:
        try:
            await self._results(identifier, payload)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the connection closed while a result was on its way
        except Exception as error:
            # The kind only: a message may quote a value, and values are personal data.
            LOG.error("operation over WebSocket failed: %s", type(error).__name__)
            with contextlib.suppress(Exception):
                await self._error(identifier, negotiate.refusal_body("INTERNAL", "internal error"))
        finally:
            if self.running.get(identifier) is asyncio.current_task():
                del self.running[identifier]

    async def _results(self, identifier: str, payload: dict[str, Any]) -> None:
        began = perf_counter()
        try:
            # Messages are bounded, and in a long one `query` or `variables` is the long part.
            request = negotiate.read_operation(payload, chars=len(orjson.dumps(payload)))
        except HttpRefused as error:
            self.executor.meter.note(error.code, began)
            await self._error(identifier, negotiate.refusal_body(error.code, error.message))
            return
        try:
            caller = await self._admit(is_request=True)
        except HubError as error:
            self.executor.meter.note(error.code, began)
            await self._error(identifier, negotiate.refusal_body(error.code, str(error), error.extensions))
            return
        ready = await self.executor.ready_stream(request, caller)
        if isinstance(ready, Response):
            await self._error(identifier, ready.body)
            return
        if ready.is_subscription:
            async with contextlib.aclosing(stream_events(self.executor, ready, caller, self._admit)) as results:
                async for result in results:
                    await self._next(identifier, result)
        else:
            response = await self.executor.respond(request, caller, began=began)
            if not response.executed:
                await self._error(identifier, response.body)
                return
            await self._next(identifier, response.body)
        if ready.is_subscription and self.executor.changes.is_ending:
            return  # the server closes the connection with 1012: a client then connects again, and after `complete` it would not
        # The id is free before the client hears of the end, since it may use it again at once.
        self.running.pop(identifier, None)
        await self._send({"type": "complete", "id": identifier})

    async def _next(self, identifier: str, body: bytes) -> None:
        await self.websocket.send_text(
            f'{{"type":"next","id":{orjson.dumps(identifier).decode()},"payload":{body.decode()}}}'
        )

    async def _error(self, identifier: str, body: bytes) -> None:
        self.running.pop(identifier, None)
        await self._send({"type": "error", "id": identifier, "payload": orjson.loads(body)["errors"]})

    async def _send(self, message: dict[str, Any]) -> None:
        await self.websocket.send_text(orjson.dumps(message).decode())

    async def _close(self, code: int, reason: str) -> None:
        if self.websocket.application_state is not WebSocketState.DISCONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self.websocket.close(code, reason)
