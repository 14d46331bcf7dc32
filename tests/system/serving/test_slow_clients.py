"""Clients that send slowly, or nothing: each connection is closed in time, and others are answered meanwhile."""

import re
import resource
import socket
import time
from urllib.parse import urlsplit

import httpx2
import orjson
import psutil
import pytest

from hub.web import http_timeouts
from hub.web.graphql_http import endpoint
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


WIDE = "nodes { id personalId fullName birthDate provenance { source asOf sourceKey connectorVersion } residence { name unitCode validFrom } landUseRights(first: 10) { nodes { certificateSerial share parcel { parcelNumber area } } } }"
PAGES = " ".join(f"a{number}: citizens(first: 500) {{ {WIDE} }}" for number in range(9))
LONG = f"{{ {PAGES} }}"


PIPELINED = 8
PLAIN = {"accept-encoding": "identity"}


def test_a_client_that_does_not_read_its_answer_loses_its_connection(
    served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "look_at_unread_s", 0.5)
    parts = urlsplit(served_hub.url)
    body = orjson.dumps({"query": LONG})
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(60)
        connection.connect((parts.hostname, parts.port))
        request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
        connection.sendall(PIPELINED * request)  # more than the kernel takes off the server's hands
        first = connection.recv(2_048)
        assert first.startswith(b"HTTP/1.1 200"), first
        size = int(re.search(rb"content-length: (\d+)", first)[1])  # type: ignore[index]  # it has one
        assert size > 1_000_000
        wait_until_dropped(connection.getsockname()[1])
        assert len(first) + len(read_to_end(connection)) < PIPELINED * size


def wait_until_dropped(client_port: int) -> None:
    """Until the server, in this process, has no connection from this port. A client that does not read does not see it."""
    until = time.monotonic() + 30
    is_kept = lambda one: one.raddr and one.raddr.port == client_port  # noqa: E731
    while any(is_kept(one) for one in psutil.Process().net_connections("tcp")):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_client_that_reads_slowly_gets_all_of_its_answer(
    served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "look_at_unread_s", 0.5)
    monkeypatch.setattr(http_timeouts, "MIN_READ_BYTES_S", 1)
    with httpx2.stream("POST", f"{served_hub.url}/graphql", json={"query": LONG}, timeout=60, headers=PLAIN) as answer:
        size = 0
        for part in answer.iter_raw(200_000):
            size += len(part)
            time.sleep(0.1)
    assert answer.status_code == 200
    assert size == int(answer.headers["content-length"]) > 1_000_000


def test_connections_are_bounded_by_the_open_files_of_the_process() -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    config = http_timeouts.PatientConfig("app", max_connections=10**9)
    assert config.max_connections == files - http_timeouts.SPARE_DESCRIPTORS
    assert http_timeouts.PatientConfig("app", max_connections=7).max_connections == 7
