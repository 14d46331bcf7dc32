"""Several runs that meet an empty table at the same moment: each finds its rows there afterwards, and nobody else's are gone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest

from hub.ingest.run import stream_run
from hub.ingest.run.connector_run import RunReport, run_connectors
from hub.ingest.write import initial_load
from hub.sdk.manifest import Manifest
from hub.store.engine import store_url
from tests.system.ingest.table_locks import await_lock
from tests.system.trial import HEADER, Trial, manifest, person

WITHIN_S = 60.0
INSERT = """
insert into data.citizen (personal_id, full_name, full_name_key, stream_id, source_key, run_id, row_digest, first_seen, sys_from)
values ('022080999999', 'Lê An', 'le an', 32000, 'of another stream', 1, 1, now(), now())"""


def make_connector(name: str, folder: Path, *rows: str) -> Manifest:
    """A connector of citizens with files of its own."""
    (folder / f"{name}.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return manifest("TRIAL_FOLDER", files=f"{name}.csv").model_copy(update={"name": name})


def test_two_first_loads_of_one_table_both_succeed(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each looked whether the table is empty, and kept the lock of that look while it waited for the other's: a deadlock."""
    both, look = Barrier(2), initial_load.can_load_directly

    def look_together(*arguments: Any) -> bool:
        found: bool = look(*arguments)
        both.wait(WITHIN_S)
        return found

    monkeypatch.setattr(stream_run, "can_load_directly", look_together)
    connectors = [make_connector(name, trial.folder, person(number)) for number, name in ((1, "one"), (2, "two"))]
    with ThreadPoolExecutor() as pool:
        reports = [found for (found,) in pool.map(lambda which: run_connectors(trial.engine, [which]), connectors)]
    assert [(report.status, report.changed) for report in reports] == [("SUCCEEDED", 1)] * 2, reports
    assert trial.rows("select count(*) from data.citizen") == [(2,)]
    indexes = trial.rows("select count(*) from pg_indexes where tablename = 'citizen' and schemaname = 'data'")
    assert indexes[0][0] > 2


def test_rows_that_are_committed_while_a_first_load_waits_stay(trial: Trial) -> None:
    """The table seemed empty, and was emptied for the load when the other's rows were there."""
    with psycopg.connect(store_url(trial.engine), autocommit=True) as connection, ThreadPoolExecutor() as pool:
        with connection.transaction():
            connection.execute(INSERT)
            run = pool.submit(run_connectors, trial.engine, [make_connector("one", trial.folder, person(1))])
            await_lock(trial, "ShareRowExclusiveLock")
        (report,) = run.result(WITHIN_S)
    assert (report.status, report.changed) == ("SUCCEEDED", 1), report
    assert trial.rows("select source_key from data.citizen order by 1") == [("1",), ("of another stream",)]


def test_a_run_that_the_store_rolled_back_is_retried(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadlock is nobody's fault and passes: the worker asks `away` whether another try may help."""

    def meet_deadlock(*_: object, **__: object) -> None:
        raise psycopg.errors.DeadlockDetected

    connector = make_connector("one", trial.folder, person(1))
    with monkeypatch.context() as patch:
        patch.setattr("hub.ingest.run.stream_run.StreamRun._read_whole", meet_deadlock)
        (report,) = run_connectors(trial.engine, [connector])
    assert (report.status, report.away) == ("FAILED", True)
    (again,) = run_connectors(trial.engine, [connector])
    assert isinstance(again, RunReport)
    assert (again.status, again.away) == ("SUCCEEDED", False)
