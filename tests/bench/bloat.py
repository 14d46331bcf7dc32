"""What many small runs leave behind: sizes of PostgreSQL's catalogue and of the hub's tables over syncs and link runs, autovacuum on and off.

    python -m tests.bench.bloat [--citizens 1000] [--runs 200] [--autovacuum on|off]

In each turn one citizen of twenty changes at the source, is read and is linked. Prints a line every twentieth of the runs, and in the end
what a plain vacuum and a full one give back. Nothing is recorded.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Engine

from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.ingest.run.connector_run import sync_connectors
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from hub.store.part_sizes import read_catalogue
from hub.store.server.embedded import EmbeddedServer
from tests.bench.stores import store

CHANGED_EVERY = 20
CHANGE = f"update dan_cu.cong_dan set dia_chi = 'Số ' || %s, cap_nhat_luc = clock_timestamp() where id %% {CHANGED_EVERY} = %s"
SIZES = """select
    (select sum(pg_total_relation_size(c.oid)) from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r')::bigint,
    pg_total_relation_size('pg_class'), pg_total_relation_size('pg_attribute'), pg_total_relation_size('pg_depend'),
    pg_total_relation_size('pg_type'), pg_total_relation_size('pg_index'), pg_total_relation_size('pg_statistic'),
    {ours}"""
OURS = ("data", "history", "link", "link_history", "hub", "jobs", "staging")
ONE = "(select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c where c.relnamespace = to_regnamespace('{}') and c.relkind = 'r')::bigint"
NAMES = ("catalogue", "pg_class", "pg_attribute", "pg_depend", "pg_type", "pg_index", "pg_statistic", *OURS)
COUNTS = "select count(*) from pg_class", "select count(*) from data.citizen", "select count(*) from history.citizen"


def measure(url: str) -> dict[str, float]:
    """Sizes in MB, dead rows of the catalogue as PostgreSQL estimates them, and rows that are counted."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(SIZES.format(ours=", ".join(ONE.format(name) for name in OURS))).fetchone()
        assert found is not None
        catalogue = read_catalogue(connection)
        counts = [connection.execute(statement).fetchone() for statement in COUNTS]
    sizes = {name: round(size / 1_000_000, 2) for name, size in zip(NAMES, found, strict=True)}
    tables, citizens, earlier = (row[0] if row else 0 for row in counts)
    return sizes | {"dead": catalogue.dead_rows, "tables": tables, "citizens": citizens, "earlier": earlier}


def run_often(engine: Engine, url: str, source: str, runs: int) -> Iterator[dict[str, float]]:
    """Change, read and link so often, and measure twenty times on the way."""
    began = time.monotonic()
    for turn in range(1, runs + 1):
        with psycopg.connect(source, autocommit=True) as changing:
            changed = changing.execute(CHANGE, (turn, turn % CHANGED_EVERY)).rowcount
        (report,) = sync_connectors(engine, ["population"])
        assert report.status == "SUCCEEDED", report
        assert sum(one.changed for one in report.counts) >= changed * 0.9, report
        run_linking(engine)
        if turn % max(1, runs // 20) == 0:
            yield {"turn": turn, "seconds": round(time.monotonic() - began, 1)} | measure(url)


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--citizens", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--autovacuum", choices=("on", "off"), default="on")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    settings = {"autovacuum": given.autovacuum}
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False, settings=settings) as server:
            made = generate_province(folder / "province", given.citizens)
            with (
                store(server, "bench_bloat") as url,
                start_systems(Path(made.folder), server.url("postgres")) as systems,
            ):
                os.environ.update(systems.environment)
                engine = make_engine(url)
                sync_connectors(engine)
                run_linking(engine)
                print(json.dumps({"turn": 0} | measure(url)), flush=True)
                register = urlsplit(systems.environment["POPULATION_DATABASE_URL"]).path.removeprefix("/")
                for line in run_often(engine, url, server.url(register), given.runs):
                    print(json.dumps(line), flush=True)
                for statement in ("vacuum", "vacuum full"):
                    with psycopg.connect(url, autocommit=True) as connection:
                        connection.execute(statement)
                    print(json.dumps({"after": statement} | measure(url)), flush=True)
                engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
