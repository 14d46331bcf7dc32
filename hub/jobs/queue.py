"""The queue: its tasks by name, what locks a job holds, and how a job is put into it.

A job's lock keeps two of a kind from being worked on at once, and its queueing lock from waiting twice.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from hub.ingest.run.connector_run import RunChoices
from hub.jobs.schema import OPTIONS

SYNC, LINK, PRUNE = "sync", "link", "prune"
NO_CHOICES = RunChoices()


def app(url: str, *, connections: int) -> App:
    """The queue of a database, to be opened with `open_async`."""
    return App(connector=PsycopgConnector(conninfo=url, kwargs={"options": OPTIONS}, min_size=1, max_size=connections))


def sync_arguments(connector: str, choices: RunChoices = NO_CHOICES, attempt: int = 1) -> dict[str, Any]:
    """The arguments of a job that runs a connector."""
    given = {name: True for name, chosen in asdict(choices).items() if chosen}
    return {"connector": connector, "attempt": attempt, **given}


def sync_lock(connector: str) -> str:
    """The lock of such a job."""
    return f"{SYNC}:{connector}"


async def put(queue: App, task: str, lock: str, arguments: dict[str, Any], at: datetime | None = None) -> bool:
    """Queue a job, for a time if one is given. Returns whether it was: False if such a job waits already."""
    configured = queue.configure_task(task, lock=lock, queueing_lock=lock, schedule_at=at)
    try:
        await configured.defer_async(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def put_syncs(url: str, connectors: Iterable[str], choices: RunChoices) -> dict[str, bool]:
    """Queue runs of connectors. Returns for each whether it was queued: False if one waits already."""
    queued = {}
    with App(
        connector=SyncPsycopgConnector(conninfo=url, kwargs={"options": OPTIONS}, min_size=1, max_size=1)
    ).open() as queue:
        for name in connectors:
            lock = sync_lock(name)
            configured = queue.configure_task(SYNC, lock=lock, queueing_lock=lock)
            try:
                configured.defer(**sync_arguments(name, choices))
                queued[name] = True
            except AlreadyEnqueued:
                queued[name] = False
    return queued
