"""The worker: runs queued jobs, queues scheduled ones, reassigns jobs of dead workers, follows connectors and looks up rows.

It stops within GRACE_S when told to. A sync that has not ended by then is interrupted: its transaction is not
committed, so the store stays consistent, and its job is queued again.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from sqlalchemy import Engine

from hub.errors import StoreUnavailable
from hub.ingest.run.follow import ConnectorFollower
from hub.jobs import queue as q
from hub.jobs.counts import WorkerCounts
from hub.jobs.schedules import CORRECTIONS_CRON, PRUNE_CRON, QUALITY_CRON, list_schedules, register_schedule
from hub.jobs.tasks import QueueTasks
from hub.jobs.threads import run_in_thread
from hub.jobs.webhook_courier import WebhookCourier
from hub.refresh.lookup_server import start_lookup_server
from hub.sdk.manifest import Manifest
from hub.store.engine import store_url

GRACE_S = 8.0
MISSED_HEARTBEATS = 3
"""A worker that missed this many heartbeats is considered dead."""
MAX_CRASHES = 5
"""A job that crashed this many workers is marked failed."""


@dataclass(frozen=True)
class WorkerOptions:
    """How a worker runs: `concurrency` jobs at once; these connectors scheduled, looked up and, with `follow`, followed.

    A source has `lookup_timeout_s` seconds to answer a look-up; 0 serves none.
    """

    manifests: Sequence[Manifest]
    concurrency: int = 2
    follow: bool = True
    heartbeat_s: float = 10.0
    keep_days: int = 90
    lookup_timeout_s: float = 0.0
    webhook_every_s: float = 0.0
    """Seconds between two looks for events to deliver; 0 for none."""
    schedule: str | None = None
    """A cron expression for every connector, instead of those of the manifests."""


@dataclass
class QueueWorker:
    """One worker in one process. `say` receives each line for a person to read."""

    engine: Engine
    options: WorkerOptions
    say: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)
    followers: list[threading.Thread] = field(default_factory=list)
    lookups: threading.Thread | None = None
    """Serves look-ups; None if no source promises them."""
    counts: WorkerCounts = field(default_factory=WorkerCounts)
    """What it has done so far."""

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises StoreUnavailable if the database connection is lost, HubMisconfigured."""
        silence_queue_log()
        try:
            asyncio.run(self._work())
        except ConnectorException:
            raise StoreUnavailable(
                "the connection to the queue's database was lost",
                next_step="start the database and run `hub worker` again; nothing was lost",
            ) from None

    async def _work(self) -> None:
        found = list(list_schedules(self.options.manifests, self.options.schedule))
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        queue = q.build_queue(store_url(self.engine), connections=self.options.concurrency + 4)
        tasks = QueueTasks(queue, self.engine, self.say, self.options.keep_days, self.counts)
        task = tasks.register()
        for schedule in found:
            register_schedule(queue, task, schedule)
        upkeep = {q.PRUNE_TASK: PRUNE_CRON, q.CORRECTIONS_TASK: CORRECTIONS_CRON, q.QUALITY_TASK: QUALITY_CRON}
        for name, cron in upkeep.items():
            queue.periodic(cron=cron, lock=name, queueing_lock=name)(queue.tasks[name])
        async with queue.open_async():
            self._start_following(tasks, loop)
            self._say_start([f"{s.connector} {s.cron}" for s in found])
            await self._work_until(told, queue)

    def _say_start(self, scheduled: list[str]) -> None:
        following = [thread.name for thread in self.followers]
        self.say(
            f"worker: started, {self.options.concurrency} jobs at once; scheduled: {', '.join(scheduled) or 'none'};"
            f" followed: {', '.join(following) or 'none'}; look-ups: {'on' if self.lookups else 'off'}"
        )

    async def _work_until(self, told: asyncio.Event, queue: App) -> None:
        working = asyncio.create_task(self._run_jobs(queue))
        reaping = asyncio.create_task(self._reap(queue))
        stopping = asyncio.create_task(told.wait())
        delivering = asyncio.create_task(self._deliver_webhooks())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        by_itself = not told.is_set()
        self.say("worker: stopping" if not by_itself else "worker: the connection to the queue was lost")
        self.stop.set()
        deadline = time.monotonic() + GRACE_S
        for waiting in (reaping, delivering, stopping, working):
            waiting.cancel()
        results = await asyncio.gather(working, reaping, delivering, stopping, return_exceptions=True)
        await self._end_following(deadline)
        if by_itself:
            raise results[0] if isinstance(results[0], ConnectorException) else ConnectorException()
        self.say("worker: stopped")

    async def _run_jobs(self, queue: App) -> None:
        await queue.run_worker_async(
            concurrency=self.options.concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=GRACE_S,
            update_heartbeat_interval=self.options.heartbeat_s,
            stalled_worker_timeout=MISSED_HEARTBEATS * self.options.heartbeat_s,
            fetch_job_polling_interval=min(5.0, self.options.heartbeat_s),
        )

    async def _deliver_webhooks(self) -> None:
        """Deliver events. A job for each look would fill the queue's table, so this is a loop of the worker's own."""
        if self.options.webhook_every_s:
            await WebhookCourier(store_url(self.engine), self.say).run(self.options.webhook_every_s)

    async def _reap(self, queue: App) -> None:
        """Requeue the jobs of dead workers. Several workers may try this at once: the first one takes each job."""
        silent = MISSED_HEARTBEATS * self.options.heartbeat_s
        while True:
            with suppress(ConnectorException):
                for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent):
                    await self._put_back(queue, job)
                await queue.job_manager.prune_stalled_workers(silent)
            await asyncio.sleep(self.options.heartbeat_s)

    async def _put_back(self, queue: App, job: Job) -> None:
        assert job.id is not None  # the job comes from the table
        outcome = f"it crashed {job.attempts} workers and is marked failed"
        if job.attempts < MAX_CRASHES:
            try:
                await queue.job_manager.retry_job(job)
            except UniqueViolation:
                outcome = "the same job is already queued"
            else:
                self.say(f"{job.lock}: its worker died; it is queued again")
                return
        # Left as it is, it would hold its lock forever.
        await queue.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=False)
        self.say(f"{job.lock}: its worker died; {outcome}")

    def _start_following(self, tasks: QueueTasks, loop: asyncio.AbstractEventLoop) -> None:
        def changed(_: int) -> None:
            # A closed loop queues no more linking; the next worker does.
            with suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(_queue_link_quietly(tasks), loop)

        def followed(connector: str, rows: int) -> None:
            self.counts.note_followed(connector, rows)
            changed(rows)

        for manifest in self.options.manifests:
            if manifest.follows and self.options.follow:
                note = partial(followed, manifest.name)
                follower = ConnectorFollower(store_url(self.engine), manifest, self.stop, self.say, note)
                self.followers.append(threading.Thread(target=follower.run, name=manifest.name, daemon=True))
        for thread in self.followers:
            thread.start()
        url, options = store_url(self.engine), self.options
        self.lookups = start_lookup_server(
            url, options.manifests, options.lookup_timeout_s, self.stop, self.say, changed
        )

    async def _end_following(self, deadline: float) -> None:
        """Wait for the followers while there is time; their threads do not keep the process alive."""

        def join() -> None:
            for thread in self.followers:
                thread.join(max(0.0, deadline - time.monotonic()))
                if thread.is_alive():
                    self.say(f"follow {thread.name}: interrupted")

        await run_in_thread(join)


def silence_queue_log() -> None:
    """Turn off procrastinate's own log lines, which quote arguments and error messages; the tasks report what a person needs.

    By its level, which the loggers below it inherit, e.g. that of a named worker.
    """
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL + 1)


async def _queue_link_quietly(tasks: QueueTasks) -> None:
    # If the queue is gone, the worker ends on its own.
    with suppress(ConnectorException):
        await tasks.queue_link()
