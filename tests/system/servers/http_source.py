"""An HTTP source for tests: a list API that pages in every way, proves its callers, and misbehaves as it is told."""

import base64
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.ingest.read.reader import ReadBatch, ReaderContext
from hub.ingest.read.rest.reader import RestReader
from hub.sdk.manifest import parse_manifest

Row = dict[str, Any]
Misbehave = Callable[["ListApi", Request], Response | None]
"""Answers in place of the API, or None to let it answer; may change the API's rows."""


@dataclass
class ListApi:
    """A list at /rows, its rows by key at /rows/{key}; tokens at /token. `asked` is what was asked of the list."""

    rows: list[Row]
    paging: str = "page"
    states_end: bool = True
    most: int = 1_000
    """Rows of a page, whatever is asked for."""
    since: str | None = None
    """The column that the parameter `since` is compared with, as text."""
    proof: str | None = None
    """What the Authorization or X-API-Key header must be; "token": a bearer token of /token."""
    token_life_s: int = 300
    misbehave: Misbehave | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    forms: list[bytes] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        """The API."""
        return Starlette(
            routes=[
                Route("/rows", self._list),
                Route("/rows/{key:path}", self._one),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        self.forms.append(await request.body())
        if request.headers.get("authorization") != basic("hub", "client-secret"):
            return JSONResponse({"error": "invalid_client"}, 401)
        self.tokens.add(token := f"token-{len(self.forms)}")
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": self.token_life_s})

    async def _list(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))
        self.headers.append(dict(request.headers))
        if self.misbehave and (answer := self.misbehave(self, request)):
            return answer
        if not self._proved(request):
            return PlainTextResponse("", 401)
        return self._paged(request, self._wanted(request.query_params))

    async def _one(self, request: Request) -> Response:
        self.asked.append({"key": request.path_params["key"]})
        found = [row for row in self.rows if row["id"] == request.path_params["key"]]
        return JSONResponse(found[0]) if found else PlainTextResponse("", 404)

    def _proved(self, request: Request) -> bool:
        given = request.headers.get("authorization") or request.headers.get("x-api-key")
        if self.proof == "token":
            return given is not None and given.removeprefix("Bearer ") in self.tokens
        return given == self.proof

    def _wanted(self, query: Mapping[str, str]) -> list[Row]:
        rows = self.rows
        if self.since and "since" in query:
            rows = [row for row in rows if row[self.since] >= query["since"]]
        if "ids" in query:
            rows = [row for row in rows if row["id"] in query["ids"].split(",")]
        return rows

    def _paged(self, request: Request, rows: Sequence[Row]) -> Response:
        query = request.query_params
        size = min(int(query.get("size", self.most)), self.most)
        if self.paging == "none":
            return JSONResponse(rows)
        at = (int(query.get("page", 1)) - 1) * size if self.paging == "page" else int(query.get("at", 0))
        document: dict[str, Any] = {"data": {"items": rows[at : at + size]}}
        if self.states_end:
            document["meta"] = {"pages": -(-len(rows) // size), "rows": len(rows)}
        headers = {}
        if at + size < len(rows):
            document["next"] = str(at + size)
            kept = f"&since={query['since']}" if "since" in query else ""
            headers["Link"] = (
                f'</rows?at=0>; rel="first", <?at={at + size}&size={size}{kept}>; title="a, b"; rel="last next"'
            )
        return JSONResponse(document, headers=headers if self.paging == "link" else {})


PAGING: Mapping[str, Mapping[str, Any]] = {
    "page": {"kind": "page", "size_parameter": "size", "size": 10, "total_pages": "meta.pages"},
    "page without end": {"kind": "page", "size_parameter": "size", "size": 10},
    "offset": {"kind": "offset", "parameter": "at", "size_parameter": "size", "size": 10, "total": "meta.rows"},
    "offset without end": {"kind": "offset", "parameter": "at", "size_parameter": "size", "size": 10},
    "cursor": {"kind": "cursor", "parameter": "at", "next": "next", "size_parameter": "size", "size": 10},
    "link": {"kind": "link", "size_parameter": "size", "size": 10},
}
"""What a manifest says of each way in which the API pages."""


def basic(user: str, password: str) -> str:
    """The Authorization header of a user."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


Behave = Callable[[socket.socket], None]


@contextmanager
def raw_server(*connections: Behave) -> Iterator[str]:
    """A server that does with its connections what it is told, one after another; the last for good."""
    left = list(connections)
    stopped = threading.Event()

    def run(listener: socket.socket) -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(60)
                read = b""
                while b"\r\n\r\n" not in read and (chunk := connection.recv(65_536)):
                    read += chunk
                if read:
                    (left.pop(0) if len(left) > 1 else left[0])(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def says(*lines: str, body: bytes = b"") -> Behave:
    """Sends a head of these lines and a body, and closes."""
    head = "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *lines, "", ""]).encode()
    return lambda connection: connection.sendall(head + body)


def whole(body: bytes) -> Behave:
    """Answers as it should."""
    return says(f"Content-Length: {len(body)}", body=body)


def resets(after: bytes = b"") -> Behave:
    """Sends the beginning of an answer, if any, and resets the connection."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(after)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def half_closes(connection: socket.socket) -> None:
    """Ends its side without an answer, and waits for the other's."""
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def stops(after: bytes) -> Behave:
    """Sends the beginning of an answer, and nothing more until the caller gives up."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(after)
        connection.recv(1)

    return behave


class Stage:
    """One server for many tests, which lets one API after another answer, and the readers of them."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.app: ASGIApp = Starlette()
        self.readers: list[RestReader] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def serve(self, api: ListApi) -> str:
        """From now on this API answers. Returns its address."""
        self.app = api.app()
        return self.url

    def close(self) -> None:
        """Close the readers."""
        while self.readers:
            self.readers.pop().close()

    def reader(self, url: str, stream: Mapping[str, Any], source: Mapping[str, Any] = {}, **context: Any) -> RestReader:
        """A reader of the list at `url`/rows, told so by a manifest. Rows are of `id` unless the stream says more."""
        manifest = parse_manifest(
            {
                "name": "api",
                "title": {"vi": "API", "en": "API"},
                "sector": "land",
                "owner": "owner",
                "legal_basis": "law",
                "version": "1",
                "freshness": "one day",
                "source": {"kind": "rest", "base_url": {"env": "API_URL"}, "timeout_s": 30, "attempts": 3, **source},
                "streams": {
                    "rows": {
                        "path": "/rows",
                        "key": ["id"],
                        "emits": {"Parcel": {"fields": {"address": "id"}}},
                        **stream,
                    }
                },
            }
        )
        os.environ["API_URL"] = url
        self.readers.append(RestReader(ReaderContext(manifest, "rows", manifest.streams["rows"], Path(), **context)))
        return self.readers[-1]


def rows_of(batches: Iterable[ReadBatch]) -> list[Row]:
    """The rows of batches."""
    return [row for batch in batches for row in batch.frame.to_dicts()]
