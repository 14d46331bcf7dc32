"""The GraphQL endpoint over HTTP, as bare ASGI: what surrounds a read costs as little as it can.

A POST or GET is answered whole, or as a stream of events where `text/event-stream` is asked for. If the client goes away
before its answer is there, the work is cancelled, and with it the SQL.
"""

import asyncio
import contextlib
import gzip
import hashlib
from collections.abc import AsyncGenerator, Callable
from time import perf_counter

from starlette.types import Receive, Scope, Send

from hub.access.callers.principals import AuthenticationRefused
from hub.errors import HubError
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import GraphQLRequest, PreparedRequest
from hub.graph.execution.responses import Response
from hub.graph.execution.subscriptions import stream_events
from hub.graph.federation.subgraph_execution import SubgraphExecutor
from hub.graph.permission.callers import Caller, Gate, collect_headers
from hub.settings import Settings
from hub.web.graphql_http import negotiate
from hub.web.graphql_http.negotiate import BODY_WITHIN_S, HttpRefused, late_body_refusal
from hub.web.whole_exchange import find_exchange

Headers = list[tuple[bytes, bytes]]

COMPRESSED_FROM = 20_000
"""Bytes. The way to an office app is short: compressing a smaller answer costs more than sending it."""
COMPRESSION = 4
COMPRESSED_IN_THREAD_FROM = 200_000
"""Bytes. They take several milliseconds, in which no other request would be answered."""
WATCH_AFTER_S = 0.1
"""Most reads are over sooner; only for the others is it worth looking whether the client is still there."""
KEEP_ALIVE_S = 12.0
LONGEST_ACCEPT = 1_000
"""Characters: what it asks for is kept, for the 200 that came last."""


class GraphQLEndpoint:
    """An ASGI application for one path. `page` gives the body and headers of the page for people, where there is one."""

    def __init__(
        self,
        executor: Executor | SubgraphExecutor,
        gate: Gate,
        settings: Settings,
        page: Callable[[], tuple[bytes, Headers]] | None,
    ) -> None:
        self.executor = executor
        self.gate = gate
        self.page = page
        self.max_body = settings.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        kind = negotiate.JSON
        began = perf_counter()
        try:
            if scope["method"] in ("GET", "HEAD"):
                if self.page is not None and negotiate.wants_page(accept) and b"query=" not in scope["query_string"]:
                    body, page_headers = self.page()
                    await _send(scope, send, 200, body, page_headers)
                    return
                kind = _media_type(accept)
                caller = await self.gate.admit(collect_headers(scope["headers"]), scope["query_string"])
                request = negotiate.from_query(scope["query_string"].decode("latin-1"))
            elif scope["method"] == "POST":
                kind = _media_type(accept)
                is_plain = len(headers) == len(scope["headers"])  # no name was sent twice
                known = self.gate.find_known(headers, scope["query_string"]) if is_plain else None
                caller = known or await self.gate.admit(collect_headers(scope["headers"]), scope["query_string"])
                content_type = headers.get(b"content-type", b"").decode("latin-1")
                request = negotiate.from_body(content_type, await _body(scope, receive, headers, self.max_body))
            else:
                raise HttpRefused(405, "HTTP", "use GET or POST", {"allow": "GET, HEAD, POST"})
        except (HttpRefused, HubError) as error:
            self.executor.meter.note(error.code, began)
            refusal = negotiate.caller_refusal(error) if isinstance(error, HubError) else error
            await _send_refusal(scope, send, kind, refusal)
            return
        with _GoneWatch(receive):
            if kind == negotiate.EVENTS:
                await self._events(request, caller, scope, send)
            else:
                try:
                    response = await self.executor.respond(request, caller, began=began)
                except AuthenticationRefused as error:
                    self.executor.meter.note(error.code, began)
                    await _send_refusal(scope, send, kind, negotiate.caller_refusal(error))
                    return
                await self._answer(scope, headers, kind, response, send)

    async def _answer(
        self, scope: Scope, headers: dict[bytes, bytes], kind: str, response: Response, send: Send
    ) -> None:
        status = negotiate.choose_status(kind, executed=response.executed, code=response.code)
        extra = _content_headers(kind)
        if status == 405:
            extra.append((b"allow", b"POST"))
        if response.retry_after_s is not None:
            extra.append((b"retry-after", str(response.retry_after_s).encode()))
        if scope["method"] == "POST":
            extra.append((b"cache-control", b"no-store"))
        elif status == 200 and response.code is None:
            # Weak: compression gives other bytes for the same answer. The two media types are different answers.
            tag = (
                b'W/"'
                + hashlib.blake2b(response.body, digest_size=12, person=kind[:16].encode()).hexdigest().encode()
                + b'"'
            )
            extra += [(b"etag", tag), (b"cache-control", b"private, no-cache")]
            if _matches(headers.get(b"if-none-match", b""), tag):
                await _send(scope, send, 304, b"", extra)
                return
        body = response.body
        if len(body) >= COMPRESSED_FROM:
            extra[1] = (b"vary", b"Accept, Accept-Encoding")
            if b"gzip" in headers.get(b"accept-encoding", b""):
                if len(body) < COMPRESSED_IN_THREAD_FROM:
                    body = gzip.compress(body, COMPRESSION)
                else:
                    body = await asyncio.to_thread(gzip.compress, body, COMPRESSION)
                extra.append((b"content-encoding", b"gzip"))
        await _send(scope, send, status, body, extra)

    async def _events(self, request: GraphQLRequest, caller: Caller, scope: Scope, send: Send) -> None:
        ready = await self.executor.ready_stream(request, caller)
        if isinstance(ready, Response):
            await _send(scope, send, 400, ready.body, _content_headers(negotiate.JSON))
            return
        start = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        async with contextlib.aclosing(_with_keep_alive(self._results(request, ready, caller, scope))) as results:
            async for result in results:
                event = b":\n\n" if result is None else b"event: next\ndata: " + result + b"\n\n"
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"event: complete\ndata: \n\n", "more_body": False})

    async def _results(
        self, request: GraphQLRequest, ready: PreparedRequest, caller: Caller, scope: Scope
    ) -> AsyncGenerator[bytes]:
        if not ready.is_subscription:
            yield (await self.executor.respond(request, caller)).body
            return
        headers = collect_headers(scope["headers"])
        assert isinstance(self.executor, Executor)  # the subgraph has no subscriptions
        async with contextlib.aclosing(
            stream_events(self.executor, ready, caller, lambda: self.gate.admit(headers, is_request=False))
        ) as results:
            async for result in results:
                yield result


async def _send_refusal(scope: Scope, send: Send, kind: str, error: HttpRefused) -> None:
    answer = negotiate.JSON if kind == negotiate.EVENTS else kind
    extra = [(name.encode(), value.encode()) for name, value in error.headers.items()]
    body = negotiate.refusal_body(error.code, error.message, error.extensions)
    await _send(scope, send, error.status, body, [*_content_headers(answer), *extra])


def _media_type(accept: str) -> str:
    if len(accept) > LONGEST_ACCEPT:
        raise HttpRefused(400, "BAD_REQUEST", f"the Accept header has more than {LONGEST_ACCEPT:,} characters")
    kind = negotiate.media_type(accept)
    if kind is None:
        raise HttpRefused(406, "NOT_ACCEPTABLE", f"answers are {negotiate.GRAPHQL} or {negotiate.JSON}")
    return kind


def _content_headers(kind: str) -> Headers:
    return [(b"content-type", f"{kind}; charset=utf-8".encode()), (b"vary", b"Accept")]


def _matches(given: bytes, tag: bytes) -> bool:
    """If-None-Match, by weak comparison."""
    tags = [part.strip().removeprefix(b"W/") for part in given.split(b",")]
    return b"*" in tags or tag.removeprefix(b"W/") in tags


async def _send(scope: Scope, send: Send, status: int, body: bytes, headers: Headers) -> None:
    exchange = find_exchange(scope)
    if exchange is not None and exchange.send_answer(status, headers, body):
        return
    sized = headers if status == 304 else [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})


async def _body(scope: Scope, receive: Receive, headers: dict[bytes, bytes], most: int) -> bytes:
    exchange = find_exchange(scope)
    arrived = exchange.take_body() if exchange is not None else None
    if arrived is not None and len(arrived) <= most:
        return arrived
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _whole_body(receive, headers, most)
    except TimeoutError:
        raise late_body_refusal() from None


async def _whole_body(receive: Receive, headers: dict[bytes, bytes], most: int) -> bytes:
    too_large = HttpRefused(
        413,
        "BODY_TOO_LARGE",
        f"the body is over {most} bytes; send less, or split the operation",
        {"connection": "close"},
    )
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HttpRefused(400, "BAD_REQUEST", "the client went away")
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > most:
            raise too_large
        if not message.get("more_body", False):
            return body


class _GoneWatch:
    """While the block runs: cancels it if the client disconnects; what comes after it goes on."""

    __slots__ = ("_is_gone", "_loop", "_receive", "_timer", "_watching", "_working")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_gone = False
        self._watching: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._working = asyncio.current_task(self._loop)
        self._timer = self._loop.call_later(WATCH_AFTER_S, self._begin)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        # If the client is there, the server stops, and the cancellation is for the server.
        if kind is None or not (self._is_gone and issubclass(kind, asyncio.CancelledError)):
            return False
        assert self._working is not None
        self._working.uncancel()
        return True

    def _begin(self) -> None:
        self._watching = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        assert self._working is not None
        self._working.cancel()


async def _with_keep_alive(results: AsyncGenerator[bytes]) -> AsyncGenerator[bytes | None]:
    """The results, and None after each silence, so that what stands between keeps the connection open."""
    waiting: asyncio.Task[bytes] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(results))
            done, _ = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_S)
            if not done:
                yield None
                continue
            try:
                result = waiting.result()
            except StopAsyncIteration:
                return
            waiting = None
            yield result
    finally:
        if waiting is not None:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await waiting
