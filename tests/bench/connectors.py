"""Connectors: the first load from a PostgreSQL table, and from HTTP APIs that make their pages or have them at hand."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target, child
from tests.bench.load_copy import copy
from tests.bench.manifests import PAGE_ROWS, TABLE
from tests.bench.people import People
from tests.bench.servers import on_socket
from tests.bench.stores import database, first_load, store

HEADING = "Connectors"
BARE = "reading it without the hub"
READER = "the hub's reader alone"
COLUMNS = (
    "id bigint primary key, so_dinh_danh text, so_cmnd_cu text, ho_va_ten text, gioi_tinh text, ngay_sinh text,"
    " ngay_mat date, dan_toc text, ma_xa text, ngay_dang_ky date, dia_chi text, cap_nhat_luc timestamptz"
)
"""The population system's own, in the order of the CSV file."""


@dataclass(frozen=True)
class Sizes:
    """Rows of the table, and of the API."""

    table: int
    api: int


def measure(bench: Bench, server: EmbeddedServer, folder: Path, sizes: Sizes) -> None:
    """Measure one source after another."""
    work = folder / "connectors"
    work.mkdir()
    people = People.make(work, sizes.table)
    bench.rows += [_sql(server, people.write(work), sizes.table)]
    bench.rows += _rest(server, People(people.tile, sizes.api).write(work), sizes.api)
    shutil.rmtree(work)
    bench.method += [
        "SQL source: a table of 12 typed columns with a primary key, in another database of the same PostgreSQL, so that both"
        " share its processors; the hub's reader copies it in one snapshot, and all else is as in Ingest.",
        f"REST source: an API in a process of its own that sends pages of {PAGE_ROWS:,} rows to one request at a time (concurrency"
        " 1), the hub's and the peers': each queried by psycopg and written by orjson when it is asked for, or all made beforehand,"
        " which is what no system does and shows how much the hub itself takes. Without the hub: httpx2 fetches each page and orjson parses it,"
        " nothing is kept. The hub's reader alone: its checks of every page, and frames as the engine takes them, which nobody"
        " takes. The hub: the whole first load into an empty store. Each in a process of its own, start-up not counted; all"
        " are held to have read every row.",
    ]


def fill_table(url: str, path: Path) -> None:
    """Make the table of people in a database, and fill it from the CSV file."""
    with psycopg.connect(url) as connection:
        copy(connection, path, TABLE, COLUMNS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"vacuum analyze {TABLE}")


def _sql(server: EmbeddedServer, path: Path, rows: int) -> Row:
    with database(server, "bench_source") as source, store(server, "bench_hub") as url:
        fill_table(source, path)
        found = first_load(url, "sql", source, rows)
    name = f"First load, {rows:,} rows of a PostgreSQL table"
    return Row(HEADING, name, "rows/s", rows / found["seconds"], {}, (Target(80_000),))


def _rest(server: EmbeddedServer, path: Path, rows: int) -> list[Row]:
    with database(server, "bench_source") as source:
        with psycopg.connect(source) as connection:
            copy(connection, path, TABLE, ", ".join(f"{name} text" for name in _header(path)))
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute(f"create unique index on {TABLE} ((id::int))")
            connection.execute(f"vacuum analyze {TABLE}")
        return [
            _api(server, source, rows, f"First load, {rows:,} rows of an HTTP API over a table"),
            _api(server, str(path), rows, f"First load, {rows:,} rows of an HTTP API that has its pages at hand"),
        ]


def _api(server: EmbeddedServer, source: str, rows: int, name: str) -> Row:
    with on_socket("tests.bench.rest_server", source) as api:
        speed = {}
        for peer, way in ((BARE, "bare"), (READER, "reader")):
            found = child("tests.bench.rest_read", way, api.base)
            assert found["read"] == rows, (peer, found)
            speed[peer] = rows / found["seconds"]
        with store(server, "bench_hub") as url:
            loaded = first_load(url, "rest", api.base, rows)
    return Row(HEADING, name, "rows/s", rows / loaded["seconds"], speed, (Target(0.8, BARE),))


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return lines.readline().strip().split(",")
