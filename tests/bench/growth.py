"""Growth: the hub's keyed read over ten and a hundred times as many rows.

A province of a million is not read from sources here, which would take longer than all else: the rows of a small one, and
their links, are copied in SQL under new keys, with the same indexes.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psycopg
from psycopg import Connection, sql

from hub.store.server.embedded import EmbeddedServer
from tests.bench.copies import copy_rows, drop_indexes
from tests.bench.harness import Bench, Row, Target
from tests.bench.load import bodies, find_wrk, load
from tests.bench.operations import MOST_BODIES, OPERATIONS
from tests.bench.province import NAME
from tests.bench.reads import in_turn
from tests.bench.servers import HUB, served

TABLE = "Growth"
LINKS = {
    "link.land_use_right_holder": "data.land_use_right",
    "link.tax_obligation_debtor": "data.tax_obligation",
    "link.business_role_person": "data.business_role",
}
TOUCHED = (
    "data.citizen",
    "data.land_use_right",
    "data.parcel",
    "data.tax_obligation",
    "data.business_role",
    "data.business",
    *LINKS,
    "link.land_use_right_parcel",
)
"""Tables that the read touches, beside those of administrative units."""


def measure(
    bench: Bench, server: EmbeddedServer, folder: Path, sizes: Sequence[int], *, seconds: int, rounds: int
) -> None:
    """Make a database of each size, serve each by a hub of its own, and load them in turn."""
    wrk = find_wrk()
    (operation,) = (operation for operation in OPERATIONS if operation.key == "citizen")
    with ExitStack() as stack:
        runs = {}
        for size, url in _databases(server, sizes):
            hub = stack.enter_context(served(HUB, url))
            ids = _ids(url, size)
            assert all(
                hub.ask("/graphql", {"query": operation.documents[HUB], "variables": {"id": i}}) for i in ids[:20]
            )
            sent = bodies(operation.documents[HUB], [{"id": personal_id} for personal_id in ids])
            runs[f"{size:,} citizens"] = partial(load, wrk, folder, f"{hub.base}/graphql", sent)
        loads = in_turn(runs, rounds, seconds)
    for size in sizes:
        server.drop_database(_name(size))
    costs = {name: 1e6 / found.rate for name, found in loads.items()}
    *smaller, largest = costs
    targets = tuple(Target(1.25, name, at_most=True) for name in smaller)
    peers = {name: costs[name] for name in smaller}
    bench.rows.append(Row(TABLE, f"A keyed read at {largest}", "µs a request", costs[largest], peers, targets))
    bench.rows += [
        Row(TABLE, f"p99 at {name}", "ms", found.p99, {"p50": found.p50}, (Target(4, "p50", at_most=True),))
        for name, found in loads.items()
    ]
    bench.method.append(
        f"Growth: the first table's first read over {sizes[0]:,} citizens of the province, and over copies of them and of all"
        " rows and links that the read touches, made in SQL with shifted keys, the same indexes, then vacuum analyze: the"
        " pipeline is not part of it. A database and a hub for each size, loaded in turn;"
        f" {MOST_BODIES:,} random identifiers of each."
    )


def _name(size: int) -> str:
    return f"bench_{size}"


def _databases(server: EmbeddedServer, sizes: Sequence[int]) -> Iterator[tuple[int, str]]:
    for size in sizes:
        name = _name(size)
        server.drop_database(name)
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            template = NAME if size == sizes[0] else _name(sizes[0])
            connection.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            connection.execute("set maintenance_work_mem = '1GB'")
            if size == sizes[0]:
                _trim(connection, size)
            else:
                _copy(connection, size // sizes[0] - 1)
            connection.execute("vacuum analyze")
            (count,) = connection.execute("select count(*) from data.citizen").fetchall()[0]
            assert count > 0.99 * size, (size, count)
    for size in sizes:
        yield size, server.url(_name(size))


def _trim(connection: "Connection[tuple[object, ...]]", size: int) -> None:
    """Keep so many citizens, and what is linked to them."""
    connection.execute(f"create temporary table gone as select id from data.citizen order by id offset {size}")
    for link, record in LINKS.items():
        connection.execute(
            f"with cut as (delete from {link} where subject_id in (select id from gone) returning record_id)"
            f" delete from {record} where id in (select record_id from cut)"
        )
    connection.execute("delete from data.citizen where id in (select id from gone)")
    connection.execute(
        "delete from link.land_use_right_parcel where record_id not in (select id from data.land_use_right)"
    )
    for table in TOUCHED:
        connection.execute(f"vacuum (full) {table}")


def _copy(connection: "Connection[tuple[object, ...]]", copies: int) -> None:
    """Add so many copies of every row that the read touches; indexes are made after it, as they would be for a load."""
    for table in TOUCHED:
        definitions = drop_indexes(connection, table)
        copy_rows(connection, table, range(1, copies + 1))
        for definition in definitions:
            connection.execute(definition)


def _ids(url: str, size: int) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select personal_id from data.citizen").fetchall()
    return random.sample([str(row[0]) for row in rows], min(MOST_BODIES, len(rows)))
