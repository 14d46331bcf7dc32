"""What the country bench measures at each size: sizes, reads and prefills beside a small store, vacuum, and what counts rows."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench.access import ACCESS_SERVER, make_station
from tests.bench.copies import SHIFT
from tests.bench.country.store import LARGE, SMALL
from tests.bench.harness import ROOT
from tests.bench.load import Load, bodies, find_wrk, load, with_headers
from tests.bench.operations import MOST_BODIES, OPERATIONS
from tests.bench.prefill import DOCUMENT, check_prefills, choose_parties, open_prefill_dossiers
from tests.bench.reads import in_turn
from tests.bench.servers import HUB, on_socket, served

SECONDS, ROUNDS = 5, 3
COLD_SECONDS = 10
STRANGERS = 100_000
"""People of whom each is asked for once: more than a load has time for."""
PREFILLS, DRAWN_FOR_PREFILLS = 1_000, 20_000
LARGEST_TABLE = "data.tax_obligation"
UPDATE = "update {table} set paid_amount = coalesce(paid_amount, 0) + 1 where id %% 100 = %s"
"""A hundredth of the rows, spread over the whole table, in a column that no index has."""
SIZES = """
select format('%I.%I', nspname, relname), pg_table_size(c.oid), c.relkind = 'i' from pg_class c join pg_namespace on pg_namespace.oid = relnamespace
where nspname in ('data', 'link') and relkind in ('r', 'i') order by 2 desc, 1
"""
COUNTS = {
    "everybody": ("{ citizens(first: 1) { totalCount } }", ""),
    "the largest commune": (
        "query($unit: AdministrativeUnitCode!) { citizens(filter: { residenceUnitCode: { eq: $unit } }, first: 1) { totalCount } }",
        "select residence_unit_code from data.citizen where id < 10000000 group by 1 order by count(*) desc, 1 limit 1",
    ),
}
"""A document, and how the unit in its variables is found."""
(KEYED,) = (operation.documents[HUB] for operation in OPERATIONS if operation.key == "citizen")


def measure_sizes(server: EmbeddedServer) -> dict[str, object]:
    """Rows, bytes and the ten largest tables and indexes of the records and links."""
    with psycopg.connect(server.url(LARGE)) as connection:
        found = connection.execute(SIZES).fetchall()
        (citizens,) = connection.execute("select count(*) from data.citizen").fetchone() or (0,)
        rows = {
            schema: sum(
                int(count)
                for (count,) in connection.execute(
                    "select reltuples from pg_class where relkind = 'r' and relnamespace = %s::regnamespace and reltuples > 0",
                    (schema,),
                )
            )
            for schema in ("data", "link")
        }
        (whole,) = connection.execute("select pg_database_size(current_database())").fetchone() or (0,)
    total = sum(size for _, size, _ in found)
    return {
        "citizens": citizens,
        "rows_of_records": rows["data"],
        "rows_of_links": rows["link"],
        "database_gb": whole / 1e9,
        "tables_gb": sum(size for _, size, is_index in found if not is_index) / 1e9,
        "indexes_gb": sum(size for _, size, is_index in found if is_index) / 1e9,
        "bytes_a_citizen": total / citizens,
        "largest_tables_gb": dict(
            [(name, round(size / 1e9, 3)) for name, size, is_index in found if not is_index][:10]
        ),
        "largest_indexes_gb": dict([(name, round(size / 1e9, 3)) for name, size, is_index in found if is_index][:10]),
    }


def draw_ids(url: str, most: int) -> list[str]:
    """Personal identifiers of random people over the whole store."""
    with psycopg.connect(url) as connection:
        originals = [key for (key,) in connection.execute("select id from data.citizen where id < %s", (SHIFT,))]
        (last,) = connection.execute("select max(id) / %s from data.citizen", (SHIFT,)).fetchone() or (0,)
        keys = {random.choice(originals) + random.randint(0, last) * SHIFT for _ in range(most)}
        rows = connection.execute("select personal_id from data.citizen where id = any(%s)", (list(keys),)).fetchall()
    return [str(personal_id) for (personal_id,) in rows]


def _reads(personal_ids: list[str]) -> list[str]:
    return bodies(KEYED, [{"id": personal_id} for personal_id in personal_ids])


def measure_cold_reads(server: EmbeddedServer, folder: Path) -> dict[str, object]:
    """The keyed read just after the server's start, when none of its files is in memory; each person once."""
    wrk, url = find_wrk(), server.url(LARGE)
    with served(HUB, url) as hub:
        hub.ask("/graphql", {"query": KEYED, "variables": {"id": "022080000000"}})  # plans, and opens a connection
        with psycopg.connect(url) as connection:
            people = [
                str(identifier) for (identifier,) in connection.execute("select personal_id from country.stranger")
            ]
        found = load(wrk, folder, f"{hub.base}/graphql", _reads(people), COLD_SECONDS)
    return {"first_seconds": _describe(found)}


def measure_reads(server: EmbeddedServer, folder: Path, *, seconds: int = SECONDS) -> dict[str, object]:
    """The keyed read over the small and the large store in turn, the same people again and again; then people who were not asked for."""
    wrk = find_wrk()
    with ExitStack() as stack:
        runs, hubs = {}, {}
        for name in (SMALL, LARGE):
            url = server.url(name)
            hub = hubs[name] = stack.enter_context(served(HUB, url))
            ids = draw_ids(url, MOST_BODIES)
            for personal_id in ids[:20]:
                answer = hub.ask("/graphql", {"query": KEYED, "variables": {"id": personal_id}})
                assert answer["citizen"]["personalId"] == personal_id, answer
            runs[name] = partial(load, wrk, folder, f"{hub.base}/graphql", _reads(ids))
        runs[LARGE](2 * seconds)  # so that those people are in memory
        loads = in_turn(runs, ROUNDS, seconds)
        strangers = load(
            wrk, folder, f"{hubs[LARGE].base}/graphql", _reads(draw_ids(server.url(LARGE), STRANGERS)), seconds
        )
    return _compare(loads) | {"people_not_asked_before": _describe(strangers)}


def draw_people(server: EmbeddedServer, folder: Path) -> None:
    """Draw people (`country.stranger`) and codes of dossiers (`country.dossier`) for later reads: drawing them then would warm the cache.

    The dossiers are of random sellers and buyers, in place of earlier ones. Both stores have them.
    """
    for name in (SMALL, LARGE):
        url = server.url(name)
        station = make_station(server, url, folder)
        opener = asyncio.run(station.issuer.principal(station.officers[0]))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("truncate hub.dossier cascade")
            connection.execute(
                "create temporary table drawn as select * from data.citizen where personal_id = any(%s)",
                (draw_ids(url, DRAWN_FOR_PREFILLS),),
            )
            codes = open_prefill_dossiers(connection, opener, choose_parties(connection, "drawn", PREFILLS))
            connection.execute("drop table if exists country.dossier")
            connection.execute("create table country.dossier as select unnest(%s::text[]) code", (codes,))
            connection.execute("drop table if exists country.stranger")
            connection.execute(
                "create table country.stranger as select unnest(%s::text[]) personal_id", (draw_ids(url, MOST_BODIES),)
            )


def measure_prefills(
    server: EmbeddedServer, folder: Path, names: tuple[str, ...] = (SMALL, LARGE), *, seconds: int = SECONDS
) -> dict[str, object]:
    """Prefills of a land transfer with access and ledger on, over the stores in turn. One store alone: once, without a warm-up."""
    wrk = find_wrk()
    with ExitStack() as stack:
        runs = {}
        for name in names:
            url = server.url(name)
            station = make_station(server, url, folder)
            hub = stack.enter_context(on_socket(ACCESS_SERVER, *station.arguments(ledger=True)))
            with psycopg.connect(url) as connection:
                codes = [code for (code,) in connection.execute("select code from country.dossier")]
            token = station.issuer.sign_token(station.officers[0])
            headers = [{"Authorization": f"Bearer {token}", "X-Hub-Dossier": code} for code in codes]
            check_prefills(hub, headers[:20])
            (body,) = bodies(DOCUMENT, [{}])
            runs[name] = partial(
                load, wrk, folder, f"{hub.base}/graphql", [with_headers(body, one) for one in headers[20:]]
            )
        if len(names) == 1:
            return {"first_seconds": _describe(runs[names[0]](seconds))}
        runs[LARGE](2 * seconds)
        return _compare(in_turn(runs, ROUNDS, seconds))


def _compare(loads: Mapping[str, Load]) -> dict[str, object]:
    small, large = loads[SMALL], loads[LARGE]
    return {
        "large": _describe(large),
        "small": _describe(small),
        "large_to_small_cost": small.rate / large.rate,
        "large_to_small_p50": large.p50 / small.p50,
        "large_to_small_p95": large.p95 / small.p95,
    }


def _describe(found: Load) -> dict[str, float]:
    return {"rate": found.rate, "p50_ms": found.p50, "p95_ms": found.p95, "p99_ms": found.p99}


def measure_vacuum(server: EmbeddedServer) -> dict[str, float]:
    """A hundredth of the largest table is changed, then vacuumed."""
    with psycopg.connect(server.url(LARGE), autocommit=True) as connection:
        return time_update(connection, LARGEST_TABLE, 11)


def time_update(connection: psycopg.Connection[Any], table: str, remainder: int) -> dict[str, float]:
    """Seconds that the update and the vacuum after it take."""
    began = time.perf_counter()
    rows = connection.execute(UPDATE.format(table=table), (remainder,)).rowcount
    updated = time.perf_counter()
    connection.execute(f"vacuum (analyze) {table}")
    return {"rows": rows, "update_s": updated - began, "vacuum_s": time.perf_counter() - updated}


def measure_counts(server: EmbeddedServer) -> dict[str, object]:
    """`hub doctor --sizing`, and `totalCount` by the hub, for both stores."""
    return {name: _count(server.url(name)) for name in (SMALL, LARGE)}


def _count(url: str) -> dict[str, object]:
    """Seconds: of one command, and of three answers their median, or the code of the error that was answered."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "PG"))}
    command = [sys.executable, "-c", "from hub.cli import main; main(['doctor', '--sizing', '--json'])"]
    began = time.perf_counter()
    subprocess.run(
        command, env=kept | {"HUB_DATABASE_URL": url}, cwd=ROOT, check=True, capture_output=True, timeout=600
    )
    found: dict[str, object] = {"doctor_sizing_s": time.perf_counter() - began}
    with psycopg.connect(url) as connection, served(HUB, url) as hub:
        for what, (document, unit) in COUNTS.items():
            variables = {"unit": connection.execute(unit).fetchone()[0]} if unit else {}  # type: ignore[index]  # there is one
            times, answer = [], {}
            for _ in range(3):
                began = time.perf_counter()
                answer = hub.client.post("/graphql", json={"query": document, "variables": variables}).json()
                times.append(time.perf_counter() - began)
            code = answer["errors"][0]["extensions"]["code"] if "errors" in answer else None
            found[f"total_count_of_{what}"] = {
                "s": median(times),
                "answer": code or answer["data"]["citizens"]["totalCount"],
            }
    return found
