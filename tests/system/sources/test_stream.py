"""Events from a real NATS JetStream: order, acknowledgement after the commit, messages that are no records, broken connections."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nats
import polars as pl
import pytest
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext
from hub.ingest.read.stream.jetstream import ACK_WAIT_S
from hub.sdk.manifest import parse_manifest
from tests.system.servers.tcp_proxy import TcpProxy

SERVER = os.environ.get("HUB_TEST_NATS_URL", "nats://127.0.0.1:4222")
VALUE = "Lê Thị Bí Mật"


def manifest(name: str, **source: Any) -> Any:
    fields = {
        "personal_id": "so",
        "full_name": "ten",
        "birth_date": "sinh",
        "residence_unit_code": {"template": "{xa}@2020-01-01"},
    }
    people = {
        "subject": f"{name}.people",
        "durable": "hub",
        "key": ["id"],
        "ignore": ["_subject", "_sequence", "_time"],
        "emits": {"Citizen": {"fields": fields}},
    }
    label = {"vi": "Thử", "en": "Test"}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "7", "freshness": "-"}
    given = {
        "kind": "stream",
        "url": {"env": "EVENTS_URL"},
        "jetstream": name,
        "attempts": 2,
        "timeout_s": 30,
        **source,
    }
    return parse_manifest({"name": "trial", "source": given, "streams": {"people": people}, **facts})


class Events:
    """A stream of the server, with a name of its own."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.name = f"hubtest{secrets.token_hex(5)}"
        self.patch = patch
        self.readers: list[Reader] = []
        patch.setenv("EVENTS_URL", SERVER)

    def do(self, work: Callable[[JetStreamContext], Coroutine[Any, Any, Any]]) -> Any:
        async def connected() -> Any:
            client = await nats.connect(SERVER, connect_timeout=30)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(connected())

    def publish(self, *bodies: Any, subject: str = "people") -> None:
        async def work(stream: JetStreamContext) -> None:
            for body in bodies:
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                await stream.publish(f"{self.name}.{subject}", raw)

        self.do(work)

    def consumer(self, **config: Any) -> None:
        async def work(stream: JetStreamContext) -> None:
            given = {"filter_subject": f"{self.name}.people", "ack_policy": AckPolicy.EXPLICIT, **config}
            await stream.add_consumer(self.name, ConsumerConfig(durable_name="hub", **given))

        self.do(work)

    def all_acknowledged(self, within_s: float = 20) -> bool:
        """Whether nothing is unacknowledged, soon: the server counts an acknowledgement some time after it has it."""
        ends = time.monotonic() + within_s
        while self.unacknowledged():
            if time.monotonic() > ends:
                return False
            time.sleep(0.02)
        return True

    def unacknowledged(self) -> int:
        return int(self.do(lambda stream: stream.consumer_info(self.name, "hub")).num_ack_pending)

    def reader(self, follow: threading.Event | None = None, **source: Any) -> Reader:
        made = manifest(self.name, **source)
        found = open_reader(ReaderContext(made, "people", made.streams["people"], Path(), follow=follow))
        self.readers.append(found)
        return found


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    at = urlsplit(SERVER)
    try:
        socket.create_connection((at.hostname or "", at.port or 4222), 1).close()
    except OSError:
        pytest.skip(f"no NATS server listens at {SERVER}")
    made = Events(monkeypatch)
    made.do(lambda stream: stream.add_stream(name=made.name, subjects=[f"{made.name}.>"]))
    yield made
    for reader in made.readers:
        reader.close()
    made.do(lambda stream: stream.delete_stream(made.name))


def person(number: int, **other: Any) -> dict[str, Any]:
    return {"id": number, "so": f"{number:012d}", "ten": VALUE, "sinh": "1980-02-03", "xa": "06820", **other}


def ids(batches: list[ReadBatch]) -> list[str | None]:
    return [value for batch in batches for value in batch.frame["id"]]


def test_messages_come_in_order_and_once_they_are_acknowledged_no_more(events: Events) -> None:
    events.publish(*(person(number) for number in range(1_500)))
    events.publish(person(9_999), subject="others")
    reader = events.reader()
    batches = list(reader.read(None))
    assert ids(batches) == [str(number) for number in range(1_500)]
    assert len(batches) <= 15  # 500 are asked for at a time; on a busy machine fewer come within the time
    assert all(batch.commit for batch in batches)
    first = batches[0].frame.row(0, named=True)
    assert (first["_subject"], first["_sequence"], first["ten"]) == (f"{events.name}.people", "1", VALUE)
    assert first["_time"].endswith("+00:00")
    assert events.unacknowledged() == 1_500
    reader.acknowledge([batch.token for batch in batches])
    assert events.all_acknowledged()
    events.publish([person(1_500), person(1_501)])
    assert ids(list(events.reader().read(None))) == ["1500", "1501"]


def test_what_was_not_committed_is_given_back_and_comes_at_once(events: Events) -> None:
    events.publish(*(person(number) for number in range(4)))
    reader = events.reader()
    (batch,) = reader.read(None)
    reader.acknowledge([batch.token[:1]])
    reader.close()
    begun = time.monotonic()
    assert ids(list(events.reader().read(None))) == ["1", "2", "3"]
    assert time.monotonic() - begun < ACK_WAIT_S / 2


def test_what_a_killed_process_had_comes_again_before_what_is_newer(events: Events) -> None:
    events.consumer(ack_wait=1)
    events.publish(*(person(number) for number in range(3)))
    killed = events.reader()
    assert ids(list(killed.read(None))) == ["0", "1", "2"]
    killed.loop.run(killed.consumer.disconnect(), 30)  # type: ignore[attr-defined]  # as if the process were gone
    events.publish(person(3))
    again = events.reader()
    batches = list(again.read(None))
    assert ids(batches) == ["0", "1", "2", "3"]
    again.acknowledge([batch.token for batch in batches])
    assert events.all_acknowledged()


def test_a_message_sent_again_while_it_waits_for_its_commit_is_not_read_twice(events: Events) -> None:
    events.consumer(ack_wait=0.3)
    events.publish(person(1))
    stop = threading.Event()
    reader = events.reader(follow=stop)
    batches = reader.read(None)
    first = next(batches)
    threading.Timer(1, lambda: events.publish(person(2))).start()
    second = next(batches)
    assert ids([first, second]) == ["1", "2"]
    reader.acknowledge([first.token, second.token])
    stop.set()
    assert list(batches) == []
    assert events.all_acknowledged()


def test_what_is_no_record_is_kept_for_quarantine_and_blocks_nothing(events: Events) -> None:
    events.publish(b"no json", b'"text"', [person(1), 6], person(2))
    reader = events.reader()
    (batch,) = reader.read(None)
    assert batch.frame["_raw"].to_list() == ["no json", '"text"', None, '"6"', None]
    assert batch.frame["id"].to_list() == [None, None, "1", None, "2"]
    assert batch.frame["_sequence"].to_list() == ["1", "2", "3", "3", "4"]
    reader.acknowledge([batch.token])
    assert events.all_acknowledged()


def test_following_goes_on_until_it_is_told_to_end(events: Events) -> None:
    stop = threading.Event()
    reader = events.reader(follow=stop)
    batches = reader.read(None)
    for number in range(3):
        threading.Timer(0.1, events.publish, [person(number)]).start()
        batch = next(batches)
        assert ids([batch]) == [str(number)]
        reader.acknowledge([batch.token])
    stop.set()
    assert list(batches) == []


class Proxy:
    """A way to the server that can be cut."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.open: list[socket.socket] = []
        self.up = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.listener.getsockname()[1]}"

    def cut(self, *, stay_down: bool = False) -> None:
        self.up = not stay_down
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.open.clear()

    def _accept(self) -> None:
        at = urlsplit(SERVER)
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            far = socket.create_connection((at.hostname or "", at.port or 4222))
            self.open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)


@pytest.fixture
def proxy(events: Events) -> Iterator[Proxy]:
    made = Proxy()
    events.patch.setenv("EVENTS_URL", made.url)
    yield made
    made.cut(stay_down=True)
    made.listener.close()


def test_a_broken_connection_is_made_anew_and_acknowledgements_are_made_up_for(events: Events, proxy: Proxy) -> None:
    events.publish(person(1))
    stop = threading.Event()
    # What was not acknowledged in time on the lost connection is, on the next.
    reader = events.reader(follow=stop, timeout_s=3)
    batches = reader.read(None)
    first = next(batches)
    proxy.cut()
    reader.acknowledge([first.token])
    events.publish(person(2))
    second = next(batches)
    assert ids([second]) == ["2"]
    reader.acknowledge([second.token])
    assert events.all_acknowledged()
    stop.set()
    assert list(batches) == []


def test_a_server_that_stays_away_is_reported_after_the_attempts(events: Events, proxy: Proxy) -> None:
    events.publish(person(1))
    batches = events.reader(follow=threading.Event(), attempts=3).read(None)
    next(batches)
    proxy.cut(stay_down=True)
    with pytest.raises(SourceUnavailable, match="cannot reach the server"):
        next(batches)


@pytest.mark.parametrize("follow", [None, threading.Event()], ids=["connecting", "following"])
def test_a_server_that_falls_silent_is_reported_and_left(events: Events, follow: threading.Event | None) -> None:
    events.publish(person(1))
    at = urlsplit(SERVER)
    with TcpProxy(at.hostname or "", at.port or 4222) as silent:
        events.patch.setenv("EVENTS_URL", f"nats://127.0.0.1:{silent.port}")
        reader = events.reader(follow=follow, attempts=1, timeout_s=1)
        batches = reader.read(None)
        taken = [next(batches).token] if follow else []
        silent.mute()
        began = time.monotonic()
        reader.acknowledge(taken)
        with pytest.raises(SourceUnavailable, match="cannot reach the server"):
            next(batches)
        reader.close()
        assert time.monotonic() - began < 60


def test_another_consumer_under_the_name_is_refused(events: Events) -> None:
    events.consumer(filter_subject=f"{events.name}.others", deliver_policy=DeliverPolicy.NEW, max_deliver=3)
    with pytest.raises(HubMisconfigured, match="where it begins, the subject, how often it delivers"):
        next(events.reader().read(None))


def test_a_stream_or_a_subject_that_is_not_there_is_the_operators_affair(events: Events) -> None:
    with pytest.raises(HubMisconfigured, match="has no stream nothing"):
        next(events.reader(jetstream="nothing").read(None))
    events.patch.setenv("EVENTS_URL", "127.0.0.1")
    with pytest.raises(HubMisconfigured, match="EVENTS_URL is not a NATS address"):
        events.reader()


def test_a_server_that_is_away_and_credentials_that_are_none(events: Events) -> None:
    events.patch.setenv("EVENTS_URL", "nats://user:very-secret@127.0.0.1:1")
    with pytest.raises(SourceUnavailable, match="EVENTS_URL") as caught:
        next(events.reader().read(None))
    assert "very-secret" not in str(caught.value)
    events.patch.setenv("EVENTS_CREDS", "very-secret")
    with pytest.raises(HubMisconfigured, match=r"EVENTS_CREDS is not the content of a \.creds file") as wrong:
        events.reader(credentials={"env": "EVENTS_CREDS"})
    assert "very-secret" not in str(wrong.value)


def test_frames_of_empty_lists_have_the_columns_of_the_manifest(events: Events) -> None:
    events.publish([])
    (batch,) = events.reader().read(None)
    assert batch.frame.height == 0
    assert {"id", "so", "ten", "sinh", "xa"} <= set(batch.frame.columns)
    assert batch.frame.dtypes == [pl.String] * batch.frame.width
