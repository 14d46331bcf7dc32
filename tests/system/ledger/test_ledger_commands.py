"""`hub ledger list | usage | spans | breach`, and what commands that show values write down."""

import csv
import getpass
import http.server
import io
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.access.subjects.sealing import lift_restriction, restrict_subject
from hub.cli import main, shown_values
from hub.cli.ingest import connector
from hub.conform.preview import Preview
from hub.ledger.log import span_push
from tests.system.access.test_access import IDENTIFY, OFFICE, OPEN, PREFILL, READ, code_of
from tests.system.ledger.test_access_log import DOSSIER, LOG, LogHub, find_stranger, hub, withholding

__all__ = ["hub"]
LOCAL = f"local:{getpass.getuser()}"


@pytest.fixture(autouse=True)
def store(hub: LogHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", hub.database)


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(words)
    printed = capsys.readouterr()
    assert (left.value.code or 0) == code, printed.out + printed.err
    return printed.out if code == 0 else printed.err


def newest(hub: LogHub, **conditions: Any) -> dict[str, Any]:
    found: dict[str, Any] = hub.log(first=1, **conditions)["nodes"][0]
    return found


def test_the_log_is_listed_with_conditions_and_pages(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    arguments = ("ledger", "list", "--purpose", "identify", "--personal-id", hub.buyer, "--limit", "2", "--json")
    first = json.loads(run(capsys, *arguments))
    second = json.loads(run(capsys, *arguments, "--after", first["after"]))
    places = [(e["epoch"], e["number"]) for page in (first, second) for e in page["entries"]]
    assert len(set(places)) >= 3
    assert all(e["purpose"] == "identify" and e["intact"] and "subjects" not in e for e in first["entries"])
    audit = newest(hub, kind="AUDIT", principal=LOCAL)
    assert audit["details"] == ["looked_for: purpose=identify, one person"]
    assert {"role": "requested", "people": 1} in audit["people"], "it is in that person's log, too"


def test_a_citizens_log_in_the_form_of_find_usage(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    usage = json.loads(run(capsys, "ledger", "usage", hub.seller))["findUsageResponse"]["usage"]
    told = next(one for one in usage if DOSSIER in one["action"])
    assert set(told) == {"logtime", "action", "receiver"}
    assert told["receiver"] == "Ủy ban nhân dân phường Vàng Danh"
    assert told["action"].startswith("Ủy ban nhân dân phường Vàng Danh đã xem họ tên và quyền sử dụng đất của ông/bà")
    datetime.fromisoformat(told["logtime"])


def test_find_usage_tells_a_spouse_neither_office_nor_dossier(
    hub: LogHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Their data came along with another person's: who asked, and on which dossier, would tell of that person."""
    own, spouse = find_spouses(hub)
    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": person}}}
        for role, person in (("transferor", own), ("transferee", hub.buyer))
    ]
    code = "H49.12-251118-0802"
    given = {"code": code, "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
    assert "errors" not in hub.ask("an", OPEN, {"input": given}).json()
    assert "errors" not in (answer := hub.ask("an", PREFILL, dossier=code).json()), answer
    usage = json.loads(run(capsys, "ledger", "usage", spouse))["findUsageResponse"]["usage"]
    told = next(one for one in usage if "cùng với dữ liệu của người khác" in one["action"])
    assert told["receiver"] == "Một cơ quan nhà nước"
    file = tmp_path / "export.json"
    run(capsys, "subjects", "export", "--personal-id", spouse, "--to", str(file))
    (exported,) = {
        entry["text"]["vi"]
        for entry in json.loads(file.read_text())["accessLog"]
        if "cùng với dữ liệu của người khác" in entry["text"]["vi"] and entry["at"] == told["logtime"]
    }
    for told_text in (json.dumps(told, ensure_ascii=False), exported):
        assert "Vàng Danh" not in told_text
        assert code not in told_text


def find_spouses(hub: LogHub) -> tuple[str, str]:
    """Identifiers of two people who are married to each other."""
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select own.personal_id, other.personal_id from data.marital_status m"
            " join link.marital_status_person a on a.record_id = m.id and a.status <> 'UNCONFIRMED'"
            " join link.marital_status_spouse b on b.record_id = m.id and b.status <> 'UNCONFIRMED'"
            " join data.citizen own on own.id = a.subject_id join data.citizen other on other.id = b.subject_id"
            " where own.personal_id <> other.personal_id and own.death_date is null and other.death_date is null"
            " and own.birth_date < '1990' and %s not in (own.personal_id, other.personal_id)"
            " and not exists (select from hub.dossier_subject s where s.subject_id in (own.id, other.id))"
            " order by m.state = 'MARRIED' desc, m.id limit 1",
            (hub.buyer,),
        ).fetchone()
    assert row is not None
    return row


def test_whoever_was_refused_is_not_told_of_as_having_seen(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection:
        restrict_subject(connection, "Citizen", hub.seller_id, "REQUEST", "test", "test")
        try:
            parties = (f"transferor={hub.seller}", f"transferee={hub.buyer}")
            words = [word for party in parties for word in ("--subject", party)]
            assert "restricted" in run(capsys, "prefill", "land-right-transfer", *words, code=64)
        finally:
            lift_restriction(connection, "Citizen", hub.seller_id)
    for person in (hub.seller, hub.buyer):
        newest_of_person = json.loads(run(capsys, "ledger", "usage", person))["findUsageResponse"]["usage"][:3]
        told = [one["action"] for one in newest_of_person if "nhật ký" not in one["action"]]
        assert told[0].startswith("Người vận hành hệ thống đã đề nghị xem")
        assert told[0].endswith("nhưng bị từ chối.")
    own = json.loads(run(capsys, "ledger", "usage", hub.seller))["findUsageResponse"]["usage"]
    assert own[0]["action"] == "Người vận hành hệ thống đã xem nhật ký truy cập dữ liệu của ông/bà."


def test_an_auditor_who_was_refused_has_not_seen_the_log(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    answer = hub.ask("kiem", LOG, {"personalId": hub.buyer, "after": "bm9ub25l"}, purpose="audit")
    assert code_of(answer) == "BAD_CURSOR"
    usage = json.loads(run(capsys, "ledger", "usage", hub.buyer))["findUsageResponse"]["usage"]
    assert "Người có thẩm quyền kiểm tra đã đề nghị xem nhật ký truy cập dữ liệu của ông/bà nhưng bị từ chối." in [one["action"] for one in usage[:2]]  # fmt: skip


@pytest.mark.parametrize(
    "words", [("ledger", "usage", "-"), ("ledger", "list", "--json", "--personal-id", "-")], ids=" ".join
)
def test_an_identifier_need_not_stand_among_the_arguments(
    hub: LogHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{hub.buyer}\n"))
    assert "identify" in (found := run(capsys, *words)) or "xác định người" in found
    assert {"role": "requested", "people": 1} in newest(hub, kind="AUDIT", principal=LOCAL)["people"]


@dataclass
class CollectorLog:
    """What a collector got: spans that it took, and the answers that it gives, the last of them over and over."""

    answers: list[tuple[int, bytes]]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    @property
    def records(self) -> list[str]:
        """The records of the spans that were taken, in their order, each once."""
        found = (
            next(a["value"]["stringValue"] for a in span["attributes"] if a["key"] == "hub.record")
            for body in self.bodies
            for span in json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        )
        return [record for record, _ in itertools.groupby(found)]


@contextmanager
def collecting(*answers: tuple[int, bytes]) -> Iterator[CollectorLog]:
    log = CollectorLog(list(answers))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            status, body = log.answers[0] if len(log.answers) == 1 else log.answers.pop(0)
            if status == 200 and not body:
                log.bodies.append(content)
            log.tokens.add(self.headers["authorization"])
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        log.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield log
        server.shutdown()


def test_a_push_goes_on_where_the_collector_stopped_and_sends_each_record_once(
    hub: LogHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(span_push, "MAX_SPANS", 4)
    for _ in range(5):
        hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    with psycopg.connect(hub.database) as connection:
        rows = connection.execute("select epoch, number from ledger.record").fetchall()
    before = {f"{epoch.hex}:{number}" for epoch, number in rows}
    state, token = tmp_path / "push.json", tmp_path / "token"
    token.write_text("secret-of-the-collector\n")
    push = ("ledger", "push-spans", "--state", str(state), "--token-file", str(token), "--to")
    with collecting((503, b""), (200, b""), (200, b""), (400, b"who are you")) as first:
        said = run(capsys, *push, first.url, code=69)
    assert "HTTP 400" in said
    assert "who are you" not in said
    assert len(first.bodies) == 2, "the first try was told to come again"
    reached = state.read_bytes()
    with collecting((200, b'{"partialSuccess":{"rejectedSpans":"2"}}')) as rejecting:
        assert "rejected 2 spans" in run(capsys, *push, rejecting.url, code=69)
    assert state.read_bytes() == reached, "what was rejected is not taken for sent"
    with collecting((200, b"")) as second:
        run(capsys, *push, second.url)
        whole = first.records + second.records
        assert before <= set(whole), "every record that there was"
        assert len(whole) == len(set(whole)), "and each once"
        assert len(second.bodies) > 2, "a request has a few spans"
        told = len(second.records)
        run(capsys, *push, second.url)
        assert set(second.records[told:]).isdisjoint(whole), "what was sent is not sent again"
        assert second.records[told:], "the push itself is in the ledger"
    assert first.tokens == {"Bearer secret-of-the-collector"}
    assert newest(hub, kind="EXPORT", principal=LOCAL)["details"] == ["looked_for: every entry", "receiver: 127.0.0.1"]


def test_a_push_says_what_is_wrong_with_its_arguments(
    hub: LogHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    state = tmp_path / "push.json"
    for address in ("http://collector.example/v1/traces", "https://collector.example/", "collector:4318"):
        assert "v1/traces" in run(capsys, "ledger", "push-spans", "--to", address, "--state", str(state), code=64)
    with collecting((503, b"")) as busy:
        words = ("ledger", "push-spans", "--to", busy.url, "--patience", "0", "--state", str(state))
        assert "HTTP 503" in run(capsys, *words, code=69)
        state.write_text('{"format": 2}')
        assert "is no state of a push" in run(capsys, *words, code=78)
    state.unlink()
    assert "ConnectError" in run(capsys, *words, code=69)


def test_spans_have_what_the_logboek_asks_for(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    since = datetime.now(UTC).isoformat()
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    document = json.loads(run(capsys, "ledger", "spans", "--since", since))
    spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    mine = next(s for s in spans if DOSSIER in json.dumps(s) and '"transferor"' in json.dumps(s))
    attributes = {a["key"]: a["value"]["stringValue"] for a in mine["attributes"]}
    assert attributes["dpl.core.processing_activity_id"].startswith("urn:hub:purpose:land-right-transfer:")
    assert len(attributes["dpl.core.data_subject_id"]) == 32
    assert attributes["dpl.core.data_subject_id_type"].startswith("urn:hub:pseudonym:")
    assert (len(mine["traceId"]), len(mine["spanId"]), mine["status"]) == (32, 16, {"code": 0})
    assert int(mine["startTimeUnixNano"]) > 10**18
    assert hub.seller not in json.dumps(document)
    assert newest(hub, kind="EXPORT")["principal"] == LOCAL


def test_after_a_leak_everyone_who_was_read_is_named(
    hub: LogHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    since = datetime.now(UTC)
    hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    hub.ask("portal", "{ __typename }", purpose="portal")
    file = tmp_path / "people.csv"
    found = json.loads(run(capsys, "ledger", "breach", "--since", since.isoformat(), "--principal", "urn:hub:demo|an", "--to", str(file), "--json"))  # fmt: skip
    people = {person["personal_id"]: person for person in found["people"]}
    assert (people[hub.seller]["reads"], people[hub.seller]["dossiers"]) == (2, DOSSIER)
    assert people[hub.seller]["data"] == "họ tên; quyền sử dụng đất"
    assert (people[hub.buyer]["reads"], people[hub.buyer]["data"]) == (1, "thông tin nhân thân")
    assert found["notice"]["Số lượt đọc"] == 3
    assert found["notice"]["Trong đó không xác định được"] == 0
    with file.open(encoding="utf-8-sig", newline="") as lines:
        assert {row["personal_id"] for row in csv.DictReader(lines)} == set(people)
    assert file.stat().st_mode & 0o077 == 0
    entry = newest(hub, kind="EXPORT", principal=LOCAL)
    assert entry["people"] == [{"role": "requested", "people": len(people)}]
    assert "breach of urn:hub:demo|an" in entry["details"][0]
    before = json.loads(run(capsys, "ledger", "breach", "--since", (since - timedelta(days=1)).isoformat(), "--until", since.isoformat(), "--key", "hub_zzzzzzzz_x", "--json"))  # fmt: skip
    assert (before["people"], before["notice"]["Thông tin truy cập"]) == ([], "key:zzzzzzzz")


def test_whoever_was_refused_has_read_nobody(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    since = datetime.now(UTC).isoformat()
    _, person = find_stranger(hub)
    assert code_of(hub.ask("an", READ, {"personalId": person}, dossier=DOSSIER)) == "NOT_A_SUBJECT"
    with psycopg.connect(hub.database, autocommit=True) as connection, withholding(hub, connection, "RESTRICTION"):
        hub.ask("an", PREFILL, dossier=DOSSIER)
    found = json.loads(run(capsys, "ledger", "breach", "--since", since, "--principal", "urn:hub:demo|an", "--json"))
    assert {person, hub.seller}.isdisjoint(one["personal_id"] for one in found["people"])
    assert "refused" in run(capsys, "ledger", "spans", "--since", since)


def test_whoever_cannot_be_named_any_more_is_counted(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    since = datetime.now(UTC).isoformat()
    hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    with psycopg.connect(hub.database, autocommit=True) as connection:
        kept = connection.execute("select first_day, subject_key from ledger.month").fetchall()
        connection.execute("update ledger.month set subject_key = decode(repeat('00', 32), 'hex')")
        try:
            found = json.loads(run(capsys, "ledger", "breach", "--since", since, "--principal", "urn:hub:demo|an", "--json"))  # fmt: skip
        finally:
            for first_day, key in kept:
                connection.execute("update ledger.month set subject_key = %s where first_day = %s", (key, first_day))
    assert (found["people"], found["notice"]["Trong đó không xác định được"]) == ([], 1)


@pytest.mark.parametrize(
    "words",
    [
        ("ledger", "breach", "--since", "2026-07-01T00:00:00+07:00"),
        ("ledger", "breach", "--since", "2026-07-01T00:00:00", "--principal", "x"),
        ("ledger", "breach", "--since", "2026-07-01T00:00:00+07:00", "--key", "short"),
        ("ledger", "breach", "--since", "2026-07-01T00:00:00+07:00", "--principal", "x", "--to", "/nowhere/x.csv"),
        ("ledger", "list", "--limit", "0"),
        ("ledger", "list", "--after", "x"),
        ("ledger", "list", "--since", "2026-07-01T00:00:00"),
        ("ledger", "list", "--kind", "bogus"),
        ("ledger", "list", "--outcome", "answered"),
        ("ledger", "resume", "--after-restore", "--head", "5:zz"),
        ("ledger", "verify", "--head", "5:zz"),
        ("ledger", "usage", "001099999999"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert "next step" in run(capsys, *words, code=64)


def test_a_command_names_the_fields_and_the_people_it_shows(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select record_id, subject_id from link.tax_obligation_debtor where subject_kind = 'Citizen' limit 1"
        ).fetchone()
    assert row is not None
    run(capsys, "review", "show", "TaxObligation.debtor", str(row[0]))
    entry = newest(hub, kind="COMMAND")
    assert (entry["principal"], entry["outcome"]) == (LOCAL, "ANSWERED")
    assert all(path.startswith("TaxObligation.") for path in entry["paths"])
    assert sum(role["people"] for role in entry["people"]) >= 1
    run(capsys, "quarantine", "show", "1")
    assert newest(hub, kind="COMMAND")["paths"][0].startswith("quarantine.")


def find_rejected(hub: LogHub) -> tuple[int, str]:
    """A rejected row, and the identifier of somebody known whom it names."""
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select q.id, c.personal_id from hub.quarantine q"
            " join data.citizen c on q.payload::text like '%' || c.personal_id || '%' order by q.id limit 1"
        ).fetchone()
    assert row is not None
    return row


def test_whoever_a_shown_row_names_is_told_of_it(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    number, personal_id = find_rejected(hub)
    since = datetime.now(UTC).isoformat()
    run(capsys, "quarantine", "show", str(number))
    entry = newest(hub, kind="COMMAND", personalId=personal_id, since=since)
    assert {"role": "requested", "people": 1} in entry["people"] or entry["people"][0]["people"] > 1
    assert entry["details"] == [f"row: {number}"]
    column = next(iter(json.loads(run(capsys, "quarantine", "show", str(number), "--json"))["payload"]))
    run(capsys, "quarantine", "patch", str(number), "--column", column, "--to", "x")
    assert len(hub.log(kind="COMMAND", personalId=personal_id, since=since)["nodes"]) == 3
    usage = json.loads(run(capsys, "ledger", "usage", personal_id))["findUsageResponse"]["usage"]
    assert "Người vận hành hệ thống đã xem dữ liệu của ông/bà khi xử lý dữ liệu." in [one["action"] for one in usage]
    found = json.loads(run(capsys, "ledger", "breach", "--since", since, "--principal", LOCAL, "--json"))
    assert personal_id in {person["personal_id"] for person in found["people"]}


def test_a_row_of_somebody_restricted_is_not_shown(hub: LogHub, capsys: pytest.CaptureFixture[str]) -> None:
    number, personal_id = find_rejected(hub)
    with psycopg.connect(hub.database, autocommit=True) as connection:
        row = connection.execute("select id from data.citizen where personal_id = %s", (personal_id,)).fetchone()
        assert row is not None
        restrict_subject(connection, "Citizen", row[0], "REQUEST", "test", "test")
        try:
            assert "restricted" in run(capsys, "quarantine", "show", str(number), code=64)
        finally:
            lift_restriction(connection, "Citizen", row[0])


def test_whoever_a_preview_names_is_in_its_record(
    hub: LogHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def preview_stream(manifest: Any, stream: str, rows: int, *, from_samples: bool = False) -> Preview:
        accepted = {"entity": "Citizen", "fields": {"personal_id": hub.buyer}}
        rejected = {"entity": "Citizen", "rejected": {"rule": "pattern"}, "row": {"so": int(hub.seller)}}
        return Preview(stream, 2, ["so"], [accepted], [rejected], [])

    monkeypatch.setattr(connector, "preview_stream", preview_stream)
    run(capsys, "connector", "preview", "population", "citizens", "--json")
    for person in (hub.seller, hub.buyer):
        assert newest(hub, kind="COMMAND", personalId=person)["paths"] == ["preview.population.citizens"]


def test_a_file_of_discrepancies_has_everyone_in_it_recorded(
    hub: LogHub, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown_values, "RECORD_PEOPLE", 7)
    since = datetime.now(UTC).isoformat()
    run(capsys, "discrepancies", "export", str(tmp_path))
    subjects = set()
    with psycopg.connect(hub.database) as connection:
        for file in tmp_path.glob("*.csv"):
            with file.open(encoding="utf-8-sig", newline="") as lines:
                numbers = [int(row["id"]) for row in csv.DictReader(lines)]
            rows = connection.execute(
                "select subject_kind, subject_id from link.discrepancy where id = any(%s)", (numbers,)
            )
            subjects |= set(rows.fetchall())
    people = {number for kind, number in subjects if kind == "Citizen"}
    assert people
    entries = hub.log(kind="EXPORT", principal=LOCAL, since=since, first=200)["nodes"]
    assert sum(role["people"] for entry in entries for role in entry["people"]) == len(people)


def test_the_export_of_the_whole_ledger_is_in_it(
    hub: LogHub, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ledger.export"
    run(capsys, "ledger", "export", "--to", str(file))
    entry = newest(hub, kind="EXPORT", principal=LOCAL)
    assert entry["details"] == ["looked_for: every entry"]
    assert b'"looked_for":["every entry"]' in file.read_bytes(), "the record comes first"
    assert file.stat().st_mode & 0o077 == 0
    assert "is there already" in run(capsys, "ledger", "export", "--to", str(file), code=64)
    assert newest(hub, kind="EXPORT", principal=LOCAL)["id"] == entry["id"], "nothing left the hub"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    refused = run(capsys, "ledger", "export", code=64)
    assert "binary file" in refused
    assert "compressed" not in refused
