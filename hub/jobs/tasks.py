"""The tasks of the queue: sync a connector, link, prune, measure quality. Each reports its result in one line."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import App
from procrastinate.tasks import Task
from sqlalchemy import Engine

from hub.corrections.delivery import DeliveryCounts, deliver_corrections
from hub.corrections.retention import forget_values
from hub.errors import HubError
from hub.ingest.connectors import load_manifests
from hub.ingest.quarantine.entries import QuarantineFilter
from hub.ingest.quarantine.replay import ReplayResult, replay_rows
from hub.ingest.run.connector_run import RunChoices, RunReport, run_connectors, select_manifests
from hub.ingest.run.run_records import close_interrupted
from hub.jobs import queue as q
from hub.jobs.counts import DONE, FAILED, INTERRUPTED, WorkerCounts
from hub.jobs.prune import prune_store
from hub.jobs.threads import run_in_thread
from hub.link.run.linking_run import run_linking
from hub.model.registry import load_registry
from hub.quality.snapshots import QualitySnapshot, take_snapshot
from hub.settings import load_settings
from hub.snapshots.records import forget_snapshots
from hub.store.engine import connect_for_run, store_url

MAX_ATTEMPTS = 6
FIRST_RETRY_WAIT = timedelta(seconds=30)
LONGEST_RETRY_WAIT = timedelta(minutes=30)


class JobFailed(HubError):
    """A job failed; the reason has already been reported."""


def compute_wait(attempt: int) -> timedelta:
    """Return the wait before the next try of a sync whose source was down: doubling, varied by half in both directions."""
    doubled: timedelta = min(FIRST_RETRY_WAIT * 2 ** min(attempt - 1, 20), LONGEST_RETRY_WAIT)
    return doubled * random.uniform(0.5, 1.5)


@dataclass(frozen=True)
class QueueTasks:
    """What the worker of a queue runs."""

    queue: App
    engine: Engine
    say: Callable[[str], None]
    keep_days: int
    counts: WorkerCounts = field(default_factory=WorkerCounts)

    def register(self) -> Task[..., object, ...]:
        """Register the tasks with the queue. Returns the one that syncs a connector."""
        self.queue.task(name=q.LINK_TASK)(self.link)
        self.queue.task(name=q.PRUNE_TASK)(self.prune)
        self.queue.task(name=q.CORRECTIONS_TASK)(self.corrections)
        self.queue.task(name=q.REPLAY_TASK)(self.replay)
        self.queue.task(name=q.QUALITY_TASK)(self.quality)
        return self.queue.task(name=q.SYNC_TASK)(self.sync)

    async def sync(self, connector: str, attempt: int = 1, timestamp: int | None = None, **choices: bool) -> None:
        """Sync a connector. Queue linking if rows changed, and another try if the source was down or deferred."""
        wanted = RunChoices(**choices)
        self.say(f"sync {connector}: started" + (f", try {attempt}" if attempt > 1 else ""))
        try:
            report = await run_in_thread(lambda: run_connectors(self.engine, select_manifests([connector]), wanted)[0])
        except asyncio.CancelledError:
            self.counts.note_job(q.SYNC_TASK, INTERRUPTED)
            await asyncio.shield(self._requeue(connector, wanted, attempt))
            return
        except Exception as error:
            self._fail(q.SYNC_TASK, f"sync {connector}", error)
        self.counts.note_run(report)
        self.counts.note_job(q.SYNC_TASK, DONE)
        self.say(f"sync {connector}: {describe_report(report)}")
        if report.changed:
            await self.queue_link()
            await self.queue_corrections()
        await self._queue_retry(report, wanted, attempt)

    async def link(self) -> None:
        """Link every field."""
        try:
            report = await run_in_thread(lambda: run_linking(self.engine))
        except asyncio.CancelledError:
            self.counts.note_job(q.LINK_TASK, INTERRUPTED)
            await asyncio.shield(self.queue_link())
            return
        except Exception as error:
            self._fail(q.LINK_TASK, "link", error)
        self.counts.note_job(q.LINK_TASK, DONE)
        self.say(f"link: {report.changed:,} links changed")
        if report.changed:
            await self.queue_corrections()

    async def replay(
        self,
        connector: str,
        numbers: list[int] | None = None,
        rule: str | None = None,
        entity: str | None = None,
        attempt: int = 1,
    ) -> None:
        """Replay rejected rows of a connector that a steward chose. Queue linking if some were accepted, and another try if the stream was busy."""
        url, which = store_url(self.engine), QuarantineFilter(connector, rule, entity, numbers=numbers)
        try:
            done = await run_in_thread(lambda: _replay(url, which))
        except Exception as error:
            self._fail(q.REPLAY_TASK, f"replay {connector}", error)
        self.counts.note_job(q.REPLAY_TASK, DONE)
        accepted, rejected = sum(one.accepted for one in done), sum(one.rejected for one in done)
        problems = [one.problem for one in done if one.problem]
        self.say(" | ".join([f"replay {connector}: {accepted:,} accepted, {rejected:,} still rejected", *problems]))
        if accepted:
            await self.queue_link()
        if problems and attempt < MAX_ATTEMPTS:
            again: dict[str, Any] = {
                "connector": connector,
                "numbers": numbers,
                "rule": rule,
                "entity": entity,
                "attempt": attempt + 1,
            }
            at = datetime.now(UTC) + compute_wait(attempt)
            await self.queue.configure_task(
                q.REPLAY_TASK, lock=q.build_sync_lock(connector), schedule_at=at
            ).defer_async(**again)

    async def prune(self, timestamp: int | None = None) -> None:
        """Delete what nobody needs any more."""
        url = store_url(self.engine)
        try:
            done = await run_in_thread(lambda: prune_store(url, keep_days=self.keep_days))
            forgotten = await run_in_thread(lambda: self._forget_values(url))
            snapshots = await run_in_thread(lambda: self._forget_snapshots(url))
        except Exception as error:
            self._fail(q.PRUNE_TASK, "prune", error)
        self.counts.note_job(q.PRUNE_TASK, DONE)
        await self.queue.job_manager.delete_old_jobs(
            self.keep_days * 24, include_failed=True, include_cancelled=True, include_aborted=True
        )
        self.say(
            f"prune: {done.runs:,} runs, {done.quotas:,} quotas, {done.deliveries:,} deliveries, {done.events:,} events deleted;"
            f" values of {forgotten:,} corrections and {snapshots:,} snapshots forgotten"
        )

    async def corrections(self, timestamp: int | None = None) -> None:
        """Close corrections that the sources have made, send what waits, read answers, remind."""
        url = store_url(self.engine)
        try:
            done = await run_in_thread(lambda: _deliver(url))
        except Exception as error:
            self._fail(q.CORRECTIONS_TASK, "corrections", error)
        self.counts.note_job(q.CORRECTIONS_TASK, DONE)
        if done is not None and done.is_worth_saying:
            self.say(f"corrections: {done.describe()}")

    async def quality(self, timestamp: int | None = None) -> None:
        """Measure the quality of the store's data, and keep the result for the trend."""
        url = store_url(self.engine)
        try:
            done = await run_in_thread(lambda: _measure_quality(url))
        except Exception as error:
            self._fail(q.QUALITY_TASK, "quality", error)
        self.counts.note_job(q.QUALITY_TASK, DONE)
        self.say(f"quality: {done.measures:,} measures in {done.seconds:.1f} s")

    async def queue_corrections(self) -> None:
        """Queue corrections: the rows read or linked may be those that a source was asked to correct."""
        await q.queue_job(self.queue, q.CORRECTIONS_TASK, q.CORRECTIONS_TASK, {})

    def _forget_values(self, url: str) -> int:
        with connect_for_run(url) as connection:
            return forget_values(connection, load_settings().keep_corrections_days)

    def _forget_snapshots(self, url: str) -> int:
        with connect_for_run(url) as connection:
            return forget_snapshots(connection, load_settings().keep_snapshots_days)

    async def queue_link(self) -> None:
        """Queue linking; a job that is already waiting will see the same rows."""
        await q.queue_job(self.queue, q.LINK_TASK, q.LINK_TASK, {})

    async def _queue_retry(self, report: RunReport, choices: RunChoices, attempt: int) -> None:
        """Queue another sync if that may help: never for a wrong setting or a pending approval."""
        if report.until is not None:
            at, attempt = report.until + timedelta(seconds=random.uniform(1, 5)), attempt - 1
        elif report.away and attempt < MAX_ATTEMPTS:
            at = datetime.now(UTC) + compute_wait(attempt)
        else:
            return
        arguments = q.build_sync_arguments(report.connector, choices, attempt + 1)
        if await q.queue_job(self.queue, q.SYNC_TASK, q.build_sync_lock(report.connector), arguments, at):
            self.say(f"sync {report.connector}: retry at {at.astimezone().isoformat(timespec='seconds')}")

    async def _requeue(self, connector: str, choices: RunChoices, attempt: int) -> None:
        """Handle a worker that stops before the sync ends: nothing uncommitted is kept, and another worker runs it."""
        await q.queue_job(
            self.queue, q.SYNC_TASK, q.build_sync_lock(connector), q.build_sync_arguments(connector, choices, attempt)
        )
        await run_in_thread(lambda: self._interrupt(connector))
        self.say(f"sync {connector}: interrupted and queued again")

    def _interrupt(self, connector: str) -> None:
        with connect_for_run(store_url(self.engine)) as connection:
            close_interrupted(connection, connector)

    def _fail(self, task: str, what: str, error: Exception) -> None:
        """Report why a job failed, by exception type only if the message is not the hub's own. Raises JobFailed."""
        self.counts.note_job(task, FAILED)
        known = isinstance(error, HubError)
        self.say(f"{what}: failed: {error if known else type(error).__name__}")
        raise JobFailed from None


def _replay(url: str, which: QuarantineFilter) -> list[ReplayResult]:
    with connect_for_run(url) as connection:
        return replay_rows(connection, load_manifests(), which)


def _deliver(url: str) -> DeliveryCounts | None:
    with connect_for_run(url) as connection:
        return deliver_corrections(connection)


def _measure_quality(url: str) -> QualitySnapshot:
    with connect_for_run(url) as connection:
        return take_snapshot(connection, load_registry(), load_manifests(), keep_days=load_settings().keep_quality_days)


def describe_report(report: RunReport) -> str:
    """Describe a run in one line, without personal data."""
    read = sum(count.read for count in report.counts)
    quarantined = sum(count.quarantined for count in report.counts)
    numbers = f"{read:,} read, {report.changed:,} changed, {quarantined:,} quarantined, {report.seconds:.1f} s"
    return " ".join([f"{report.status}, {numbers}", *(f"| {problem}" for problem in report.problems)])
