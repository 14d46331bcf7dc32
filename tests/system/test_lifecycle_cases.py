"""The cases of `tests/cases` about how long records live, through the engine, from real sources.

- when-no-longer-holds: a row stops meeting the `when` of its kind, read incrementally, with and without a sweep.
- explode-by-position: a list loses its first item.
- partition-changes: a partition is detached, attached with rows, truncated.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunReport
from hub.sdk.manifest import load_manifest
from hub.store.embedded import EmbeddedServer
from hub.store.engine import make_engine

CASES = Path(__file__).parents[1] / "cases"
SETTINGS = {"wal_level": "logical", "max_replication_slots": "4", "synchronous_commit": "on"}


@pytest.fixture
def store(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def source_server(scratch: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer.start(scratch / "cases", durable=False, settings=SETTINGS) as server:
        yield server


@pytest.fixture
def source(source_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    source_server.create_database("source")
    url = source_server.url("source")
    monkeypatch.setenv("INC_URL", url)
    yield url
    with psycopg.connect(source_server.url("postgres"), autocommit=True) as connection:
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    source_server.drop_database("source")


def do(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def sync(store: Engine, manifest: str) -> RunReport:
    (report,) = ingest.run_connectors(store, [load_manifest(CASES / manifest)])
    return report


def held(store: Engine, column: str, table: str) -> dict[str, int]:
    with store.connect() as connection:
        found = connection.exec_driver_sql(f"select {column}, id from data.{table}").fetchall()
    return dict(map(tuple, found))


@pytest.mark.parametrize("name", ["inc", "incs"])
def test_a_row_that_no_longer_meets_its_condition_is_gone(store: Engine, source: str, name: str) -> None:
    folder = "when-no-longer-holds"
    # Rows whose cursor cannot be held are a case of their own.
    do(source, (CASES / folder / "src.sql").read_text(), "delete from bien_lai where luc = 'infinity'")
    manifest = {"inc": "inc.toml", "incs": "incs_sweep.toml"}[name]
    sync(store, f"{folder}/{manifest}")
    before = held(store, "payment_number", "payment")
    assert f"{name.upper()}-1" in before
    do(source, "update bien_lai set loai = 'HOAN', luc = '2026-01-06' where id = 1")
    report = sync(store, f"{folder}/{manifest}")
    assert report.counts[0].deleted == 1, report
    del before[f"{name.upper()}-1"]
    assert held(store, "payment_number", "payment") == before


def test_a_list_that_lost_its_first_item_keeps_the_others_with_their_ids(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIFT_FOLDER", str(tmp_path))
    items = [{"so": number, "tien": 100} for number in "ABC"]
    for listed in (items, items[1:]):
        (tmp_path / "s.jsonl").write_text(json.dumps({"id": "1", "ten": "Lê Văn An", "ds": listed}) + "\n")
        before = held(store, "benefit_number", "benefit")
        report = sync(store, "explode-by-position/shift/manifest.toml")
        assert report.status == "SUCCEEDED", report
    after = held(store, "benefit_number", "benefit")
    assert set(after) == {"B", "C"}
    assert after.items() <= before.items()


def test_partitions_that_come_and_go_are_noticed_and_mended(store: Engine, source: str) -> None:
    folder = "partition-changes"
    do(source, *filter(str.strip, (CASES / folder / "src.sql").read_text().split(";")))
    manifest = f"{folder}/manifest.toml"
    assert sync(store, manifest).status == "SUCCEEDED"
    do(
        source,
        "create table bl3 partition of bl for values in (3)",
        "insert into bl values (4, 3, 'T', 400, '2026-03-01')",
    )
    sync(store, manifest)
    assert {f"CP-{n}" for n in (1, 2, 3, 4)} <= set(held(store, "payment_number", "payment"))
    do(
        source,
        "alter table bl detach partition bl3",
        "create table bl4 (like bl including all)",
        "insert into bl4 values (9, 4, 'T', 900, '2026-04-01')",
        "alter table bl attach partition bl4 for values in (4)",
        "truncate bl2",
    )
    report = sync(store, manifest)
    assert any("a partition was attached, detached" in note for note in report.notes), report
    assert set(held(store, "payment_number", "payment")) == {"CP-1", "CP-2", "CP-9", "CF-1", "CF-2"}
