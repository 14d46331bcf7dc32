"""The store that the country bench grows: a province that was read and linked, then copies of it, in steps that may be interrupted.

The store records its own progress in the schema `country`, so a later process goes on from there.
"""

import heapq
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench.copies import SHIFT, copy_rows, drop_indexes, list_copied_tables
from tests.bench.province import province

LARGE, SMALL = "country", "country_small"
"""The databases: the one that grows, and the one that it is compared with."""
CONNECTIONS = 2
"""Each works on a table of its own."""
SERVER_SETTINGS = {
    "shared_buffers": "4GB",
    "effective_cache_size": "12GB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    # Vacuum is measured, and runs when its turn has come.
    "autovacuum": "off",
    "max_parallel_maintenance_workers": "0",
}
ROWS_A_STEP, LONGEST_STEP_S = 1_000_000, 25.0
NOTES = """
create schema if not exists country;
create table if not exists country.progress (table_name text primary key, copies int not null, vacuumed int not null);
create table if not exists country.dropped_index (table_name text not null, definition text not null);
create table if not exists country.spent (citizens bigint, step text, seconds float not null, primary key (citizens, step));
"""
SPEND = """
insert into country.spent values (%s, %s, %s) on conflict (citizens, step) do update set seconds = spent.seconds + excluded.seconds
"""


class OutOfTimeError(Exception):
    """The time of this process is over, and there is more to do: start it again."""


@dataclass(frozen=True)
class Deadline:
    """Until when (of `time.monotonic`) a step may begin."""

    at: float

    def check(self, needed_s: float = 0.0) -> None:
        """Raises OutOfTimeError if a step of this length would end after it."""
        if time.monotonic() + needed_s > self.at:
            raise OutOfTimeError


def start_server(folder: Path) -> EmbeddedServer:
    """The server of the folder. Not durable: nothing waits for the disk."""
    return EmbeddedServer.start(folder / "postgresql", durable=False, settings=SERVER_SETTINGS)


def make_provinces(server: EmbeddedServer, folder: Path, citizens: int, compared: int) -> None:
    """Read and link the province that is copied, and the one that is compared, unless they are there."""
    for name, size in ((LARGE, citizens), (SMALL, compared)):
        if not _is_made(server, name):
            province(server, folder, size, name)
            with psycopg.connect(server.url(name), autocommit=True) as connection:
                connection.execute(NOTES)


def _is_made(server: EmbeddedServer, name: str) -> bool:
    with psycopg.connect(server.url("postgres")) as connection:
        if connection.execute("select from pg_database where datname = %s", (name,)).fetchone() is None:
            return False
    with psycopg.connect(server.url(name)) as connection:
        return connection.execute("select from pg_namespace where nspname = 'country'").fetchone() is not None


def count_copies(url: str, citizens: int) -> int:
    """How many copies of the original make so many citizens, or a few more."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from data.citizen where id < %s", (SHIFT,)).fetchone()
    assert row is not None
    return max(0, -(-citizens // int(row[0])) - 1)


def grow(url: str, citizens: int, deadline: Deadline) -> dict[str, float]:
    """Copy until there are so many citizens, make the indexes anew, then vacuum.

    Returns the seconds of each kind of step, summed over the connections, and how long all took. Raises OutOfTimeError.
    """
    copies = count_copies(url, citizens)
    with psycopg.connect(url, autocommit=True) as connection:
        tables = list_copied_tables(connection)
        rows = {
            table: int(connection.execute(f"select count(*) from {table} where {_key(table)} < {SHIFT}").fetchone()[0])
            for table in tables
        }
        connection.cursor().executemany(
            "insert into country.progress values (%s, 0, 0) on conflict do nothing", [(table,) for table in tables]
        )
        # The largest first: its indexes are made one after the other, and would be what is waited for in the end.
        queue = [(-rows[table], table) for table in tables]
        heapq.heapify(queue)
        began, lock = time.monotonic(), threading.Lock()

        def work() -> bool:
            with psycopg.connect(url, autocommit=True) as own:
                while True:
                    with lock:
                        if not queue:
                            return True
                        _, table = heapq.heappop(queue)
                    step = _next_step(own, table, copies, rows[table])
                    while step is not None:
                        if time.monotonic() + LONGEST_STEP_S > deadline.at:
                            return False
                        step_began = time.monotonic()
                        step[1]()
                        own.execute(SPEND, (citizens, step[0], time.monotonic() - step_began))
                        step = _next_step(own, table, copies, rows[table])

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            finished = [done.result() for done in [pool.submit(work) for _ in range(CONNECTIONS)]]
        connection.execute(SPEND, (citizens, "all", time.monotonic() - began))
        if not all(finished):
            raise OutOfTimeError
        found = connection.execute(
            "select step, seconds from country.spent where citizens = %s order by 1", (citizens,)
        )
        return {step: round(seconds, 1) for step, seconds in found}


def _key(table: str) -> str:
    return (
        "id"
        if table.startswith("data.") or table == "link.discrepancy"
        else "subject_id"
        if table == "link.heir"
        else "record_id"
    )


def _next_step(
    connection: psycopg.Connection[Any], table: str, copies: int, rows: int
) -> tuple[str, Callable[[], None]] | None:
    """The kind of the next step of a table, and what does it; None if the table is done."""
    copied, vacuumed = connection.execute(
        "select copies, vacuumed from country.progress where table_name = %s", (table,)
    ).fetchone() or (0, 0)
    if copied < copies:
        most = max(1, ROWS_A_STEP // max(1, rows))
        return "copy", lambda: _copy(connection, table, range(copied + 1, min(copies, copied + most) + 1))
    dropped = connection.execute(
        "select definition from country.dropped_index where table_name = %s order by 1 limit 1", (table,)
    ).fetchone()
    if dropped is not None:
        return "index", lambda: _make_index(connection, table, dropped[0])
    if vacuumed < copies:
        return "vacuum", lambda: _vacuum(connection, table, copies)
    return None


def _copy(connection: psycopg.Connection[Any], table: str, copies: range) -> None:
    with connection.transaction():
        for definition in drop_indexes(connection, table):
            connection.execute("insert into country.dropped_index values (%s, %s)", (table, definition))
        copy_rows(connection, table, copies)
        connection.execute("update country.progress set copies = %s where table_name = %s", (copies.stop - 1, table))


def _make_index(connection: psycopg.Connection[Any], table: str, definition: str) -> None:
    with connection.transaction():
        connection.execute(definition)
        connection.execute(
            "delete from country.dropped_index where table_name = %s and definition = %s", (table, definition)
        )


def _vacuum(connection: psycopg.Connection[Any], table: str, copies: int) -> None:
    connection.execute(f"vacuum (analyze) {table}")
    connection.execute("update country.progress set vacuumed = %s where table_name = %s", (copies, table))


def drop_page_cache(folder: Path) -> None:
    """Take the files of a stopped server out of the system's cache. Those of other programs stay there."""
    for parent, _, names in os.walk(folder / "postgresql"):
        for name in names:
            path = Path(parent) / name
            if path.is_symlink() or not path.is_file():
                continue
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)  # only what is on the disk can leave the cache
                os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(number)
