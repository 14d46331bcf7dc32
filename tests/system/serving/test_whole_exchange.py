"""Requests and answers that pass between server and endpoint whole, and those that cannot: on the wire they look alike."""

import gc
import re
import socket
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from hub.web.edge import Edge
from hub.web.http_timeouts import ImpatientProtocol
from hub.web.whole_exchange import WholeExchange
from tests.conftest import ServedHub

QUERY = b'{"query": "{ __typename citizens { totalCount } }"}'
HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(QUERY) + QUERY
VARYING = re.compile(rb"(date|x-request-id): [^\r]*\r\n")


@contextmanager
def connected(served_hub: ServedHub) -> Any:
    parts = urlsplit(served_hub.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 30) as connection:
        yield connection


def read_answers(connection: socket.socket, count: int) -> bytes:
    """So many answers, each with a length."""
    received = b""
    while True:
        rest, found = received, 0
        while b"\r\n\r\n" in rest:
            head, rest = rest.split(b"\r\n\r\n", 1)
            size = int((re.search(rb"content-length: (\d+)", head) or [b"", b"0"])[1])
            if len(rest) < size:
                break
            rest, found = rest[size:], found + ("HTTP/1.1 100" not in head.decode())
        if found >= count:
            return received
        data = connection.recv(65_536)
        assert data, received
        received += data


@pytest.fixture
def sent_whole(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses of answers that were sent whole."""
    sent: list[int] = []
    send_answer = WholeExchange.send_answer

    def note(exchange: WholeExchange, status: int, headers: Any, body: bytes) -> bool:
        is_sent = send_answer(exchange, status, headers, body)
        if is_sent:
            sent.append(status)
        return is_sent

    monkeypatch.setattr(WholeExchange, "send_answer", note)
    return sent


def test_an_answer_in_pieces_has_the_same_bytes(
    served_hub: ServedHub, sent_whole: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [
        WHOLE,
        WHOLE.replace(b"POST", b"PUT"),
        WHOLE.replace(b"__typename", b"nothing___"),
        WHOLE.replace(b"Host", b"Accept: application/graphql-response+json\r\nHost"),
        b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    ]

    def ask() -> list[bytes]:
        found = []
        for request in requests:
            with connected(served_hub) as connection:
                connection.sendall(request)
                head, body = VARYING.sub(b"", read_answers(connection, 1)).split(b"\r\n\r\n", 1)
            found.append(b"\r\n".join(sorted(head.split(b"\r\n"))) + body)
        return found

    whole = ask()
    assert len(sent_whole) == len(requests)
    monkeypatch.setattr(WholeExchange, "send_answer", lambda *_: False)
    assert ask() == whole


@pytest.mark.parametrize(
    "request_", [WHOLE, WHOLE.replace(b"/graphql", b"/nothing"), WHOLE.replace(b"localhost", b"else.where")]
)
def test_a_request_leaves_no_work_for_the_garbage_collector(
    served_hub: ServedHub, request_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Collecting all that the tests hold can take longer than an idle connection is kept.
    monkeypatch.setattr(ImpatientProtocol, "timeout_keep_alive_handler", lambda _: None)
    asked = 50
    with connected(served_hub) as connection:
        for _ in range(3):
            connection.sendall(request_)
            read_answers(connection, 1)
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(asked):
                connection.sendall(request_)
                read_answers(connection, 1)
            gc.collect()
            circles = [found for found in gc.garbage if isinstance(found, WholeExchange | RequestResponseCycle)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
    assert len(circles) < asked / 10, "each request left objects that hold each other"


def test_requests_that_come_together_are_answered_in_order(served_hub: ServedHub, sent_whole: list[int]) -> None:
    with connected(served_hub) as connection:
        connection.sendall(WHOLE + WHOLE.replace(b"POST", b"PUT") + WHOLE)
        received = read_answers(connection, 3)
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"405", b"200"]
    assert sent_whole == [200, 405, 200]


@pytest.mark.parametrize("split", [len(WHOLE) - 10, len(HEAD) - 5, 3])
def test_a_request_that_comes_in_two_parts_is_answered(served_hub: ServedHub, split: int) -> None:
    with connected(served_hub) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(WHOLE[:split])
        # An answer on another connection: the server has read the first part by then.
        assert httpx2.get(f"{served_hub.url}/healthz").status_code == 200
        connection.sendall(WHOLE[split:])
        assert b"totalCount" in read_answers(connection, 1)


def test_a_client_that_asks_first_is_told_to_go_on(served_hub: ServedHub) -> None:
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(QUERY)
    with connected(served_hub) as connection:
        connection.sendall(head)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100")
        connection.sendall(QUERY)
        assert b"totalCount" in read_answers(connection, 1)


@pytest.mark.parametrize(
    "request_bytes", [WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"), WHOLE.replace(b"Host", b"Connection: close\r\nHost")]
)
def test_a_connection_that_is_not_kept_is_closed(
    served_hub: ServedHub, request_bytes: bytes, sent_whole: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "timeout_keep_alive_handler", lambda _: None)
    with connected(served_hub) as connection:
        connection.sendall(request_bytes)
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert b"connection: close" in received
    assert b"totalCount" in received
    assert sent_whole == [200]


def test_a_header_that_would_begin_another_is_not_sent(monkeypatch: pytest.MonkeyPatch, served_hub: ServedHub) -> None:
    refused: list[bool] = []
    send_answer = WholeExchange.send_answer

    def send(exchange: WholeExchange, status: int, headers: Any, body: bytes) -> bool:
        refused.append(send_answer(exchange, status, [*headers, (b"x-odd", b"a\nx-own: b")], body))
        return send_answer(exchange, status, headers, body)

    monkeypatch.setattr(WholeExchange, "send_answer", send)
    answer = httpx2.post(f"{served_hub.url}/graphql", content=QUERY, headers={"content-type": "application/json"})
    assert refused == [False]
    assert "x-own" not in answer.headers
    assert answer.status_code == 200


def test_every_answer_is_counted_once_and_has_its_id(served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    edges: list[Edge] = []
    call = Edge.__call__

    async def note(edge: Edge, *arguments: Any) -> None:
        edges.append(edge)
        await call(edge, *arguments)

    monkeypatch.setattr(Edge, "__call__", note)
    headers = {"x-request-id": "an-id-that-is-good-0123"}
    first = httpx2.post(f"{served_hub.url}/graphql", json=orjson.loads(QUERY), headers=headers)
    before = edges[0].statuses.copy()
    second = httpx2.post(f"{served_hub.url}/graphql", json=orjson.loads(QUERY), headers=headers)
    assert [one.headers.get_list("x-request-id") for one in (first, second)] == 2 * [["an-id-that-is-good-0123"]]
    assert edges[0].statuses - before == {200: 1}
