"""The queue: its tasks, the locks of a job, and how to queue one.

A job's lock prevents two of a kind from running at once; its queueing lock prevents two from waiting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from hub.errors import StoreUnavailable
from hub.ingest.run.connector_run import RunChoices
from hub.jobs.schema import SESSION_OPTIONS

SYNC_TASK, LINK_TASK, PRUNE_TASK, CORRECTIONS_TASK, REPLAY_TASK = "sync", "link", "prune", "corrections", "replay"
QUALITY_TASK = "quality"
TASKS = (SYNC_TASK, LINK_TASK, PRUNE_TASK, CORRECTIONS_TASK, REPLAY_TASK, QUALITY_TASK)
NO_CHOICES = RunChoices()


def build_queue(url: str, *, connections: int) -> App:
    """Return the queue of a database, to be opened with `open_async`."""
    return App(
        connector=PsycopgConnector(conninfo=url, kwargs={"options": SESSION_OPTIONS}, min_size=1, max_size=connections)
    )


def build_sync_arguments(connector: str, choices: RunChoices = NO_CHOICES, attempt: int = 1) -> dict[str, Any]:
    """Return the arguments of a job that syncs a connector."""
    given = {name: True for name, chosen in asdict(choices).items() if chosen}
    return {"connector": connector, "attempt": attempt, **given}


def build_sync_lock(connector: str) -> str:
    """Return the lock of such a job."""
    return f"{SYNC_TASK}:{connector}"


async def queue_job(queue: App, task: str, lock: str, arguments: dict[str, Any], at: datetime | None = None) -> bool:
    """Queue a job, optionally for a later time. Returns False if the same job is already waiting."""
    configured = queue.configure_task(task, lock=lock, queueing_lock=lock, schedule_at=at)
    try:
        await configured.defer_async(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def queue_syncs(url: str, connectors: Iterable[str], choices: RunChoices) -> dict[str, bool]:
    """Queue syncs of connectors. Returns per connector whether it was queued: False if one is already waiting."""
    jobs = [
        QueuedJob(SYNC_TASK, build_sync_arguments(name, choices), build_sync_lock(name), is_single=True)
        for name in connectors
    ]
    return {str(job.arguments["connector"]): queued for job, queued in zip(jobs, queue_jobs(url, jobs), strict=True)}


@dataclass(frozen=True)
class QueuedJob:
    """A job to queue. Two with one lock never run at once; of those that are `is_single`, two never wait."""

    task: str
    arguments: Mapping[str, Any]
    lock: str
    is_single: bool


def build_replay_job(connector: str, **choice: Any) -> QueuedJob:
    """A job that replays rejected rows of a connector: those with `numbers`, or of a `rule` and an `entity`. It runs while no sync does."""
    return QueuedJob(REPLAY_TASK, {"connector": connector, **choice}, build_sync_lock(connector), is_single=False)


def queue_jobs(url: str, jobs: Sequence[QueuedJob]) -> list[bool]:
    """Queue jobs, in order. Returns for each whether it was queued: False if the same one is already waiting.

    Raises StoreUnavailable with QUEUE_UNAVAILABLE.
    """
    queued = []
    connector = SyncPsycopgConnector(conninfo=url, kwargs={"options": SESSION_OPTIONS}, min_size=1, max_size=1)
    try:
        with App(connector=connector).open() as queue:
            for job in jobs:
                single = job.lock if job.is_single else None
                try:
                    queue.configure_task(job.task, lock=job.lock, queueing_lock=single).defer(**job.arguments)
                    queued.append(True)
                except AlreadyEnqueued:
                    queued.append(False)
    except ConnectorException:
        raise StoreUnavailable(
            "the queue does not take jobs from here",
            code="QUEUE_UNAVAILABLE",
            next_step="the operator sets HUB_STEWARD_URL to a login in the role hub_steward, and runs `hub migrate` and `hub worker`",
        ) from None
    return queued
