"""Whether hash partitions pay: the largest table of the country bench beside a copy of it in sixteen parts."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench.copies import INDEXES
from tests.bench.country.measures import LARGEST_TABLE, time_update
from tests.bench.country.store import CONNECTIONS, LARGE
from tests.bench.load import find_pgbench, pgbench
from tests.bench.reads import in_turn

PARTITIONS, DRAWN = 16, 100_000
PLAIN, BY_HASH = LARGEST_TABLE, "country.by_hash"
SECONDS, ROUNDS = 3, 3
READS = {
    "by id": "select * from {table} where id = (select id from country.drawn where n = :n)",
    "by number, another key than the parts'": "select * from {table} where obligation_number = (select obligation_number from country.drawn where n = :n)",
    "linked: those of a debtor": """
        select r.* from link.tax_obligation_debtor l join {table} r on r.id = l.record_id
        where l.status <> 'UNCONFIRMED' and l.subject_id = (select subject_id from country.drawn where n = :n)""",
}


def build_partitions(server: EmbeddedServer, folder: Path) -> dict[str, float]:
    """Copy the table into parts by a hash of its id, then make the same indexes, two at a time. None but the id's is unique."""
    del folder
    url = server.url(LARGE)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop table if exists {BY_HASH}")
        began = time.perf_counter()
        with connection.transaction():
            connection.execute(f"create table {BY_HASH} (like {PLAIN}) partition by hash (id)")
            for part in range(PARTITIONS):
                connection.execute(
                    f"create table {BY_HASH}_{part} partition of {BY_HASH}"
                    f" for values with (modulus {PARTITIONS}, remainder {part}) with (fillfactor = 95)"
                )
            connection.execute(f"insert into {BY_HASH} select * from {PLAIN}")
        copied = time.perf_counter()
        definitions = [
            f"alter table {BY_HASH} add primary key (id)",
            *(
                re.sub(r"^create (unique )?index \S+ on \S+", f"create index on {BY_HASH}", definition, flags=re.I)
                for _, definition in connection.execute(INDEXES, (PLAIN,))
            ),
        ]
        connection.execute(definitions.pop(0))
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(partial(_execute, url), definitions))
        indexed = time.perf_counter()
        connection.execute(f"vacuum (analyze) {BY_HASH}")
        vacuumed = time.perf_counter()
        connection.execute("drop table if exists country.drawn")
        connection.execute(
            "create table country.drawn as select row_number() over () as n, * from ("
            " select r.id, r.obligation_number, l.subject_id from link.tax_obligation_debtor l"
            f" join {PLAIN} r on r.id = l.record_id where l.status <> 'UNCONFIRMED' and random() <"
            f" {2 * DRAWN} / (select greatest(reltuples, 1) from pg_class where oid = '{PLAIN}'::regclass)"
            f" order by random() limit {DRAWN}) x"
        )
        connection.execute("alter table country.drawn add primary key (n)")
        connection.execute("analyze country.drawn")
    return {"copy_s": copied - began, "index_s": indexed - copied, "vacuum_s": vacuumed - indexed}


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def compare_partitions(server: EmbeddedServer, folder: Path, *, seconds: int = SECONDS) -> dict[str, object]:
    """Reads, an update of a hundredth and the vacuum after it, of the plain table and of the parts; then the parts are dropped."""
    url, program = server.url(LARGE), find_pgbench()
    assert program is not None
    found: dict[str, object] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        (drawn,) = connection.execute("select count(*) from country.drawn").fetchone() or (0,)
        for name, statement in READS.items():
            runs = {
                table: partial(pgbench, program, folder, url, statement.format(table=table), drawn)
                for table in (PLAIN, BY_HASH)
            }
            found[name] = {table: done.rate for table, done in in_turn(runs, ROUNDS, seconds).items()}
        # Each once before it counts, so that both are in memory as far as they fit.
        for remainder, counts in ((23, False), (37, True)):
            for table in (PLAIN, BY_HASH):
                times = time_update(connection, table, remainder)
                if counts:
                    found[f"update of {table}"] = times
        connection.execute(f"update {BY_HASH} set paid_amount = paid_amount + 1 where id % 100 = 41")
        began = time.perf_counter()
        parts = [f"vacuum (analyze) {BY_HASH}_{part}" for part in range(PARTITIONS)]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(partial(_execute, url), parts))
        found["vacuum of the parts, two at a time"] = time.perf_counter() - began
        found["bytes"] = {
            table: connection.execute(
                "select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree(%s::regclass)"
                if table == BY_HASH
                else "select pg_total_relation_size(%s::regclass)",
                (table,),
            ).fetchone()[0]  # type: ignore[index]  # one row
            for table in (PLAIN, BY_HASH)
        }
        connection.execute(f"drop table {BY_HASH}")
    return found
