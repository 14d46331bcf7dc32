"""Subscriptions over WebSocket and Server-Sent Events, fed by real runs of ingest and linking."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hub.graph.events.changes import ChangeReader
from hub.link.run.linking_run import run_linking
from hub.settings import Settings, load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.serving import served, settled
from tests.system.trial import Trial, person

ALL = "subscription { recordChanged { action type recordId source at node { id ... on Citizen { fullName } } } }"


class Socket:
    """A client of graphql-transport-ws."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw

    def begin(self) -> "Socket":
        self.send(type="connection_init")
        assert self.receive() == {"type": "connection_ack"}
        return self

    def send(self, **message: Any) -> None:
        self.raw.send(json.dumps(message))

    def receive(self, timeout: float = 90) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw.recv(timeout))
        return found

    def subscribe(self, query: str, identifier: str = "1", **fields: Any) -> "Socket":
        self.send(type="subscribe", id=identifier, payload={"query": query, **fields})
        return self

    def event(self) -> dict[str, Any]:
        message = self.receive()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        found: dict[str, Any] = message["payload"]["data"]["recordChanged"]
        return found

    def closed(self) -> int:
        with pytest.raises(ConnectionClosed):
            self.raw.recv(90)
        assert self.raw.close_code is not None
        return self.raw.close_code


@contextmanager
def hub(database: str, **settings: Any) -> Iterator[str]:
    given: Settings = load_settings(**settings)
    with served(create_app(given, Logins.one(database))) as url:
        yield url


def address(url: str) -> str:
    return url.replace("http", "ws") + "/graphql"


@contextmanager
def socket(url: str, **options: Any) -> Iterator[Socket]:
    with connect(address(url), subprotocols=["graphql-transport-ws"], **options) as raw:
        yield Socket(raw)


def test_events_of_every_kind(trial: Trial, database_url: str) -> None:
    trial.write(person(1, "Lê Văn An"), person(2))
    trial.sync()
    with hub(database_url) as url, socket(url) as ws:
        ws.begin().subscribe(ALL)
        settled(url)
        trial.write(person(1, "Lê Văn Ân"), person(3, "Đỗ Văn Chí"))
        trial.sync()
        events = {event["action"]: event for event in (ws.event() for _ in range(3))}
    assert set(events) == {"ADDED", "CHANGED", "DELETED"}
    assert {event["type"] for event in events.values()} == {"Citizen"}
    assert {event["source"] for event in events.values()} == {"trial"}
    assert events["DELETED"]["node"] is None
    assert events["CHANGED"]["node"] == {"id": events["CHANGED"]["recordId"], "fullName": "Lê Văn Ân"}
    assert events["ADDED"]["node"]["fullName"] == "Đỗ Văn Chí"
    assert events["ADDED"]["at"].startswith("20")


def test_events_by_type_source_and_subject(trial: Trial, database_url: str) -> None:
    trial.write(person(1), person(2))
    trial.sync()
    ((subject,),) = trial.rows(
        "select encode(('Citizen:' || id)::bytea, 'base64') from data.citizen where source_key = '2'"
    )
    wanted = {
        "type": "types: [Citizen]",
        "source": 'source: "trial"',
        "subject": f'subject: "{subject}"',
        "other type": "types: [Parcel]",
        "other source": 'source: "land"',
        "no type": "types: []",
    }
    with hub(database_url) as url, socket(url) as ws:
        ws.begin()
        for identifier, arguments in wanted.items():
            ws.subscribe(f"subscription {{ recordChanged({arguments}) {{ recordId }} }}", identifier)
        settled(url, len(wanted))
        trial.write(person(1, "Lê Văn Bình"), person(2, "Lê Văn Chi"))
        trial.sync()
        seen = [ws.receive() for _ in range(5)]
        with pytest.raises(TimeoutError):
            ws.receive(0.5)
    ids = sorted(message["id"] for message in seen)
    assert ids == ["source", "source", "subject", "type", "type"]
    (own,) = [m["payload"]["data"]["recordChanged"]["recordId"] for m in seen if m["id"] == "subject"]
    assert own == subject


def test_links_are_events_of_their_subject(trial: Trial, database_url: str) -> None:
    """What a link run joins and withdraws; and changes of a linked record reach who follows its subject."""
    trial.write(person(1, so="022085001234"), person(2, so="022085001235"))
    trial.sync()
    columns = "certificate_serial, status, stream_id, source_key, run_id, row_digest, first_seen, sys_from, holder_name, holder_identifier"  # fmt: skip
    insert = (
        f"insert into data.land_use_right ({columns}) values (%s, 'REGISTERED', 1, %s, 1,"
        " 0, now(), now(), 'Lê Văn An', %s)"
    )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(insert, ("AA 1", "r1", "022085001235"))
        run_linking(trial.engine, ["LandUseRight.holder"])
        (subject,) = connection.execute(
            "select encode(('Citizen:' || id)::bytea, 'base64') from data.citizen where source_key = '1'"
        ).fetchone() or ("",)
        with hub(database_url) as url, socket(url) as ws:
            query = f'subscription {{ recordChanged(subject: "{subject}") {{ action type node {{ ... on LandUseRight {{ certificateSerial holder {{ ... on Citizen {{ personalId }} }} }} }} }} }}'
            ws.begin().subscribe(query)
            settled(url)
            connection.execute(insert, ("AA 2", "r2", "022085001234"))
            run_linking(trial.engine, ["LandUseRight.holder"])
            made = ws.event()
            connection.execute(
                "update data.land_use_right set holder_identifier = '022085001235' where source_key = 'r2'"
            )
            run_linking(trial.engine, ["LandUseRight.holder"])
            gone = ws.event()
    node = {"certificateSerial": "AA 2", "holder": {"personalId": "022085001234"}}
    assert made == {"action": "LINKED", "type": "LandUseRight", "node": node}
    assert (gone["action"], gone["node"]["holder"]["personalId"]) == ("UNLINKED", "022085001235")


def test_a_change_behind_an_older_transaction_is_not_lost(trial: Trial, database_url: str) -> None:
    """The feed is read in order of transactions: one that began first and ends last must not be passed by."""
    trial.write(person(1))
    trial.sync()
    feed = "insert into hub.change (entity, record_id, action, at) values ('Citizen', %s, 'CHANGED', now())"
    with hub(database_url) as url, socket(url) as ws, psycopg.connect(database_url) as older:
        ws.begin().subscribe("subscription { recordChanged { action } }")
        settled(url)
        older.execute(feed, (1,))
        with psycopg.connect(database_url, autocommit=True) as newer:
            newer.execute(feed, (2,))
            newer.execute("notify hub_changes")
        with pytest.raises(TimeoutError):
            ws.receive(0.7)
        older.commit()
        assert [ws.event()["action"] for _ in range(2)] == ["CHANGED", "CHANGED"]


def test_a_subscription_outlives_a_restart_of_the_database(scratch: Path, tmp_path: Path, monkeypatch: Any) -> None:
    server = EmbeddedServer.start(scratch / "restarts", durable=False)
    server.create_database("hub")
    made = make_engine(server.url())
    migrate_store(made)
    trial = Trial(made, tmp_path, monkeypatch)
    trial.write(person(1))
    trial.sync()
    port = server.url().split(":")[3].split("/")[0]
    try:
        with hub(server.url()) as url, socket(url) as ws, httpx2.Client(base_url=url, timeout=90) as http:
            ws.begin().subscribe(ALL)
            settled(url)
            server.stop()
            made.dispose()
            away = http.post("/graphql", json={"query": "{ citizens { totalCount } }"}).json()
            assert away["errors"][0]["extensions"]["code"] == "STORE_UNAVAILABLE"
            mixed = http.post(
                "/graphql", json={"query": "{ citizens { totalCount } __schema { queryType { name } } }"}
            ).json()
            assert mixed["errors"][0]["extensions"]["code"] == "STORE_UNAVAILABLE"
            assert http.get("/readyz").status_code == 503
            server = EmbeddedServer.start(scratch / "restarts", durable=False)
            assert server.url().split(":")[3].split("/")[0] == port
            trial.write(person(1), person(2, "Sau Khi Nghỉ"))
            trial.sync()
            assert ws.event()["node"]["fullName"] == "Sau Khi Nghỉ"
            assert http.get("/readyz").status_code == 200
            # Every kept connection is broken, and still the first read after the restart is answered.
            back = http.post("/graphql", json={"query": "{ citizens { totalCount } }"}).json()
            assert back == {"data": {"citizens": {"totalCount": 2}}}
    finally:
        made.dispose()
        server.stop()


def events(url: str, query: str, got: list[tuple[str, Any]], **options: Any) -> None:
    headers = {"Accept": "text/event-stream"}
    with httpx2.stream(
        "POST", f"{url}/graphql", json={"query": query}, headers=headers, timeout=90, **options
    ) as answer:
        got.append(("status", answer.status_code))
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") or line == "data:":
                text = line.removeprefix("data:").strip()
                got.append((name, json.loads(text) if text else None))
                if len(got) > 3:
                    return


def test_events_by_server_sent_events(trial: Trial, database_url: str) -> None:
    trial.write(person(1))
    trial.sync()
    got: list[tuple[str, Any]] = []
    with hub(database_url) as url:
        reader = threading.Thread(target=events, args=(url, ALL, got), daemon=True)
        reader.start()
        settled(url)
        for number in range(2, 5):
            trial.write(*(person(n) for n in range(1, number + 1)))
            trial.sync()
        reader.join(90)
        assert not reader.is_alive()
        assert got[0] == ("status", 200)
        assert [(name, found["data"]["recordChanged"]["action"]) for name, found in got[1:]] == [("next", "ADDED")] * 3
        one: list[tuple[str, Any]] = []
        events(url, "{ citizens { totalCount } }", one)
        assert one == [("status", 200), ("next", {"data": {"citizens": {"totalCount": 4}}}), ("complete", None)]
        refused = httpx2.post(f"{url}/graphql", json={"query": "{ nothing }"}, headers={"Accept": "text/event-stream"})
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (400, "INVALID")


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedServer) -> Iterator[str]:
    postgres_server.create_database("protocol")
    made = make_engine(postgres_server.url("protocol"))
    migrate_store(made)
    made.dispose()
    with hub(postgres_server.url("protocol"), max_subscriptions=3, max_subscriptions_each=2) as found:
        yield found


def test_queries_and_refusals_over_the_socket(url: str) -> None:
    with socket(url) as ws:
        ws.begin()
        ws.send(type="ping")
        assert ws.receive() == {"type": "pong"}
        ws.subscribe("query($n: Int) { citizens(first: $n) { totalCount } }", "q", variables={"n": 1})
        assert ws.receive() == {"type": "next", "id": "q", "payload": {"data": {"citizens": {"totalCount": 0}}}}
        assert ws.receive() == {"type": "complete", "id": "q"}
        for query, code in (
            ("{ nothing }", "INVALID"),
            ("{", "SYNTAX"),
            ("{ a" * 300 + "}" * 300, "OPERATION_TOO_LARGE"),
            ("{ citizens(first: 501) { totalCount } }", "BAD_PAGE_SIZE"),
        ):
            ws.subscribe(query, "q")
            message = ws.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code)
        ws.subscribe("subscription { recordChanged(types: [Nothing]) { recordId } }", "q")
        assert ws.receive()["payload"][0]["extensions"]["code"] == "INVALID"
        ws.subscribe('subscription { recordChanged(subject: "UGFyY2VsOng=") { recordId } }', "q")
        assert ws.receive()["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}], 4401),
        ([{"type": "connection_init"}, {"type": "connection_init"}], 4429),
        ([{"type": "connection_init"}, {"type": "start"}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": 1, "payload": {}}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": "x"}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": {"query": ALL}}] * 1 + [{"type": "subscribe", "id": "1", "payload": {"query": ALL}}], 4409),
        (["not json"], 4400),
        (["[]"], 4400),
        (["{}"], 4400),
        ([b"\x00"], 4400),
        (["x" * 300_000], 1009),
    ],
)  # fmt: skip
def test_what_breaks_the_protocol_closes_the_socket(url: str, messages: list[Any], code: int) -> None:
    with socket(url) as ws:
        for message in messages:
            ws.raw.send(json.dumps(message) if isinstance(message, dict) else message)
        while True:
            try:
                ws.raw.recv(20)
            except ConnectionClosed:
                break
        assert ws.raw.close_code in (code, 4400 if code == 1009 else code)


def test_a_flood_of_pings_before_the_beginning_is_answered(url: str) -> None:
    with socket(url) as ws:
        for _ in range(3_000):
            ws.send(type="ping")
        for _ in range(3_000):
            assert ws.receive() == {"type": "pong"}
        ws.begin()


def test_a_socket_that_says_nothing_is_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.web.graphql_http.websocket.INIT_WITHIN_S", 0.3)
    with socket(url) as ws:
        assert ws.closed() == 4408


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["graphql-ws", "x"], None])
def test_the_older_protocol_is_off(url: str, protocols: Any) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(address(url), subprotocols=protocols):
        pass
    assert refused.value.response.status_code == 403


def test_pages_of_other_sites_cannot_connect(url: str, postgres_server: EmbeddedServer) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        with pytest.raises(InvalidStatus), socket(url, origin=origin):
            pass
    with socket(url, origin=url) as ws:
        ws.begin()
    allowed = "https://app.example"
    with hub(postgres_server.url("protocol"), allowed_origins=allowed) as other, socket(other, origin=allowed) as ws:
        ws.begin()


def test_slots_are_bounded_and_given_back(url: str) -> None:
    """A flood is refused; what a client leaves open when it goes is not leaked."""
    quiet = "subscription { recordChanged { recordId } }"
    for _ in range(4):
        with socket(url) as one, socket(url) as two:
            for ws in (one, two):
                ws.begin()
            one.subscribe(quiet, "a").subscribe(quiet, "b").subscribe(quiet, "c")
            message = one.receive()
            assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("c", "TOO_MANY_SUBSCRIPTIONS")
            settled(url, 2)
            two.subscribe(quiet, "a").subscribe(quiet, "b")
            message = two.receive()
            assert message["payload"]["errors"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
            one.send(type="complete", id="a")
            settled(url, 2)
            assert two.receive() == {"type": "complete", "id": message["id"]}
            two.subscribe(quiet, "d")
            with pytest.raises(TimeoutError):
                two.receive(0.3)


def test_a_transaction_in_another_database_holds_no_event_back(
    trial: Trial, database_url: str, postgres_server: EmbeddedServer
) -> None:
    trial.write(person(1))
    trial.sync()
    with psycopg.connect(postgres_server.url("postgres")) as other:
        other.execute("select pg_current_xact_id()")
        with hub(database_url) as url, socket(url) as ws:
            ws.begin().subscribe(ALL)
            settled(url)
            trial.write(person(1), person(2))
            trial.sync()
            assert ws.event()["action"] == "ADDED"


def test_subscribers_who_wait_for_an_open_transaction_read_nothing(
    trial: Trial, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One task looks for all of them: 900 subscribers made 2,140 statements a second when each looked for itself."""
    trial.write(person(1))
    trial.sync()
    reads: list[float] = []
    real = ChangeReader._read

    async def counted(self: ChangeReader, *given: Any) -> Any:
        reads.append(time.monotonic())
        return await real(self, *given)

    monkeypatch.setattr(ChangeReader, "_read", counted)
    feed = "insert into hub.change (entity, record_id, action, at) values ('Citizen', %s, 'CHANGED', now())"
    with hub(database_url) as url, socket(url) as ws, psycopg.connect(database_url) as older:
        ws.begin()
        for number in range(10):
            ws.subscribe("subscription { recordChanged { action } }", str(number))
        settled(url, 10)
        older.execute("select pg_current_xact_id()")
        with psycopg.connect(database_url, autocommit=True) as newer:
            newer.execute(feed, (2,))
            newer.execute("notify hub_changes")
        before = len(reads)
        with pytest.raises(TimeoutError):
            ws.receive(1.5)
        assert len(reads) - before <= 10
        older.commit()
        assert [ws.event()["action"] for _ in range(10)] == ["CHANGED"] * 10
