"""How a ledger grows: bytes of a row, and how long one citizen's log takes while the months fill up, up to what memory holds.

The rows are made by PostgreSQL from one real record, so hashes do not chain and pseudonyms are of nobody: sizes and plans are those of real
ones, and a million records take seconds instead of minutes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
    """What one log takes: `blocks` of 8 kB that PostgreSQL looks at are the same on a busy machine."""

    ms: float
    blocks: int


def measure(bench: Bench, server: EmbeddedServer, sizes: Sequence[int]) -> None:
    """Fill a ledger up to each of these numbers of records, and measure each time."""
    server.drop_database("ledger_growth")
    server.create_database("ledger_growth")
    url = server.url("ledger_growth")
    made = make_engine(url)
    migrate_store(made)
    made.dispose()
    bytes_of: dict[str, tuple[float, float]] = {}
    times: dict[tuple[int, int], list[LogCost]] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        months = [_open_month(connection, offset) for offset in MONTHS]
        filled = 0
        for size in sizes:
            for month in months:
                _fill(connection, month, filled // len(MONTHS), size // len(MONTHS) - 1)
            if not filled:
                _disclose(connection, months, size // len(MONTHS))
            filled = size
            connection.execute("vacuum analyze ledger.record")
            connection.execute("vacuum analyze ledger.disclosure")
            for entries in READERS:
                times[size, entries] = _read_logs(connection, months, entries)
        rows = {"record": filled, "disclosure": _count(connection, "disclosure")}
        for table, count in rows.items():
            found = connection.execute(SIZES, (f"ledger.{table}",)).fetchone() or (0, 0)
            bytes_of[table] = (float(found[0]) / count, float(found[1]) / count)
    server.drop_database("ledger_growth")
    bench.rows += _rows(bytes_of, times, sizes)
    bench.method.append(
        f"Growth of the ledger: {sizes[-1]:,} records and {rows['disclosure']:,} disclosures in {len(MONTHS)} months, in memory, made by PostgreSQL from one"
        f" real record. A log is the newest {PAGE_ROWS} entries of one person of those that `myAccessLog` may tell, {READERS} people by their number of"
        f" entries; the same people at every size. What is projected to {PROJECTED:,} is bytes times rows."
    )


def _open_month(connection: Connection[Any], offset: int) -> FilledMonth:
    now = datetime.now(UTC)
    year, number = divmod(now.year * 12 + now.month - 1 + offset, 12)
    first = date(year, number + 1, 1)
    (key,) = connection.execute(OPEN_MONTH, (first,)).fetchone() or (b"",)
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
        for _ in range(3):
            begun = time.perf_counter()
            rows = connection.execute(query.sql, query.parameters).fetchall()
            spent_ms = (time.perf_counter() - begun) * 1_000
        assert len(rows) == min(entries, PAGE_ROWS), "each log is whole"
        explain = f"explain (analyze, buffers, timing off, format json) {query.sql}"
        (described,) = connection.execute(explain, query.parameters).fetchone() or ([],)
        plan = described[0]["Plan"]
        found.append(LogCost(spent_ms, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]))
    return found


def _count(connection: Connection[Any], table: str) -> int:
    (count,) = connection.execute(f"select count(*) from ledger.{table}").fetchone() or (0,)
    return int(count)


def _rows(
    bytes_of: dict[str, tuple[float, float]], times: dict[tuple[int, int], list[LogCost]], sizes: Sequence[int]
) -> list[Row]:
    found = []
    for table, (heap, indexes) in bytes_of.items():
        note = f"projected to {PROJECTED:,}: {(heap + indexes) * PROJECTED / 1e9:,.0f} GB"
        found.append(Row(TABLE, f"{table}, without indexes", "bytes/row", heap, {}))
        found.append(Row(TABLE, f"{table}, its indexes", "bytes/row", indexes, {}, (), note))
    for entries in READERS:
        for unit in LogCost._fields:
            middle = {size: median(getattr(one, unit) for one in times[size, entries]) for size in sizes}
            targets = (Target(TARGET_MS, at_most=True),) if unit == "ms" and entries <= PAGE_ROWS else ()
            for size in sizes:
                name = f"log of a person with {entries:,} entries among {size:,} records"
                peers = {} if size == sizes[0] else {f"among {sizes[0]:,}": middle[sizes[0]]}
                found.append(Row(TABLE, name, unit, middle[size], peers, targets))
    return found
