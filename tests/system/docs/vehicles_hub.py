"""A hub with the vocabulary of `vehicles`, in a process of its own: migrate, sync, link, review, ask. Prints what it finds."""

import json
import sqlite3
from typing import Any

from sqlalchemy import Engine

from hub.ingest.run.connector_run import sync_connectors
from hub.link.review.item import read_review_item
from hub.link.run import run_plan
from hub.link.run.linking_run import run_linking
from hub.settings import load_settings
from hub.store.connections.connection import StoreConnection
from hub.store.engine import make_engine
from hub.store.migrate import draft_migrations, migrate_store
from tests.system.graph import Graph

FIELD = "Violation.vehicle"
QUESTION = """{ violations(orderBy: [{ ticket: ASC }]) { nodes {
    ticket vehicle { plate } vehicleLink { status method recorded { plate } candidates { subject { ... on Vehicle { plate } } } }
} } }"""


def main(database_url: str, source: str) -> None:
    """Run it all."""
    made = make_engine(database_url)
    run_plan.LIMIT = float("inf")  # of four records, a run of changes costs more than a full one
    migrate_store(made)
    draft_migrations(made, "Vehicles")
    migrate_store(made)
    found: dict[str, Any] = {"first": read_and_link(made)}
    with StoreConnection.connect(database_url, autocommit=True) as connection:
        rows = connection.execute("select id from data.violation order by ticket").fetchall()
        asked = read_review_item(connection, FIELD, rows[1][0])
        found["item"] = [[(one.name, one.recorded, one.held) for one in of.compared] for of in asked.candidates]
        sampled = "select field, cardinality(shown) from link.sample where field = %s and status = 'CONFIRMED' and void_at is null"
        found["sampled"] = connection.execute(sampled, (FIELD,)).fetchall()
    with sqlite3.connect(source) as changed:
        changed.execute("insert into xe values (4, '14C-777.77', 'trắng')")
        changed.execute("delete from xe where id = 1")
    found["second"] = read_and_link(made)
    found["full"] = run_linking(made, full=True).changed
    graph = Graph(database_url, load_settings(explain=True))
    try:
        found["asked"] = graph.data(QUESTION)["violations"]["nodes"]
    finally:
        graph.close()
    print(json.dumps(found, ensure_ascii=False, default=str))


def read_and_link(made: Engine) -> list[Any]:
    """Mode of the run, and of the field records by outcome: confirmed, waiting, unlinked."""
    (synced,) = sync_connectors(made, ["transport"])
    assert synced.status == "SUCCEEDED", synced
    report = run_linking(made)
    (field,) = (one for one in report.fields if one.field == FIELD)
    return [report.mode, field.confirmed, field.unconfirmed, field.unlinked]
