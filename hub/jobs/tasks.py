"""The tasks of the queue: run a connector, link, prune. Each says in a line what came of it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from procrastinate import App
from procrastinate.tasks import Task
from sqlalchemy import Engine

from hub.errors import HubError
from hub.ingest.run.connector_run import RunChoices, RunReport, close_interrupted, run_connectors, select_manifests
from hub.jobs import queue as q
from hub.jobs.prune import prune
from hub.jobs.threads import in_thread
from hub.link.run import link
from hub.store.engine import connect_for_run, store_url

ATTEMPTS = 6
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)


class JobFailed(HubError):
    """A job failed; what it was has been said."""


def wait_before(attempt: int) -> timedelta:
    """How long to wait before the next try of a run whose source was away: doubling, within half as much either way."""
    doubled: timedelta = min(FIRST_WAIT * 2 ** min(attempt - 1, 20), LONGEST_WAIT)
    return doubled * random.uniform(0.5, 1.5)


@dataclass(frozen=True)
class Tasks:
    """What the worker of a queue does."""

    queue: App
    engine: Engine
    say: Callable[[str], None]
    keep_days: int

    def register(self) -> Task[..., object, ...]:
        """Make the tasks known to the queue. Returns the one that runs a connector."""
        self.queue.task(name=q.LINK)(self.link)
        self.queue.task(name=q.PRUNE)(self.prune)
        return self.queue.task(name=q.SYNC)(self.sync)

    async def sync(self, connector: str, attempt: int = 1, timestamp: int | None = None, **choices: bool) -> None:
        """Run a connector; queue linking where rows changed, and another try if the source was away or left alone."""
        wanted = RunChoices(**choices)
        self.say(f"sync {connector}: started" + (f", try {attempt}" if attempt > 1 else ""))
        try:
            report = await in_thread(lambda: run_connectors(self.engine, select_manifests([connector]), wanted)[0])
        except asyncio.CancelledError:
            await asyncio.shield(self._cut(connector, wanted, attempt))
            return
        except Exception as error:
            self._fail(f"sync {connector}", error)
        self.say(f"sync {connector}: {told(report)}")
        if report.changed:
            await self.queue_link()
        await self._again(report, wanted, attempt)

    async def link(self) -> None:
        """Link every field."""
        try:
            report = await in_thread(lambda: link(self.engine))
        except asyncio.CancelledError:
            await asyncio.shield(self.queue_link())
            return
        except Exception as error:
            self._fail("link", error)
        self.say(f"link: {report.changed:,} links changed")

    async def prune(self, timestamp: int | None = None) -> None:
        """Delete what nobody needs any more."""
        url = store_url(self.engine)
        try:
            done = await in_thread(lambda: prune(url, keep_days=self.keep_days))
        except Exception as error:
            self._fail("prune", error)
        await self.queue.job_manager.delete_old_jobs(
            self.keep_days * 24, include_failed=True, include_cancelled=True, include_aborted=True
        )
        self.say(f"prune: {done.runs:,} runs, {done.quotas:,} quotas, {done.deliveries:,} deliveries deleted")

    async def queue_link(self) -> None:
        """Queue linking; one that waits already will see the same rows."""
        await q.put(self.queue, q.LINK, q.LINK, {})

    async def _again(self, report: RunReport, choices: RunChoices, attempt: int) -> None:
        """Queue another run where that may help: never for a wrong setting or a question that waits for a person."""
        if report.until is not None:
            at, attempt = report.until + timedelta(seconds=random.uniform(1, 5)), attempt - 1
        elif report.away and attempt < ATTEMPTS:
            at = datetime.now(UTC) + wait_before(attempt)
        else:
            return
        arguments = q.sync_arguments(report.connector, choices, attempt + 1)
        if await q.put(self.queue, q.SYNC, q.sync_lock(report.connector), arguments, at):
            self.say(f"sync {report.connector}: again at {at.astimezone().isoformat(timespec='seconds')}")

    async def _cut(self, connector: str, choices: RunChoices, attempt: int) -> None:
        """The worker stops before the run is done: what it has not committed is not kept, and another worker runs it."""
        await q.put(self.queue, q.SYNC, q.sync_lock(connector), q.sync_arguments(connector, choices, attempt))
        await in_thread(lambda: self._interrupt(connector))
        self.say(f"sync {connector}: cut, and queued again")

    def _interrupt(self, connector: str) -> None:
        with connect_for_run(store_url(self.engine)) as connection:
            close_interrupted(connection, connector)

    def _fail(self, what: str, error: Exception) -> None:
        """Log why (only the kind of an error that is not ours) and fail the job. Raises JobFailed."""
        known = isinstance(error, HubError)
        self.say(f"{what}: failed: {error if known else type(error).__name__}")
        raise JobFailed from None


def told(report: RunReport) -> str:
    """A run in one line, without personal data."""
    read = sum(count.read for count in report.counts)
    quarantined = sum(count.quarantined for count in report.counts)
    numbers = f"{read:,} read, {report.changed:,} changed, {quarantined:,} quarantined, {report.seconds:.1f} s"
    return " ".join([f"{report.status}, {numbers}", *(f"| {problem}" for problem in report.problems)])
