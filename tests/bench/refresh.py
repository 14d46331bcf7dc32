"""Live refresh: how many look-ups many callers cause, and what the way through the worker costs beside other ways."""

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from hub.graph.procedures.prefill.live_lookups import Refresher
from hub.ingest.run.connector_run import run_connectors
from hub.jobs.queue import build_queue
from hub.jobs.schema import migrate_queue
from hub.refresh.lookup_batch import LookupBatch, serve_batch
from hub.refresh.lookup_server import start_lookup_server
from hub.refresh.lookup_statements import IS_SERVED
from hub.refresh.refresh_types import RefreshNeed, RefreshStatus
from hub.settings import load_settings
from hub.store.engine import connect_for_run, make_engine
from hub.store.migrate import migrate_store
from hub.store.query import fetch_value
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target
from tests.serving import served
from tests.system.servers.register import ADDRESS, Register, register_manifest

NAME = "bench_refresh"
TABLE = "Live refresh"
PEOPLE = 1_000
CALLERS, PROCESSES = 200, 2
ROUNDS = 10
SOURCE_S = 0.2
"""How long the register takes to answer the look-up that all callers share."""
MAX_AGE = timedelta(hours=1)
LIMITS = {"lookup_rate": "1000/s", "lookup_burst": 1000}
JOB = "bench"
DIRECT, QUEUED = "asked in the caller's process", "a Procrastinate job until it starts"
METHOD = (
    f"Live refresh: a register over HTTP with {PEOPLE:,} people. {CALLERS} callers in {PROCESSES} processes need one stale record at"
    f" once, and the register takes {SOURCE_S * 1000:.0f} ms. Then one caller after another needs another stale record, and the register"
    " answers at once: through a worker (`hub`); by the same look-up and merge in the caller's own process, which would need the"
    " worker's login and the source's secrets; and the time until an empty Procrastinate job starts, alone. Medians."
)


def measure(bench: Bench, server: EmbeddedServer, *, rounds: int) -> None:
    """Measure over a store of its own."""
    server.create_database(NAME)
    url = server.url(NAME)
    register = Register()
    for number in range(1, PEOPLE + 1):
        register.put(str(number), "Lê Văn An")
    with served(register) as address:
        os.environ[ADDRESS] = address
        _fill(url)
        stop = threading.Event()
        thread = start_lookup_server(url, [register_manifest(LIMITS)], 30.0, stop, lambda _: None, lambda _: None)
        try:
            _await_server(url)
            _measure_callers(bench, url, register)
            _measure_ways(bench, url, register, rounds)
        finally:
            stop.set()
            assert thread is not None
            thread.join(60)
    bench.method.append(METHOD)


def _fill(url: str) -> None:
    store = make_engine(url)
    migrate_store(store)
    (report,) = run_connectors(store, [register_manifest(LIMITS)])
    store.dispose()
    assert report.status == "SUCCEEDED", report.problems
    with psycopg.connect(url) as connection:
        connection.execute("update hub.stream set as_of = now() - interval '1 day'")


def _await_server(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not fetch_value(connection, IS_SERVED):
            time.sleep(0.01)


def _number(url: str, key: int) -> int:
    with psycopg.connect(url) as connection:
        return int(fetch_value(connection, "select id from data.citizen where source_key = %s", (str(key),)))


def _measure_callers(bench: Bench, url: str, register: Register) -> None:
    async def slow(_: Any) -> None:
        await asyncio.sleep(SOURCE_S)

    register.behave = slow
    number, start = _number(url, 1), time.time() + 10.0
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as processes:
        ended = [processes.submit(_call, url, number, start) for _ in range(PROCESSES)]
        took = max(future.result() for future in ended)
    register.behave = None
    told = f"{CALLERS} callers in {PROCESSES} processes"
    bench.rows.append(
        Row(TABLE, f"{told}, one stale record", "look-ups", len(register.asked), {}, (Target(1.0, at_most=True),))
    )
    note = f"of which the register takes {SOURCE_S * 1000:.0f} ms"
    bench.rows.append(Row(TABLE, f"{told}, until the last has its answer", "ms", took * 1000, {}, (), note))


def _call(url: str, number: int, start: float) -> float:
    """In a process of its own: the share of the callers, at once from `start` on. Returns seconds until the last answer."""

    async def run() -> float:
        asking = Refresher(load_settings(lookup_timeout_s=30), url, {"register": register_manifest(LIMITS)})
        await asking.refresh_before_reading([RefreshNeed("Citizen", number, timedelta(days=365))])  # connects
        await asyncio.sleep(max(0.0, start - time.time()))
        began = time.perf_counter()
        need = RefreshNeed("Citizen", number, MAX_AGE)
        found = await asyncio.gather(*(asking.refresh_before_reading([need]) for _ in range(CALLERS // PROCESSES)))
        took = time.perf_counter() - began
        await asking.close()
        assert {outcome[need].status for outcome in found} == {RefreshStatus.REFRESHED}
        return took

    return asyncio.run(run())


def _measure_ways(bench: Bench, url: str, register: Register, rounds: int) -> None:
    keys = iter(range(2, PEOPLE + 1))
    through_worker = asyncio.run(_time_refreshes(url, [next(keys) for _ in range(rounds)]))
    direct = _time_batches(url, [next(keys) for _ in range(rounds)])
    queued = asyncio.run(_time_jobs(url, rounds))
    peers = {DIRECT: direct, QUEUED: queued}
    bench.rows.append(Row(TABLE, "one stale record refreshed", "ms", through_worker, peers))


async def _time_refreshes(url: str, keys: list[int]) -> float:
    asking = Refresher(load_settings(lookup_timeout_s=30), url, {"register": register_manifest(LIMITS)})
    needs = [RefreshNeed("Citizen", _number(url, key), MAX_AGE) for key in keys]

    async def refresh(need: RefreshNeed) -> None:
        found = await asking.refresh_before_reading([need])
        assert found[need].status is RefreshStatus.REFRESHED

    took = [await _time(lambda need=need: refresh(need)) for need in needs]  # type: ignore[misc]
    await asking.close()
    return median(took)


def _time_batches(url: str, keys: list[int]) -> float:
    took = []
    with connect_for_run(url) as connection:
        stream = int(fetch_value(connection, "select id from hub.stream"))
        for key in keys:
            batch = LookupBatch(stream, register_manifest(LIMITS), "people", (str(key),), 30.0)
            began = time.perf_counter()
            serve_batch(connection, url, batch)
            took.append((time.perf_counter() - began) * 1000)
    return median(took)


async def _time_jobs(url: str, rounds: int) -> float:
    migrate_queue(url)
    queue, started = build_queue(url, connections=4), asyncio.Event()

    @queue.task(name=JOB)
    async def job() -> None:
        started.set()

    async def run() -> None:
        started.clear()
        await queue.configure_task(JOB).defer_async()
        await started.wait()

    async with queue.open_async():
        working = asyncio.create_task(queue.run_worker_async(concurrency=2, install_signal_handlers=False))
        await asyncio.sleep(1)
        took = [await _time(run) for _ in range(rounds)]
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return median(took)


async def _time(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds that work takes."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000
