"""Databases of the benches: made anew, and one load of the hub into one, held to be what it should be."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import child
from tests.bench.people import CHANGED_EVERY, NEW_ADDRESS

MOST_REFUSED = 0.01
"""A few rows of the province are wrong on purpose: they are read, checked and quarantined like the rest are merged."""


@contextmanager
def database(server: EmbeddedServer, name: str) -> Iterator[str]:
    """The URL of an empty database, dropped in the end: databases are in memory."""
    server.drop_database(name)
    server.create_database(name)
    yield server.url(name)
    server.drop_database(name)


@contextmanager
def store(server: EmbeddedServer, name: str) -> Iterator[str]:
    """The same with the hub's own tables."""
    with database(server, name) as url:
        made = make_engine(url)
        migrate_store(made)
        made.dispose()
        yield url


def first_load(url: str, kind: str, where: str, rows: int) -> dict[str, float]:
    """Load so many rows into an empty store, in a process of its own; they are held to be there."""
    found = child("tests.bench.load_hub", url, kind, where)
    assert found["read"] == rows, found
    assert found["added"] > (1 - MOST_REFUSED) * rows, found
    assert counted(url, "select count(*) from data.citizen") == found["added"], found
    return found


def second_read(url: str, where: str, first: dict[str, float], *, changed: bool) -> dict[str, float]:
    """Read an edition of the same people; what is counted, and what the store has after it, are held to be right."""
    due = counted(url, f"select count(*) from data.citizen where source_key::bigint % {CHANGED_EVERY} = 0")
    expected = {"read": first["read"], "added": 0, "changed": due * changed, "deleted": 0}
    expected["unchanged"] = first["added"] - expected["changed"]
    found = child("tests.bench.load_hub", url, "files", where)
    assert {name: found[name] for name in expected} == expected, (found, expected)
    assert counted(url, "select count(*) from data.citizen") == first["added"], found
    moved = f"select count(*) from data.citizen where residence_address = '{NEW_ADDRESS}'"
    right = f"{moved} and source_key::bigint % {CHANGED_EVERY} = 0"
    assert counted(url, moved) == counted(url, right) == expected["changed"], found
    return found


def counted(url: str, query: str) -> int:
    """The one number that a query gives."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None, query
    return int(row[0])
