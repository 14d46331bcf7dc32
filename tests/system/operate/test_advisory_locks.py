"""Numbered locks of the store: none is two things, a wait for one ends, and what waits for it says what to do."""

import re
from pathlib import Path

import pytest

import hub
from hub.errors import HubError, OperationRefused, StoreUnavailable
from hub.ingest.connectors import load_manifests
from hub.jobs import schema as queue_schema
from hub.model.registry import load_registry
from hub.quality import snapshots
from hub.store import migrate
from hub.store.advisory_locks import LockKey, wait_for_lock
from hub.store.engine import connect_for_run, make_engine

NUMBERED = re.compile(r"pg_(?:try_)?advisory_\w+\(\s*[0-9]|\b7_?022_?[0-9]{3}\b")


def test_every_numbered_lock_has_its_key_in_one_place() -> None:
    root = Path(hub.__file__).parent
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if NUMBERED.search(path.read_text("utf-8"))}
    assert found == {"store/advisory_locks.py"}


def test_a_wait_ends_and_leaves_the_session_as_it_was(module_database_url: str) -> None:
    with connect_for_run(module_database_url) as one, connect_for_run(module_database_url) as other:
        assert wait_for_lock(one, LockKey.LINK_WRITE, 1)
        assert not wait_for_lock(other, LockKey.LINK_WRITE, 0.1)
        assert wait_for_lock(other, LockKey.MIGRATE_QUEUE, 1), "another lock"
        assert other.execute("show lock_timeout").fetchone() == ("0",)
        one.close()
        assert wait_for_lock(other, LockKey.LINK_WRITE, 10)


def test_who_waits_in_vain_is_told_what_to_do(module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LOCK_WAIT_S", 0.1)
    monkeypatch.setattr(queue_schema, "LOCK_WAIT_S", 0.1)
    monkeypatch.setattr(migrate, "MIGRATION_WAIT_S", 1)
    with connect_for_run(module_database_url) as holder:
        for key in (LockKey.MEASURE_QUALITY, LockKey.MIGRATE_QUEUE, LockKey.MIGRATE_STORE):
            assert wait_for_lock(holder, key, 1)
        with connect_for_run(module_database_url) as waiting, pytest.raises(OperationRefused, match="another measure"):
            snapshots.take_snapshot(waiting, load_registry(), load_manifests(), keep_days=10)
        with pytest.raises(HubError, match="migrating the queue"):
            queue_schema.migrate_queue(module_database_url)
        store = make_engine(module_database_url)
        with pytest.raises(StoreUnavailable, match="another migration"):
            migrate.migrate_store(store)
        store.dispose()
