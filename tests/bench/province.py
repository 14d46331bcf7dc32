"""The demo province in a database of its own, read and linked by the hub, with what the peers need beside it."""

import os
from pathlib import Path

import psycopg

from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.ingest.run.connector_run import sync_connectors
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.bench.servers import PEERS

NAME = "bench_reads"


def province(server: EmbeddedServer, folder: Path, citizens: int, name: str = NAME) -> str:
    """The URL of a database with a province of this many citizens, or few less: some rows are wrong on purpose."""
    made = generate_province(folder / f"reads-{citizens}", citizens)
    server.drop_database(name)
    server.create_database(name)
    url = server.url(name)
    store = make_engine(url)
    migrate_store(store)
    with start_systems(Path(made.folder), server.url("postgres")) as systems:
        os.environ.update(systems.environment)
        sync_connectors(store)
        run_linking(store)
    store.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((PEERS / "views.sql").read_bytes())
        connection.execute("vacuum analyze")
    return url
