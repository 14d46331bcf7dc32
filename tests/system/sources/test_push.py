"""Deliveries to a served hub with a real store: what is taken, known, refused; and the reader of what was taken."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import psycopg
import pytest

from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext
from hub.ingest.run import connector_run as ingest
from hub.sdk.manifest import Manifest, parse_manifest
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import make_engine
from hub.web.app import create_app
from tests.conftest import served

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
VALUE = "Lê Thị Bí Mật"


def manifest(**source: Any) -> Manifest:
    """A connector to which citizens are pushed."""
    fields = {
        "personal_id": "so",
        "full_name": "ten",
        "birth_date": "sinh",
        "residence_unit_code": {"template": "{xa}@2020-01-01"},
    }
    people = {"key": ["id"], "emits": {"Citizen": {"fields": fields}}}
    label = {"vi": "Thử", "en": "Test"}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "7", "freshness": "-"}
    given = {"kind": "push", "secret": {"env": "PUSH_SECRET"}, "max_body_bytes": 20_000, **source}
    streams = {"people": people, "listed": {**people, "records": "data.items"}}
    return parse_manifest({"name": "trial", "source": given, "streams": streams, **facts})


class Pushed:
    """A hub that takes deliveries, and its store."""

    def __init__(self, url: str, database: str) -> None:
        self.url, self.database = url, database

    def send(
        self,
        body: bytes,
        delivery: str = "msg_1",
        *,
        to: str = "trial/people",
        at: float | None = None,
        signature: str | None = None,
        **headers: str,
    ) -> httpx2.Response:
        signed_at = str(int(time.time() if at is None else at))
        given = {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": signed_at,
            "webhook-signature": sign(delivery, signed_at, body) if signature is None else signature,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        encoded = {name: value.encode("latin-1") for name, value in given.items()}
        # Longer than the hub itself waits for its store before it says that it is away: 5 s, as long as httpx2 has patience.
        return httpx2.post(f"{self.url}/push/{to}", content=body, headers=encoded, timeout=60)  # type: ignore[arg-type]  # bytes are taken

    def rows(self, query: str = "select stream, delivery, body from hub.inbox order by id") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def reader(self, stream: str = "people", follow: threading.Event | None = None) -> Reader:
        made = manifest()
        return open_reader(
            ReaderContext(made, stream, made.streams[stream], Path(), store_url=self.database, follow=follow)
        )


def sign(delivery: str, signed_at: str, body: bytes, key: bytes = KEY) -> str:
    signed = hmac.digest(key, f"{delivery}.{signed_at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


def person(number: int, **other: Any) -> dict[str, Any]:
    return {"id": number, "so": f"{number:012d}", "ten": VALUE, "sinh": "1980-02-03", "xa": "06820", **other}


def sent(*people: Any) -> bytes:
    return json.dumps(people, ensure_ascii=False).encode()


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


@pytest.fixture(scope="module")
def hub(module_database_url: str) -> Iterator[Pushed]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUSH_SECRET", SECRET)
        with served(
            create_app(load_settings(), Logins.one(module_database_url), connectors={"trial": manifest()})
        ) as url:
            yield Pushed(url, module_database_url)


@pytest.fixture
def pushed(hub: Pushed) -> Pushed:
    with psycopg.connect(hub.database) as connection:
        connection.execute("truncate hub.inbox")
    return hub


def test_a_delivery_is_kept_as_it_was_sent_and_known_the_second_time(pushed: Pushed) -> None:
    body = sent(person(1))
    first, second = pushed.send(body), pushed.send(body)
    assert (first.status_code, first.json()) == (202, {"status": "accepted"})
    assert (second.status_code, second.json()) == (200, {"status": "known"})
    assert pushed.rows() == [("people", "msg_1", body)]
    assert first.headers["x-request-id"]


def test_of_the_same_delivery_at_once_one_is_kept(pushed: Pushed) -> None:
    body = sent(person(1))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pushed.send(body).status_code, range(16)))
    assert sorted(answers) == [200] * 15 + [202]
    assert len(pushed.rows()) == 1


def test_what_was_tampered_with_or_not_signed_is_refused(pushed: Pushed) -> None:
    body = sent(person(1))
    now = str(int(time.time()))
    wrong = (401, "SIGNATURE_INVALID")
    other_key = sign("msg_1", now, body, b"another key of the right length!")
    assert code(pushed.send(body, signature=sign("msg_1", now, body + b" "))) == wrong
    assert code(pushed.send(body, signature=sign("msg_2", now, body))) == wrong
    assert code(pushed.send(body, signature=other_key)) == wrong
    assert code(pushed.send(body, signature=sign("msg_1", now, body).removeprefix("v1,"))) == wrong
    assert code(pushed.send(body, signature="v1, v1a,x ö")) == wrong
    for header in ("webhook_id", "webhook_timestamp", "webhook_signature"):
        assert code(pushed.send(body, **{header: ""})) == wrong
    assert code(pushed.send(body, webhook_timestamp="soon")) == wrong
    assert pushed.rows() == []


def test_one_right_signature_of_several_is_enough_while_keys_change(pushed: Pushed) -> None:
    body, now = sent(person(1)), str(int(time.time()))
    several = " ".join((sign("msg_1", now, body, b"the key that was there before it"), sign("msg_1", now, body)))
    assert pushed.send(body, signature=several, webhook_timestamp=now).status_code == 202


@pytest.mark.parametrize("late_s", [-400, 400])
def test_old_and_future_deliveries_are_refused_with_a_code_of_their_own(pushed: Pushed, late_s: int) -> None:
    answer = pushed.send(sent(person(1)), at=time.time() + late_s)
    assert code(answer) == (401, "TIMESTAMP_OUTSIDE_TOLERANCE")
    assert pushed.rows() == []


def test_a_body_that_is_too_large_is_refused_declared_or_not(pushed: Pushed) -> None:
    body = b"x" * 20_001
    assert code(pushed.send(body)) == (413, "BODY_TOO_LARGE")
    now = str(int(time.time()))
    headers = {"webhook-id": "m", "webhook-timestamp": now, "webhook-signature": sign("m", now, body)}
    answer = httpx2.post(
        f"{pushed.url}/push/trial/people",
        content=(body[at : at + 1_000] for at in range(0, len(body), 1_000)),
        headers={**headers, "content-type": "application/json"},
    )
    assert code(answer) == (413, "BODY_TOO_LARGE")
    assert pushed.send(b" " * 20_000).status_code == 202


def test_other_types_and_compressed_bodies_are_refused(pushed: Pushed) -> None:
    refused = (415, "UNSUPPORTED_MEDIA_TYPE")
    assert code(pushed.send(b"{}", content_type="text/plain")) == refused
    assert code(pushed.send(b"{}", content_encoding="gzip")) == refused
    assert pushed.send(b"{}", content_type="application/json; charset=utf-8").status_code == 202


def test_where_nobody_pushes_the_answer_is_one_and_the_same(pushed: Pushed) -> None:
    for to in ("trial/nothing", "land/parcels", "nobody/people"):
        answer = pushed.send(b"{}", to=to)
        assert code(answer) == (404, "HTTP")
        assert answer.json()["errors"][0]["message"] == "Not Found: POST"


@pytest.mark.parametrize("secret", [None, "whsec_?", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_the_operators_affair(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secret: str | None
) -> None:
    if secret is None:
        monkeypatch.delenv("PUSH_SECRET")
    else:
        monkeypatch.setenv("PUSH_SECRET", secret)
    answer = pushed.send(sent(person(1)))
    assert code(answer) == (503, "MISCONFIGURED")
    assert "PUSH_SECRET" in caplog.text
    assert "PUSH_SECRET" not in answer.text
    assert (secret or SECRET) not in caplog.text


def test_while_the_store_is_away_the_sender_keeps_its_delivery(database_url: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("PUSH_SECRET", SECRET)
    away = "postgresql://nobody@127.0.0.1:1/none"
    with served(create_app(load_settings(), Logins.one(away), connectors={"trial": manifest()})) as url:
        answer = Pushed(url, away).send(sent(person(1)))
    assert code(answer) == (503, "STORE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "10"


def frame(batches: list[ReadBatch]) -> pl.DataFrame:
    return pl.concat([batch.frame for batch in batches], how="diagonal")


def test_what_was_taken_is_read_in_order_and_forgotten_once_acknowledged(pushed: Pushed) -> None:
    for number in range(3):
        pushed.send(sent(person(number), person(100 + number)), f"m{number}")
    pushed.send(json.dumps({"data": {"items": [person(7)]}}).encode(), "listed", to="trial/listed")
    reader = pushed.reader()
    batches = list(reader.read(None))
    assert frame(batches)["id"].to_list() == ["0", "100", "1", "101", "2", "102"]
    assert all(batch.commit for batch in batches)
    reader.acknowledge([batch.token for batch in batches])
    reader.close()
    assert [body is None for _, _, body in pushed.rows()] == [True, True, True, False]
    assert list(pushed.reader().read(None)) == []
    assert frame(list(pushed.reader("listed").read(None)))["ten"].to_list() == [VALUE]
    assert pushed.send(sent(person(0)), "m0").json() == {"status": "known"}


def test_what_was_committed_and_not_acknowledged_comes_again(pushed: Pushed) -> None:
    pushed.send(sent(person(1)), "m1")
    pushed.send(sent(person(2)), "m2")
    killed = pushed.reader()
    (first,) = killed.read(None)
    killed.close()
    again = pushed.reader()
    (second,) = again.read(None)
    assert second.frame.equals(first.frame)
    again.acknowledge([second.token])
    again.close()
    assert list(pushed.reader().read(None)) == []


def test_what_is_no_record_is_kept_for_quarantine_and_blocks_nothing(pushed: Pushed) -> None:
    bad = [b"<html>no</html>", b'{"id": ', b'"text"', b'[{"id": 5, "so": "\\u0000"}, 6]', b"[" * 5_000, b"\xff\x00"]
    for number, body in enumerate(bad):
        assert pushed.send(body, f"bad{number}").status_code == 202
    pushed.send(sent(person(1)), "good")
    (batch,) = pushed.reader().read(None)
    raw = batch.frame.filter(pl.col("_raw").is_not_null())
    assert raw["_raw"].str.slice(0, 15).to_list() == [
        "<html>no</html>",
        '{"id": ',
        '"text"',
        '"6"',
        "[" * 15,
        "\ufffd\ufffd",
    ]


def test_a_run_stores_what_was_sent_and_puts_the_rest_into_quarantine(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "load_manifests", lambda: {"trial": manifest()})
    pushed.send(b"<html>no</html>", "bad")
    pushed.send(sent(person(1), person(2, xa="none")), "good")
    made = make_engine(pushed.database)
    (report,) = ingest.sync_connectors(made, ["trial"])
    made.dispose()
    assert (report.problems, report.drift) == ((), ())
    assert pushed.rows("select source_key from data.citizen") == [("1",)]
    kept = pushed.rows("select source_key, payload ->> '_raw' from hub.quarantine order by id")
    assert sorted(kept, key=str) == [("2", None), (None, "<html>no</html>")]
    assert [body for _, _, body in pushed.rows()] == [None, None]


def test_numbers_are_read_as_they_were_written(pushed: Pushed) -> None:
    pushed.send(b'{"id": 12345678901234567890, "ten": 0.10, "so": null, "xa": {"ma": true}}', "n")
    (batch,) = pushed.reader().read(None)
    (row,) = batch.frame.to_dicts()
    assert (row["id"], row["ten"], row["so"], row["xa.ma"]) == ("12345678901234567890", "0.10", None, "true")


def test_batches_are_bounded_by_bytes(pushed: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ingest.read.push.BATCH_BYTES", 1_000)
    for number in range(4):
        pushed.send(sent(person(number, ghi="x" * (1_500 if number == 1 else 250))), f"m{number}")
    assert [batch.frame["id"].to_list() for batch in pushed.reader().read(None)] == [["0"], ["1"], ["2", "3"]]


def test_a_reader_that_follows_is_told_of_what_comes_and_stops_when_asked(pushed: Pushed) -> None:
    stop, got = threading.Event(), []
    reader = pushed.reader(follow=stop)

    def follow() -> None:
        for batch in reader.read(None):
            got.append((time.monotonic(), batch))
            reader.acknowledge([batch.token])

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(3):
        pushed.send(sent(person(number)), f"m{number}")
        sent_at = time.monotonic()
        while len(got) <= number and thread.is_alive():
            assert time.monotonic() - sent_at < 60
            time.sleep(0.01)
    stop.set()
    thread.join(60)
    reader.close()
    assert not thread.is_alive()
    assert frame([batch for _, batch in got])["id"].to_list() == ["0", "1", "2"]
    assert [body for _, _, body in pushed.rows()] == [None, None, None]


def test_ids_of_forgotten_deliveries_are_kept_for_a_week(pushed: Pushed) -> None:
    with psycopg.connect(pushed.database) as connection:
        connection.execute(
            "insert into hub.inbox (connector, stream, delivery, received_at, body) values"
            " ('trial', 'people', 'old', now() - interval '8 days', null),"
            " ('trial', 'people', 'waits', now() - interval '8 days', '{}'),"
            " ('trial', 'people', 'young', now() - interval '6 days', null),"
            " ('other', 'people', 'other', now() - interval '8 days', null)"
        )
    pushed.send(sent(person(1)), "m1")
    reader = pushed.reader()
    batches = list(reader.read(None))
    reader.acknowledge([[batches[0].token[-1]]])
    reader.close()
    assert [row[0] for row in pushed.rows("select delivery from hub.inbox order by id")] == [
        "waits",
        "young",
        "other",
        "m1",
    ]
