"""An HTTP API with the lists that the manifest names: its paging, its token, its parameters; and every way to misbehave."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

from hub.conform.rows.row_edits import read_value_at
from hub.conform.rows.samples import Row
from hub.conform.servers.faulty_proxy import AT_ONCE
from hub.conform.servers.simulators.base import Rows, SourceSimulator
from hub.sdk.paging import CursorPaging, LinkPaging, NextPaging, OffsetPaging, PagePaging
from hub.sdk.paths import set_value
from hub.sdk.sources import OAuth2, RestSource
from hub.sdk.streams import Cursor, RestStream

TOKEN_PATH = "/conform-token"
PAGE_ROWS = 5
"""Few, so that a few samples make several pages."""
MAX_ANSWER_BYTES = 1_000_000
BOMB_BYTES = 50_000_000
HEALING_FAULTS = frozenset({"retry_after", "too_many", "server_error"})
"""Faults that pass: the next request is answered."""


class RestSimulator(SourceSimulator):
    """An HTTP API."""

    faults: ClassVar[frozenset[str]] = frozenset({
        "retry_after", "too_many", "server_error", "stall", "reset", "half_close", "truncated", "html", "repeated_page",
        "looping_cursor", "garbage", "bomb",
    })  # fmt: skip

    def start(self) -> None:
        """Begin to serve."""
        self.rows: Rows = {}
        self.played: set[str] = set()
        self.released = threading.Event()
        server = QuietHttpServer(("127.0.0.1", 0), _make_rest_handler(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.stack.callback(server.server_close)
        self.stack.callback(server.shutdown)
        self.stack.callback(self.released.set)
        self.point({"base_url": f"http://127.0.0.1:{server.server_address[1]}"}, dict(map(_with_small_pages, self.declared.streams.items())))  # type: ignore[arg-type]  # this kind's streams are RestStream  # fmt: skip
        source = self.manifest.source
        assert isinstance(source, RestSource)
        if isinstance(source.auth, OAuth2):
            auth = source.auth.model_copy(update={"token_path": TOKEN_PATH})
            self.manifest = self.manifest.model_copy(update={"source": source.model_copy(update={"auth": auth})})

    def put(self, rows: Rows) -> None:
        """Have these rows."""
        self.rows = dict(rows)

    def break_(self, fault: str) -> None:
        """Misbehave from now on, each list once where the fault passes."""
        super().break_(fault)
        self.played.clear()

    def release_clients(self) -> None:
        """Let go of requests that are held."""
        self.released.set()
        self.released = threading.Event()

    def stream_of(self, path: str, parameters: Mapping[str, str]) -> str | None:
        """The stream that a request is for."""
        for name, stream in self.manifest.streams.items():
            assert isinstance(stream, RestStream)
            if (stream.path or "/") == path and all(parameters.get(k) == v for k, v in stream.parameters.items()):
                return name
        return None

    def due(self, stream: str, *, last: bool) -> str | None:
        """The fault of this request; in a list of several pages, the last page's."""
        if self.fault is None or not last:
            return None
        if self.fault in HEALING_FAULTS:
            if stream in self.played:
                return None
            self.played.add(stream)
        return self.fault


def _with_small_pages(named: tuple[str, RestStream]) -> tuple[str, RestStream]:
    name, stream = named
    changes: dict[str, Any] = {"max_page_bytes": MAX_ANSWER_BYTES}
    if stream.paging is not None:
        changes["paging"] = stream.paging.model_copy(update={"size": PAGE_ROWS})
    return name, stream.model_copy(update=changes)


class QuietHttpServer(ThreadingHTTPServer):
    """A server that says nothing."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever asks may go at any time."""


def _make_rest_handler(world: RestSimulator) -> type[BaseHTTPRequestHandler]:
    class RestHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(OSError):
                _ListAnswer(world, self).give()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            with suppress(OSError):
                give_plain(self, b'{"access_token": "conform", "token_type": "Bearer", "expires_in": 3600}')

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return RestHandler


class AnswersRequests(Protocol):
    """What answers a request: its connection, and what lets go of it if it is held."""

    @property
    def handler(self) -> BaseHTTPRequestHandler:
        """The connection."""

    @property
    def released(self) -> threading.Event:
        """Set when a request that is held is to end."""


class _ListAnswer:
    """The answer to one request for a list."""

    def __init__(self, world: RestSimulator, handler: BaseHTTPRequestHandler) -> None:
        self.world, self.handler, self.released = world, handler, world.released
        parts = urlsplit(handler.path)
        self.path = parts.path
        self.parameters = dict(parse_qsl(parts.query, keep_blank_values=True))

    def give(self) -> None:
        """Answer, well or badly."""
        name = self.world.stream_of(self.path, self.parameters)
        if name is None:
            give_plain(self.handler, b"{}", 404)
            return
        stream = self.world.manifest.streams[name]
        assert isinstance(stream, RestStream)
        rows = self._wanted(self.world.rows.get(name, ()), stream)
        if stream.format == "jsonl":
            fault = self.world.due(name, last=True)
            body = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
            self._send(fault, body, {"Content-Type": "application/x-ndjson"})
            return
        at = self._at(stream)
        fault = self.world.due(name, last=at + PAGE_ROWS >= len(rows) or stream.paging is None)
        if self.world.fault == "repeated_page":
            at = 0
        body, headers = self._page(stream, rows, at, looping=fault == "looping_cursor")
        self._send(fault, body, headers)

    def _wanted(self, rows: Sequence[Row], stream: RestStream) -> Sequence[Row]:
        since = stream.since
        given = self.parameters.get(since.parameter) if since else None
        cursor = stream.cursor
        if since is None or given is None or cursor is None:
            return rows
        return [row for row in rows if is_since(row, cursor, given, since.format)]

    def _at(self, stream: RestStream) -> int:
        """The first row of the page that is asked for."""
        paging, given = stream.paging, self.parameters
        match paging:
            case PagePaging():
                return (int(given.get(paging.parameter, paging.first)) - paging.first) * PAGE_ROWS
            case OffsetPaging():
                return int(given.get(paging.parameter, 0))
            case CursorPaging():
                return int(given.get(paging.parameter, "after-0").removeprefix("after-"))
            case LinkPaging() | NextPaging():
                return int(given.get("conform-at", 0))
        return 0

    def _page(
        self, stream: RestStream, rows: Sequence[Row], at: int, *, looping: bool
    ) -> tuple[bytes, Mapping[str, str]]:
        paging = stream.paging
        some = rows if paging is None else rows[at : at + PAGE_ROWS]
        document: Any = list(some)
        if stream.records:
            document = set_value({}, stream.records, document)
        further = at + PAGE_ROWS if at + PAGE_ROWS < len(rows) else None
        following = 0 if looping else further
        headers: dict[str, str] = {}
        match paging:
            case PagePaging() if paging.total_pages:
                set_value(document, paging.total_pages, max(1, -(-len(rows) // PAGE_ROWS)))
            case OffsetPaging() if paging.total:
                set_value(document, paging.total, len(rows))
            case CursorPaging():
                set_value(document, paging.next, None if following is None else f"after-{following}")
            case LinkPaging() if following is not None:
                headers["Link"] = f'<{self._address(following)}>; rel="next"'
            case NextPaging() if following is not None:
                set_value(document, paging.path, self._address(following))
        return json.dumps(document, ensure_ascii=False).encode(), headers

    def _address(self, following: int) -> str:
        query = "&".join(f"{k}={v}" for k, v in {**self.parameters, "conform-at": str(following)}.items())
        return f"{self.path}?{query}"

    def _send(self, fault: str | None, body: bytes, headers: Mapping[str, str]) -> None:
        act = FAULTS.get(fault or "")
        if act is None:
            give_plain(self.handler, body, headers=headers)
        else:
            act(self, body)


def is_since(row: Row, cursor: Cursor, given: str, format: str) -> bool:
    """Whether a row is of what changed since a mark that a request gives."""
    value = read_value_at(row, cursor.column)
    if cursor.kind == "number":
        return float(value or 0) >= float(given)
    return value is None or _read_instant(str(value), "iso") >= _read_instant(given, format)


def _read_instant(text: str, format: str) -> datetime:
    if format == "epoch":
        return datetime.fromtimestamp(float(text), UTC)
    found = datetime.fromisoformat(text) if format == "iso" else datetime.strptime(text, format)  # noqa: DTZ007  # below
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def give_plain(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> None:
    """Answer."""
    _send_head(handler, status, {"Content-Length": str(len(body)), **(headers or {})})
    handler.wfile.write(body)


def _send_head(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.flush()


def _send_half(answer: AnswersRequests, body: bytes) -> None:
    _send_head(answer.handler, 200, {"Content-Length": str(len(body))})
    answer.handler.wfile.write(body[: len(body) // 2])
    answer.handler.wfile.flush()
    answer.handler.close_connection = True


def _stall(answer: AnswersRequests, body: bytes) -> None:
    _send_half(answer, body)
    answer.released.wait(60)


def _send_reset(answer: AnswersRequests, body: bytes) -> None:
    _send_half(answer, body)
    answer.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    answer.handler.connection.close()


def _half_close(answer: AnswersRequests, body: bytes) -> None:
    """A body in chunks that ends without its last one."""
    some = body[: len(body) // 2]
    _send_head(answer.handler, 200, {"Transfer-Encoding": "chunked"})
    answer.handler.wfile.write(b"%x\r\n%s\r\n" % (len(some), some))
    answer.handler.wfile.flush()
    answer.handler.connection.shutdown(socket.SHUT_WR)
    answer.handler.close_connection = True


def _send_garbage(answer: AnswersRequests, body: bytes) -> None:
    middle = body.index(b'"') + 1
    give_plain(answer.handler, body[:middle] + b"\xff\xfe\x9d" + body[middle:])


def _send_bomb(answer: AnswersRequests, body: bytes) -> None:
    middle = body.index(b'"') + 1
    packed = gzip.compress(body[:middle] + b"a" * BOMB_BYTES + body[middle:], 1)
    give_plain(answer.handler, packed, headers={"Content-Encoding": "gzip"})


FAULTS: Mapping[str, Callable[[AnswersRequests, bytes], None]] = {
    "retry_after": lambda answer, _: give_plain(answer.handler, b"", 429, {"Retry-After": "1"}),
    "too_many": lambda answer, _: give_plain(answer.handler, b"", 429),
    "server_error": lambda answer, _: give_plain(answer.handler, b"", 503),
    "stall": _stall,
    "reset": _send_reset,
    "half_close": _half_close,
    "truncated": _send_half,
    "html": lambda answer, _: give_plain(
        answer.handler, b"<!DOCTYPE html><html><body>Login</body></html>", headers={"Content-Type": "text/html"}
    ),
    "garbage": _send_garbage,
    "bomb": _send_bomb,
}
"""Fault → the response sent instead of the answer. Faults of paging are made while the page is built."""
