"""The REST reader against real servers: paging, credentials, changes since, going on after a crash, lookups, the demo."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import stamina
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hub.demo.province.generate import generate_province
from hub.demo.systems.http_systems import business_app, land_app
from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.connectors import load_manifests
from hub.ingest.read.reader import ReaderContext, ReadState
from hub.ingest.read.rest.reader import RestReader
from tests.serving import served
from tests.system.servers.http_source import PAGING, ListApi, Row, Stage, basic, rows_of

RECORDS = {"records": "data.items"}
SINCE = {
    **RECORDS,
    "read": "incremental",
    "deletes": "none",
    "cursor": {"column": "changed"},
    "since": {"parameter": "since"},
}
OAUTH = {
    "kind": "oauth2_client_credentials",
    "token_path": "/token",
    "client_id": {"env": "API_CLIENT"},
    "client_secret": {"env": "API_SECRET"},
}


@pytest.fixture(scope="module")
def one_stage() -> Iterator[Stage]:
    stage = Stage()
    with served(stage) as url:
        stage.url = url
        yield stage


@pytest.fixture
def stage(one_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name, value in (("API_URL", ""), ("API_CLIENT", "hub"), ("API_SECRET", "client-secret")):
        monkeypatch.setenv(name, value)
    yield one_stage
    one_stage.close()


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def numbered(count: int) -> list[Row]:
    return [{"id": str(n)} for n in range(count)]


def changed(id: int, at: datetime) -> Row:
    return {"id": str(id), "changed": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.mark.parametrize("count", [0, 1, 10, 25, 30])
@pytest.mark.parametrize("way", PAGING)
def test_every_way_of_paging_is_read_to_its_end_and_in_order(stage: Stage, way: str, count: int) -> None:
    api = ListApi(numbered(count), paging=way.split()[0], states_end="without" not in way)
    url = stage.serve(api)
    got = rows_of(stage.reader(url, {**RECORDS, "paging": PAGING[way]}, batch_rows=10).read(None))
    assert [row["id"] for row in got] == [row["id"] for row in api.rows]


@pytest.mark.parametrize("way", ["offset", "offset without end", "cursor", "link", "page", "page without end"])
def test_a_source_that_gives_less_than_it_is_asked_for_loses_nothing(stage: Stage, way: str) -> None:
    api = ListApi(numbered(25), paging=way.split()[0], states_end="without" not in way, most=7)
    url = stage.serve(api)
    got = rows_of(stage.reader(url, {**RECORDS, "paging": PAGING[way]}).read(None))
    assert [row["id"] for row in got] == [row["id"] for row in api.rows]


def test_a_body_that_is_the_list_with_parameters_and_headers(stage: Stage) -> None:
    api = ListApi(numbered(3), paging="none")
    url = stage.serve(api)
    stream = {"path": "/rows?lang=vi", "parameters": {"state": "a&b"}}
    got = rows_of(stage.reader(url, stream, {"headers": {"X-Member": "hub"}}).read(None))
    assert len(got) == 3
    assert api.asked == [{"lang": "vi", "state": "a&b"}]
    assert api.headers[0]["x-member"] == "hub"


@pytest.mark.parametrize("paging", [None, {"kind": "link"}])
def test_json_lines(stage: Stage, paging: Any) -> None:
    api = ListApi([], misbehave=lambda *_: PlainTextResponse('\ufeff{"id": 1}\n\n{"id": 2.50}\r\n{"id": "3"}'))
    url = stage.serve(api)
    stream = {"format": "jsonl", **({"paging": paging} if paging else {})}
    got = list(stage.reader(url, stream, batch_rows=2).read(None))
    assert [row["id"] for row in rows_of(got)] == ["1", "2.50", "3"]


def test_values_come_as_the_source_wrote_them(stage: Stage) -> None:
    body = """[
        {"id": 22085001234567890123456, "area": 1.10, "tiny": 1e-7, "who": {"name": "Hoà", "at": {"no": 1}}, "of": []},
        {"id": "022085001234567890", "area": -0.0, "tiny": null, "who": null, "of": [{"share": 0.30, "ok": true}]},
        {"id": "3", "area": "1,5", "tiny": true, "who": "không rõ", "of": {"share": 1}, "half": "\\ud800!"}
    ]"""
    api = ListApi([], misbehave=lambda *_: Response(body, media_type="application/json"))
    url = stage.serve(api)
    frames = [batch.frame for batch in stage.reader(url, {}).read(None)]
    first, second, third = frames[0].to_dicts()
    assert (first["id"], first["area"], first["tiny"]) == ("22085001234567890123456", "1.10", "1e-7")
    assert (first["who.name"], first["who.at.no"], first["of"]) == ("Hoà", "1", [])
    assert (second["id"], second["area"], second["tiny"], second["who.name"]) == (
        "022085001234567890",
        "-0.0",
        None,
        None,
    )
    assert [str(item["share"]) for item in second["of"]] == ["0.30"]
    assert (third["who"], third["who.name"], third["tiny"]) == ("không rõ", None, "true")
    assert [item["share"] for item in third["of"]] == ["1"]
    assert third["half"] == "\ufffd\ufffd\ufffd!"


def test_pages_whose_types_differ_are_batches_of_their_own(stage: Stage) -> None:
    rows: list[Row] = [{"id": "1", "a": None}, {"id": "2", "a": 5}, {"id": "3", "a": {"b": "x"}}, {"id": "4"}]
    url = stage.serve(ListApi(rows, paging="cursor", most=1))
    got = list(stage.reader(url, {**RECORDS, "paging": PAGING["cursor"]}, batch_rows=1).read(None))
    assert [row["id"] for row in rows_of(got)] == ["1", "2", "3", "4"]


def test_a_token_is_fetched_once_with_its_scope_and_renewed_when_it_is_refused(stage: Stage) -> None:
    def forget(api: ListApi, _: Request) -> None:
        if len(api.asked) == 2:
            api.tokens.clear()

    api = ListApi(numbered(40), proof="token", misbehave=forget)
    url = stage.serve(api)
    source = {"auth": {**OAUTH, "token_path": f"{url}/token", "scope": "read"}, "concurrency": 1}
    got = rows_of(stage.reader(url, {**RECORDS, "paging": PAGING["page"]}, source).read(None))
    assert len(got) == 40
    assert len(api.forms) == 2
    assert b"scope=read" in api.forms[0]


def test_a_token_is_renewed_before_it_ends(stage: Stage) -> None:
    api = ListApi(numbered(40), proof="token", token_life_s=0)
    url = stage.serve(api)
    source = {"auth": OAUTH, "concurrency": 1}
    assert len(rows_of(stage.reader(url, {**RECORDS, "paging": PAGING["page"]}, source).read(None))) == 40
    assert len(api.forms) == 4
    assert len(api.asked) == 4


@pytest.mark.parametrize(
    ("auth", "proof"),
    [
        ({"kind": "api_key", "header": "X-API-Key", "key": {"env": "API_SECRET"}}, "client-secret"),
        (
            {"kind": "basic", "user": {"env": "API_CLIENT"}, "password": {"env": "API_SECRET"}},
            basic("hub", "client-secret"),
        ),
    ],
)
def test_keys_and_passwords_are_sent_and_named_where_they_are_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, auth: Any, proof: str
) -> None:
    api = ListApi(numbered(3), proof=proof)
    url = stage.serve(api)
    assert len(rows_of(stage.reader(url, RECORDS, {"auth": auth}).read(None))) == 3
    api.proof = "another"
    with pytest.raises(SourceUnavailable, match=r"rejects the credentials.*API_SECRET") as caught:
        rows_of(stage.reader(url, RECORDS, {"auth": auth}).read(None))
    monkeypatch.setenv("API_SECRET", "client\nsecret")
    assert "client-secret" not in str(caught.value)


@pytest.mark.parametrize("life", [0, 300])
def test_a_token_that_is_never_good_is_given_up(stage: Stage, life: int) -> None:
    api = ListApi(numbered(3), proof="another", token_life_s=life)
    url = stage.serve(api)
    with pytest.raises(SourceUnavailable, match=r"rejects the credentials.*API_CLIENT"):
        rows_of(stage.reader(url, RECORDS, {"auth": OAUTH}).read(None))
    assert len(api.asked) == 2


def test_a_client_that_is_refused_a_token(stage: Stage) -> None:
    url = stage.serve(ListApi([], proof="token"))
    made = {**OAUTH, "client_secret": {"env": "API_URL"}}
    with pytest.raises(SourceUnavailable, match=r"token endpoint rejects the request \(401\).*API_URL") as caught:
        rows_of(stage.reader(url, RECORDS, {"auth": made}).read(None))
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("API_SECRET", "a\nb", "a header cannot carry"),
        ("API_URL", "ftp://x", "not an http address"),
        ("API_URL", "http://", "not an http"),
    ],
)
def test_settings_that_cannot_be_used_are_named_and_not_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    made = stage.reader("http://127.0.0.1:1", {}, {"auth": {"kind": "api_key", "key": {"env": "API_SECRET"}}})
    monkeypatch.setenv(name, value)
    with pytest.raises(HubMisconfigured, match=words) as caught:
        RestReader(made.context)
    assert name in str(caught.value)
    assert value not in str(caught.value)


def test_nothing_is_sent_to_another_origin(stage: Stage) -> None:
    thief = ListApi(numbered(3))
    auth = {"auth": {"kind": "api_key", "key": {"env": "API_SECRET"}}}
    with served(thief.app()) as elsewhere:
        link = {"Link": f'<{elsewhere}/rows>; rel="next"'}
        linked = ListApi([], misbehave=lambda *_: JSONResponse([{"id": "1"}], headers=link))
        moved = ListApi([], misbehave=lambda *_: Response(status_code=307, headers={"Location": f"{elsewhere}/rows"}))
        url = stage.serve(linked)
        with pytest.raises(SourceUnavailable, match="another origin"):
            rows_of(stage.reader(url, {"paging": {"kind": "link"}}, auth).read(None))
        url = stage.serve(moved)
        with pytest.raises(SourceUnavailable, match="redirects"):
            rows_of(stage.reader(url, {}, auth).read(None))
        with pytest.raises(HubMisconfigured, match="another origin"):
            rows_of(stage.reader(url, {"path": f"{elsewhere}/rows"}, auth).read(None))
    assert thief.asked == []


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=1), timedelta(days=-1)])
def test_no_change_is_missed_whatever_the_clock_of_the_source(stage: Stage, ahead: timedelta) -> None:
    """Rows change while their pages are read, out of order and late, by a clock that is right, ahead or behind."""
    now = datetime.now(UTC) + ahead
    api = ListApi([changed(n, now - timedelta(hours=n % 7 + 1)) for n in range(30)], since="changed", paging="offset")

    def change(api: ListApi, _: Request) -> None:
        if len(api.asked) == 3:
            api.rows[2] = changed(2, datetime.now(UTC) + ahead)
            api.rows[29] = changed(29, datetime.now(UTC) + ahead + timedelta(minutes=3))

    api.misbehave = change
    url = stage.serve(api)
    stream = {**SINCE, "paging": PAGING["offset"]}
    first = list(stage.reader(url, stream).read(None))
    assert len(rows_of(first)) == 30
    api.rows.append(changed(30, datetime.now(UTC) + ahead - timedelta(minutes=10)))
    second = list(stage.reader(url, stream).read(first[-1].state))
    assert {"2", "29", "30"} <= {row["id"] for row in rows_of(second)}
    assert since(second[-1].state) >= since(first[-1].state)
    assert since(second[-1].state) <= datetime.now(UTC)


def since(state: ReadState | None) -> datetime:
    assert state is not None
    assert set(state) == {"since"}
    return datetime.fromisoformat(state["since"])


def test_a_source_that_goes_back_does_not_take_the_beginning_back(stage: Stage) -> None:
    api = ListApi([changed(1, datetime(2020, 1, 1, tzinfo=UTC))])
    state = {"since": "2026-01-01T00:00:00+00:00"}
    url = stage.serve(api)
    assert list(stage.reader(url, SINCE).read(state))[-1].state == state
    api.rows = []
    empty = list(stage.reader(url, SINCE).read(state))
    assert [batch.state for batch in empty] == [state]
    assert empty[0].frame.height == 0
    assert {"id", "changed"} <= set(empty[0].frame.columns)


@pytest.mark.parametrize(
    ("cursor", "format", "stamp", "stored", "asked"),
    [
        ({}, "iso", "2026-03-01T07:15:30.5", "2026-03-01T00:15:30.500000+00:00", "2026-03-01T00:00:30.500000Z"),
        ({"overlap": "1 h"}, "epoch", 1772324130, "2026-03-01T00:15:30+00:00", "1772320530"),
        ({}, "epoch", "2026-03-01T00:15:30Z", "2026-03-01T00:15:30+00:00", "1772323230"),
        ({}, "%d/%m/%Y %H:%M", "01/03/2026 07:15", "2026-03-01T00:15:00+00:00", "01/03/2026 07:00"),
        (
            {"kind": "number", "overlap_numbers": 2},
            "iso",
            12345678901234567890,
            "12345678901234567890",
            "12345678901234567888",
        ),
    ],
)
def test_marks_are_written_and_read_as_the_manifest_says(
    stage: Stage, cursor: Any, format: str, stamp: Any, stored: str, asked: str
) -> None:
    api = ListApi([{"id": "1", "at": {"last": stamp}}, {"id": "2", "at": {"last": None}}, {"id": "3"}])
    stream = {**SINCE, "cursor": {"column": "at.last", **cursor}, "since": {"parameter": "from", "format": format}}
    url = stage.serve(api)
    state = list(stage.reader(url, stream).read(None))[-1].state
    assert state == {"since": stored}
    list(stage.reader(url, stream).read(state))
    assert api.asked == [{}, {"from": asked}]


def test_stamps_that_are_none_are_refused(stage: Stage) -> None:
    url = stage.serve(ListApi([{"id": "1", "changed": "hôm qua"}]))
    with pytest.raises(SourceUnavailable, match="no row has a time in changed"):
        list(stage.reader(url, SINCE).read(None))


@pytest.mark.parametrize("way", PAGING)
def test_a_read_that_was_cut_goes_on_where_it_was(stage: Stage, way: str) -> None:
    now = datetime.now(UTC)
    rows = [changed(n, now - timedelta(minutes=100 - n)) for n in range(60)]
    api = ListApi(rows, paging=way.split()[0], states_end="without" not in way)
    stream = {**SINCE, "paging": PAGING[way]}
    url = stage.serve(api)
    cut = list(itertools.islice(stage.reader(url, stream, batch_rows=10).read(None), 4))
    before = len(api.asked)
    rest = list(stage.reader(url, stream, batch_rows=10).read(cut[-1].state))
    asked = len(api.asked) - before
    assert all(batch.state for batch in cut)
    assert [row["id"] for row in rows_of(cut)] == [str(n) for n in range(40)]
    again = {"page": 10, "offset": 10}.get(way.split()[0], 0)
    assert [row["id"] for row in rows_of(rest)] == [str(n) for n in range(40 - again, 60)]
    assert asked <= 4
    assert since(rest[-1].state) == datetime.fromisoformat(rows[-1]["changed"])


def test_a_cut_read_keeps_its_beginning(stage: Stage) -> None:
    """A row that changed on a page that was read, while nothing ran, is before the highest stamp of the pages after it."""
    before = datetime.now(UTC) - timedelta(days=2)
    api = ListApi([changed(n, before) for n in range(30)], paging="cursor", since="changed")
    stream = {**SINCE, "paging": PAGING["cursor"]}
    url = stage.serve(api)
    cut = next(stage.reader(url, stream, batch_rows=10).read(None)).state
    assert cut is not None
    long_ago = {**cut, "began": (before + timedelta(hours=1)).isoformat()}
    api.rows[0] = changed(0, before + timedelta(hours=2))
    api.rows[29] = changed(29, before + timedelta(hours=20))
    end = list(stage.reader(url, stream).read(long_ago))[-1].state
    assert {row["id"] for row in rows_of(stage.reader(url, stream).read(end))} == {"0", "29"}


@pytest.mark.parametrize("way", ["offset", "page", "cursor"])
def test_a_cut_read_whose_place_is_gone_begins_again(stage: Stage, way: str) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    api = ListApi([changed(n, now) for n in range(60)], paging=way)
    stream = {**SINCE, "paging": PAGING[way]}
    url = stage.serve(api)
    cut = list(itertools.islice(stage.reader(url, stream, batch_rows=10).read(None), 4))
    if way == "cursor":
        api.misbehave = lambda _, r: PlainTextResponse("", 410) if r.query_params.get("at") == "40" else None
        del api.rows[40:]
    else:
        del api.rows[:5]
    rest = rows_of(stage.reader(url, stream).read(cut[-1].state))
    assert {row["id"] for row in rest} == {row["id"] for row in api.rows}


def test_rows_that_come_and_go_while_pages_are_read_hide_none_that_stay(stage: Stage) -> None:
    def change(api: ListApi, _: Request) -> None:
        if len(api.asked) == 2:
            del api.rows[:4]
        if len(api.asked) == 4:
            api.rows += [{"id": f"new {n}"} for n in range(15)]

    api = ListApi(numbered(45), paging="offset", misbehave=change)
    url = stage.serve(api)
    got = rows_of(stage.reader(url, {**RECORDS, "paging": PAGING["offset"]}, {"concurrency": 1}).read(None))
    assert {row["id"] for row in api.rows} <= {row["id"] for row in got}


LOOKUP = {**RECORDS, "paging": PAGING["page"]}


def test_rows_are_looked_up_by_lists_of_keys(stage: Stage) -> None:
    api = ListApi(numbered(50))
    url = stage.serve(api)
    lookup = {"path": "/rows", "parameter": "ids", "batch": 4}
    made = stage.reader(url, {**LOOKUP, "lookup": lookup})
    keys = pl.DataFrame({"id": ["3", "nobody", "7", "3", "8", "a,b", "49"]})
    found = pl.concat(made.lookup(keys))["id"].to_list()
    assert made.looks_up
    assert found == ["3", "7", "8", "49"]
    assert [asked["ids"] for asked in api.asked] == ["3,nobody,7,8", "49", "a,b"]


def test_rows_are_looked_up_by_paths_of_their_own(stage: Stage) -> None:
    api = ListApi([{"id": "3"}, {"id": "ngõ 5/2?"}])
    url = stage.serve(api)
    made = stage.reader(url, {**LOOKUP, "lookup": {"path": "/rows/{key}"}})
    keys = pl.DataFrame({"id": ["3", "nobody", "ngõ 5/2?"]})
    assert pl.concat(made.lookup(keys))["id"].to_list() == ["3", "ngõ 5/2?"]


def test_a_source_that_ignores_the_keys_gives_only_what_was_asked_for(stage: Stage) -> None:
    url = stage.serve(ListApi(numbered(5)))
    made = stage.reader(url, {**LOOKUP, "lookup": {"path": "/rows", "parameter": "unknown"}})
    assert pl.concat(made.lookup(pl.DataFrame({"id": ["4", "9"]})))["id"].to_list() == ["4"]


def test_the_systems_of_the_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    generate_province(tmp_path, 1_000)
    for name, value in (("LAND_CLIENT_ID", "hub"), ("LAND_CLIENT_SECRET", "s"), ("BUSINESS_API_KEY", "k")):
        monkeypatch.setenv(name, value)
    with served(land_app(tmp_path, "hub", "s")) as land, served(business_app(tmp_path, "k")) as business:
        monkeypatch.setenv("LAND_API_URL", land)
        monkeypatch.setenv("BUSINESS_API_URL", business)
        for name, stream, file in (("land", "rights", "quyen-su-dung-dat"), ("business", "businesses", "doanh-nghiep")):
            manifest = load_manifests()[name]
            with closing(
                RestReader(ReaderContext(manifest, stream, manifest.streams[stream], tmp_path, batch_rows=50))
            ) as read:
                rows = sum(batch.frame.height for batch in read.read(None))
            assert rows == (tmp_path / name / f"{file}.jsonl").read_bytes().count(b"\n") > 0
