"""The operator's pages over a really served hub and queue: live tiles, run, pause and retry, and the state of the hub."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import psycopg
import pytest

from hub.ingest.connectors import load_manifests
from hub.ingest.guards.circuit_breaker import find_deferral
from hub.jobs.schema import migrate_queue
from tests.system.servers.console_site import ConsoleSite
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

SOURCES, STATE, LIVE = "/console/sources", "/console/state", "/console/live"


@pytest.fixture
def queue(site: ConsoleSite) -> Iterator[psycopg.Connection]:
    migrate_queue(site.database)
    with psycopg.connect(site.database, autocommit=True) as connection:
        yield connection
        connection.execute("set search_path = jobs")  # its triggers name tables without a schema
        connection.execute("delete from jobs.procrastinate_jobs")
        connection.execute("delete from hub.circuit")


def test_a_source_is_run_once_by_the_queue(site: ConsoleSite, queue: psycopg.Connection) -> None:
    operator = site.officer("dung").open(SOURCES)
    operator.submit({"full": "land"}, SOURCES)
    assert "Đã xếp hàng" in operator.text
    found = queue.execute("select task_name, args ->> 'connector', args ->> 'full', lock from jobs.procrastinate_jobs")
    assert found.fetchall() == [("sync", "land", "true", "sync:land")]
    operator.submit({"run": "land"}, SOURCES)
    assert "đang chờ sẵn" in operator.text
    state = operator.open(STATE)
    assert "Đọc nguồn" in state.text
    assert "Không có tiến trình nào chạy" in state.text, "no worker is alive"
    operator.open(SOURCES).submit({"run": "nothing"}, SOURCES)
    assert operator.page.status_code == 400


def test_a_source_is_paused_until_somebody_ends_it(site: ConsoleSite, queue: psycopg.Connection) -> None:
    operator = site.officer("dung").open(SOURCES)
    operator.submit({"pause": "land", "hours": "8"}, SOURCES)
    assert "Người vận hành tạm dừng đến" in operator.text
    deferral = find_deferral(queue, load_manifests()["land"], datetime.now(UTC))
    assert deferral is not None
    assert "paused" in deferral.reason
    operator.submit({"resume": "land"}, SOURCES)
    assert "Người vận hành tạm dừng đến" not in operator.text
    assert find_deferral(queue, load_manifests()["land"], datetime.now(UTC)) is None
    operator.submit({"pause": "land", "hours": "9999"}, SOURCES)
    assert operator.page.status_code == 400


def test_only_operators_run_and_see_the_state(site: ConsoleSite, queue: psycopg.Connection) -> None:
    steward = site.officer("chi").open(SOURCES)
    assert 'name="run"' not in steward.text
    for given in ({"run": "land"}, {"pause": "land", "hours": "1"}, {"resume": "land"}):
        steward.open("/console/review").submit(given, SOURCES)
        assert (steward.page.status_code, ">FORBIDDEN<" in steward.text) == (403, True), given
    assert queue.execute("select count(*) from jobs.procrastinate_jobs").fetchone() == (0,)
    assert steward.open(STATE).page.status_code == 403
    assert site.officer("an").open(LIVE).page.status_code == 403


def test_listeners_hear_a_change(site: ConsoleSite, queue: psycopg.Connection) -> None:
    operator = site.officer("dung")
    heard: list[str] = []
    ready = threading.Barrier(3)

    def listen() -> None:
        with operator.client.stream("GET", LIVE, timeout=httpx2.Timeout(60)) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry:")
            ready.wait(30)
            heard.extend(line for line in [next(line for line in lines if line.startswith("event:"))])

    threads = [threading.Thread(target=listen, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    deadline = time.monotonic() + 60
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
        # The reader has looked once before it can tell a change, so the state changes until both have heard.
        queue.execute("insert into hub.circuit (connector, failures) values ('land', 1) on conflict (connector) do update set failures = circuit.failures + 1")  # fmt: skip
        time.sleep(0.5)
    assert heard == ["event: change"] * 2
