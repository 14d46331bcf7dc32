"""Schedules: of connectors, five cron fields in the time zone of the source; and of the hub's own upkeep, in UTC."""

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
from hub.jobs.queue import build_sync_arguments, build_sync_lock
from hub.sdk.manifest import Manifest

PRUNE_CRON = "17 3 * * *"
CORRECTIONS_CRON = "*/10 * * * *"
QUALITY_CRON = "30 21 * * *"
"""04:30 in Vietnam: the nightly syncs have ended, and nobody works yet."""


@dataclass(frozen=True)
class SyncSchedule:
    """When a connector is synced."""

    connector: str
    cron: str
    zone: ZoneInfo


def list_schedules(manifests: Iterable[Manifest], instead: str | None = None) -> Iterator[SyncSchedule]:
    """Yield the schedules of connectors; followed ones have none. With `instead`, all others have that one. Raises HubMisconfigured."""
    if instead is not None:
        _check_cron("--schedule", instead)
    for manifest in manifests:
        cron = instead or manifest.schedule
        if cron is None or manifest.follows:
            continue
        _check_cron(f"connector {manifest.name}: schedule", cron)
        yield SyncSchedule(manifest.name, cron, ZoneInfo(manifest.source.timezone))


def _check_cron(where: str, cron: str) -> None:
    if len(cron.split()) != 5 or not croniter.is_valid(cron):
        raise HubMisconfigured(
            f'{where}: "{cron}" is not a cron expression with five fields',
            next_step='write minute, hour, day, month and weekday, e.g. "*/15 * * * *"',
        )


def iterate_times(cron: str, zone: ZoneInfo) -> croniter:
    """Return an iterator over the times of a schedule, to be set to a moment in seconds since 1970."""
    return croniter(cron, datetime.now(zone))


def find_next_run(manifest: Manifest) -> datetime | None:
    """When a connector is read next by its schedule; None if it has none, or one that is not valid."""
    if manifest.schedule is None or manifest.follows or not croniter.is_valid(manifest.schedule):
        return None
    found: datetime = iterate_times(manifest.schedule, ZoneInfo(manifest.source.timezone)).get_next(datetime)
    return found


def register_schedule(queue: App, task: Task[Any, Any, Any], found: SyncSchedule) -> None:
    """Make the worker queue syncs of a connector on its schedule."""
    lock = build_sync_lock(found.connector)
    arguments = build_sync_arguments(found.connector)
    periodic: PeriodicTask[..., Any, Any] = queue.periodic_registry.register_task(
        task,
        found.cron,
        found.connector,
        {"lock": lock, "queueing_lock": lock, "task_kwargs": arguments},
    )
    # procrastinate evaluates cron in UTC: its iterator is a cached property, and one built with a zone keeps it.
    vars(periodic)["croniter"] = iterate_times(found.cron, found.zone)
