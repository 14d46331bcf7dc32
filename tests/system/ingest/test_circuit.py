"""A source that fails is left alone, probed once its rest is over, and read again when it is back."""

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunChoices, RunReport, run_connectors
from hub.ingest.run.run_lock import TRY_LOCK
from hub.sdk.manifest import Manifest, parse_manifest
from hub.store.engine import make_engine, store_url
from tests.system.trial import Trial, manifest, person

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


class Source(Trial):
    """A source that can be taken away, with a circuit that opens at the second failure."""

    def read(self, *, anyway: bool = False, **source: Any) -> RunReport:
        limits = {"breaker_failures": 2, "breaker_rest": "1 min", **source}
        (report,) = run_connectors(
            self.engine, [with_source(manifest("TRIAL_FOLDER"), **limits)], RunChoices(anyway=anyway)
        )
        return report

    def take_away(self) -> None:
        shutil.rmtree(self.folder)

    def bring_back(self) -> None:
        self.folder.mkdir()
        self.write(person(1))

    def circuit(self) -> list[tuple[Any, ...]]:
        return self.rows("select failures, open_until is not null from hub.circuit")


def with_source(plain: Manifest, **source: Any) -> Manifest:
    document = plain.model_dump(mode="json", by_alias=True, exclude_unset=True)
    document["source"] |= source
    return parse_manifest(document)


@pytest.fixture
def source(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = make_engine(database_url)
    (tmp_path / "people").mkdir()
    trial = Source(made, tmp_path / "people", monkeypatch)
    trial.write(person(1))
    yield trial
    made.dispose()


def test_failures_in_a_row_open_it_and_a_deferred_run_touches_nothing(source: Source) -> None:
    assert source.read().status == "SUCCEEDED"
    source.take_away()
    assert [source.read().status for _ in range(2)] == ["FAILED", "FAILED"]
    source.bring_back()
    report = source.read()
    assert report.status == "DEFERRED"
    assert "failed 2 times in a row" in report.problems[0]
    assert report.until is not None
    assert timedelta(0) < report.until - datetime.now(UTC) <= timedelta(minutes=1)
    assert source.rows(
        "select status, mode, ended_at is not null, reason like '%%the circuit breaker stays open%%' from hub.run order by id desc limit 1"
    ) == [("DEFERRED", "SYNC", True, True)]
    assert source.read(anyway=True).status == "SUCCEEDED"
    assert source.circuit() == []


def test_one_failure_between_successes_opens_nothing(source: Source) -> None:
    for _ in range(3):
        source.take_away()
        assert source.read().status == "FAILED"
        source.bring_back()
        assert source.read().status == "SUCCEEDED"


def test_after_its_rest_a_probe_closes_it_or_doubles_the_rest(source: Source) -> None:
    source.take_away()
    for _ in range(2):
        source.read()
    rest_over(source)
    assert source.read().status == "FAILED"
    assert source.rows("select open_until - updated_at > '100 s' from hub.circuit") == [(True,)]
    assert source.read().status == "DEFERRED"
    rest_over(source)
    source.bring_back()
    assert source.read().status == "SUCCEEDED"
    assert source.circuit() == []


def test_one_probe_at_a_time(source: Source) -> None:
    source.take_away()
    for _ in range(2):
        source.read()
    rest_over(source)
    with psycopg.connect(store_url(source.engine), autocommit=True) as probing:
        probing.execute(TRY_LOCK, ("trial",))
        assert "another run" in source.read().problems[0]
    assert source.circuit() == [(2, True)]


def test_a_wrong_manifest_is_no_failure_of_the_source(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAL_FOLDER")
    assert [source.read().status for _ in range(3)] == ["FAILED"] * 3
    assert source.circuit() == []


def test_a_run_in_a_maintenance_window_is_put_off_until_its_end(source: Source) -> None:
    now = datetime.now(HANOI)
    around = f"{now - timedelta(minutes=30):%H:%M}-{now + timedelta(minutes=30):%H:%M}"
    report = source.read(maintenance=[around])
    assert report.status == "DEFERRED"
    assert report.until == (now + timedelta(minutes=30)).replace(second=0, microsecond=0)
    assert report.until.isoformat(timespec="minutes") in report.problems[0]
    assert source.rows("select count(*) from data.citizen") == [(0,)]
    assert source.read(maintenance=[around], anyway=True).status == "SUCCEEDED"


def test_the_breaker_is_of_one_connector_and_seen_by_all(source: Source) -> None:
    source.take_away()
    for _ in range(2):
        source.read()
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(source.read().status))
    thread.start()
    thread.join()
    assert seen == ["DEFERRED"]
    source.bring_back()
    other = with_source(manifest("TRIAL_FOLDER").model_copy(update={"name": "other"}))
    (report,) = ingest.run_connectors(source.engine, [other])
    assert report.status == "SUCCEEDED"


def rest_over(source: Source) -> None:
    """As if its rest had passed."""
    with source.engine.begin() as connection:
        connection.exec_driver_sql("update hub.circuit set open_until = now() - interval '1 ms'")
