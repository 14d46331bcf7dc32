"""How a ledger grows: bytes of a row, and how long one citizen's log takes while the months fill up.

    python -m tests.bench.ledger_growth --folder DIR [--records 4500000 45000000]

`make bench` does it in memory, and this command on the disk of `--folder`, with as many rows as the disk holds (about 1.4 kB for each record and
the disclosures of it): it prints a JSON line for each size, and removes what it made. The server does not wait for the disk (fsync=off).

The rows are made by PostgreSQL from one real record, so hashes do not chain and pseudonyms are of nobody: sizes and plans are those of real
ones, and a million records take seconds instead of minutes.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection

from hub.ledger.log.query import LogFilter, ToldPurposes, build_log_query, make_pseudonyms
from hub.ledger.months import OPEN_MONTH, LedgerMonth
from hub.ledger.writing import append_sql
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.records import HEADER_BYTES
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target
from tests.bench.ledger_reading import PAGE_ROWS, TARGET_MS
from tests.bench.ledger_verify import make_entry

TABLE = "Growth of the ledger"
MONTHS = (-1, 0, 1)
"""From the current one: the ledger opens no others."""
CHAINS = 4
BYTES_A_RECORD = 1_420
"""With its disclosures and all indexes, and the log of changes that PostgreSQL keeps meanwhile."""
SERVER_SETTINGS = {"shared_buffers": "3GB", "max_wal_size": "2GB", "maintenance_work_mem": "512MB"}
PROJECTED = 100_000_000
READERS = {10: 100, 100: 40, 1_000: 10}
"""Entries of one person → how many such people there are. Their entries are spread over all months when the ledger is smallest."""
FILL = """
with made as (
    insert into ledger.record (month, epoch, number, record, hash, at, principal, dossier)
    select
        %(month)s, (%(epochs)s::uuid[])[1 + i %% %(chains)s], i / %(chains)s,
        sha256(int8send(i)) || int8send(i / %(chains)s) || %(body)s::bytea, sha256(int8send(-i)),
        %(month)s::timestamptz + i * interval '1 millisecond',
        'https://id.example.gov.vn|officer-' || i %% 500, 'H49.12-251118-' || lpad((i %% 50000)::text, 5, '0')
    from generate_series(%(first)s::bigint, %(last)s::bigint) i
)
insert into ledger.disclosure (month, subject, epoch, number, role)
select
    %(month)s, substr(sha256(int8send(i * 4 + p)), 1, 16), (%(epochs)s::uuid[])[1 + i %% %(chains)s], i / %(chains)s,
    case p when 0 then 'transferor' else 'incidental' end
from generate_series(%(first)s::bigint, %(last)s::bigint) i
cross join generate_series(0, case i %% 4 when 0 then 1 else 0 end) p"""
"""Records `first` to `last` of a month, with 1.25 people each, every one another."""
DISCLOSE = """
insert into ledger.disclosure (month, subject, epoch, number, role)
select %s, %s, (%s::uuid[])[1 + i %% %s], i / %s, 'applicant' from unnest(%s::bigint[]) i"""
SIZES = """
select sum(pg_relation_size(relid)), sum(pg_indexes_size(relid)) from pg_partition_tree(%s) where isleaf"""


@dataclass(frozen=True)
class FilledMonth:
    """A month, its chains, and the bytes of a record after its head."""

    month: LedgerMonth
    epochs: Sequence[UUID]
    body: bytes


class LogCost(NamedTuple):
    """What one log takes: `blocks` of 8 kB that PostgreSQL looks at are the same on a busy machine. `first_ms`: of the first time it is read."""

    ms: float
    blocks: int
    first_ms: float


@dataclass(frozen=True)
class Growth:
    """A ledger of one size. `bytes_of`: table → bytes a row, without its indexes and of its indexes. `costs`: entries of a person → their logs."""

    records: int
    rows: dict[str, int]
    bytes_of: dict[str, tuple[float, float]]
    costs: dict[int, list[LogCost]]
    filled_s: float


def measure(bench: Bench, server: EmbeddedServer, sizes: Sequence[int]) -> None:
    """Fill a ledger in memory up to each of these numbers of records, and measure each time."""
    grown: list[Growth] = []
    grow(server, sizes, grown.append)
    bench.rows += _rows(grown)
    last = grown[-1]
    bench.method.append(
        f"Growth of the ledger: {last.records:,} records and {last.rows['disclosure']:,} disclosures in {len(MONTHS)} months, in memory, made by"
        f" PostgreSQL from one real record. A log is the newest {PAGE_ROWS} entries of one person of those that `myAccessLog` may tell, {READERS} people"
        f" by their number of entries; the same people at every size. Projections to {PROJECTED:,} multiply the bytes of a row."
    )


def grow(server: EmbeddedServer, sizes: Sequence[int], note: Callable[[Growth], None]) -> None:
    """Fill a ledger up to each of these numbers of records, and note what it is then. Its database is dropped in the end."""
    server.drop_database("ledger_growth")
    server.create_database("ledger_growth")
    url = server.url("ledger_growth")
    made = make_engine(url)
    migrate_store(made)
    made.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        months = [_open_month(connection, offset) for offset in MONTHS]
        filled = 0
        for size in sizes:
            begun = time.monotonic()
            for month in months:
                _fill(connection, month, filled // len(MONTHS), size // len(MONTHS) - 1)
            if not filled:
                _disclose(connection, months, size // len(MONTHS))
            filled = size
            connection.execute("vacuum analyze ledger.record")
            connection.execute("vacuum analyze ledger.disclosure")
            filled_s = time.monotonic() - begun
            costs = {entries: _read_logs(connection, months, entries) for entries in READERS}
            rows = {"record": filled // len(MONTHS) * len(MONTHS), "disclosure": _count(connection, "disclosure")}
            note(
                Growth(
                    filled, rows, {table: _bytes_of(connection, table, rows[table]) for table in rows}, costs, filled_s
                )
            )
    server.drop_database("ledger_growth")


def _open_month(connection: Connection[Any], offset: int) -> FilledMonth:
    now = datetime.now(UTC)
    year, number = divmod(now.year * 12 + now.month - 1 + offset, 12)
    first = date(year, number + 1, 1)
    key, _ = connection.execute(OPEN_MONTH, (first,)).fetchone() or (b"", "")
    month, epochs = LedgerMonth(first, bytes(key)), [uuid4() for _ in range(CHAINS)]
    for epoch in epochs:
        connection.execute(append_sql.INSERT_EPOCH, (epoch, first, "bench:1"))
    _, (record,) = Chain(epochs[0], month).append([make_entry(datetime.now(UTC), 1)])
    return FilledMonth(month, epochs, record.stored.record[HEADER_BYTES:])


def _fill(connection: Connection[Any], filled: FilledMonth, first: int, last: int) -> None:
    given = {"month": filled.month.first_day, "epochs": list(filled.epochs), "chains": CHAINS, "body": filled.body}
    connection.execute(FILL, {**given, "first": first, "last": last})


def _disclose(connection: Connection[Any], months: Sequence[FilledMonth], records: int) -> None:
    """Entries of the people whose logs are read, each in a record far from the others."""
    for entries, people in READERS.items():
        for person in range(people):
            for place, filled in enumerate(months):
                count = entries // len(MONTHS) + (place < entries % len(MONTHS))
                numbers = [(person * 7 + n * records // count) % records for n in range(count)]
                subject = filled.month.pseudonym("Citizen", entries * 1_000 + person)
                values = (filled.month.first_day, subject, list(filled.epochs), CHAINS, CHAINS, numbers)
                connection.execute(DISCLOSE, values)


def _read_logs(connection: Connection[Any], months: Sequence[FilledMonth], entries: int) -> list[LogCost]:
    """Milliseconds and blocks of each person's log; each is read twice before it counts."""
    known, told, found = [one.month for one in months], ToldPurposes(("land-right-transfer",), ()), []
    for person in range(READERS[entries]):
        whose = make_pseudonyms(known, (("Citizen", entries * 1_000 + person),), LogFilter())
        query = build_log_query(LogFilter(), rows=PAGE_ROWS, whose=whose, told=told)
        spent_ms = []
        for _ in range(3):
            begun = time.perf_counter()
            rows = connection.execute(query.sql, query.parameters).fetchall()
            spent_ms.append((time.perf_counter() - begun) * 1_000)
        assert len(rows) == min(entries, PAGE_ROWS), "each log is whole"
        explain = f"explain (analyze, buffers, timing off, format json) {query.sql}"
        (described,) = connection.execute(explain, query.parameters).fetchone() or ([],)
        plan = described[0]["Plan"]
        found.append(LogCost(spent_ms[-1], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], spent_ms[0]))
    return found


def _count(connection: Connection[Any], table: str) -> int:
    (count,) = connection.execute(f"select count(*) from ledger.{table}").fetchone() or (0,)
    return int(count)


def _bytes_of(connection: Connection[Any], table: str, count: int) -> tuple[float, float]:
    heap, indexes = connection.execute(SIZES, (f"ledger.{table}",)).fetchone() or (0, 0)
    return float(heap) / count, float(indexes) / count


def _rows(grown: Sequence[Growth]) -> list[Row]:
    found = []
    for table, (heap, indexes) in grown[-1].bytes_of.items():
        note = f"projected to {PROJECTED:,}: {(heap + indexes) * PROJECTED / 1e9:,.0f} GB"
        found.append(Row(TABLE, f"{table}, without indexes", "bytes/row", heap, {}))
        found.append(Row(TABLE, f"{table}, its indexes", "bytes/row", indexes, {}, (), note))
    for entries in READERS:
        for unit in ("ms", "blocks"):
            middle = {one.records: _middle(one.costs[entries], unit) for one in grown}
            smallest = grown[0].records
            targets = (Target(TARGET_MS, at_most=True),) if unit == "ms" and entries <= PAGE_ROWS else ()
            for size, value in middle.items():
                name = f"log of a person with {entries:,} entries among {size:,} records"
                peers = {} if size == smallest else {f"among {smallest:,}": middle[smallest]}
                found.append(Row(TABLE, name, unit, value, peers, targets))
    return found


def _middle(costs: Sequence[LogCost], unit: str) -> float:
    return median(getattr(one, unit) for one in costs)


def _describe(growth: Growth) -> dict[str, Any]:
    """Return the figures of one size for printing."""
    logs = {
        f"{entries} entries": {unit: round(_middle(costs, unit), 2) for unit in LogCost._fields}
        for entries, costs in growth.costs.items()
    }
    sizes = {
        table: {
            "rows": growth.rows[table],
            "heap_gb": heap * growth.rows[table] / 1e9,
            "indexes_gb": indexes * growth.rows[table] / 1e9,
        }
        for table, (heap, indexes) in growth.bytes_of.items()
    }
    return {"records": growth.records, "filled_s": round(growth.filled_s), "tables": sizes, "logs": logs}


def main() -> None:
    """Grow a ledger on a disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--records", type=int, nargs="+", default=[4_500_000, 45_000_000])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    given.folder.chmod(0o711)
    needed, free = max(given.records) * BYTES_A_RECORD, shutil.disk_usage(given.folder).free
    if needed > free:
        sys.exit(
            f"{max(given.records):,} records need {needed / 1e9:.0f} GB in {given.folder}, where {free / 1e9:.0f} GB are free"
        )
    data = given.folder / "ledger-growth"
    try:
        with EmbeddedServer.start(data, durable=False, settings=SERVER_SETTINGS) as server:
            grow(server, sorted(given.records), lambda growth: print(json.dumps(_describe(growth)), flush=True))
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
