"""Clients that send slowly, or nothing: each connection is closed in time, and others are answered meanwhile."""

import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from hub.web import endpoint
from hub.web.http_timeouts import ImpatientProtocol
from tests.conftest import ServedHub

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SLOW = {
    "nothing": b"",
    "half a request line": b"POST /gra",
    "headers that do not end": HEAD,
    "a head after an answered request": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
}


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), 30)


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("sent", SLOW)
def test_a_head_that_does_not_arrive_closes_the_connection(
    served_hub: ServedHub, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "head_within_s", 0.3)
    with connect(served_hub.url) as connection:
        connection.sendall(SLOW[sent])
        received = read_to_end(connection)
    assert received.count(b"HTTP/1.1") == ("answered" in sent)


def test_a_head_that_comes_byte_by_byte_is_late_as_a_whole(
    served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "head_within_s", 0.3)
    with connect(served_hub.url) as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        drip(connection, HEAD * 1_000)


def drip(connection: socket.socket, head: bytes) -> None:
    """Send a byte now and then, for half a minute at most."""
    until = time.monotonic() + 30
    for byte in head:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)
        assert time.monotonic() < until


def test_a_body_that_does_not_arrive_is_refused(served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "BODY_WITHIN_S", 0.3)
    with connect(served_hub.url) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        received = read_to_end(connection)
    assert received.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_TIMEOUT" in received


def test_an_accept_header_that_is_too_long_is_refused_and_not_kept(served_hub: ServedHub) -> None:
    headers = {"accept": "application/json;x=" + "y" * 2_000}
    answer = httpx2.post(f"{served_hub.url}/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 400
