"""Schedules: five fields of cron, in the time zone of the source."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from procrastinate import App
from procrastinate.periodic import PeriodicTask
from procrastinate.tasks import Task

from hub.errors import HubMisconfigured
from hub.jobs.queue import sync_arguments, sync_lock
from hub.sdk.manifest import Manifest


@dataclass(frozen=True)
class Schedule:
    """When a connector is read."""

    connector: str
    cron: str
    zone: ZoneInfo


def schedules(manifests: Iterable[Manifest]) -> Iterator[Schedule]:
    """The schedules of connectors; those that are followed have none. Raises HubMisconfigured."""
    for manifest in manifests:
        if manifest.schedule is None or manifest.follows:
            continue
        if len(manifest.schedule.split()) != 5 or not croniter.is_valid(manifest.schedule):
            raise HubMisconfigured(
                f'connector {manifest.name}: schedule: "{manifest.schedule}" is not five fields of cron',
                next_step='write it as "*/15 * * * *": minute, hour, day, month, weekday',
            )
        yield Schedule(manifest.name, manifest.schedule, ZoneInfo(manifest.source.timezone))


def times(cron: str, zone: ZoneInfo) -> croniter:
    """The times of a schedule, to be set to a moment in seconds since 1970."""
    return croniter(cron, datetime.now(zone))


def register(queue: App, task: Task[Any, Any, Any], found: Schedule) -> None:
    """Have the worker queue runs of a connector on its schedule."""
    lock = sync_lock(found.connector)
    arguments = sync_arguments(found.connector)
    periodic: PeriodicTask[..., Any, Any] = queue.periodic_registry.register_task(
        task,
        found.cron,
        found.connector,
        {"lock": lock, "queueing_lock": lock, "task_kwargs": arguments},
    )
    # procrastinate reads cron in UTC: its iterator is a cached property, and one that was made with a zone keeps to it.
    vars(periodic)["croniter"] = times(found.cron, found.zone)
