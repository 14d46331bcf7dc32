"""`hub worker` as a process of its own: schedules, the queue, a death, a stop in the middle of a run, following."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from hub.ingest.run.connector_run import RunChoices
from hub.jobs import queue as q
from hub.jobs import schema
from hub.jobs.worker import GRACE_S
from hub.store.engine import make_engine, store_url
from tests.system.trial import Trial, person

ROOT = Path(__file__).parents[3]
COMMAND = """
import sys
from hub.cli import main
from hub.ingest.run import connector_run as run
from tests.system.trial import manifest
plain = manifest("TRIAL_FOLDER")
run.load_manifests = lambda: {"trial": plain.model_copy(update={"schedule": "*/5 * * * *"})}
main(["worker", *sys.argv[1:]])
"""
"""The command itself, with a connector of this test."""
LIGHT = """
import os
from hub.ingest.run import connector_run as run
from hub.ingest.read import READERS
from hub.jobs.worker import QueueWorker, WorkerOptions
from hub.store.engine import make_engine
from tests.system import trial
from tests.system.operate import followed
READERS["stream"] = "tests.system.operate.followed:Followed"
found = {"trial": trial.manifest("TRIAL_FOLDER"), "followed": followed.manifest()}
run.load_manifests = lambda: found
chosen = [found[FOLLOWED]] if FOLLOWED else []
QueueWorker(make_engine(os.environ["HUB_DATABASE_URL"]), WorkerOptions(chosen, heartbeat_s=3), lambda s: print(s, flush=True)).run()
os._exit(0)
"""
"""A worker without the rest of the command line, whose imports take seconds where processors are shared.

It is taken for dead after nine seconds: a beat that is late by less must not cost a living one its job.
"""
WORKER = LIGHT.replace("FOLLOWED", "None")

FOLLOWER = LIGHT.replace("FOLLOWED", "'followed'")
STARTED = "worker: started"


class Process:
    """A worker whose lines can be waited for."""

    def __init__(self, script: str, url: str, *arguments: str) -> None:
        environment = {**os.environ, "HUB_DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}
        self.log = Path(os.environ["TRIAL_FOLDER"]).parent / f"worker-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", script, *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=ROOT,
            )

    @property
    def lines(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def says(self, words: str, within_s: float = 120) -> None:
        until(lambda: words in self.lines or self.process.poll() is not None, within_s)
        assert words in self.lines, self.lines

    def stop(self) -> float:
        """Stop it as a service manager does. Returns how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(90) == 0, self.lines
        return time.monotonic() - began


def until(holds: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.fixture(scope="module")
def store(module_database_url: str) -> Iterator[Engine]:
    made = make_engine(module_database_url)
    schema.migrate_queue(module_database_url)
    yield made
    made.dispose()


@pytest.fixture
def trial(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    (tmp_path / "people").mkdir()
    return Trial(store, tmp_path / "people", monkeypatch)


@pytest.fixture
def start(trial: Trial) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(script: str, *arguments: str) -> Process:
        started.append(Process(script, store_url(trial.engine), *arguments))
        return started[-1]

    yield begin
    for process in started:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait()


@contextmanager
def held_stream(trial: Trial) -> Iterator[None]:
    """Keep runs of `people` from going on, as a slow store does."""
    with psycopg.connect(store_url(trial.engine)) as holder:
        holder.execute("insert into hub.stream (connector, name) values ('trial', 'people') on conflict do nothing")
        holder.commit()
        holder.execute("select from hub.stream where connector = 'trial' for update")
        yield


def running(trial: Trial) -> bool:
    """Whether a run waits for the stream that is held."""
    return trial.rows(
        "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock' and query like '%%no key update%%'"
    ) == [(True,)]


def people(trial: Trial) -> list[str]:
    return [key for (key,) in trial.rows("select source_key from data.citizen order by 1")]


def test_what_is_scheduled_is_run_linked_and_said_without_names(trial: Trial, start: Callable[..., Process]) -> None:
    trial.write(person(1, "Trần Thị Bưởi"), person(2))
    # The last time of this schedule is less than ten minutes ago: a worker that starts makes up for it.
    worker = start(COMMAND)
    worker.says("link: ")
    worker.says("sync trial: SUCCEEDED, 2 read, 2 changed")
    assert people(trial) == ["1", "2"]
    assert "scheduled: trial */5 * * * *" in worker.lines
    assert "Bưởi" not in worker.lines
    assert worker.stop() < GRACE_S
    assert worker.lines.rstrip().endswith("worker: stopped")


def test_a_job_of_a_killed_worker_goes_to_another(trial: Trial, start: Callable[..., Process]) -> None:
    trial.write(person(1), person(2), person(3))
    q.queue_syncs(store_url(trial.engine), ["trial"], RunChoices())
    with held_stream(trial):
        first = start(WORKER)
        until(lambda: running(trial))
        assert running(trial), first.lines
        first.process.kill()
        first.process.wait()
        second = start(WORKER)
        second.says("sync:trial: its worker died; it is queued again")
    second.says("sync trial: SUCCEEDED, 3 read")
    assert people(trial) == ["1", "2", "3"]
    assert trial.rows("select status from hub.run order by id desc limit 2") == [("SUCCEEDED",), ("INTERRUPTED",)]
    second.stop()


def test_a_run_that_does_not_end_is_cut_in_time_and_queued_again(trial: Trial, start: Callable[..., Process]) -> None:
    trial.write(person(4))
    before = people(trial)
    q.queue_syncs(store_url(trial.engine), ["trial"], RunChoices(full=True, accept_deletes=True))
    with held_stream(trial):
        worker = start(WORKER)
        until(lambda: running(trial))
        assert running(trial), worker.lines
        # The run would wait for ever.
        assert worker.stop() < 3 * GRACE_S
        assert "sync trial: interrupted and queued again" in worker.lines
        assert trial.rows("select status from hub.run order by id desc limit 1") == [("INTERRUPTED",)]
    assert people(trial) == before
    again = start(WORKER)
    again.says("sync trial: SUCCEEDED, 1 read")
    assert people(trial) == ["4"]
    again.stop()


def test_two_workers_run_a_job_once(trial: Trial, start: Callable[..., Process]) -> None:
    trial.write(*(person(n) for n in range(1, 6)))
    workers = [start(WORKER), start(WORKER)]
    for worker in workers:
        worker.says(STARTED)
    q.queue_syncs(store_url(trial.engine), ["trial"], RunChoices())
    until(lambda: any("SUCCEEDED" in worker.lines for worker in workers))
    for worker in workers:
        worker.stop()
    assert sum(worker.lines.count("sync trial: started") for worker in workers) == 1


def test_a_followed_connector_is_followed_by_one_and_handed_over(trial: Trial, start: Callable[..., Process]) -> None:
    folder = trial.folder
    (folder / "901.json").write_text(person(901))
    first = start(FOLLOWER)
    first.says("follow followed: started")
    until(lambda: followed(trial) == ["901"])
    second = start(FOLLOWER)
    second.says(STARTED)
    (folder / "902.json").write_text(person(902))
    until(lambda: followed(trial) == ["901", "902"])
    # What breaks one stream is tried again, and the other goes on.
    (folder / "broken").touch()
    first.says("follow followed.people: followed.people: the source broke off")
    (folder / "broken").unlink()
    (folder / "903.json").write_text(person(903))
    until(lambda: followed(trial) == ["901", "902", "903"])
    assert first.stop() < GRACE_S
    ((status, counts),) = trial.rows(
        "select status, (counts -> 0 ->> 'added')::int from hub.run where mode = 'FOLLOW' order by id limit 1"
    )
    assert (status, counts) == ("SUCCEEDED", 3)
    assert "follow followed: started" in first.lines
    second.says("follow followed: started")
    (folder / "904.json").write_text(person(904))
    until(lambda: followed(trial) == ["901", "902", "903", "904"])
    assert followed(trial) == ["901", "902", "903", "904"]
    second.process.kill()


def test_following_stops_where_the_lock_is_lost(trial: Trial, start: Callable[..., Process]) -> None:
    worker = start(FOLLOWER)
    worker.says("follow followed: started")
    with psycopg.connect(store_url(trial.engine), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_locks l on l.pid = a.pid"
            " where l.locktype = 'advisory' and l.granted and a.datname = current_database() and a.pid <> pg_backend_pid()"
        )
    worker.says("follow followed: the database connection was lost")
    until(lambda: worker.lines.count("follow followed: started") == 2)
    assert worker.lines.count("follow followed: started") == 2
    worker.stop()


def test_only_names_connectors_that_are_there(trial: Trial, start: Callable[..., Process]) -> None:
    refused = start(COMMAND, "--only", "nobody")
    assert refused.process.wait(120) == 78
    assert "there is no connector nobody" in refused.lines


def followed(trial: Trial) -> list[str]:
    return [
        key
        for (key,) in trial.rows(
            "select c.source_key from data.citizen c join hub.stream s on s.id = c.stream_id"
            " where s.connector = 'followed' order by 1"
        )
    ]
