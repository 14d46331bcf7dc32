"""Cases of `tests/cases` through the engine, from real sources.

- when-no-longer-holds: a row stops meeting the `when` of its kind, read incrementally, with and without a sweep, and followed.
- explode-by-position: a list loses its first item.
- partition-changes: a partition is detached, attached with rows, truncated.
- cursor-is-key: a growing key is the cursor, in PostgreSQL and in MariaDB.
- infinity-in-cursor: no later change can exceed a row's cursor.
- local-time-as-utc: instants of a database without zones, at midnight of Vietnam.
- renamed-optional-column: a source of each kind calls an optional column otherwise.
"""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunReport
from hub.sdk.manifest import load_manifest
from hub.store.engine import make_engine
from hub.store.server.embedded import EmbeddedServer
from tests.serving import served
from tests.system.servers.http_source import ListApi
from tests.system.servers.soap_server import Register
from tests.system.sources.test_sql_sources import mariadb  # noqa: F401  # a fixture

CASES = Path(__file__).parents[2] / "cases"
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


def statements(path: str) -> list[str]:
    text = "\n".join(line for line in (CASES / path).read_text("utf-8").splitlines() if not line.startswith("--"))
    return [one.strip() for one in text.split(";") if one.strip()]


def test_a_followed_row_that_no_longer_meets_its_condition_is_gone(store: Engine, source: str) -> None:
    folder = "when-no-longer-holds"
    do(source, *statements(f"{folder}/cdc.sql"))
    report = sync(store, f"{folder}/cdc.toml")
    numbers = [f"C-{n}" for n in range(1, 9)]
    # A day without end and one before our era cost their row, and no other.
    assert report.counts[0].quarantined == 2, report
    assert sorted(held(store, "taxpayer_number", "taxpayer")) == sorted(numbers), report
    do(source, *statements(f"{folder}/cdc_changes.sql"))
    assert sync(store, f"{folder}/cdc.toml").counts[0].deleted == 1
    assert sorted(held(store, "taxpayer_number", "taxpayer")) == sorted(set(numbers) - {"C-4"})


@pytest.mark.parametrize("manifest", ["idc_postgresql.toml", "idm_mariadb.toml"])
def test_a_growing_key_is_the_cursor(
    store: Engine, manifest: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("mariadb" if "mariadb" in manifest else "source")
    monkeypatch.setenv("MY_URL" if "mariadb" in manifest else "INC_URL", url)
    create, first, second = statements("cursor-is-key/src.sql")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    for done, counts in (((create, first), (3, 0)), ((second,), (1, 0))):
        with engine.begin() as connection:
            for statement in done:
                connection.exec_driver_sql(statement)
        report = sync(store, f"cursor-is-key/{manifest}")
        assert report.status == "SUCCEEDED", report
        assert (report.counts[0].added, report.counts[0].quarantined) == counts
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table b4")
    engine.dispose()
    assert len(held(store, "payment_number", "payment")) == 4


def test_a_cursor_that_has_no_end_costs_its_row_alone(store: Engine, source: str) -> None:
    folder = "infinity-in-cursor"
    do(source, *statements(f"{folder}/src.sql"))
    first = sync(store, f"{folder}/inc.toml")
    # Rejected are NaN, days without end or before our era, and a fraction of a đồng; HOAN is of another kind.
    assert sorted(held(store, "payment_number", "payment")) == ["INC-1", "INC-2", "INC-7", "INC-8", "INC-9"]
    assert first.counts[0].quarantined == 4, first
    assert any("1 rows have a luc that no later change can exceed" in note for note in first.notes), first
    do(source, "insert into bien_lai values (11, 'NOP', 'T1', 1100, '2026-01-06', '2026-01-06 08:00')")
    second = sync(store, f"{folder}/inc.toml")
    assert (second.status, second.counts[0].added) == ("SUCCEEDED", 1), second
    do(source, "update bien_lai set so_tien = 801 where id = 8")
    sync(store, f"{folder}/inc.toml")
    with store.connect() as connection:
        amount = connection.exec_driver_sql("select amount from data.payment where payment_number = 'INC-8'").scalar()
    # The row without an end is read again in each run: no change of it is lost.
    assert amount == 801


def test_a_time_without_offset_is_of_the_sources_zone(
    store: Engine,
    mariadb: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TS_URL", mariadb)
    engine = create_engine(mariadb)
    with engine.begin() as connection:
        for statement in statements("local-time-as-utc/t.sql")[2:]:
            connection.exec_driver_sql(statement)
    sync(store, "local-time-as-utc/ts/manifest.toml")
    with store.connect() as connection:
        query = (
            "select benefit_number, monthly_amount::bigint, since::text,"
            " to_char(changed_at_source at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from data.benefit order by 1"
        )
        rows = connection.exec_driver_sql(query).fetchall()
    assert list(map(tuple, rows)) == [
        ("QD-1", 4_500_000, "2026-01-05", "2026-01-05 01:00"),
        ("QD-2", 5_000_000, "2025-12-31", "2026-01-05 17:30"),
    ]
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table t")
    engine.dispose()


People = list[dict[str, str]]
Show = Callable[[People], None]


@pytest.fixture(params=["files", "sql", "rest", "soap"])
def office(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Show]]:
    """A source of each kind: its manifest, and what lets it hold other people."""
    kind = request.param

    def write(people: People) -> None:
        text = "\n".join(",".join(row) for row in (tuple(people[0]), *(tuple(one.values()) for one in people)))
        (tmp_path / "people.csv").write_text(f"{text}\n", encoding="utf-8")

    def load(people: People) -> None:
        with sqlite3.connect(tmp_path / "people.db") as connection:
            connection.execute("drop table if exists people")
            connection.execute(f"create table people ({', '.join(f'{name} text' for name in people[0])})")
            marks = ", ".join("?" for _ in people[0])
            connection.executemany(f"insert into people values ({marks})", [tuple(one.values()) for one in people])

    def list_elements(people: People) -> None:
        register.begin(
            [f"<congDan>{''.join(f'<{k}>{escape(v)}</{k}>' for k, v in one.items())}</congDan>" for one in people]
        )

    api, register = ListApi([], paging="none"), Register()
    shows: dict[str, Show] = {
        "files": write,
        "sql": load,
        "rest": lambda people: setattr(api, "rows", people),
        "soap": list_elements,
    }
    monkeypatch.setenv("RENAMED_FOLDER", str(tmp_path))
    monkeypatch.setenv("RENAMED_URL", f"sqlite:///{tmp_path / 'people.db'}")
    if kind in ("files", "sql"):
        yield kind, shows[kind]
        return
    with served(register.app() if kind == "soap" else api.app()) as url:
        monkeypatch.setenv("RENAMED_URL", f"{url}/hotich?wsdl" if kind == "soap" else url)
        yield kind, shows[kind]


def test_a_source_of_any_kind_that_calls_an_optional_column_otherwise_is_asked_about(
    store: Engine, office: tuple[str, Show]
) -> None:
    folder = "renamed-optional-column"
    kind, show = office
    before, after = (
        list(csv.DictReader((CASES / folder / name).read_text("utf-8").splitlines()))
        for name in ("before.csv", "after.csv")
    )
    show(before)
    report = sync(store, f"{folder}/{kind}.toml")
    assert (report.status, report.counts[0].added) == ("SUCCEEDED", 30), report
    kept = held(store, "former_id", "citizen")
    assert set(kept) == {one["cmnd_cu"] for one in before}
    show(after)
    report = sync(store, f"{folder}/{kind}.toml")
    assert report.status == "FAILED"
    assert "former_id (30 emptied of 30)" in report.problems[0]
    assert held(store, "former_id", "citizen") == kept


def test_every_case_is_run() -> None:
    """A folder is named as a part of a path by the tests that run it."""
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parents[2].rglob("test_*.py"))
    folders = [one.name for one in CASES.iterdir() if one.is_dir()]
    assert len(folders) == 14
    assert [
        one
        for one in folders
        if not any(f'{before}"{one}' in tests for before in ("/ ", "= ", "store, f", "store, ", "statements("))
    ] == []
