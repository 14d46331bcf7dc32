"""Webhooks from the change to the receiver: a real HTTP receiver that fails, is slow, redirects, and checks what it gets as the docs say."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from hub.access.alarms import list_alarms
from hub.access.callers.principals import Principal
from hub.access.dossiers import dossier_store as dossiers
from hub.access.dossiers.emergencies import EmergencyRequest, request_emergency
from hub.access.dossiers.withdrawals import PassedOnWay, list_passed_on
from hub.access.purposes import find_purpose
from hub.cli import main
from hub.corrections.records import load_correction
from hub.corrections.requests import decide_correction
from hub.errors import OperationRefused
from hub.jobs.prune import prune_store
from hub.jobs.schema import migrate_queue
from hub.ledger.checkpoints.signing_keys import SigningKey, create_signing_key
from hub.webhooks.addresses import parse_networks
from hub.webhooks.backlog import WebhookBacklog, read_webhook_backlog
from hub.webhooks.delivery import MAX_ATTEMPTS, WebhookCounts, deliver_events
from hub.webhooks.delivery_signatures import describe_public_key
from hub.webhooks.endpoints import NewEndpoint, add_endpoint, list_deliveries, list_endpoints, retry_dead
from hub.webhooks.poster import WebhookPoster
from tests.doc_blocks import ROOT, blocks_of
from tests.system.access.test_dossiers import BUYER, OFFICE, PROCEDURE, SELLER, by_identifier, officer, store, transfer
from tests.system.stewards.test_corrections import AN, Register

__all__ = ["store"]
CODE = "H49.12-251118-0007"
WAIT_S = 60
PERSONAL = (SELLER, BUYER, "Nguyễn", "transferor", "Citizen")


def load_sample() -> Callable[..., dict[str, Any]]:
    """`read_event` of the docs."""
    (block,) = [b for b in blocks_of(ROOT / "docs" / "how-to" / "receive-events.md") if b.language == "python"]
    names: dict[str, Any] = {}
    exec(block.text, names)
    found: Callable[..., dict[str, Any]] = names["read_event"]
    return found


@dataclass
class Receiver:
    """Answers each request with the next of `answers`, then 204. A `None` is no answer until the test ends."""

    public_key: str
    answers: list[int | None] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    forged: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def serve(self) -> ThreadingHTTPServer:
        receiver, read_event = self, load_sample()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.ids.append(self.headers["webhook-id"])
                receiver.bodies.append(body)
                try:
                    event = read_event(self.headers, body, receiver.public_key)
                except ValueError:
                    receiver.forged += 1
                    self.send_error(401)
                    return
                status = receiver.answers.pop(0) if receiver.answers else 204
                if status is None:
                    receiver.released.wait(WAIT_S)
                    return
                if status < 300:
                    receiver.events.append(event)
                self.send_response(status)
                if status == 302:
                    self.send_header("location", receiver.url + "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_signing_key(tmp_path / "webhooks.pem")


@pytest.fixture
def receiver(key: SigningKey) -> Iterator[Receiver]:
    made = Receiver(describe_public_key(key))
    with made.serve() as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        made.released.set()
        server.shutdown()
        thread.join(WAIT_S)


def add(connection: Connection[Any], receiver: Receiver, **change: Any) -> str:
    return add_endpoint(connection, NewEndpoint("Một cửa", receiver.url + "/hub", **change), "operator")


def deliver(connection: Connection[Any], key: SigningKey, timeout_s: float = WAIT_S) -> WebhookCounts:
    """Deliver everything that waits, as if its time had come."""
    connection.execute("update hub.webhook_delivery set next_try_at = now() where state = 'WAITING'")
    counts = deliver_events(connection, WebhookPoster(key, timeout_s=timeout_s))
    assert counts is not None
    return counts


def told(receiver: Receiver) -> list[tuple[str, str]]:
    return [(event["type"], event["data"]["state"]) for event in receiver.events]


def test_a_dossier_is_told_from_its_opening_to_its_end_without_a_person(
    store: Connection[Any], key: SigningKey, receiver: Receiver
) -> None:
    add(store, receiver, kinds=("dossierChanged",))
    an: Principal = officer()
    dossiers.open_dossier(store, transfer(), an)
    dossiers.open_dossier(store, transfer(), an)  # the same again changes nothing
    dossiers.add_subjects(store, CODE, (by_identifier("guardian", SELLER),), an)
    dossiers.end_dossier(store, CODE, "WITHDRAWN", "rút hồ sơ", an)
    dossiers.end_dossier(store, CODE, "WITHDRAWN", "rút hồ sơ", an)
    assert deliver(store, key).delivered == 3
    assert told(receiver) == [("dossierChanged", state) for state in ("OPEN", "OPEN", "WITHDRAWN")]
    assert len(set(receiver.ids)) == 3
    data = receiver.events[0]["data"]
    assert data == {"dossier": CODE, "procedure": PROCEDURE, "office": OFFICE, "state": "OPEN"}
    assert not [word for body in receiver.bodies for word in PERSONAL if word in body.decode()]


def test_a_withdrawal_is_passed_on_to_what_rests_on_the_dossier(
    store: Connection[Any], key: SigningKey, receiver: Receiver
) -> None:
    declaration = find_purpose(PROCEDURE).declaration
    an = officer()
    dossiers.open_dossier(store, transfer(), an)
    dossiers.end_dossier(store, CODE, "WITHDRAWN", "rút hồ sơ", an)
    (untold,) = list_passed_on(store, CODE, declaration)
    assert (untold.dependent, untold.way, untold.receivers) == ("tax-obligation", PassedOnWay.ALARM, 0)
    (alarm,) = list_alarms(store)
    assert (alarm.kind, alarm.dossier) == ("DEPENDENT_WITHDRAWN", CODE)
    assert alarm.details == {"dependent": "tax-obligation", "procedure": PROCEDURE}
    add(store, receiver, kinds=("dependentWithdrawn",))
    second, closed = "H49.12-251118-0008", "H49.12-251118-0009"
    for code, outcome in ((second, "WITHDRAWN"), (closed, "CLOSED")):
        dossiers.open_dossier(store, transfer(code), an)
        dossiers.end_dossier(store, code, outcome, "xong", an)  # type: ignore[arg-type]  # one of the two
        dossiers.end_dossier(store, code, outcome, "lần nữa", an)  # type: ignore[arg-type]  # and once only
    (told_once,) = list_passed_on(store, second, declaration)
    assert (told_once.way, told_once.receivers) == (PassedOnWay.WEBHOOK, 1)
    assert list_passed_on(store, closed, declaration) == ()
    assert deliver(store, key).delivered == 1
    assert receiver.events[0]["data"] == {
        "dossier": second, "procedure": PROCEDURE, "office": OFFICE, "state": "WITHDRAWN", "dependent": "tax-obligation",
    }  # fmt: skip
    assert len(list_alarms(store)) == 1


def test_what_is_undone_and_what_is_urgent_are_not_told(
    store: Connection[Any], key: SigningKey, receiver: Receiver
) -> None:
    add(store, receiver)
    with store.transaction() as whole:
        dossiers.open_dossier(store, transfer(), officer())
        raise psycopg.Rollback(whole)
    request = EmergencyRequest(
        "emergency", OFFICE, (by_identifier("person", SELLER),), "tai nạn trên quốc lộ 18, cần ngay"
    )
    request_emergency(store, request, officer())
    assert deliver(store, key).delivered == 0


def test_a_receiver_gets_the_events_it_asked_for(store: Connection[Any], key: SigningKey, receiver: Receiver) -> None:
    add(store, receiver, kinds=("correctionChanged",))
    add(store, receiver, offices=("00097@2025-07-01",))
    add(store, receiver, procedures=("tax-clearance",))
    wanted = add(store, receiver, kinds=("dossierChanged",), procedures=(PROCEDURE,), offices=(OFFICE,))
    dossiers.open_dossier(store, transfer(), officer())
    assert deliver(store, key).delivered == 1
    assert [row.endpoint_id for row in list_deliveries(store, None, None, 10)] == [wanted]


def test_a_correction_is_told_when_its_state_changes(database_url: str, key: SigningKey, receiver: Receiver) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        add(connection, receiver)
        land = Register(connection)
        made = land.open()
        decide_correction(connection, made.id, accepted=True, by="land", answer="sẽ kiểm tra hồ sơ của ông An")
        assert deliver(connection, key).delivered == 2
        assert load_correction(connection, made.id).state == "ACKNOWLEDGED"
    assert told(receiver) == [("correctionChanged", "OPEN"), ("correctionChanged", "ACKNOWLEDGED")]
    assert receiver.events[0]["data"] == {"procedure": AN.purpose, "state": "OPEN", "correction": made.id}
    assert not [body for body in receiver.bodies if "ông An" in body.decode() or "area" in body.decode()]


def test_a_receiver_that_fails_is_slow_and_redirects_gets_the_event_in_the_end(
    store: Connection[Any], key: SigningKey, receiver: Receiver
) -> None:
    endpoint = add(store, receiver)
    dossiers.open_dossier(store, transfer(), officer())
    receiver.answers = [500, 302, None, 200]
    assert deliver(store, key).problems == [f"{endpoint}: HTTP 500"]
    assert deliver(store, key).problems == [f"{endpoint}: HTTP 302: redirects are not followed"]
    assert deliver(store, key, timeout_s=1).problems == [f"{endpoint}: no answer within 1 s"]
    (row,) = list_deliveries(store, endpoint, "WAITING", 10)
    assert row.attempts == 3
    assert row.next_try_at is not None
    waits = store.execute("select next_try_at - now() from hub.webhook_delivery").fetchone()
    assert waits is not None
    assert timedelta(0) < waits[0] <= timedelta(minutes=2)
    assert deliver_events(store, WebhookPoster(key)) == WebhookCounts()  # its time has not come
    assert deliver(store, key).delivered == 1
    assert len(receiver.ids) == 4
    assert len(set(receiver.ids)) == 1  # the same id at each try
    assert deliver(store, key) == WebhookCounts()  # and once only
    assert receiver.forged == 0


def test_a_receiver_that_is_away_holds_up_no_other_and_its_events_are_given_up_in_the_end(
    store: Connection[Any], key: SigningKey, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    away = add_endpoint(store, NewEndpoint("xa", "http://127.0.0.1:1/hub"), "operator")
    add(store, receiver)
    dossiers.open_dossier(store, transfer(), officer())
    dossiers.open_dossier(store, transfer("H49.12-251118-0008"), officer())
    counts = deliver(store, key)
    assert (counts.delivered, counts.failed) == (2, 1)  # one try tells that it is away
    assert "127.0.0.1" not in counts.describe()
    store.execute("update hub.webhook_delivery set attempts = %s where endpoint_id = %s", (MAX_ATTEMPTS - 1, away))
    assert deliver(store, key).dead == 1
    store.execute("update hub.event set at = at - interval '4 days'")
    store.execute("update hub.webhook_delivery set attempts = 0 where state = 'WAITING'")
    assert deliver(store, key).dead == 1  # whoever is away for days, however few tries there were
    assert read_webhook_backlog(store) == WebhookBacklog(waiting=0, dead=2)
    store.execute("update hub.webhook_endpoint set url = %s where id = %s", (receiver.url, away))
    assert retry_dead(store, away) == 2
    assert deliver(store, key).delivered == 2


def test_an_event_that_a_receiver_never_takes_does_not_hold_up_later_ones(
    store: Connection[Any], key: SigningKey, receiver: Receiver
) -> None:
    add(store, receiver)
    dossiers.open_dossier(store, transfer(), officer())
    receiver.answers = [500]
    deliver(store, key)
    dossiers.end_dossier(store, CODE, "CLOSED", "đã giải quyết", officer())
    receiver.answers = [204, 500]
    counts = deliver(store, key)
    assert (counts.delivered, counts.failed) == (1, 1)
    assert told(receiver) == [("dossierChanged", "CLOSED")]


def test_what_two_processes_deliver_is_posted_once(
    store: Connection[Any], database_url: str, key: SigningKey, receiver: Receiver
) -> None:
    add(store, receiver)
    dossiers.open_dossier(store, transfer(), officer())
    receiver.answers = [None]
    with psycopg.connect(database_url, autocommit=True) as other:
        first: list[WebhookCounts | None] = []
        thread = threading.Thread(
            target=lambda: first.append(deliver_events(other, WebhookPoster(key, timeout_s=WAIT_S)))
        )
        thread.start()
        wait_until(lambda: bool(receiver.ids))
        assert deliver_events(store, WebhookPoster(key)) is None
        receiver.released.set()
        thread.join(WAIT_S)
    assert len(receiver.ids) == 1


def wait_until(holds: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(WAIT_S * 50):
        if holds():
            return
        waiting.wait(0.02)
    raise AssertionError("it did not happen in time")


@pytest.mark.parametrize(
    "url",
    [
        "http://one-stop.example.gov.vn/", "ftp://127.0.0.1/", "https://user:pass@example.gov.vn/", "https://", "http://10.0.0.1/",
        "https://example.gov.vn/#part", "not an address", "https://example.gov.vn/" + "a" * 600, "file:///etc/passwd",
    ],
)  # fmt: skip
def test_addresses_that_nothing_is_sent_to(store: Connection[Any], url: str) -> None:
    with pytest.raises(OperationRefused) as refused:
        add_endpoint(store, NewEndpoint("x", url), "operator")
    assert refused.value.code == "ADDRESS_REFUSED"
    assert list_endpoints(store) == []


def test_a_name_in_a_private_network_is_reached_only_if_the_network_is_allowed(
    store: Connection[Any], key: SigningKey, receiver: Receiver
) -> None:
    """https to this machine: the guard refuses it before anything is sent; once allowed, TLS is tried."""
    add_endpoint(store, NewEndpoint("x", receiver.url.replace("http://", "https://")), "operator")
    dossiers.open_dossier(store, transfer(), officer())
    (problem,) = deliver(store, key).problems
    assert "private or special address" in problem
    store.execute("update hub.webhook_delivery set next_try_at = now()")
    allowed = WebhookPoster(key, parse_networks("127.0.0.0/8"), WAIT_S)
    counts = deliver_events(store, allowed)
    assert counts is not None
    assert "certificate is not trusted" in counts.problems[0]
    assert receiver.ids == []


def test_the_commands(
    store: Connection[Any], database_url: str, key: SigningKey, receiver: Receiver, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with pytest.raises(SystemExit) as ended:
        main(["webhooks", "add", "Một cửa", receiver.url])
    assert ended.value.code == 78
    assert "HUB_WEBHOOK_SIGNING_KEY" in capsys.readouterr().err
    monkeypatch.setenv("HUB_WEBHOOK_SIGNING_KEY", str(tmp_path / "webhooks.pem"))
    run(["webhooks", "add", "Một cửa", receiver.url, "--procedure", PROCEDURE])
    made, public = capsys.readouterr().out.splitlines()
    assert public == f"public key: {describe_public_key(key)}"
    run(["webhooks", "test", made])
    wait_until(lambda: len(receiver.bodies) == 1)
    assert json.loads(receiver.bodies[0])["type"] == "test"
    receiver.answers = [503]
    with pytest.raises(SystemExit):
        main(["webhooks", "test", made])
    assert "HTTP 503" in capsys.readouterr().err
    dossiers.open_dossier(store, transfer(), officer())
    store.execute("update hub.webhook_delivery set state = 'DEAD', failure = 'HTTP 500'")
    run(["webhooks", "deliveries", made, "--state", "DEAD", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["dossier_code"], row["failure"]) == (CODE, "HTTP 500")
    with pytest.raises(SystemExit):
        main(["doctor", "--json"])
    findings = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert findings["webhooks"]["found"] == "1 receivers, 0 events wait, 1 were given up"
    run(["webhooks", "retry", made])
    run(["webhooks", "remove", made])
    assert "1 deliveries dropped" in capsys.readouterr().out
    run(["webhooks", "list", "--all", "--json"])
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["removed_at"] is not None


def run(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code in (0, None)


def test_the_worker_delivers_and_events_that_ended_are_pruned(
    store: Connection[Any], database_url: str, receiver: Receiver, tmp_path: Path
) -> None:
    migrate_queue(database_url)
    add(store, receiver)
    program = (
        "import os\nfrom hub.jobs.worker import QueueWorker, WorkerOptions\nfrom hub.store.engine import make_engine\n"
        "options = WorkerOptions([], webhook_every_s=0.1)\n"
        "QueueWorker(make_engine(os.environ['HUB_DATABASE_URL']), options, lambda s: print(s, flush=True)).run()\nos._exit(0)"
    )
    environment = {
        **os.environ,
        "HUB_DATABASE_URL": database_url,
        "HUB_WEBHOOK_SIGNING_KEY": str(tmp_path / "webhooks.pem"),
    }
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    ) as worker:
        try:
            dossiers.open_dossier(store, transfer(), officer())
            wait_until(lambda: read_webhook_backlog(store).waiting == 0)
        finally:
            worker.terminate()
            worker.wait(WAIT_S)
    assert told(receiver) == [("dossierChanged", "OPEN")]
    store.execute("update hub.event set at = at - interval '31 days'")
    assert prune_store(database_url, keep_days=90).events == 1
