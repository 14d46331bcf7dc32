"""The REST reader against a source that misbehaves: every fault is tried again or refused, and none becomes rows."""

import gzip
import json
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import stamina
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hub.errors import SourceUnavailable
from tests.serving import served
from tests.system.servers.http_source import (
    PAGING,
    Behave,
    ListApi,
    Misbehave,
    Stage,
    half_closes,
    raw_server,
    resets,
    rows_of,
    says,
    stops,
    whole,
)

SECRET = "Nguyễn Văn Secret"
PAGED = {"records": "data.items", "paging": PAGING["page"]}
GOOD = b'[{"id": "1"}]'
LINES = b'{"id": "1"}\n{"id": "2"}\n'


@pytest.fixture(scope="module")
def one_stage() -> Iterator[Stage]:
    stage = Stage()
    with served(stage) as url:
        stage.url = url
        yield stage


@pytest.fixture
def stage(one_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("API_URL", "")
    monkeypatch.setenv("API_SECRET", SECRET)
    with stamina.set_testing(True, attempts=3):
        yield one_stage
    one_stage.close()


def api(misbehave: Misbehave | None = None, **given: Any) -> ListApi:
    return ListApi([{"id": str(n), "name": SECRET} for n in range(30)], misbehave=misbehave, **given)


def patience_s(words: str) -> float:
    """How long a source has: little where it is to be too slow, else more than a busy machine can take."""
    return 1 if "in time" in words else 30


def refused(stage: Stage, url: str, stream: Any, words: str, **source: Any) -> None:
    """The read is refused in these words, with a next step, and without a value that the source said."""
    given = {"timeout_s": patience_s(words), "concurrency": 1, **source}
    with pytest.raises(SourceUnavailable, match=words) as caught:
        rows_of(stage.reader(url, stream, given).read(None))
    assert caught.value.next_step
    assert "Secret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def at_second(*answers: Response) -> Misbehave:
    """These answers in place of the second page, one each time it is asked for; then the page."""
    left = list(answers)
    return lambda api, request: left.pop(0) if left and request.query_params["page"] == "2" else None


@pytest.mark.parametrize(
    "answers",
    [
        (PlainTextResponse("", 429, {"Retry-After": "0"}),),
        (PlainTextResponse("", 429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),),
        (PlainTextResponse("", 429), PlainTextResponse("", 429, {"Retry-After": "soon"})),
        (PlainTextResponse("", 500), PlainTextResponse("", 503)),
        (PlainTextResponse('{"data": {"items": [{"id'),),
        (PlainTextResponse("\xff\xfe"), PlainTextResponse("")),
    ],
)
def test_what_passes_is_tried_again(stage: Stage, answers: tuple[Response, ...]) -> None:
    url = stage.serve(api(at_second(*answers)))
    assert len(rows_of(stage.reader(url, PAGED).read(None))) == 30


@pytest.mark.parametrize("as_date", [False, True])
def test_the_source_says_how_long_to_wait(stage: Stage, as_date: bool) -> None:
    asked: list[float] = []
    until = datetime.now(UTC) + timedelta(seconds=2)

    def misbehave(api: ListApi, request: Request) -> Response | None:
        asked.append(time.time())
        header = format_datetime(until, usegmt=True) if as_date else "1"
        return PlainTextResponse("", 503, {"Retry-After": header}) if len(asked) == 1 else None

    url = stage.serve(api(misbehave, paging="none"))
    with stamina.set_testing(False):
        assert len(rows_of(stage.reader(url, {}).read(None))) == 30
    assert asked[1] >= (int(until.timestamp()) if as_date else asked[0] + 1)


@pytest.mark.parametrize(
    "wait", ["61", format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)], ids=["seconds", "instant"]
)
def test_a_wait_that_is_too_long_is_not_waited(stage: Stage, wait: str) -> None:
    source = api(lambda *_: PlainTextResponse("", 429, {"Retry-After": wait}))
    refused(stage, stage.serve(source), PAGED, "answers 429 and asks to wait")
    assert len(source.asked) == 1


PAGES: dict[str, tuple[Response, str, int]] = {
    "server error": (PlainTextResponse(SECRET, 500), "answers 500", 3),
    "not found": (PlainTextResponse(SECRET, 404), "answers 404", 1),
    "forbidden": (PlainTextResponse(SECRET, 403), "requires credentials", 1),
    "HTML": (PlainTextResponse(f"\n <!doctype html><p>{SECRET}", 200), "the answer is HTML", 1),
    "no JSON": (PlainTextResponse(SECRET), "not JSON, or is truncated", 3),
    "cut": (PlainTextResponse('{"data": {"items": [{"id": "' + SECRET), "not JSON, or is truncated", 3),
    "nested": (PlainTextResponse("[" * 200_000), "not JSON, or is truncated", 3),
    "no number": (
        PlainTextResponse('{"data": {"items": [{"id": NaN}]}, "meta": {"pages": 3}}'),
        "not JSON",
        3,
    ),
    "no list": (JSONResponse({"error": SECRET}), "no list of objects at data.items", 1),
    "a list of texts": (JSONResponse({"data": {"items": [SECRET]}}), "no list of objects", 1),
    "no end": (JSONResponse({"data": {"items": [{"id": SECRET}]}}), "does not state meta.pages", 1),
    "a wrong end": (JSONResponse({"data": {"items": [{"id": 1}]}, "meta": {"pages": SECRET}}), "not state", 1),
    "empty before its end": (JSONResponse({"data": {"items": []}, "meta": {"pages": 3}}), "page 2 of 3 is empty", 1),
    "one column twice": (
        JSONResponse({"data": {"items": [{"a": {"b": SECRET}, "a.b": 1}]}, "meta": {"pages": 3}}),
        "do not fit one table: DuplicateError",
        1,
    ),
    "brotli": (Response(b"\x0b", headers={"Content-Encoding": "br"}), "uses a compression", 1),
    "no gzip": (Response(b"\x0b", headers={"Content-Encoding": "gzip"}), "is truncated", 3),
    "half a gzip": (Response(gzip.compress(GOOD)[:-9], headers={"Content-Encoding": "gzip"}), "is truncated", 3),
}


@pytest.mark.parametrize("fault", PAGES)
def test_a_page_that_is_none_is_refused(stage: Stage, fault: str) -> None:
    answer, words, asked = PAGES[fault]
    source = api(lambda api, request: answer if request.query_params["page"] == "2" else None)
    refused(stage, stage.serve(source), PAGED, words)
    assert len([a for a in source.asked if a["page"] == "2"]) == asked


def test_an_offset_that_is_empty_before_its_end_is_refused(stage: Stage) -> None:
    empty = JSONResponse({"data": {"items": []}, "meta": {"rows": 30}})
    source = api(lambda api, request: empty if request.query_params["at"] == "20" else None, paging="offset")
    refused(stage, stage.serve(source), {**PAGED, "paging": PAGING["offset"]}, "the page at 20 of 30 is empty")


@pytest.mark.parametrize("way", ["page", "offset", "cursor", "link"])
def test_a_page_that_comes_again_is_refused(stage: Stage, way: str) -> None:
    rows = [{"id": str(n)} for n in range(10)]
    document = {"data": {"items": rows}, "meta": {"pages": 9, "rows": 90}}
    count = iter(range(100))

    def misbehave(api: ListApi, request: Request) -> Response:
        at = next(count)
        return JSONResponse({**document, "next": at + 1}, headers={"Link": f"</rows?at={at + 1}>; rel=next"})

    source = ListApi([], misbehave=misbehave)
    refused(stage, stage.serve(source), {**PAGED, "paging": PAGING[way]}, "repeats the page before it")
    assert len(source.asked) == 2


@pytest.mark.parametrize("length", [1, 2, 7, 40])
@pytest.mark.parametrize("way", ["cursor", "link"])
def test_pages_in_a_circle_are_refused(stage: Stage, way: str, length: int) -> None:
    count = iter(range(10_000))

    def misbehave(api: ListApi, request: Request) -> Response:
        at = next(count)
        following = (at + 1) % length + 5
        document = {"data": {"items": [{"id": str(at)}]}, "next": following}
        return JSONResponse(document, headers={"Link": f"</rows?at={following}>; rel=next"})

    source = ListApi([], misbehave=misbehave)
    refused(stage, stage.serve(source), {**PAGED, "paging": PAGING[way]}, "form a loop")
    assert len(source.asked) <= 4 * length + 2


def test_a_source_that_names_pages_without_end_is_refused(stage: Stage) -> None:
    count = iter(range(10_000))
    empty = ListApi([], misbehave=lambda *_: JSONResponse({"data": {"items": []}, "next": next(count)}))
    refused(stage, stage.serve(empty), {**PAGED, "paging": PAGING["cursor"]}, "form a loop")


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_a_small_body_that_unpacks_to_a_large_one_is_refused(stage: Stage, format: str) -> None:
    bomb = gzip.compress(b'{"id": "' + b"0" * 30_000_000)
    assert len(bomb) < 50_000
    source = ListApi([], misbehave=lambda *_: Response(bomb, headers={"Content-Encoding": "gzip"}))
    url = stage.serve(source)
    tracemalloc.start()
    try:
        refused(stage, url, {"format": format, "max_page_bytes": 5_000_000}, "larger than 5000000 bytes")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert len(source.asked) == 1


def test_packed_pages_of_several_members_are_read(stage: Stage) -> None:
    packed = gzip.compress(GOOD[:5]) + gzip.compress(GOOD[5:])
    source = ListApi([], misbehave=lambda *_: Response(packed, headers={"Content-Encoding": "gzip"}))
    assert rows_of(stage.reader(stage.serve(source), {}).read(None)) == [{"id": "1"}]


CUT = says("Content-Length: 100", body=GOOD)
CHUNK_CUT = says("Transfer-Encoding: chunked", body=b"d\r\n" + GOOD + b"\r\n5\r\n[")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (CUT, "connection broke"),
        (CHUNK_CUT, "connection broke"),
        (resets(), "connection broke"),
        (resets(HEAD + GOOD), "connection broke"),
        (half_closes, "connection broke"),
        (stops(b""), "does not answer in time"),
        (stops(HEAD + GOOD), "does not answer in time"),
        (says("no header line"), "connection broke"),
    ],
)
def test_a_connection_that_breaks_is_tried_again_and_then_refused(stage: Stage, behave: Behave, words: str) -> None:
    with raw_server(behave, behave, whole(GOOD)) as url:
        source = {"timeout_s": patience_s(words)}
        assert rows_of(stage.reader(url, {}, source).read(None)) == [{"id": "1"}]
    with raw_server(behave) as url:
        refused(stage, url, {}, words)


def test_a_source_that_is_away(stage: Stage) -> None:
    refused(stage, "http://127.0.0.1:1", {}, "cannot be reached")


@pytest.mark.parametrize(
    ("format", "drop"), [("json", b" "), ("jsonl", b" "), ("jsonl", b"\n"), ("jsonl", b'{"id":1}\n')]
)
def test_a_source_that_drips_is_left(stage: Stage, monkeypatch: pytest.MonkeyPatch, format: str, drop: bytes) -> None:
    monkeypatch.setattr("hub.ingest.read.slow_sources.PATIENCE_TIMEOUTS", 2)
    monkeypatch.setattr("hub.ingest.read.slow_sources.SLOWEST_BYTES_PER_S", 1_000)
    stopped = threading.Event()

    def drips(connection: Any) -> None:
        connection.sendall(ENDLESS)
        while not stopped.wait(0.05):
            try:
                connection.sendall(drop)
            except OSError:
                return

    with ExitStack() as stack:
        url = stack.enter_context(raw_server(drips))
        stack.callback(stopped.set)
        refused(stage, url, {"format": format}, ": the answer arrives too slowly", timeout_s=1)


def test_a_body_without_end_is_refused(stage: Stage) -> None:
    """Lines that never end fill no disk: whole lines, each small, without a pause."""
    stopped = threading.Event()

    def goes_on(connection: Any) -> None:
        connection.sendall(ENDLESS)
        while not stopped.is_set():
            try:
                connection.sendall(LINES * 1_000)
            except OSError:
                return

    with ExitStack() as stack:
        url = stack.enter_context(raw_server(goes_on))
        stack.callback(stopped.set)
        refused(stage, url, {"format": "jsonl", "max_body_bytes": 2_000_000}, "the body is larger than 2000000 bytes")


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (whole(LINES + b'{"id": "Secret'), "a line is not a JSON object"),
        (whole(LINES + b'["Secret"]'), "a line is not a JSON object"),
        (whole(LINES + b'{"id": "\xff"}'), "a line is not a JSON object"),
        (whole(b"<html>Secret"), "HTML"),
        (says("Content-Length: 100", body=LINES), "connection broke"),
        (says("Transfer-Encoding: chunked", body=b"18\r\n" + LINES + b"\r\n"), "connection broke"),
        (resets(HEAD + LINES), "connection broke"),
        (stops(HEAD + LINES), "does not answer in time"),
        (says("Content-Encoding: gzip", body=gzip.compress(LINES)[:-4]), "is truncated"),
    ],
)
def test_lines_that_break_off_are_no_whole_list(stage: Stage, behave: Behave, words: str) -> None:
    with raw_server(behave) as url:
        refused(stage, url, {"format": "jsonl"}, words)


def test_the_beginning_of_lines_is_tried_again(stage: Stage) -> None:
    with raw_server(resets(), half_closes, whole(LINES)) as url:
        assert len(rows_of(stage.reader(url, {"format": "jsonl"}).read(None))) == 2


class CountingGate:
    """A gate that counts who is within, and what came of it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.within, self.most, self.passed = 0, 0, 0
        self.faults: list[str] = []

    def __enter__(self) -> None:
        with self.lock:
            self.within += 1
            self.passed += 1
            self.most = max(self.most, self.within)

    def __exit__(self, kind: Any, *_: object) -> None:
        with self.lock:
            self.within -= 1
            if kind is not None:
                self.faults.append(kind.__name__)


def test_every_request_passes_the_gate_which_sees_what_went_wrong(stage: Stage) -> None:
    gate = CountingGate()
    source = api(at_second(PlainTextResponse("", 503), PlainTextResponse("", 503)))
    rows = rows_of(stage.reader(stage.serve(source), PAGED, gate=gate).read(None))
    assert len(rows) == 30
    assert gate.passed == len(source.asked) == 5
    assert gate.within == 0
    assert len(gate.faults) == 2


def test_a_gate_that_refuses_ends_the_read(stage: Stage) -> None:
    class Shut(CountingGate):
        def __enter__(self) -> None:
            super().__enter__()
            raise SourceUnavailable("the quota is used up", next_step="wait")

    gate = Shut()
    source = api()
    with pytest.raises(SourceUnavailable, match="quota is used up"):
        rows_of(stage.reader(stage.serve(source), PAGED, gate=gate).read(None))
    assert gate.passed == 1
    assert source.asked == []


def test_a_read_that_is_left_holds_nothing(stage: Stage) -> None:
    gate = CountingGate()
    body = b"".join(json.dumps({"id": n}).encode() + b"\n" for n in range(20_000))
    source = ListApi([], misbehave=lambda *_: Response(body))
    reading = stage.reader(stage.serve(source), {"format": "jsonl"}, gate=gate, batch_rows=5_000).read(None)
    next(reading)
    assert gate.within == 1
    reading.close()  # type: ignore[attr-defined]  # an iterator of `read` is a generator
    assert gate.within == 0


def test_each_retry_is_told_in_one_line_without_a_value(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    url = stage.serve(api(at_second(PlainTextResponse(SECRET, 503), PlainTextResponse(SECRET))))
    assert len(rows_of(stage.reader(url, PAGED).read(None))) == 30
    assert [(record.name, record.getMessage().partition(" in ")[0]) for record in caplog.records] == [
        ("hub.ingest", "api.rows: the source answers 503; retry 1"),
        ("hub.ingest", "api.rows: the answer is not JSON, or is truncated; retry 2"),
    ]
    assert all(SECRET not in line and "\n" not in line for line in caplog.text.splitlines())
    assert all(record.exc_info is None for record in caplog.records)
