"""Reads of changes through the engine, from a real database: late and tied rows, marks of deletion, sweeps by key, look-ups."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.errors import OperationRefused
from hub.ingest.guards import approvals as approve
from hub.ingest.run.connector_run import RunChoices, RunReport, run_connectors
from hub.ingest.run.lookup import LookupTask, look_up
from hub.ingest.run.outcome import CursorMoved
from hub.sdk.manifest import Manifest, parse_manifest
from hub.store.engine import connect_for_run, make_engine, store_url

START = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = {"personal_id": "so", "full_name": "ten", "birth_date": "sinh", "residence_unit_code": {"constant": "06820@2020-01-01"}}  # fmt: skip


class Table:
    """A table of people at a source, and the hub that reads it."""

    def __init__(self, store: str, folder: Path) -> None:
        self.store, self.path = store, folder / "source.db"
        self.engine = make_engine(store)
        self.do("create table people (id integer primary key, so text, ten text, sinh text, luc text, xoa integer)")

    def do(self, statement: str, *values: Any) -> None:
        with sqlite3.connect(self.path) as source:
            source.execute(statement, values)

    def person(self, number: int, name: str = "Lê Văn An", *, minute: int = 0, so: str = "", gone: int = 0) -> None:
        at = (START + timedelta(minutes=minute)).isoformat()
        row = (number, so or f"{number:012d}", name, "1980", at, gone)
        self.do("insert or replace into people values (?, ?, ?, ?, ?, ?)", *row)

    def manifest(self, **stream: Any) -> Manifest:
        people = {
            "table": "people",
            "read": "incremental",
            "cursor": {"column": "luc", "overlap": "10 min"},
            "changed_at": "luc",
            "key": ["id"],
            "ignore": ["xoa"],
            "emits": {"Citizen": {"fields": FIELDS}},
            **stream,
        }
        label = {"vi": "Thử", "en": "Test"}
        facts = {
            "title": label,
            "sector": "citizen",
            "owner": "-",
            "legal_basis": "-",
            "version": "1",
            "freshness": "-",
        }
        source = {"kind": "sql", "url": {"env": "CHANGES_URL"}, "attempts": 1}
        return parse_manifest({"name": "changes", "source": source, "streams": {"people": people}, **facts})

    def sync(self, *, full: bool = False, accept_deletes: bool = False, **stream: Any) -> RunReport:
        (report,) = run_connectors(self.engine, [self.manifest(**stream)], RunChoices(accept_deletes, full))
        return report

    def held(self) -> dict[str, str]:
        return dict(self.rows("select source_key, full_name from data.citizen"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.store) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def table(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    made = Table(database_url, tmp_path)
    monkeypatch.setenv("CHANGES_URL", f"sqlite:///{made.path}")
    yield made
    made.engine.dispose()


def test_only_what_changed_is_read_and_late_rows_are_found(table: Table) -> None:
    for n in range(1, 51):
        table.person(n, minute=n)
    assert table.sync().counts[0].added == 50
    table.person(3, "Lê Văn Ba", minute=60)
    table.person(51, minute=45)  # late, within the overlap
    table.person(52, minute=50)  # a tie with the last row of the first read
    (count,) = table.sync().counts
    assert (count.added, count.changed, count.deleted) == (2, 1, 0)
    assert count.read < 20
    assert table.held()["3"] == "Lê Văn Ba"
    assert {"51", "52"} <= table.held().keys()
    assert table.sync().counts[0].added == 0


def test_an_older_version_never_overwrites_a_newer_one(table: Table) -> None:
    table.person(1, "Lê Văn Mới", minute=30)
    table.sync()
    table.person(1, "Lê Văn Cũ", minute=25)  # as a replica that lags would say
    (count,) = table.sync().counts
    assert (count.changed, count.unchanged) == (0, 1)
    assert table.held() == {"1": "Lê Văn Mới"}


def test_a_mark_of_deletion_deletes_once_and_a_newer_version_brings_back(table: Table) -> None:
    marks = {"deletes": "tombstone", "tombstone": {"column": "xoa", "values": ["1"]}, "ignore": []}
    for n in range(1, 6):
        table.person(n, minute=n)
    table.sync(**marks)
    table.person(2, minute=20, gone=1)
    assert table.sync(**marks).counts[0].deleted == 1
    assert table.sync(**marks).counts[0].deleted == 0
    table.person(2, "Lê Văn Hai", minute=21)
    assert table.sync(**marks).counts[0].added == 1
    assert table.held()["2"] == "Lê Văn Hai"
    assert table.sync(full=True, **marks).counts[0].deleted == 0
    table.person(3, minute=22, gone=1)
    assert table.sync(full=True, **marks).counts[0].deleted == 1


def test_a_sweep_by_keys_comes_when_it_is_due_and_keeps_to_the_bound(table: Table) -> None:
    for n in range(1, 101):
        table.person(n, minute=n)
    table.sync()
    table.do("delete from people where id <= 10")
    assert table.sync(sweep_every="1 day").counts[0].deleted == 0
    assert table.sync(sweep_every="0 s").counts[0].deleted == 10
    assert len(table.held()) == 90
    table.do("delete from people where id <= 60")
    report = table.sync(sweep_every="0 s")
    assert (report.status, report.counts[0].deleted, len(table.held())) == ("PARTIAL", 0, 90)
    assert table.sync(sweep_every="7 days").status == "PARTIAL"  # it looks again until someone has answered
    with connect_for_run(store_url(table.engine)) as connection:
        (question,) = approve.list_approvals(connection)
        assert (question.kind, question.rows, question.held) == ("DELETES", 50, 90)
        approve.decide_approval(connection, question.id, approved=True, by="officer")
    assert table.sync(sweep_every="0 s").counts[0].deleted == 50
    assert table.rows("select approved, used_by is not null from hub.approval") == [(True, True)]
    table.do("delete from people")
    emptied = table.sync(full=True)
    assert emptied.status == "FAILED"
    assert "returned 0 rows and the store has 40" in emptied.problems[0]
    assert len(table.held()) == 40
    assert table.sync(full=True, accept_deletes=True).counts[0].deleted == 40


def test_a_question_that_events_have_answered_is_closed(table: Table) -> None:
    for n in range(1, 101):
        table.person(n, minute=n)
    table.sync()
    table.do("delete from people where id > 10")
    assert table.sync(full=True).status == "PARTIAL"
    for n in range(11, 101):
        table.person(n, minute=n)
    assert table.sync(full=True).status == "SUCCEEDED"
    assert table.rows("select approved, decided_by like 'run:%' from hub.approval") == [(False, True)]


def test_a_full_read_that_shrank_is_not_believed_where_nothing_is_swept(table: Table) -> None:
    for n in range(1, 101):
        table.person(n, minute=n)
    table.sync(deletes="none")
    table.do("delete from people where id > 40")
    assert table.sync(full=True, deletes="none").status == "FAILED"
    assert table.sync(full=True, deletes="none", max_shrunk=0.7).status == "SUCCEEDED"
    assert len(table.held()) == 100


def test_two_versions_in_a_whole_read_do_not_take_turns(table: Table) -> None:
    """One row is known by its digest and not staged: the other of the same key must not slip in over it."""
    whole = {"read": "full", "cursor": None, "key": ["so"]}
    table.person(1, "Lê Văn Cũ", minute=1, so="000000000007")
    table.person(2, "Lê Văn Mới", minute=2, so="000000000007")
    for _ in range(3):
        report = table.sync(**whole)
        assert report.counts[0].quarantined == 1
        assert table.held() == {"000000000007": "Lê Văn Mới"}
    table.person(3, "Lê Văn Mới Hơn", minute=3, so="000000000007")
    for others in (1, 2):  # the one that gives way was known when the newer one came
        assert table.sync(**whole).counts[0].quarantined == others
        assert table.held() == {"000000000007": "Lê Văn Mới Hơn"}
    assert len(table.rows("select from history.citizen")) == 1


def test_a_newer_mapping_looks_at_every_row_and_writes_what_differs(table: Table) -> None:
    whole = {"read": "full", "cursor": None, "max_changed": 1.0}
    for n in range(1, 31):
        table.person(n, "Lê Văn An " if n < 3 else "Lê Văn An")
    table.sync(**whole)
    digests = table.rows("select row_digest from data.citizen")
    patches = [{"column": "ten", "value": "Lê Văn An", "to": "Lê Văn Anh"}]
    assert table.sync(**whole, patches=patches).counts[0].changed == 28
    assert not set(digests) & set(table.rows("select row_digest from data.citizen"))
    assert table.sync(**whole, patches=patches).counts[0].unchanged == 30


def test_rows_are_looked_up_live_and_merged(table: Table) -> None:
    for n in range(1, 6):
        table.person(n, minute=n)
    table.sync()
    before = table.rows("select cursor, as_of, confirmed_at from hub.stream")
    table.person(2, "Lê Văn Hai", minute=30)
    table.person(9, minute=31)
    table.do("delete from people where id = 5")
    url = store_url(table.engine)
    with connect_for_run(url) as connection:
        looked = look_up(connection, url, LookupTask(table.manifest(lookup=True), "people", ["2", "9", "5", "2"]))
        assert (looked.stored, looked.absent, looked.rejected) == ({"2", "9"}, {"5"}, frozenset())
        assert (looked.counts[0].added, looked.counts[0].changed, looked.counts[0].deleted) == (1, 1, 0)
        with pytest.raises(OperationRefused, match="cannot look up single rows"):
            look_up(connection, url, LookupTask(table.manifest(), "people", ["2"]))
        two = table.manifest(lookup=True, key=["id", "so"])
        with pytest.raises(OperationRefused, match="each key needs 2 values"):
            look_up(connection, url, LookupTask(two, "people", ["2"]))
    assert table.held()["2"] == "Lê Văn Hai"
    assert "5" in table.held()
    assert table.rows("select cursor, as_of, confirmed_at from hub.stream") == before
    assert table.rows("select mode, status from hub.run order by id desc limit 1") == [("LOOKUP", "SUCCEEDED")]


def test_a_look_up_does_not_wait_for_ever_for_a_run(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table.person(1)
    table.sync()
    monkeypatch.setattr("hub.ingest.run.lookup.LOCK_WAIT_S", 0.1)
    url = store_url(table.engine)
    with psycopg.connect(table.store) as other, connect_for_run(url) as connection:
        other.execute("select from hub.stream for no key update")
        with pytest.raises(CursorMoved, match="another run of this stream is in progress"):
            look_up(connection, url, LookupTask(table.manifest(lookup=True), "people", ["1"]))
    assert table.rows("select mode from hub.run order by id desc limit 1") == [("SYNC",)]
