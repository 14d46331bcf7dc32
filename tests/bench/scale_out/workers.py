"""More processes of `hub worker` over one queue: how soon many connectors are synced, what a row costs, and whether each was run once.

Two kinds of connectors, 24 of each. A *slow* one reads 800 rows from an API that answers each of 16 pages after 0.5 s. A *busy* one reads
20,000 rows from a file, so that it is the processors that limit it.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import psycopg

from hub.jobs.queue import NO_CHOICES, queue_syncs
from hub.store.server.embedded import EmbeddedServer
from hub.store.server.server_process import server_pid
from tests.bench.failover import run_command
from tests.bench.failover_cluster import await_that
from tests.bench.scale_out.process_cpu import read_cpu_s, subtract
from tests.bench.scale_out.read_load import MORE_CONNECTIONS
from tests.bench.scale_out.slow_api import PAGE_ROWS
from tests.bench.servers import on_socket
from tests.bench.stores import store

CONNECTORS, WORKERS = 24, (1, 2, 4)
SLOW, BUSY = "slow", "busy"
ROWS = {SLOW: 16 * PAGE_ROWS, BUSY: 20_000}
LATENCY_S = 0.5
HEARTBEAT_S = 1.0
WITHIN_S = 240.0
MANIFEST = """
name = "{name}"
title = {{ vi = "Đo", en = "Measure" }}
sector = "finance"
owner = "-"
legal_basis = "-"
version = "1"
freshness = "one day"

[source]
{source}

[streams.payments]
{stream}
key = ["id"]

[streams.payments.emits.Payment.fields]
payment_number = "so_bien_lai"
obligation_number = "so_thong_bao"
amount = {{ column = "so_tien", number = "vi" }}
paid_on = {{ column = "ngay_nop", formats = ["%d/%m/%Y"] }}
"""
SOURCES = {
    SLOW: (
        'kind = "rest"\nbase_url = { env = "BENCH_API_URL" }\nconcurrency = 1',
        'path = "/%s"\nrecords = "items"\npaging = { kind = "page", size = 50, total_pages = "pages" }',
    ),
    BUSY: ('kind = "files"\nfolder = { env = "BENCH_FOLDER" }', 'files = "%s.csv"\nformat = "csv"'),
}


@dataclass(frozen=True)
class SyncedStore:
    """What is in a store after all jobs: outcomes of runs and jobs, and rows by connector."""

    runs: Mapping[tuple[str, str], int]
    """Connector and status → runs."""
    jobs: Mapping[tuple[str, str], int]
    """Task and status → jobs."""
    rows: Mapping[str, int]


def find_faults(found: SyncedStore, names: Sequence[str], rows: int) -> list[str]:
    """What is not as it should be: a connector that did not succeed, or more than once, or has other rows than it should."""
    faults = []
    for name in names:
        succeeded = found.runs.get((name, "SUCCEEDED"), 0)
        if succeeded != 1:
            faults.append(f"{name} succeeded {succeeded} times")
        if found.rows.get(name, 0) != rows:
            faults.append(f"{name} has {found.rows.get(name, 0)} of {rows} rows")
    left = {key: count for key, count in found.jobs.items() if key[1] in ("todo", "doing")}
    return faults + [f"{count} jobs {task} are {status}" for (task, status), count in left.items()]


def name_connectors(kind: str) -> list[str]:
    """The names of the connectors of a kind."""
    return [f"{kind}{number:02}" for number in range(CONNECTORS)]


def write_connectors(folder: Path) -> None:
    """Write manifests and rows of all connectors: each has payments of its own, of obligations that the store does not hold."""
    for kind, (source, stream) in SOURCES.items():
        (folder / kind).mkdir()
        for name in name_connectors(kind):
            home = folder / "connectors" / name
            home.mkdir(parents=True)
            (home / "manifest.toml").write_text(MANIFEST.format(name=name, source=source, stream=stream % name))
            make_payments(name, ROWS[kind]).write_csv(folder / kind / f"{name}.csv")


def make_payments(name: str, rows: int) -> pl.DataFrame:
    """Valid payments with numbers that begin with the connector's name."""
    number = pl.int_range(rows).cast(pl.String).str.zfill(7)
    return pl.select(
        id=number,
        so_bien_lai=pl.lit(f"{name.upper()}-") + number,
        so_thong_bao=pl.lit(f"TB-{name.upper()}-") + number,
        so_tien=(pl.int_range(rows) % 900 + 100).cast(pl.String) + ".000",
        ngay_nop=pl.lit("0") + (pl.int_range(rows) % 9 + 1).cast(pl.String) + "/03/2025",
    )


def read_store(url: str) -> SyncedStore:
    """What is in a store."""
    with psycopg.connect(url) as connection:
        runs = connection.execute("select connector, status, count(*) from hub.run group by 1, 2").fetchall()
        jobs = connection.execute("select task_name, status::text, count(*) from jobs.procrastinate_jobs group by 1, 2").fetchall()  # fmt: skip
        rows = connection.execute(
            "select r.connector, count(*) from data.payment p join hub.run r on r.id = p.run_id group by 1"
        ).fetchall()
    return SyncedStore({(a, b): n for a, b, n in runs}, {(a, b): n for a, b, n in jobs}, dict(rows))


@contextmanager
def run_workers(count: int, folder: Path, environment: Mapping[str, str], kind: str) -> Iterator[list[int]]:
    """So many `hub worker`, idle; their processes. Their own schedules never come."""
    options = ["--no-follow", "--only", name_connectors(kind)[0], "--schedule", "0 0 1 1 *", "--heartbeat", str(HEARTBEAT_S)]  # fmt: skip
    with ExitStack() as stack:
        processes = [stack.enter_context(run_command(folder, f"worker{number}", ["worker", *options], environment)) for number in range(count)]  # fmt: skip
        for number, process in enumerate(processes):
            log = folder / f"worker{number}.log"
            await_that(lambda log=log: "worker: started" in log.read_text(), "hub worker")  # type: ignore[misc]
            assert process.poll() is None
        yield [process.pid for process in processes]


def is_idle(url: str) -> bool:
    """Whether no job waits or runs."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from jobs.procrastinate_jobs where status in ('todo', 'doing')"
        ).fetchone()
    return row == (0,)


def measure_once(server: EmbeddedServer, folder: Path, kind: str, workers: int, environment: Mapping[str, str], *, kills: bool) -> dict[str, object]:  # fmt: skip
    """Queue every connector of a kind for so many workers, and wait until all is done. With `kills`, one worker dies on the way."""
    names, postmaster = name_connectors(kind), server_pid(server.data)
    assert postmaster is not None
    home = folder / f"{kind}-{workers}{'-killed' if kills else ''}"
    home.mkdir()
    with store(server, "bench_workers") as url, run_workers(workers, home, {**environment, "HUB_DATABASE_URL": url}, kind) as pids:  # fmt: skip
        trees = {"hub": pids, "PostgreSQL": [postmaster]}
        before, began = read_cpu_s(trees), time.time()
        queue_syncs(url, names, NO_CHOICES)
        if kills:
            await_that(lambda: sum(read_store(url).rows.values()) > 0, "the first rows", WITHIN_S)
            os.kill(pids[0], signal.SIGKILL)
        await_that(lambda: is_idle(url), "all jobs", WITHIN_S)
        spent = subtract(read_cpu_s(trees), before)
        found = read_store(url)
        with psycopg.connect(url) as connection:
            (ended,) = connection.execute("select extract(epoch from max(ended_at))::float from hub.run").fetchone() or (0,)  # fmt: skip
        logs = [path.read_text() for path in sorted(home.glob("worker*.log"))]
    rows, seconds = sum(found.rows.values()), ended - began
    shares = [sum(f"sync {name}: SUCCEEDED" in log for name in names) for log in logs]
    return {
        "connectors": kind,
        "workers": f"{workers}, one killed" if kills else workers,
        "all synced after s": round(seconds, 1),
        "rows": rows,
        "rows/s": round(rows / seconds),
        **{f"{name}, CPU s per 1,000 rows": round(cpu / rows * 1000, 3) for name, cpu in spent.items()},
        "CPU s": round(sum(spent.values()), 1),
        "syncs by worker": sorted(shares, reverse=True),
        "link runs": sum(count for (task, _), count in found.jobs.items() if task == "link"),
        "runs": _count_by_status(found),
        "faults": find_faults(found, names, ROWS[kind]),
    }


def _count_by_status(found: SyncedStore) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for (_, status), count in found.runs.items():
        counted[status] += count
    return dict(counted)


def measure(folder: Path, *, counts: Sequence[int] = WORKERS) -> list[dict[str, object]]:
    """A row for each kind of connector and number of workers, and one for a worker that dies. Raises AssertionError if a run is lost or done twice."""
    write_connectors(folder)
    found: list[dict[str, object]] = []
    with (
        EmbeddedServer.start(folder / "postgresql", durable=False, settings=MORE_CONNECTIONS) as server,
        on_socket("tests.bench.scale_out.slow_api", str(folder / SLOW), str(LATENCY_S)) as api,
    ):
        environment = {"HUB_CONNECTORS_PATH": str(folder / "connectors"), "BENCH_API_URL": f"http://127.0.0.1:{urlsplit(api.base).port}", "BENCH_FOLDER": str(folder / BUSY)}  # fmt: skip
        planned = [(kind, count, False) for kind in SOURCES for count in counts] + [(SLOW, counts[-1], True)]
        for kind, count, kills in planned:
            found.append(measure_once(server, folder, kind, count, environment, kills=kills))
            print(json.dumps(found[-1], ensure_ascii=False), file=sys.stderr, flush=True)
    faults = [fault for row in found for fault in row["faults"]]  # type: ignore[attr-defined]
    assert not faults, faults
    return found
