"""The queue: its tasks, the locks of a job, and how to queue one.

A job's lock prevents two of a kind from running at once; its queueing lock prevents two from waiting.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from hub.ingest.run.connector_run import RunChoices
from hub.jobs.schema import SESSION_OPTIONS

SYNC_TASK, LINK_TASK, PRUNE_TASK, CORRECTIONS_TASK = "sync", "link", "prune", "corrections"
TASKS = (SYNC_TASK, LINK_TASK, PRUNE_TASK, CORRECTIONS_TASK)
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
    queued = {}
    with App(
        connector=SyncPsycopgConnector(conninfo=url, kwargs={"options": SESSION_OPTIONS}, min_size=1, max_size=1)
    ).open() as queue:
        for name in connectors:
            lock = build_sync_lock(name)
            configured = queue.configure_task(SYNC_TASK, lock=lock, queueing_lock=lock)
            try:
                configured.defer(**build_sync_arguments(name, choices))
                queued[name] = True
            except AlreadyEnqueued:
                queued[name] = False
    return queued
