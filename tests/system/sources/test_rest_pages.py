"""Pages that name the next in their body, ends of numbered pages, and pages that are not followed: nothing lost, nothing twice.

The kind: an answer that is not the whole list and is taken for it. Every row after it would be missing, or deleted.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hub.errors import SourceUnavailable
from hub.ingest.read.reader import ReaderContext
from hub.ingest.read.rest.reader import RestReader
from hub.sdk.paths import set_value
from tests.serving import served
from tests.system.servers.http_source import ListApi, Row, Stage, rows_of

CASE = Path(__file__).parents[2] / "cases" / "next-link-in-body"
ROWS: list[Row] = [{"id": str(n)} for n in range(25)]
SIZE = 10
Refer = Callable[[Request, int], str]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    with served(made) as url:
        made.url = url
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _hasty() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


REFERENCES: dict[str, Refer] = {
    "absolute": lambda request, at: f"{str(request.url).partition('?')[0]}?at={at}",
    "of its path": lambda _, at: f"/rows?at={at}",
    "of its query": lambda _, at: f"?at={at}",
    "relative": lambda _, at: f"rows?at={at}",
    "with a user": lambda request, at: f"http://thief:x@{request.url.netloc}/rows?at={at}#here",
}
WAYS: dict[str, tuple[str, str]] = {
    "OData": ("value", '"@odata.nextLink"'),
    "OData 2": ("d.results", "d.__next"),
    "HAL": ("_embedded.rows", "_links.next.href"),
    "JSON:API": ("data", "links.next"),
    "FHIR": ("entry", "link[relation=next].url"),
    "Django": ("results", "next"),
    "Laravel": ("data", "next_page_url"),
}


def paged(records: str, path: str, refer: Refer = REFERENCES["of its query"]) -> ListApi:
    """An API whose pages have the address of the next at a path."""

    def answer(_: ListApi, request: Request) -> Response:
        at = int(request.query_params.get("at", 0))
        document = set_value({}, records, ROWS[at : at + SIZE])
        if at + SIZE < len(ROWS):
            set_value(document, path, refer(request, at + SIZE))
        return JSONResponse(document)

    return ListApi([], misbehave=answer)


def ids(batches: Any) -> list[str]:
    return [row["id"] for row in rows_of(batches)]


@pytest.mark.parametrize("refer", REFERENCES)
@pytest.mark.parametrize("way", WAYS)
def test_the_next_page_in_the_body_is_followed_however_its_address_is_written(
    stage: Stage, way: str, refer: str
) -> None:
    records, path = WAYS[way]
    api = paged(records, path, REFERENCES[refer])
    url = stage.serve(api)
    stream = {"records": records, "paging": {"kind": "next", "path": path, "size_parameter": "top", "size": SIZE}}
    assert ids(stage.reader(url, stream, batch_rows=SIZE).read(None)) == [row["id"] for row in ROWS]
    assert api.asked[0] == {"top": "10"}
    assert all("authorization" not in headers for headers in api.headers)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("paging", [None, {"kind": "page"}, {"kind": "cursor", "next": "token"}, {"kind": "link"}])
def test_a_next_page_that_is_not_followed_is_an_error_that_says_how(stage: Stage, way: str, paging: Any) -> None:
    records, path = WAYS[way]
    api = paged(records, path)
    if paging and paging["kind"] == "page":  # numbered pages end where one is empty, or where it is said
        paging = {"kind": "page", "total_pages": "pages"}
        inner = api.misbehave
        api.misbehave = lambda a, r: JSONResponse({**_json(inner, a, r), "pages": 1})
    stream = {"records": records, **({"paging": paging} if paging else {})}
    with pytest.raises(SourceUnavailable, match="names a next page") as caught:
        rows_of(stage.reader(stage.serve(api), stream).read(None))
    assert f"path = '{path}'" in str(caught.value)
    ignoring = {**stream, "ignore_next": True}
    assert len(ids(stage.reader(stage.serve(api), ignoring).read(None))) == SIZE


def _json(answer: Any, api: ListApi, request: Request) -> Any:
    import json

    return json.loads(bytes(answer(api, request).body))


@pytest.mark.parametrize(
    ("document", "headers", "words"),
    [
        ({"data": [{"id": "1"}], "nextPageToken": "abc"}, {}, 'parameter = "pageToken"'),
        ({"data": [{"id": "1"}]}, {"Link": '</rows?at=1>; rel="next"'}, 'kind = "link"'),
    ],
)
def test_tokens_and_headers_that_are_not_followed_are_errors_too(
    stage: Stage, document: Any, headers: dict[str, str], words: str
) -> None:
    api = ListApi([], misbehave=lambda *_: JSONResponse(document, headers=headers))
    with pytest.raises(SourceUnavailable, match="names a next page") as caught:
        rows_of(stage.reader(stage.serve(api), {"records": "data"}).read(None))
    assert words in str(caught.value)


@pytest.mark.parametrize("value", [None, "", False, 5, "abc", {"href": None}, []])
def test_what_is_no_address_under_a_usual_name_is_no_next_page(stage: Stage, value: Any) -> None:
    api = ListApi(
        [], misbehave=lambda *_: JSONResponse({"data": [{"id": "1"}], "next": value, "links": {"self": "/x"}})
    )
    assert ids(stage.reader(stage.serve(api), {"records": "data"}).read(None)) == ["1"]


def test_a_lookup_whose_answer_goes_on_elsewhere_is_refused(stage: Stage) -> None:
    import polars as pl

    api = paged("value", '"@odata.nextLink"')
    lookup = {"records": "value", "lookup": {"path": "/rows", "parameter": "ids"}}
    with pytest.raises(SourceUnavailable, match="names a next page"):
        list(stage.reader(stage.serve(api), lookup).lookup(pl.DataFrame({"id": ["1", "24"]})))


def test_another_origin_is_asked_only_where_it_is_declared(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret-key")
    auth = {"auth": {"kind": "api_key", "key": {"env": "API_KEY"}}}
    stream = {"records": "value", "paging": {"kind": "next", "path": "next"}}
    second = ListApi([], misbehave=lambda *_: JSONResponse({"value": [{"id": "2"}]}))
    with served(second.app()) as elsewhere:
        first = ListApi(
            [], misbehave=lambda *_: JSONResponse({"value": [{"id": "1"}], "next": f"{elsewhere}/rows?at=1"})
        )
        url = stage.serve(first)
        with pytest.raises(SourceUnavailable, match="another origin"):
            rows_of(stage.reader(url, stream, auth).read(None))
        assert second.asked == []
        declared = {**auth, "other_origins": [elsewhere]}
        assert ids(stage.reader(url, stream, declared).read(None)) == ["1", "2"]
        assert second.headers[0]["x-api-key"] == "secret-key"


@pytest.mark.parametrize("length", [1, 2, 9])
def test_next_pages_in_a_circle_are_refused(stage: Stage, length: int) -> None:
    def answer(_: ListApi, request: Request) -> Response:
        at = int(request.query_params.get("at", 0))
        return JSONResponse({"value": [{"id": f"{at}-{len(api.asked)}"}], "next": f"?at={(at + 1) % length}"})

    api = ListApi([], misbehave=answer)
    with pytest.raises(SourceUnavailable, match="form a loop"):
        rows_of(
            stage.reader(stage.serve(api), {"records": "value", "paging": {"kind": "next", "path": "next"}}).read(None)
        )
    assert len(api.asked) <= 4 * length + 2


def test_an_object_at_the_path_of_the_next_page_is_told(stage: Stage) -> None:
    api = ListApi([], misbehave=lambda *_: JSONResponse({"value": [{"id": "1"}], "links": {"next": {"href": "?at=1"}}}))
    with pytest.raises(SourceUnavailable, match=r"links.next is an object"):
        rows_of(
            stage.reader(stage.serve(api), {"records": "value", "paging": {"kind": "next", "path": "links.next"}}).read(
                None
            )
        )


def numbered(beyond: Callable[[int], Response], count: int = 25) -> ListApi:
    """An API of numbered pages that answers beyond its last one as it is told: `beyond` gets the last page's number."""

    def answer(_: ListApi, request: Request) -> Response:
        at, last = int(request.query_params["page"]), -(-count // SIZE)
        return JSONResponse(ROWS[:count][(at - 1) * SIZE : at * SIZE]) if at <= last else beyond(last)

    return ListApi([], misbehave=answer)


BEYOND: dict[str, tuple[Callable[[int], Response], list[str]]] = {
    "an empty page": (lambda _: JSONResponse([]), []),
    "204": (lambda _: Response(status_code=204), []),
    "404": (lambda _: PlainTextResponse("no such page", 404), ["not_found"]),
    "the last page again": (lambda last: JSONResponse(ROWS[(last - 1) * SIZE : 25]), ["repeat"]),
}


@pytest.mark.parametrize("count", [1, 20, 25])
@pytest.mark.parametrize("way", BEYOND)
def test_numbered_pages_end_as_they_are_declared_to(stage: Stage, way: str, count: int) -> None:
    beyond, end = BEYOND[way]
    if way == "the last page again":
        api = numbered(lambda last: JSONResponse(ROWS[:count][(last - 1) * SIZE :]), count)
    else:
        api = numbered(beyond, count)
    stream = {"paging": {"kind": "page", "size_parameter": None, "end": end}}
    assert ids(stage.reader(stage.serve(api), stream).read(None)) == [row["id"] for row in ROWS[:count]]
    if end:
        undeclared = {"paging": {"kind": "page", "size_parameter": None}}
        with pytest.raises(SourceUnavailable):
            rows_of(stage.reader(stage.serve(api), undeclared).read(None))


def test_a_first_page_that_is_not_found_is_no_end(stage: Stage) -> None:
    api = ListApi([], misbehave=lambda *_: PlainTextResponse("", 404))
    stream = {"paging": {"kind": "page", "end": ["not_found", "repeat"]}}
    with pytest.raises(SourceUnavailable, match="answers 404"):
        rows_of(stage.reader(stage.serve(api), stream).read(None))


def test_the_case_is_read_whole_once_its_paging_is_declared_and_refused_until_then(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pay(number: int) -> Row:
        return {"id": number, "so_tb": "T1", "so_tien": 100 * number, "ngay": "2026-01-05"}

    def answer(_: ListApi, request: Request) -> Response:
        token = request.query_params.get("$skiptoken")
        body: Row = {"@odata.count": 4, "value": [pay(3), pay(4)] if token else [pay(1), pay(2)]}
        if not token:
            body["@odata.nextLink"] = f"{str(request.url).partition('?')[0]}?$skiptoken=abc"
        return JSONResponse(body)

    monkeypatch.setenv("ODATA_URL", stage.serve(ListApi([], misbehave=answer)))
    text = (CASE / "odata.toml").read_text("utf-8").replace('"/odata"', '"/rows"')
    for mended in (False, True):
        folder = CASE.parent
        stream = _stream(text, mended=mended)
        reader = RestReader(ReaderContext(stream, "n", stream.streams["n"], folder))
        stage.readers.append(reader)
        if not mended:
            with pytest.raises(SourceUnavailable, match=r"@odata\.nextLink"):
                rows_of(reader.read(None))
        else:
            assert ids(reader.read(None)) == ["1", "2", "3", "4"]


def _stream(text: str, *, mended: bool) -> Any:
    import tomllib

    from hub.sdk.manifest import parse_manifest

    document = tomllib.loads(text)
    if mended:
        document["streams"]["n"]["paging"] = {"kind": "next", "path": '"@odata.nextLink"'}
    return parse_manifest(document)
