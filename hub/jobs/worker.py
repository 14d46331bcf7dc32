"""The worker: works off the queue, queues what is scheduled, gives jobs of dead workers to others, follows connectors.

It stops within GRACE_S when told to. A run that is not done by then is cut: its transaction is not committed, so the store
stays whole, and its job is queued again.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from sqlalchemy import Engine

from hub.errors import StoreUnavailable
from hub.ingest.run.follow import ConnectorFollower
from hub.jobs import queue as q
from hub.jobs.schedules import register, schedules
from hub.jobs.tasks import Tasks
from hub.jobs.threads import in_thread
from hub.sdk.manifest import Manifest
from hub.store.engine import store_url

GRACE_S = 8.0
MISSED = 3
"""A worker that was silent for so many heartbeats is dead."""
DEATHS = 5
"""A job that so many workers died of is not given to another."""
PRUNE_CRON = "17 3 * * *"


@dataclass(frozen=True)
class Orders:
    """How a worker is to work: `concurrency` jobs at once, these connectors scheduled and, if `follow`, followed."""

    manifests: Sequence[Manifest]
    concurrency: int = 2
    follow: bool = True
    heartbeat_s: float = 10.0
    keep_days: int = 90


@dataclass
class Worker:
    """One worker of one process. `say` is given each line that a person should read."""

    engine: Engine
    orders: Orders
    say: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)
    followers: list[threading.Thread] = field(default_factory=list)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises StoreUnavailable if the database goes away, HubMisconfigured."""
        # Its lines quote arguments and messages of errors; what a person needs is said by the tasks.
        logging.getLogger("procrastinate").disabled = True
        logging.getLogger("procrastinate.worker").disabled = True
        try:
            asyncio.run(self._work())
        except ConnectorException:
            raise StoreUnavailable(
                "the database of the queue went away", next_step="start it and run `hub worker` again; nothing was lost"
            ) from None

    async def _work(self) -> None:
        found = list(schedules(self.orders.manifests))
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        queue = q.app(store_url(self.engine), connections=self.orders.concurrency + 4)
        tasks = Tasks(queue, self.engine, self.say, self.orders.keep_days)
        task = tasks.register()
        for schedule in found:
            register(queue, task, schedule)
        queue.periodic(cron=PRUNE_CRON, lock=q.PRUNE, queueing_lock=q.PRUNE)(queue.tasks[q.PRUNE])
        async with queue.open_async():
            self._start_following(tasks, loop)
            self._say_start([f"{s.connector} {s.cron}" for s in found])
            await self._until(told, queue)

    def _say_start(self, scheduled: list[str]) -> None:
        following = [thread.name for thread in self.followers]
        self.say(
            f"worker: started, {self.orders.concurrency} jobs at once; scheduled: {', '.join(scheduled) or 'none'};"
            f" followed: {', '.join(following) or 'none'}"
        )

    async def _until(self, told: asyncio.Event, queue: App) -> None:
        working = asyncio.create_task(self._jobs(queue))
        reaping = asyncio.create_task(self._reap(queue))
        stopping = asyncio.create_task(told.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        by_itself = not told.is_set()
        self.say("worker: stopping" if not by_itself else "worker: the queue went away")
        self.stop.set()
        deadline = time.monotonic() + GRACE_S
        for waiting in (reaping, stopping, working):
            waiting.cancel()
        results = await asyncio.gather(working, reaping, stopping, return_exceptions=True)
        await self._end_following(deadline)
        if by_itself:
            raise results[0] if isinstance(results[0], ConnectorException) else ConnectorException()
        self.say("worker: stopped")

    async def _jobs(self, queue: App) -> None:
        await queue.run_worker_async(
            concurrency=self.orders.concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=GRACE_S,
            update_heartbeat_interval=self.orders.heartbeat_s,
            stalled_worker_timeout=MISSED * self.orders.heartbeat_s,
            fetch_job_polling_interval=min(5.0, self.orders.heartbeat_s),
        )

    async def _reap(self, queue: App) -> None:
        """Put back the jobs of workers that died. Several workers may do so at once: the first takes each."""
        silent = MISSED * self.orders.heartbeat_s
        while True:
            with suppress(ConnectorException):
                for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent):
                    await self._put_back(queue, job)
                await queue.job_manager.prune_stalled_workers(silent)
            await asyncio.sleep(self.orders.heartbeat_s)

    async def _put_back(self, queue: App, job: Job) -> None:
        assert job.id is not None  # it comes from the table
        outcome = f"it crashed {job.attempts} workers and is marked failed"
        if job.attempts < DEATHS:
            try:
                await queue.job_manager.retry_job(job)
            except UniqueViolation:
                outcome = "the same job is queued already"
            else:
                self.say(f"{job.lock}: its worker died; it is queued again")
                return
        # As it is it would hold its lock for ever.
        await queue.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=False)
        self.say(f"{job.lock}: its worker died; {outcome}")

    def _start_following(self, tasks: Tasks, loop: asyncio.AbstractEventLoop) -> None:
        def changed(_: int) -> None:
            # A loop that is closed links no more; the next worker does.
            with suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(_quietly(tasks), loop)

        for manifest in self.orders.manifests:
            if manifest.follows and self.orders.follow:
                follower = ConnectorFollower(store_url(self.engine), manifest, self.stop, self.say, changed)
                self.followers.append(threading.Thread(target=follower.run, name=manifest.name, daemon=True))
        for thread in self.followers:
            thread.start()

    async def _end_following(self, deadline: float) -> None:
        """Wait for the followers as long as there is time; their threads do not keep the process from ending."""

        def join() -> None:
            for thread in self.followers:
                thread.join(max(0.0, deadline - time.monotonic()))
                if thread.is_alive():
                    self.say(f"follow {thread.name}: cut")

        await in_thread(join)


async def _quietly(tasks: Tasks) -> None:
    # Without the queue the worker ends by itself.
    with suppress(ConnectorException):
        await tasks.queue_link()
