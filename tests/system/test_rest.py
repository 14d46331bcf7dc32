"""The REST reader against real servers: the demo's land system with tokens that end, and one that behaves badly."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hub.demo.http_systems import business_app, land_app
from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.discover import discover
from hub.ingest.read import rest
from hub.sdk.manifest import RestSource, Stream
from tests.conftest import ServedHub, served

SECRET = "a-secret-nobody-may-see"


def read(connector: str, stream: str, **source: object) -> int:
    """Read a stream of a connector of the project. Returns the number of rows."""
    manifest = discover()[connector]
    assert isinstance(manifest.source, RestSource)
    changed = manifest.source.model_copy(update={"attempts": 3, **source})
    return sum(frame.height for frame in rest.read("w", connector, changed, manifest.streams[stream], 1_000))


@pytest.fixture
def land(served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("LAND_CLIENT_ID", "hub")
    monkeypatch.setenv("LAND_CLIENT_SECRET", SECRET)
    with served(land_app(served_hub.folder, "hub", SECRET, token_life_s=0)) as url:
        monkeypatch.setenv("LAND_API_URL", url)
        yield url


def test_a_token_that_ended_is_renewed_and_then_given_up(land: str) -> None:
    with pytest.raises(SourceUnavailable, match="token is refused"):
        read("land", "parcels")


def test_pages_are_read_to_the_end(served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAND_CLIENT_ID", "hub")
    monkeypatch.setenv("LAND_CLIENT_SECRET", SECRET)
    expected = (served_hub.folder / "land" / "thua-dat.jsonl").read_bytes().count(b"\n")
    with served(land_app(served_hub.folder, "hub", SECRET)) as url:
        monkeypatch.setenv("LAND_API_URL", url)
        assert read("land", "parcels") == expected


def test_wrong_credentials_are_named_by_their_variables(land: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAND_CLIENT_SECRET", "wrong-secret-value")
    with pytest.raises(SourceUnavailable, match="LAND_CLIENT_SECRET") as caught:
        read("land", "parcels")
    assert "wrong-secret-value" not in str(caught.value)


def test_a_missing_variable_and_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUSINESS_API_KEY", raising=False)
    monkeypatch.setenv("BUSINESS_API_URL", "http://127.0.0.1:1")
    with pytest.raises(HubMisconfigured, match="BUSINESS_API_KEY is not set"):
        read("business", "businesses")
    monkeypatch.setenv("BUSINESS_API_KEY", SECRET)
    with pytest.raises(SourceUnavailable, match="cannot be read") as caught:
        read("business", "businesses")
    assert SECRET not in str(caught.value)


def test_a_wrong_key_is_refused(served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSINESS_API_KEY", "wrong-secret-value")
    with served(business_app(served_hub.folder, SECRET)) as url:
        monkeypatch.setenv("BUSINESS_API_URL", url)
        with pytest.raises(SourceUnavailable, match="refuses the credentials") as caught:
            read("business", "businesses")
    assert "wrong-secret-value" not in str(caught.value)


class Rude:
    """A server that answers as it is told, one answer after another; the last for good."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer)])


def page(number: int, of: int, *rows: int) -> Response:
    return JSONResponse({"trang": number, "so_trang": of, "du_lieu": [{"id": row} for row in rows]})


@pytest.mark.parametrize(
    ("answers", "rows", "words"),
    [
        ((page(1, 2, 1, 2), page(2, 2, 3)), 3, None),
        ((PlainTextResponse("", 429, {"Retry-After": "0"}), page(1, 1, 1)), 1, None),
        ((PlainTextResponse("", 500), PlainTextResponse("", 503), page(1, 1, 1)), 1, None),
        ((PlainTextResponse("", 500),), 0, "answers 500"),
        ((PlainTextResponse("", 404),), 0, "answers 404"),
        ((PlainTextResponse("<html>Login</html>"),), 0, "the answer is HTML"),
        ((PlainTextResponse('{"so_trang": 1, "du_lieu": [{"id"'),), 0, "no JSON"),
        ((JSONResponse([1]),), 0, "not an object"),
        ((JSONResponse({"so_trang": 1}),), 0, "lacks du_lieu"),
        ((page(1, 3, 1),), 0, "repeats the page"),
    ],
)
def test_a_rude_server(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[Response, ...], rows: int, words: str | None
) -> None:
    source = RestSource.model_validate({"kind": "rest", "base_url": {"env": "RUDE_URL"}, "attempts": 3})
    stream = Stream.model_validate(
        {
            "path": "/rows",
            "records": "du_lieu",
            "pages": {"total_pages": "so_trang"},
            "key": ["id"],
            "emits": {"Parcel": {"fields": {"parcel_number": "id"}}},
        }
    )
    with served(Rude(*answers).app()) as url:
        monkeypatch.setenv("RUDE_URL", url)
        if words is None:
            assert sum(f.height for f in rest.read("w", "rude", source, stream, 1_000)) == rows
            return
        with pytest.raises(SourceUnavailable, match=words) as caught:
            list(rest.read("w", "rude", source, stream, 1_000))
        assert caught.value.next_step


def test_json_lines_that_break_off_are_no_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "business").mkdir()
    (tmp_path / "business" / "doanh-nghiep.jsonl").write_text('{"id": 1}\n{"id": 2, "ten": "SECR', encoding="utf-8")
    monkeypatch.setenv("BUSINESS_API_KEY", SECRET)
    with served(business_app(tmp_path, SECRET)) as url:
        monkeypatch.setenv("BUSINESS_API_URL", url)
        with pytest.raises(SourceUnavailable, match="is not JSON") as caught:
            read("business", "businesses")
    assert "SECR" not in str(caught.value)
