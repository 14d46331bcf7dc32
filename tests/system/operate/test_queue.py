"""The queue in PostgreSQL: its schema, what is queued again and what is not, jobs of dead workers, what is pruned."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate import App
from sqlalchemy import Engine

from hub.errors import HubMisconfigured
from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunChoices
from hub.ingest.run.run_lock import TRY_LOCK
from hub.jobs import queue as q
from hub.jobs import schema
from hub.jobs.prune import prune_store
from hub.jobs.tasks import MAX_ATTEMPTS, JobFailed, QueueTasks
from hub.jobs.worker import MAX_CRASHES, QueueWorker, WorkerOptions
from hub.store.engine import make_engine, store_url
from hub.store.migrate import find_schema_differences, migrate_store
from tests.system.trial import Trial, manifest, person

FUNCTIONS = (
    "select p.proname, pg_get_functiondef(p.oid) from pg_proc p"
    " where p.pronamespace = 'jobs'::regnamespace and p.prokind = 'f' order by 1"
)
COLUMNS = (
    "select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns"
    " where table_schema = 'jobs' order by 1, 2"
)
INDEXES = "select indexdef from pg_indexes where schemaname = 'jobs' order by 1"


@dataclass
class Queue:
    """A store with a queue and one connector, and what a worker would say."""

    trial: Trial
    said: list[str]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.trial.rows(query)

    def waiting(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select task_name, args, scheduled_at from jobs.procrastinate_jobs where status = 'todo' order by task_name"
        )

    def do(self, work: Callable[[QueueTasks], Awaitable[None]]) -> None:
        """Work with an open queue, as a worker's job does."""

        async def opened() -> None:
            app = q.build_queue(store_url(self.trial.engine), connections=2)
            tasks = QueueTasks(app, self.trial.engine, self.said.append, keep_days=30)
            async with app.open_async():
                await work(tasks)

        asyncio.run(opened())


@pytest.fixture(scope="module")
def store(module_database_url: str) -> Iterator[Engine]:
    made = make_engine(module_database_url)
    schema.migrate_queue(module_database_url)
    yield made
    made.dispose()


@pytest.fixture
def queue(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setattr(ingest, "load_manifests", lambda: {"trial": manifest("TRIAL_FOLDER")})
    with store.begin() as connection:
        tables = connection.exec_driver_sql(
            "select string_agg(format('%%I.%%I', schemaname, tablename), ', ') from pg_tables"
            " where schemaname in ('hub', 'data', 'history', 'link', 'link_history', 'jobs')"
            " and tablename not in ('alembic_version', 'applied')"
        ).scalar_one()
        connection.exec_driver_sql(f"truncate {tables}")
    return Queue(Trial(store, tmp_path, monkeypatch), [])


def described(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in (FUNCTIONS, COLUMNS, INDEXES)]


def test_two_processes_make_the_queue_once_and_alembic_sees_nothing_of_it(new_database_url: str) -> None:
    made = make_engine(new_database_url)
    migrate_store(made)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: schema.migrate_queue(new_database_url), range(4)))
    with made.begin() as connection:
        assert find_schema_differences(connection) == []
        assert connection.exec_driver_sql("select count(*) from jobs.applied").scalar_one() == len(
            schema.list_migrations()
        )
    made.dispose()


def test_a_queue_of_an_older_procrastinate_becomes_as_a_new_one(new_database_url: str, store: Engine) -> None:
    every = schema.list_migrations()
    older = {name: path for name, path in every.items() if name < "03.00"}
    assert 0 < len(older) < len(every)
    with psycopg.connect(new_database_url, options=schema.SESSION_OPTIONS, autocommit=True) as connection:
        connection.execute("create schema jobs")
        connection.execute(
            "create table jobs.applied (migration text primary key, at timestamptz not null default now())"
        )
        for name, path in older.items():
            connection.execute(path.read_text())
            connection.execute("insert into jobs.applied (migration) values (%s)", (name,))
    schema.migrate_queue(new_database_url)
    new, old = described(store_url(store)), described(new_database_url)
    # procrastinate leaves superseded functions behind in a migrated database; those of a new one are all there, alike.
    assert [f for f in new[0] if f not in old[0]] == []
    assert old[1] == new[1]
    assert old[2] == new[2]


def test_a_queue_of_a_newer_program_is_refused(new_database_url: str) -> None:
    schema.migrate_queue(new_database_url)
    with psycopg.connect(new_database_url, autocommit=True) as connection:
        connection.execute("insert into jobs.applied (migration) values ('99.00.00_01_beyond')")
    with pytest.raises(HubMisconfigured, match=r"99\.00\.00_01_beyond"):
        schema.migrate_queue(new_database_url)


def test_a_connector_waits_once(queue: Queue) -> None:
    url = store_url(queue.trial.engine)
    assert q.queue_syncs(url, ["trial", "other"], RunChoices(full=True)) == {"trial": True, "other": True}
    assert q.queue_syncs(url, ["trial"], RunChoices()) == {"trial": False}
    assert [args for _, args, _ in queue.waiting()] == [
        {"connector": "trial", "attempt": 1, "full": True},
        {"connector": "other", "attempt": 1, "full": True},
    ]


def test_a_run_that_changed_rows_queues_linking_once(queue: Queue) -> None:
    queue.trial.write(person(1, "Trần Thị Bưởi"))
    queue.do(lambda tasks: tasks.sync("trial"))
    assert [(task, args) for task, args, _ in queue.waiting()] == [("corrections", {}), ("link", {})]
    queue.do(lambda tasks: tasks.sync("trial"))
    assert len(queue.waiting()) == 2
    queue.do(lambda tasks: tasks.link())
    assert queue.rows("select count(*) from hub.link_run where ended_at is not null") == [(1,)]
    assert not any("Bưởi" in line for line in queue.said)
    assert "SUCCEEDED, 1 read, 1 changed" in queue.said[1]


def test_a_source_that_is_away_is_tried_again_with_growing_waits_and_at_last_not(queue: Queue) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        before = datetime.now(UTC)
        queue.do(lambda tasks, attempt=attempt: tasks.sync("trial", attempt=attempt, anyway=True, full=True))
        found = queue.waiting()
        if attempt == MAX_ATTEMPTS:
            assert found == []
            break
        ((_, args, at),) = found
        assert args == {"connector": "trial", "attempt": attempt + 1, "anyway": True, "full": True}
        expected = timedelta(seconds=30) * 2 ** (attempt - 1)
        assert expected / 2 <= at - before <= 1.5 * expected + timedelta(seconds=20)
        with queue.trial.engine.begin() as connection:
            connection.exec_driver_sql("set local search_path = jobs")
            connection.exec_driver_sql("delete from jobs.procrastinate_jobs")


def test_a_connector_that_another_run_has_is_tried_again(queue: Queue) -> None:
    with psycopg.connect(store_url(queue.trial.engine), autocommit=True) as holder:
        holder.execute(TRY_LOCK, ("trial",))
        queue.do(lambda tasks: tasks.sync("trial"))
    ((_, args, _),) = queue.waiting()
    assert args == {"connector": "trial", "attempt": 2}


def test_a_run_that_is_put_off_is_queued_for_when_it_may(queue: Queue) -> None:
    with queue.trial.engine.begin() as connection:
        connection.exec_driver_sql("insert into hub.circuit values ('trial', 5, now() + interval '1 h', null)")
    queue.do(lambda tasks: tasks.sync("trial", attempt=3))
    ((_, args, at),) = queue.waiting()
    assert args == {"connector": "trial", "attempt": 3}
    assert timedelta(minutes=59) < at - datetime.now(UTC) < timedelta(minutes=61)


def test_neither_a_wrong_setting_nor_a_question_is_tried_again(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.trial.write(*(person(n) for n in range(1, 101)))
    queue.do(lambda tasks: tasks.sync("trial"))
    queue.trial.write(person(1))
    queue.do(lambda tasks: tasks.sync("trial"))
    assert queue.rows("select count(*) from hub.approval where decided_at is null") == [(1,)]
    monkeypatch.delenv("TRIAL_FOLDER")
    queue.do(lambda tasks: tasks.sync("trial"))
    assert "TRIAL_FOLDER is not set" in queue.said[-1]
    with pytest.raises(JobFailed):
        queue.do(lambda tasks: tasks.sync("nobody"))
    assert [task for task, *_ in queue.waiting()] == ["corrections", "link"]


def dead(queue: Queue, attempts: int = 0) -> int:
    """A job whose worker died."""
    with queue.trial.engine.begin() as connection:
        return connection.exec_driver_sql(
            "insert into jobs.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, attempts)"
            f" values ('default', 'sync', 'sync:trial', 'sync:trial', '{{\"connector\": \"trial\"}}', 'doing', {attempts})"
            " returning id"
        ).scalar_one()


def reap(queue: Queue) -> None:
    worker = QueueWorker(queue.trial.engine, WorkerOptions([], heartbeat_s=0.01), queue.said.append)

    async def once(app: App) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=0.01):
            await worker._put_back(app, job)

    queue.do(lambda tasks: once(tasks.queue))


def test_a_job_of_a_dead_worker_is_put_back(queue: Queue) -> None:
    number = dead(queue)
    reap(queue)
    assert queue.rows("select id, status::text, attempts from jobs.procrastinate_jobs") == [(number, "todo", 1)]


def test_a_job_that_waits_again_already_gives_its_lock_back(queue: Queue) -> None:
    dead(queue)
    q.queue_syncs(store_url(queue.trial.engine), ["trial"], RunChoices())
    reap(queue)
    assert queue.rows("select status::text from jobs.procrastinate_jobs order by id") == [("failed",), ("todo",)]


def test_a_job_that_workers_die_of_is_given_up(queue: Queue) -> None:
    dead(queue, attempts=MAX_CRASHES)
    reap(queue)
    assert queue.rows("select status::text from jobs.procrastinate_jobs") == [("failed",)]


def test_prune_keeps_what_is_provenance_or_waits(queue: Queue) -> None:
    queue.trial.write(person(1), person(2, so="bad"))
    for _ in range(3):
        queue.trial.sync()
    with queue.trial.engine.begin() as connection:
        connection.exec_driver_sql("update hub.run set ended_at = now() - interval '40 days'")
        connection.exec_driver_sql(
            "insert into hub.inbox (connector, stream, delivery, received_at, body) values"
            " ('p', 's', '1', now() - interval '40 days', null), ('p', 's', '2', now() - interval '40 days', 'x')"
        )
        connection.exec_driver_sql("insert into hub.quota values ('p', now() - interval '3 days', 1), ('p', now(), 1)")
    (((first, second, third),),) = queue.rows("select array_agg(id order by id) from hub.run")
    done = prune_store(store_url(queue.trial.engine), keep_days=30)
    assert (done.runs, done.deliveries, done.quotas) == (1, 1, 1)
    # The first wrote rows; a row waits in quarantine by the last, which is also the newest.
    assert queue.rows("select id from hub.run order by id") == [(first,), (third,)]
    assert second not in (first, third)
    assert queue.rows("select delivery from hub.inbox") == [("2",)]
    with queue.trial.engine.begin() as connection:
        connection.exec_driver_sql("delete from hub.quarantine")
    assert prune_store(store_url(queue.trial.engine), keep_days=30).runs == 0


def test_corrections_are_delivered_as_a_job(queue: Queue) -> None:
    queue.do(lambda tasks: tasks.corrections())
    assert queue.said == [], "nothing to say if nothing happened"
    with psycopg.connect(store_url(queue.trial.engine), autocommit=True) as connection:
        connection.execute(
            "insert into hub.source_correction (record_entity, record_id, field, claim_key, origin, connector, opened_by, opened_at,"
            " state, due_at, remind_at) values ('Citizen', 1, 'fullName', 'x', 'ANSWER', 'trial', 'an', now(), 'OPEN',"
            " now() - interval '1 day', now() - interval '1 day')"
        )
    queue.do(lambda tasks: tasks.corrections())
    assert queue.said == ["corrections: 0 sent, 0 failed, 0 answered, 1 reminded, 0 resolved, 0 reopened"]
