"""Ingest: the first load of a CSV file beside dlt and beside raw COPY, then the same file again, and the memory it takes."""

import time
from pathlib import Path

import psycopg

from hub.store.embedded import EmbeddedServer
from hub.store.engine import engine
from hub.store.migrate import migrate
from tests.bench.harness import Bench, Row, Target, child
from tests.bench.people import write_csv

TABLE = "Ingest"


def measure(bench: Bench, server: EmbeddedServer, folder: Path, *, rows: int) -> None:
    """Measure with this many rows."""
    path = write_csv(folder, rows)
    for name in ("bench_hub", "bench_dlt", "bench_copy"):
        server.drop_database(name)
        server.create_database(name)
    made = engine(server.url("bench_hub"))
    migrate(made)
    made.dispose()
    first = child("tests.bench.load_hub", server.url("bench_hub"), str(folder))
    again = child("tests.bench.load_hub", server.url("bench_hub"), str(folder))
    assert first["read"] == again["read"] == rows
    # A few rows of the province are wrong on purpose: they are read, checked and quarantined like the rest are merged.
    assert first["added"] == again["unchanged"] > 0.99 * rows, (first, again)
    dlt = child("tests.bench.load_dlt", server.url("bench_dlt"), str(folder))
    copy = _copy(server.url("bench_copy"), path)
    audit(server, {"bench_hub": int(first["added"]), "bench_dlt": rows, "bench_copy": rows})
    speed = {"dlt merge": rows / dlt["seconds"], "raw COPY": rows / copy}
    hub = rows / first["seconds"]
    bench.rows += [
        Row(TABLE, f"First load, {rows:,} rows of 12 columns, CSV", "rows/s", hub, speed, (Target(60_000),)),
        Row(TABLE, "The same file again, nothing changed", "rows/s", rows / again["seconds"], {"first load": hub}),
        Row(TABLE, "Peak memory of the loading process", "MB", first["peak_mb"], {}, (Target(1_500, at_most=True),)),
    ]
    bench.method += [
        "Ingest: the demo province's people as one CSV file. The hub reads, maps, cleans and checks every field, keeps"
        " provenance, merges by content hash, and makes all of its indexes; dlt merges by primary key over Arrow tables with"
        " no check; raw COPY fills a table of text columns with no index. Each in a process of its own, start-up not counted.",
    ]


def audit(server: EmbeddedServer, rows: dict[str, int]) -> None:
    """Every peer holds the rows it should."""
    for database, table in (("bench_hub", "data.citizen"), ("bench_dlt", "dlt_bench.people"), ("bench_copy", "people")):
        with psycopg.connect(server.url(database)) as connection:
            row = connection.execute(f"select count(*) from {table}").fetchone()
            assert row == (rows[database],), (database, row)


def _copy(url: str, path: Path) -> float:
    names = path.open(encoding="utf-8").readline().strip().split(",")
    with psycopg.connect(url) as connection:
        connection.execute(f"create table people ({', '.join(f'{name} text' for name in names)})")
        started = time.monotonic()
        copying = "copy people from stdin (format csv, header)"
        with connection.cursor() as cursor, cursor.copy(copying) as copy, path.open("rb") as data:
            while chunk := data.read(1 << 20):
                copy.write(chunk)
        connection.commit()
        return time.monotonic() - started
