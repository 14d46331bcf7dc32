"""Traces: what a receiver of OTLP is sent about requests and runs, and what it is never sent."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest

from hub.link.run.linking_run import run_linking
from hub.store.server.embedded import EmbeddedServer
from hub.tracing import spans
from hub.tracing.exporter import LAST_EXPORT_WITHIN_S, trace_process
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import ISSUER, make_app
from tests.system.ledger.test_ledger import Ledger
from tests.system.servers.otlp_receiver import Receiver, receive_traces
from tests.system.trial import Command, Trial, person

ASKED = """query OfNguyenVanHoa($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName } }"""
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER_KIND, ERROR_STATUS = 2, 2


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receive_traces() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield made


@pytest.fixture(scope="module")
def address(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[str]:
    with served(make_app(served_hub, postgres_server)) as url:
        yield url


def ask(url: str, person: str, **headers: str) -> httpx2.Response:
    officer = ISSUER.find_identity("an")
    assert officer is not None
    told = {"authorization": f"Bearer {ISSUER.sign_token(officer)}", "x-hub-purpose": "identify", **headers}
    return httpx2.post(f"{url}/graphql", json={"query": ASKED, "variables": {"id": person}}, headers=told, timeout=60)


def test_a_request_is_one_trace_from_the_caller_to_the_ledger(
    receiver: Receiver, served_hub: ServedHub, address: str
) -> None:
    with trace_process("hub-serve"):
        answer = ask(address, served_hub.personal_id, traceparent=f"00-{TRACE}-{SPAN}-01")
        assert "errors" not in answer.json(), answer.text
        (root,) = receiver.wait_for("POST graphql")
        assert (root.trace_id, root.parent_id, root.kind) == (TRACE, SPAN, SERVER_KIND)
        assert (root.service, root.attributes["http.response.status_code"]) == ("hub-serve", 200)
        assert sorted(receiver.find_children(root)) == ["admit", "operation"]
        (operation,) = receiver.wait_for("operation")
        # The seals of subjects are read too.
        assert {"plan", "sql", "ledger"} <= set(receiver.find_children(operation))
        # The caller chose the name of the operation: it is hashed with the document, and not shown.
        assert operation.attributes["graphql.operation.name"] == "other"
        assert operation.attributes["hub.outcome"] == "ok"
        assert len(str(operation.attributes["hub.document_sha256"])) == 64
        # Without a trace of the caller, or with one that is no trace, the hub begins one; one that is not sampled is left alone.
        refused = ask(
            address, served_hub.personal_id, traceparent=f"00-{'0' * 32}-{SPAN}-01", **{"x-hub-purpose": "none"}
        )
        assert "errors" in refused.json()
        (own,) = [s for s in receiver.wait_for("POST graphql", 2) if s.trace_id != TRACE]
        assert (own.parent_id, own.trace_id != "0" * 32) == ("", True)
        ask(address, served_hub.personal_id, traceparent=f"00-{TRACE[::-1]}-{SPAN}-00")
        httpx2.get(f"{address}/console/dossiers/H49.12-251118-0701", timeout=60)
        receiver.wait_for("GET console")
    sent = b"".join(receiver.bodies)
    assert [words for words in (served_hub.personal_id, "NguyenVanHoa", "H49.12") if words.encode() in sent] == []
    assert bytes.fromhex(TRACE[::-1]) not in sent
    assert [body["outcome"] for body in Ledger(served_hub.database).bodies(trace=own.trace_id)] == ["REFUSED"]


def test_a_run_is_traced_to_its_merges_and_links(receiver: Receiver, trial: Trial) -> None:
    trial.write(person(1, name="Trần Thị Kín"))
    with trace_process("hub-worker"):
        report = trial.sync()
        run_linking(trial.engine)
    assert report.status == "SUCCEEDED"
    (sync,) = receiver.wait_for("sync")
    assert (sync.attributes["hub.connector"], sync.attributes["hub.status"]) == ("trial", "SUCCEEDED")
    (stream,) = receiver.wait_for("stream")
    assert stream.parent_id == sync.span_id
    assert {"read"} < set(receiver.find_children(stream)) <= {"read", "merge", "load"}
    (link,) = receiver.wait_for("link")
    assert {"decide", "apply", "compare"} <= set(receiver.find_children(link))
    assert "Kín".encode() not in b"".join(receiver.bodies)


@pytest.mark.parametrize(("command", "below"), [("sync", "sync"), ("link", "link")])
def test_a_command_is_one_trace(receiver: Receiver, trial: Trial, cli: Command, command: str, below: str) -> None:
    trial.write(person(1, name="Trần Thị Kín"))
    trial.sync()
    cli(command)
    (root,) = receiver.wait_for(f"hub {command}")
    assert (root.parent_id, root.service) == ("", "hub-command")
    # All that a run did is beneath it, in whichever thread.
    (run,) = receiver.wait_for(below)
    assert run.parent_id == root.span_id
    assert {one.trace_id for one in receiver.spans} == {root.trace_id}


def test_a_receiver_that_is_away_costs_no_request_anything_and_is_said_once(
    served_hub: ServedHub, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:  # it accepts, and never answers
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{mute.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        with trace_process("hub-serve"):
            for _ in range(20):
                assert "errors" not in ask(address, served_hub.personal_id).json()
            until = time.monotonic() + 60
            while "traces are dropped" not in caplog.text:
                assert time.monotonic() < until
                time.sleep(0.05)
            ask(address, served_hub.personal_id)
            ended = time.monotonic()
        assert time.monotonic() - ended < LAST_EXPORT_WITHIN_S + 5
    assert caplog.text.count("traces are dropped") == 1
    assert not spans.is_tracing()


def test_without_a_receiver_no_library_is_loaded_and_a_span_is_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with trace_process("hub-serve"):
        assert not spans.is_tracing()
        assert spans.open_span("sql", rows=1) is spans.open_request_span("POST graphql", b"")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with trace_process("hub-serve"):
        assert not spans.is_tracing()
