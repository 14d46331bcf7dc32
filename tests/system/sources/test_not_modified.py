"""Lists that the source says did not change: fresh without being read, and read again whenever anything could be another."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.ingest.read.http.validators import build_condition, extract_validator
from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunReport
from hub.sdk.manifest import parse_manifest
from tests.serving import served
from tests.system.reading import FACTS
from tests.system.trial import Trial


class Register:
    """A list of people with an ETag, or with the time of its last change."""

    def __init__(self) -> None:
        self.people: list[dict[str, str]] = []
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str | None, int]] = []
        self.lines = False

    def begin(self, *people: int) -> None:
        self.asked, self.lines = [], False
        self.have(*people)

    def have(self, *people: int) -> None:
        self.people = [{"id": str(n), "so": f"{n:012d}", "ten": "Lê Văn An"} for n in people]
        self.headers = {"ETag": f'"{hash(people)}"'}

    async def answer(self, request: Request) -> Response:
        asked = request.headers.get("if-none-match") or request.headers.get("if-modified-since")
        unchanged = asked is not None and asked in self.headers.values()
        self.asked.append((asked, 304 if unchanged else 200))
        if unchanged:
            return Response(status_code=304, headers=self.headers)
        if self.lines:
            import json

            return Response("".join(json.dumps(p) + "\n" for p in self.people), headers=self.headers)
        return JSONResponse(self.people, headers=self.headers)


REGISTER = Register()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(Starlette(routes=[Route("/people", REGISTER.answer)])) as url:
        yield url


@pytest.fixture
def register(address: str, monkeypatch: pytest.MonkeyPatch) -> Register:
    monkeypatch.setenv("PEOPLE_URL", address)
    REGISTER.begin(1, 2, 3, 4, 5, 6)
    return REGISTER


def sync(trial: Trial, fields: dict[str, Any] | None = None, **stream: Any) -> RunReport:
    emits = {"Citizen": {"fields": {"personal_id": "so", "full_name": "ten", **(fields or {})}}}
    people = {"path": "/people", "key": ["id"], "emits": emits, **stream}
    source = {"kind": "rest", "base_url": {"env": "PEOPLE_URL"}}
    declared = parse_manifest({**FACTS, "source": source, "streams": {"people": people}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "load_manifests", lambda: {"trial": declared})
        (report,) = ingest.sync_connectors(trial.engine, ["trial"])
    return report


def held(trial: Trial) -> set[str]:
    return {key for (key,) in trial.rows("select source_key from data.citizen")}


def as_of(trial: Trial) -> Any:
    return trial.rows("select as_of from hub.stream")[0][0]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_an_unchanged_list_is_fresh_and_not_read_and_a_changed_one_is_read(
    trial: Trial, register: Register, format: str
) -> None:
    register.lines = format == "jsonl"
    sync(trial, format=format)
    before = as_of(trial)
    report = sync(trial, format=format)
    assert report.status == "SUCCEEDED"
    assert "not modified" in report.notes[0]
    assert (report.counts[0].read, report.counts[0].unchanged, report.counts[0].deleted) == (0, 6, 0)
    assert as_of(trial) > before
    register.have(1, 2, 3, 4, 5, 7)
    sync(trial, format=format)
    assert held(trial) == {"1", "2", "3", "4", "5", "7"}
    # A body of lines is given up at its beginning and asked for again.
    assert [status for _, status in register.asked] == [200, 304, 200, 200][: 3 + register.lines]
    assert register.asked[2][0] == register.asked[1][0]


def test_whatever_the_rows_are_made_by_is_another_the_list_is_read(trial: Trial, register: Register) -> None:
    sync(trial)
    for changed in ({"fields": {"residence_address": "ten"}}, {"parameters": {"tinh": "22"}}, {"conditional": False}):
        sync(trial, **changed)
        assert register.asked[-1] == (None, 200)
    # Read by another manifest meanwhile, what the first one was told counts no more.
    sync(trial)
    assert register.asked[-1] == (None, 200)
    sync(trial)
    assert register.asked[-1][1] == 304


def test_lists_in_pages_or_with_lookups_are_always_read(trial: Trial, register: Register) -> None:
    register.have(1)
    for stream in ({"paging": {"kind": "link"}}, {"lookup": {"path": "/people", "parameter": "ids"}}):
        for _ in range(2):
            sync(trial, **stream)
            assert register.asked[-1] == (None, 200)


def test_after_a_deletion_that_waits_for_a_person_the_list_is_read_again(trial: Trial, register: Register) -> None:
    register.have(*range(100))
    sync(trial, max_deleted=0.1)
    register.have(*range(60))
    assert sync(trial, max_deleted=0.1).status == "PARTIAL"
    assert len(held(trial)) == 100
    assert sync(trial, max_deleted=0.1).status == "PARTIAL"
    assert register.asked[-1][1] == 200


def test_a_list_is_read_whole_once_in_sweep_every_and_when_it_is_asked_for(trial: Trial, register: Register) -> None:
    for _ in range(2):
        sync(trial, sweep_every="0 s")
        assert register.asked[-1] == (None, 200)


def test_the_validator_is_kept_in_the_transaction_of_the_rows(
    trial: Trial, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(trial)
    register.have(1, 2, 3, 4, 5, 6, 7)
    with monkeypatch.context() as patch:
        patch.setattr("hub.ingest.run.stream_run.merge_staged", _fails)
        assert sync(trial).status == "FAILED"
    assert len(held(trial)) == 6
    sync(trial)
    assert len(held(trial)) == 7


def _fails(*_: Any, **__: Any) -> Any:
    from hub.errors import SourceUnavailable

    raise SourceUnavailable("the disk is full", next_step="-")


def test_a_304_that_nobody_asked_for_is_an_error(trial: Trial, register: Register) -> None:
    register.headers = {"X": "y"}
    sync(trial)
    sync(trial)
    assert [asked for asked, _ in register.asked] == [None, None]


@given(st.integers(-10, 10_000))
def test_a_time_of_change_counts_once_its_second_is_long_over(seconds: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    modified = format_datetime(now - timedelta(seconds=seconds), usegmt=True)
    found = extract_validator({"last-modified": modified}, now)
    assert (found is not None) == (seconds >= 60)
    if found:
        assert build_condition(found) == {"If-Modified-Since": modified}


@pytest.mark.parametrize(
    "headers", [{}, {"etag": ""}, {"etag": "a\nb"}, {"etag": "x" * 2_000}, {"last-modified": "soon"}]
)
def test_what_is_no_validator_is_none(headers: dict[str, str]) -> None:
    assert extract_validator(headers, datetime.now(UTC)) is None
