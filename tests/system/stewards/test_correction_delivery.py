"""Corrections on their way to a source: a real HTTP server, a real folder, and what can go wrong with each."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import connectors
from hub.cli import main
from hub.corrections.delivery import DeliveryCounts, compute_backoff, deliver_corrections, queue_message
from hub.corrections.records import Correction, list_events, load_correction
from hub.corrections.requests import decide_correction, withdraw_correction
from hub.corrections.retention import forget_values
from hub.errors import OperationRefused
from hub.model.correction_states import CorrectionState as S
from tests.system.stewards.test_corrections import AN, RIGHT, Register

API = '[corrections]\nway = "api"\nurl = { env = "LAND_TRIAL_URL" }\nauth = { kind = "api_key", key = { env = "LAND_TRIAL_KEY" } }\nattempts = 1\ntimeout_s = 2\ndays = 3\n\n'
FILE = '[corrections]\nway = "file"\noutbox = { env = "LAND_TRIAL_OUT" }\nacknowledgements = { env = "LAND_TRIAL_ACKS" }\nattempts = 1\n\n'


@dataclass
class SectorApi:
    """An HTTP API that gives the next of its answers to each request, and keeps what it was sent."""

    answers: list[tuple[int, bytes]] = field(default_factory=list)
    got: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def serve(self) -> ThreadingHTTPServer:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                api.got.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
                status, answer = api.answers.pop(0) if api.answers else (204, b"")
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None: ...

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


class Trial(Register):
    """The register with a connector whose manifest says how it takes corrections."""

    api: SectorApi
    out: Path
    acks: Path

    def deliver(self) -> DeliveryCounts:
        done = deliver_corrections(self.connection)
        assert done is not None
        for problem in done.problems:
            assert "120.5" not in problem, "a problem never has a value"
            assert "giấy" not in problem
        return done

    def again(self) -> DeliveryCounts:
        """Deliver as if the time of waiting were over."""
        self.connection.execute("update hub.source_correction set next_try_at = now() where to_send is not null")
        return self.deliver()

    def load(self, correction: Correction) -> Correction:
        return load_correction(self.connection, correction.id)

    def overdue(self, correction: Correction) -> None:
        query = "update hub.source_correction set due_at = now() - interval '1 day', remind_at = now() - interval '1 day' where id = %s"
        self.connection.execute(query, (correction.id,))

    def answer(self, correction: Correction, text: str) -> None:
        (self.acks / f"correction-{correction.id}.ack.json").write_text(text, encoding="utf-8")


def make_trial(connection: Connection[Any], folder: Path, corrections: str, monkeypatch: pytest.MonkeyPatch) -> Trial:
    home = folder / "connectors" / "land_trial"
    shutil.copytree(Path(connectors.__path__[0]) / "land", home)
    manifest = home / "manifest.toml"
    text = manifest.read_text(encoding="utf-8").replace('name = "land"', 'name = "land_trial"', 1)
    manifest.write_text(text.replace("[source]", corrections + "[source]", 1), encoding="utf-8")
    monkeypatch.setenv("HUB_CONNECTORS_PATH", str(home.parent))
    monkeypatch.setenv("LAND_TRIAL_KEY", "bí mật".encode().hex())
    made = Trial(connection)
    connection.execute("update hub.stream set connector = 'land_trial' where connector = 'land'")
    return made


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as made:
        yield made


@pytest.fixture
def by_api(connection: Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    api = SectorApi()
    with api.serve() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("LAND_TRIAL_URL", f"http://127.0.0.1:{server.server_port}/corrections")
        made = make_trial(connection, tmp_path, API, monkeypatch)
        made.api = api
        yield made
        server.shutdown()


@pytest.fixture
def by_file(connection: Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    out, acks = tmp_path / "out", tmp_path / "acks"
    out.mkdir()
    acks.mkdir()
    monkeypatch.setenv("LAND_TRIAL_OUT", str(out))
    monkeypatch.setenv("LAND_TRIAL_ACKS", str(acks))
    made = make_trial(connection, tmp_path, FILE, monkeypatch)
    made.out, made.acks = out, acks
    return made


# --- By API -----------------------------------------------------------------------------------------------------------


def test_a_correction_is_posted_once(by_api: Trial) -> None:
    opened = by_api.open()
    assert opened.to_send == "REQUEST"
    assert by_api.deliver().sent == 1
    assert by_api.deliver().sent == 0
    ((headers, body),) = by_api.api.got
    assert (body["id"], body["kind"], body["field"]) == (opened.id, "REQUEST", "area")
    assert (body["held"], body["claimed"], body["record"]["stream"]) == ("100.00", RIGHT, "rights")
    assert headers["idempotency-key"].startswith(f"{opened.id}-request-")
    assert headers["x-api-key"] == "bí mật".encode().hex()
    sent = by_api.load(opened)
    assert (sent.state, sent.to_send) == (S.SENT, None)
    assert sent.sent_at is not None
    by_api.sync(area=RIGHT)
    assert by_api.deliver().settled.resolved == 1


@pytest.mark.parametrize(
    ("status", "answer", "state"),
    [
        (200, b'{"status": "acknowledged"}', S.ACKNOWLEDGED),
        (200, '{"status": "refused", "reason": "đúng"}'.encode(), S.REFUSED),
        (200, b'{"status": "refused"}', S.SENT),  # without a reason it says nothing
        (201, b"OK", S.SENT),
        (200, b"", S.SENT),
        (409, b"", S.SENT),  # it has this message already
    ],
)
def test_what_a_source_answers_at_once(by_api: Trial, status: int, answer: bytes, state: S) -> None:
    opened = by_api.open()
    by_api.api.answers = [(status, answer)]
    assert by_api.deliver().sent == 1
    assert by_api.load(opened).state is state


@pytest.mark.parametrize(
    ("status", "answer"), [(503, b""), (429, b""), (401, b""), (302, b""), (200, b"<html>login</html>")]
)
def test_a_source_that_is_away_is_tried_again_with_the_same_key(by_api: Trial, status: int, answer: bytes) -> None:
    opened, second = by_api.open(), by_api.open(claimed="130")
    by_api.api.answers = [(status, answer)]
    done = by_api.deliver()
    assert (done.sent, done.failed, len(by_api.api.got)) == (0, 1, 1), "the second waits: the source is away"
    waiting = by_api.load(opened)
    assert (waiting.state, waiting.attempts) == (S.OPEN, 1)
    assert waiting.failure
    assert waiting.next_try_at is not None
    assert waiting.next_try_at > datetime.now(UTC)
    assert by_api.again().sent == 2
    keys = [headers["idempotency-key"] for headers, body in by_api.api.got if body["id"] == opened.id]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert (by_api.load(opened).failure, by_api.load(second).state) == (None, S.SENT)


def test_a_source_that_cannot_be_reached(by_api: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAND_TRIAL_URL", "http://127.0.0.1:9/corrections")
    opened = by_api.open()
    assert "cannot be reached" in by_api.deliver().problems[0]
    monkeypatch.delenv("LAND_TRIAL_URL")
    assert "LAND_TRIAL_URL is not set" in by_api.again().problems[0]
    assert by_api.load(opened).attempts == 2


def test_a_message_that_is_never_taken_is_given_up(by_api: Trial) -> None:
    opened = by_api.open()
    by_api.api.answers = [(422, b"")]
    assert by_api.deliver().failed == 1
    given_up = by_api.load(opened)
    assert (given_up.state, given_up.to_send) == (S.OPEN, None)
    assert "422" in str(given_up.failure)
    assert list_events(by_api.connection, opened.id)[-1].event == "SEND_FAILED"
    assert by_api.connection.execute("select kind from hub.alarm").fetchall() == [("CORRECTION_NOT_SENT",)]
    assert by_api.again().sent == 0
    queue_message(by_api.connection, opened.id)
    assert by_api.deliver().sent == 1


def test_a_source_is_reminded_and_told_of_a_withdrawal(by_api: Trial) -> None:
    opened = by_api.open()
    by_api.deliver()
    by_api.overdue(opened)
    assert by_api.deliver().reminded == 1
    assert by_api.deliver().reminded == 0, "not again before the next reminder is due"
    assert (by_api.load(opened).reminders, by_api.load(opened).state) == (1, S.SENT)
    withdraw_correction(by_api.connection, opened.id, by=AN.id, reason="nhầm")
    by_api.deliver()
    kinds = [body["kind"] for _, body in by_api.api.got]
    assert kinds == ["REQUEST", "REMINDER", "WITHDRAWAL"]
    assert len({headers["idempotency-key"] for headers, _ in by_api.api.got}) == 3
    unsent = by_api.open(claimed="130")
    withdraw_correction(by_api.connection, unsent.id, by=AN.id, reason="nhầm")
    assert by_api.deliver().sent == 0, "a source that was told nothing is not told of the withdrawal"


def test_a_value_that_is_wrong_in_another_way_is_sent_again(by_api: Trial) -> None:
    opened = by_api.open()
    by_api.deliver()
    by_api.sync(area="130")
    done = by_api.deliver()
    assert (done.settled.reopened, done.sent) == (1, 1)
    assert by_api.load(opened).state is S.SENT
    assert by_api.api.got[-1][1]["held"] == "130"
    assert by_api.api.got[0][0]["idempotency-key"] != by_api.api.got[1][0]["idempotency-key"]


def test_what_was_decided_meanwhile_is_not_sent(by_api: Trial) -> None:
    opened = by_api.open()
    decide_correction(by_api.connection, opened.id, accepted=True, by="steward")
    assert by_api.deliver().sent == 0


def test_only_one_process_delivers(by_api: Trial, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtextextended('hub corrections', 0))")
        assert deliver_corrections(by_api.connection) is None
        other.execute("select pg_advisory_unlock(hashtextextended('hub corrections', 0))")
    assert deliver_corrections(by_api.connection) is not None


def test_tries_come_rarer_and_do_not_end() -> None:
    waits = [compute_backoff(attempts).total_seconds() for attempts in range(1, 40)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (300, 6 * 3600)


# --- By file ----------------------------------------------------------------------------------------------------------


def test_a_correction_is_a_file_and_its_answer_another(by_file: Trial) -> None:
    opened = by_file.open()
    assert by_file.deliver().sent == 1
    (written,) = by_file.out.iterdir()
    assert written.name == f"correction-{opened.id}.json"
    assert json.loads(written.read_text(encoding="utf-8"))["claimed"] == RIGHT
    by_file.answer(opened, f'{{"id": {opened.id}, "status": "acknowledged"}}')
    assert by_file.deliver().answered == 1
    assert by_file.load(opened).state is S.ACKNOWLEDGED
    assert by_file.deliver().answered == 0, "the same file is not read twice"
    by_file.answer(opened, json.dumps({"id": opened.id, "status": "refused", "reason": "đúng theo bản đồ"}))
    assert by_file.deliver().answered == 1
    assert (by_file.load(opened).state, by_file.load(opened).answer) == (S.REFUSED, "đúng theo bản đồ")


def test_a_lost_answer_is_asked_for_again(by_file: Trial) -> None:
    opened = by_file.open()
    by_file.deliver()
    by_file.overdue(opened)
    (by_file.out / f"correction-{opened.id}.json").unlink()  # taken by the source
    by_file.deliver()
    again = json.loads((by_file.out / f"correction-{opened.id}.json").read_text(encoding="utf-8"))
    assert again["kind"] == "REMINDER"
    late = by_file.open(claimed="130")
    by_file.deliver()
    by_file.sync(area="130")
    by_file.deliver()
    by_file.answer(late, f'{{"id": {late.id}, "status": "acknowledged"}}')
    assert by_file.deliver().answered == 0, "it is resolved already"
    assert by_file.load(late).state is S.RESOLVED


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must be JSON"),
        ("[1]", "must be a JSON object"),
        ('{"id": 999, "status": "acknowledged"}', "id must be that of the correction"),
        ('{"id": true, "status": "acknowledged"}', "id must be that of the correction"),
        ('{"id": ID, "status": "done"}', "status must be"),
        ('{"id": ID, "status": "refused"}', "a refusal must have a reason"),
        ('{"id": ID, "status": "refused", "reason": 7}', "reason must be a text"),
        ('{"id": ID, "x": "' + "x" * 100_000 + '"}', "more than 100,000 bytes"),
    ],
)
def test_a_malformed_answer_is_told_until_it_is_mended(by_file: Trial, text: str, problem: str) -> None:
    opened = by_file.open()
    by_file.answer(opened, text.replace("ID", str(opened.id)))
    by_file.deliver()
    assert problem in by_file.deliver().problems[0]
    by_file.answer(opened, f'{{"id": {opened.id}, "status": "acknowledged", "reason": "{"x" * 900}"}}')
    assert (by_file.deliver().problems, by_file.load(opened).state) == ([], S.ACKNOWLEDGED)


def test_an_answer_to_nothing_is_told(by_file: Trial) -> None:
    (by_file.acks / "correction-4711.ack.json").write_text('{"id": 4711, "status": "acknowledged"}', encoding="utf-8")
    (by_file.acks / "readme.ack.json").write_text("x", encoding="utf-8")
    (by_file.acks / "notes.txt").write_text("x", encoding="utf-8")
    assert "2 answer files are of no correction" in by_file.deliver().problems[0]


def test_folders_that_are_not_there(by_file: Trial) -> None:
    opened = by_file.open()
    shutil.rmtree(by_file.out)
    shutil.rmtree(by_file.acks)
    done = by_file.deliver()
    assert (done.failed, len(done.problems)) == (1, 2)
    by_file.out.mkdir()
    by_file.acks.mkdir()
    assert by_file.again().sent == 1
    assert by_file.load(opened).state is S.SENT


# --- From the queue, and afterwards -----------------------------------------------------------------------------------


def test_a_source_without_a_way_works_from_the_queue(
    connection: Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = make_trial(connection, tmp_path, "", monkeypatch)
    opened = trial.open()
    assert opened.to_send is None
    with pytest.raises(OperationRefused, match="work queue"):
        queue_message(connection, opened.id)
    trial.overdue(opened)
    assert trial.deliver().reminded == 1
    assert trial.load(opened).reminders == 1
    assert connection.execute("select kind from hub.alarm").fetchall() == [("CORRECTIONS_OVERDUE",)]


def test_stewards_work_on_the_command_line(
    by_file: Trial, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)

    def run(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["corrections", *arguments])
        assert (ended.value.code or 0) == code
        printed = capsys.readouterr()
        return printed.out + printed.err

    opened = by_file.open()
    listed = json.loads(run("list", "--json"))
    assert [(one["id"], one["state"], one["overdue"]) for one in listed] == [(opened.id, "OPEN", False)]
    assert RIGHT not in run("list")
    assert RIGHT in run("show", str(opened.id))
    assert "1 sent" in run("send")
    assert "reminder will be sent to land_trial" in run("remind", str(opened.id))
    assert "ACKNOWLEDGED" in run("accept", str(opened.id), "--by", "chi")
    assert "REFUSED" in run("refuse", str(opened.id), "--reason", "đúng rồi", "--by", "chi")
    assert [event["by"] for event in json.loads(run("show", str(opened.id), "--json"))["events"]][-1] == "chi"
    assert "CORRECTION_CLOSED" in run("remind", str(opened.id), code=64)
    assert "CORRECTION_UNKNOWN" in run("show", "999", code=64)


def test_values_are_forgotten_after_their_time(by_file: Trial) -> None:
    closed, refused, still = (
        by_file.open(),
        by_file.open(claimed="130"),
        by_file.open("holderLink.recorded.name", "Nguyễn Thị Huệ"),
    )
    withdraw_correction(by_file.connection, closed.id, by=AN.id, reason="nhầm")
    decide_correction(by_file.connection, refused.id, accepted=False, by="s", answer="đúng")
    assert forget_values(by_file.connection, 30) == 0
    by_file.connection.execute(
        "update hub.source_correction set closed_at = closed_at - interval '31 days', decided_at = decided_at - interval '31 days'"
    )
    assert forget_values(by_file.connection, 30) == 2
    assert forget_values(by_file.connection, 30) == 0
    for one in (closed, refused):
        found = by_file.load(one)
        assert (found.held, found.claimed, found.reason, found.answer, found.source_key) == (None,) * 5
        assert all(event.note is None for event in list_events(by_file.connection, one.id))
    assert by_file.load(still).claimed == "Nguyễn Thị Huệ"
    by_file.sync(area=RIGHT)
    assert by_file.deliver().settled.resolved == 0, "what is forgotten is not watched"
