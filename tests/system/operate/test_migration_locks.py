"""A migration behind a transaction that stays open: readers who come after it are not kept waiting, and it goes on when the table is free."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from hub.store import migrate as migrations
from hub.store.engine import make_engine
from hub.store.migrate import LOCK_WITHIN_MS, TablesLocked, migrate_store

READ = "select count(*) from hub.stream"
PATIENCE_S = 30.0


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return when something is so. Fails if it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database whose next migration changes a table that is read."""

    def upgrade(config: Any, revision: str) -> None:
        config.attributes["connection"].execute(text("alter table hub.stream add column tried integer"))

    monkeypatch.setattr(migrations.command, "upgrade", upgrade)  # type: ignore[attr-defined]  # looked up there
    monkeypatch.setattr(migrations, "LOCK_PAUSE_S", 0.2)
    made = make_engine(database_url)
    yield made
    made.dispose()


def has_column(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select exists (select from information_schema.columns where table_schema = 'hub' and column_name = 'tried')"
        ).fetchone()
    return bool(row and row[0])


def test_readers_go_on_while_a_migration_waits_and_it_ends_when_it_can(engine: Engine, database_url: str) -> None:
    waits: list[float] = []
    over = threading.Event()

    def read_on() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not over.wait(0.02):
                began = time.monotonic()
                connection.execute(READ)
                waits.append(time.monotonic() - began)

    # The pool is outermost and the table's holder inside: whatever fails, the table is free before the threads are waited for.
    with ThreadPoolExecutor(2) as pool:
        try:
            with psycopg.connect(database_url) as holder:
                holder.execute(READ)  # in a transaction that stays open
                reading, migrating = pool.submit(read_on), pool.submit(migrate_store, engine)
                # A reader waits behind an attempt of the migration, and reads on while the table is still held.
                wait_for(lambda: max(waits, default=0) > LOCK_WITHIN_MS / 1000 * 0.5)
                had = len(waits)
                wait_for(lambda: len(waits) > had + 3)
                assert not migrating.done()
            migrating.result(PATIENCE_S)
        finally:
            over.set()
        reading.result(PATIENCE_S)
    assert has_column(database_url)


def test_a_table_that_stays_locked_ends_the_migration_with_a_sentence(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_ATTEMPTS", 2)
    with psycopg.connect(database_url) as holder:
        holder.execute(READ)
        with pytest.raises(TablesLocked, match="through 2 attempts; nothing was changed"):
            migrate_store(engine)
    assert not has_column(database_url)
