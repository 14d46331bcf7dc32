"""A first load beside those who read the table: they are answered while it goes on, and what an operator did to the table stays."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import psycopg
import pytest

from hub.ingest.run.connector_run import RunReport
from hub.ingest.write import initial_load, new_table
from hub.store.engine import store_url
from tests.system.ingest.table_locks import await_lock
from tests.system.trial import Trial, person

WITHIN_S = 60.0
COUNT = "select count(*) from data.citizen"
DESCRIBED = """
select 'table', c.relname, concat_ws('; ', pg_get_userbyid(c.relowner), c.reloptions::text, obj_description(c.oid), c.relkind, c.relpersistence)
from pg_class c where c.oid = 'data.citizen'::regclass
union all
select 'privilege', pg_get_userbyid(a.grantee), a.privilege_type || a.is_grantable
from pg_class c cross join aclexplode(c.relacl) a where c.oid = 'data.citizen'::regclass
union all
select 'column', a.attname, concat_ws('; ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum),
    a.attcollation::regcollation, a.attstorage)
from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = 'data.citizen'::regclass and a.attnum > 0 and not a.attisdropped
union all
select 'constraint', conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'data.citizen'::regclass
union all
select 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) || coalesce(obj_description(i.indexrelid), '')
from pg_index i where i.indrelid = 'data.citizen'::regclass
order by 1, 2, 3"""


@contextmanager
def connect(trial: Trial) -> "Iterator[psycopg.Connection[Any]]":
    """A reader, which gives up after 5 s."""
    url = store_url(trial.engine)
    with psycopg.connect(url, autocommit=True, options="-c statement_timeout=5s") as connection:
        yield connection


@contextmanager
def load_that_waits(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, at: str
) -> Iterator[tuple[Future[RunReport], Event]]:
    """A first load that has come to a step of InitialLoad and goes on when the event is set."""
    come, go, step = Event(), Event(), getattr(initial_load.InitialLoad, at)

    def wait(*arguments: Any) -> Any:
        come.set()
        assert go.wait(WITHIN_S)
        return step(*arguments)

    monkeypatch.setattr(initial_load.InitialLoad, at, wait)
    trial.write(person(1), person(2))
    with ThreadPoolExecutor() as pool:
        run = pool.submit(trial.sync)
        try:
            assert come.wait(WITHIN_S)
            yield run, go
        finally:
            go.set()


@pytest.mark.parametrize("at", ["copy_rows", "build_indexes"])
def test_readers_are_answered_while_a_first_load_goes_on(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """The table was locked from the first row of the source to the last index: each read of it waited for that, and timed out."""
    with connect(trial) as reader, load_that_waits(trial, monkeypatch, at) as (run, go):
        # Prepared, as those of the hub are: its plan is of the table that goes.
        found = [reader.execute(COUNT, prepare=True).fetchone()]
        go.set()
        assert run.result(WITHIN_S).status == "SUCCEEDED"
        found.append(reader.execute(COUNT, prepare=True).fetchone())
    assert found == [(0,), (2,)]


def test_a_table_is_described_after_its_first_load_as_before(trial: Trial) -> None:
    with connect(trial) as operator:
        operator.execute("create role partner")
        try:
            operator.execute("grant select, update on data.citizen to partner with grant option")
            operator.execute("alter default privileges in schema data grant delete on tables to partner")
            operator.execute("alter table data.citizen set (fillfactor = 80, autovacuum_enabled = false)")
            operator.execute(
                "create index citizen_of_partner on data.citizen (birth_date) where full_name <> 'x ON data.citizen '"
            )
            before = operator.execute(DESCRIBED).fetchall()
            trial.write(person(1), person(2))
            assert trial.sync().status == "SUCCEEDED"
            assert operator.execute(DESCRIBED).fetchall() == before
            assert operator.execute("select count(*) from pg_class where relname like 'new%'").fetchone() == (0,)
        finally:
            operator.execute("drop owned by partner")
            operator.execute("drop role partner")


RESTING = {
    "view": "create view public.resting as select full_name from data.citizen",
    "function": "create function public.resting(c data.citizen) returns text language sql return c.full_name",
    "list of rows": "create table public.resting (people data.citizen[])",
    "reference": "create table public.resting (citizen bigint references data.citizen)",
    "child": "create table public.resting () inherits (data.citizen)",
    "statistics": "create statistics public.resting on birth_date, sex from data.citizen",
    "policy": "create policy resting on data.citizen using (true)",
    "rule": "create rule resting as on delete to data.citizen do also notify resting",
    "publication": "create publication resting for table data.citizen",
    "column": "grant select (full_name) on data.citizen to pg_monitor",
}


@pytest.mark.parametrize("kind", RESTING)
def test_what_rests_on_a_table_stays(trial: Trial, kind: str) -> None:
    """A new table would have to be made anew with it, so rows are merged into the old one."""
    with connect(trial) as operator:
        operator.execute(RESTING[kind])
        (before,) = operator.execute("select 'data.citizen'::regclass::oid").fetchone() or (0,)
        trial.write(person(1), person(2))
        assert trial.sync().status == "SUCCEEDED"
        assert operator.execute(COUNT).fetchone() == (2,)
        assert operator.execute("select 'data.citizen'::regclass::oid").fetchone() == (before,)
        if kind == "publication":
            operator.execute("drop publication resting")


def test_without_it_a_new_table_takes_the_place(trial: Trial) -> None:
    with connect(trial) as operator:
        before = operator.execute("select 'data.citizen'::regclass::oid").fetchone()
        trial.write(person(1), person(2))
        trial.sync()
        assert operator.execute("select 'data.citizen'::regclass::oid").fetchone() != before


def test_a_long_reader_delays_the_end_of_a_load_and_no_other_reader(trial: Trial) -> None:
    with connect(trial) as backup, connect(trial) as reader, ThreadPoolExecutor() as pool:
        trial.write(person(1), person(2))
        with backup.transaction():
            assert backup.execute(COUNT).fetchone() == (0,)
            run = pool.submit(trial.sync)
            await_lock(trial, "AccessExclusiveLock")
            assert [reader.execute(COUNT).fetchone() for _ in range(20)] == [(0,)] * 20
            assert not run.done()
        assert run.result(WITHIN_S).status == "SUCCEEDED"
        assert reader.execute(COUNT).fetchone() == (2,)


def test_a_load_that_readers_never_leave_alone_is_tried_again(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initial_load, "put_in_place", lambda *of: new_table.put_in_place(*of, within_s=0.0))
    trial.write(person(1), person(2))
    with connect(trial) as backup, backup.transaction():
        assert backup.execute(COUNT).fetchone() == (0,)
        report = trial.sync()
    assert (report.status, report.away) == ("FAILED", True)
    (problem,) = report.problems
    assert "LockNotAvailable" in problem
    assert "run it again; nothing was lost" in problem
    assert trial.rows(COUNT) == [(0,)]
    assert trial.sync().status == "SUCCEEDED"
