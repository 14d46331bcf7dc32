"""Rate, quota and concurrency of a source, over threads and over processes."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from hub.errors import SourceUnavailable
from hub.ingest.guards.request_limits import SharedRequestGate
from hub.sdk.manifest import Manifest, parse_manifest
from hub.store.engine import make_engine, store_url

HOLDER = """
import sys, tomllib
from hub.ingest.guards.request_limits import SharedRequestGate
from tests.system.ingest.test_limits import limited
with SharedRequestGate(limited(concurrency=1), sys.argv[1]):
    print("inside", flush=True)
    sys.stdin.read()
"""


def limited(**source: Any) -> Manifest:
    label = {"vi": "Thử", "en": "Test"}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "1", "freshness": "-"}
    stream = {"table": "t", "key": ["id"], "emits": {"Citizen": {"fields": {}}}}
    return parse_manifest(
        {
            "name": "limited",
            "source": {"kind": "sql", "url": {"env": "X"}, **source},
            "streams": {"people": stream},
            **facts,
        }
    )


@pytest.fixture(scope="module")
def store(module_database_url: str) -> Iterator[Engine]:
    made = make_engine(module_database_url)
    yield made
    made.dispose()


@pytest.fixture(autouse=True)
def unused(store: Engine) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql("truncate hub.quota, hub.pace")


@contextmanager
def gates(store: Engine, count: int, **source: Any) -> Iterator[list[SharedRequestGate]]:
    """Gates of their own sessions, as several processes have them."""
    made = [SharedRequestGate(limited(**source), store_url(store)) for _ in range(count)]
    yield made
    for gate in made:
        gate.close()


def passed(gate: SharedRequestGate, times: int) -> list[float]:
    moments = []
    for _ in range(times):
        with gate:
            moments.append(time.monotonic())
    return moments


def test_a_rate_holds_over_sessions_and_serves_each(store: Engine) -> None:
    together = threading.Barrier(3)

    def one(gate: SharedRequestGate) -> list[float]:
        together.wait()
        return passed(gate, 10)

    with gates(store, 3, rate="10/s") as made, ThreadPoolExecutor(3) as pool:
        # From before the first asks: it may be told late that it was first, never early.
        began = time.monotonic()
        each = list(pool.map(one, made))
    moments = sorted(moment for moments in each for moment in moments)
    # 30 requests at 10/s are 29 intervals of 100 ms; sleep may wake a little late, never early.
    assert moments[-1] - began >= 29 * 0.1 - 0.005
    # By turns the first is done after 28 of 30; one that keeps the others waiting, after its own ten.
    assert min(moments.index(max(own)) for own in each) >= 15


def test_a_rate_lets_a_slow_reader_through_at_once(store: Engine) -> None:
    with gates(store, 1, rate="1/min") as (gate,):
        passed(gate, 1)
        with store.begin() as connection:
            connection.exec_driver_sql("update hub.pace set next_at = next_at - interval '61 s'")
        started = time.monotonic()
        passed(gate, 1)
    assert time.monotonic() - started < 30


def test_a_clock_that_was_set_back_does_not_stop_the_source(store: Engine) -> None:
    with gates(store, 1, rate="10000/s") as (gate,):
        passed(gate, 1)
        with store.begin() as connection:
            connection.exec_driver_sql("update hub.pace set next_at = now() + '1 hour'")
        started = time.monotonic()
        passed(gate, 2)
    assert time.monotonic() - started < 30


def test_a_quota_is_counted_over_sessions_and_says_when_it_opens_again(store: Engine) -> None:
    with gates(store, 2, quota="5/day", timezone="Asia/Tokyo") as (one, other):
        passed(one, 3)
        passed(other, 2)
        for gate in (one, other):
            with (
                pytest.raises(SourceUnavailable, match=r"quota of 5/day requests is used up until .*T00:00\+09:00"),
                gate,
            ):
                pass
        with store.begin() as connection:
            ((used, begins),) = connection.exec_driver_sql(
                "select used, to_char(window_start at time zone 'Asia/Tokyo', 'HH24:MI') from hub.quota"
            )
            assert (used, begins) == (5, "00:00")
            # The next day.
            connection.exec_driver_sql("update hub.quota set window_start = window_start - interval '1 day'")
        passed(one, 1)


def test_a_refused_request_leaves_its_place(store: Engine) -> None:
    with gates(store, 1, quota="1/day", concurrency=1) as (gate,):
        passed(gate, 1)
        for _ in range(3):
            with pytest.raises(SourceUnavailable), gate:
                pass


def test_concurrency_holds_over_sessions_and_threads(store: Engine) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work(gate: SharedRequestGate) -> None:
        nonlocal inside, most
        with gate:
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with lock:
                inside -= 1

    with gates(store, 2, concurrency=3) as made, ThreadPoolExecutor(12) as pool:
        list(pool.map(work, [*made, *made] * 5))
    assert most == 3
    assert inside == 0


def test_default_limits_cost_the_database_nothing(store: Engine) -> None:
    # One connection counts both times: the server of a connection that has closed can outlive it for a moment.
    with psycopg.connect(store_url(store), autocommit=True) as connection:
        before = list_sessions(connection)
        with gates(store, 1) as (gate,), gate:
            assert list_sessions(connection) <= before


def test_a_killed_process_frees_its_place(store: Engine) -> None:
    url = store_url(store)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "inside\n"
    entered = threading.Event()

    def enter(gate: SharedRequestGate) -> None:
        with gate:
            entered.set()

    with gates(store, 1, concurrency=1) as (gate,):
        thread = threading.Thread(target=enter, args=(gate,))
        thread.start()
        assert not entered.wait(0.3)
        holder.kill()
        assert entered.wait(60)
        thread.join()
    holder.communicate()


def list_sessions(connection: psycopg.Connection[Any]) -> set[int]:
    """The sessions of clients of the database; vacuuming is none."""
    query = "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
    return {pid for (pid,) in connection.execute(query)}
