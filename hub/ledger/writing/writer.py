"""The writer of a server process: group commit of the records of all requests that wait.

Records that come in while a commit is on its way are committed together by the next one. So a disk that takes 5 ms for a commit makes each
answer 5 to 10 ms later, and does not limit how many answers a second there are.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg import AsyncConnection

from hub.histogram import SIZES, Histogram
from hub.ledger.months import month_of
from hub.ledger.unavailable import LedgerUnavailable
from hub.ledger.writing.epochs import Epoch, OnAppend, begin_epoch
from hub.ledger.writing.records import LedgerEntry
from hub.store.connections.silence import end_silence
from hub.store.engine import SESSION, add_silence_timeouts

LOG = logging.getLogger("hub.ledger")
MAX_WAITING = 5_000
"""Entries that may wait for a commit; the next ones are refused at once."""
MAX_BATCH = 1_000
GATHER_S = 0.001
"""How long the next commit waits for more records, if the last one had several: a commit costs the database as much as ten records do."""
LOOK_AT_MONTH_EVERY_S = 60.0
"""How long after the end of a month a server that nobody reads from still has its chain open: an open chain keeps the month from being closed."""
COMMIT_WITHIN_S = 5.0
"""How long a commit, and so an answer, may take."""
RETRY_AFTER_S = 1.0
"""How long after a failure to connect requests are refused without another try."""
RAISE_ALARM = "insert into hub.alarm (kind, details) values ('LEDGER_UNAVAILABLE', %s::jsonb)"


class _Waiting(NamedTuple):
    entry: LedgerEntry
    done: asyncio.Future[None]
    until: float
    """When it is refused, by the loop's clock."""


class LedgerCounts:
    """What a writer has done since it was made."""

    def __init__(self) -> None:
        self.commit_s = Histogram()
        """Seconds of each commit of records."""
        self.batch_records = Histogram(SIZES)
        """Records of each commit; their sum is that of all records."""
        self.refused = 0
        """Reads that were refused because they could not be written down."""


def utc_now() -> datetime:
    """The instant, aware."""
    return datetime.now(UTC)


class LedgerWriter:
    """Writes the chain of one process to the database at `url`, a login in the role `hub_ledger`."""

    def __init__(self, url: str, version: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._url = add_silence_timeouts(url)
        self._version = version
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._committing: Sequence[_Waiting] = ()
        self._overdue_timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self._connection: AsyncConnection[Any] | None = None
        self._epoch: Epoch | None = None
        self._reported_refusals = 0
        self._retry_at = float("-inf")
        self.counts = LedgerCounts()
        self.on_append: OnAppend | None = None
        """Set before the writer is opened."""

    @property
    def waiting(self) -> int:
        """Entries that wait for a commit."""
        return len(self._waiting)

    @property
    def epoch(self) -> Epoch | None:
        """The chain that is being written; None if there is none yet, or if the last one broke off."""
        return self._epoch

    async def open(self) -> None:
        """Begin an epoch, if the database answers; otherwise with the first entry."""
        self._task = self._task or asyncio.create_task(self._work(), name="ledger")
        self._wake.set()

    async def commit(self, entry: LedgerEntry) -> None:
        """Return when the entry is on disk. Raises LedgerUnavailable; then nothing may be answered."""
        if self._task is None:
            await self.open()
        loop = asyncio.get_running_loop()
        if len(self._waiting) >= MAX_WAITING or loop.time() < self._retry_at:
            self.counts.refused += 1
            raise LedgerUnavailable
        waiting = _Waiting(entry, loop.create_future(), loop.time() + COMMIT_WITHIN_S)
        self._waiting.append(waiting)
        # One timer for all that wait, not a timeout for each entry.
        if self._overdue_timer is None:
            self._overdue_timer = loop.call_at(waiting.until, self._refuse_overdue)
        self._wake.set()
        await waiting.done

    def _refuse_overdue(self) -> None:
        """Refuse entries that have waited for too long, and set the timer for the next one."""
        self._overdue_timer, loop = None, asyncio.get_running_loop()
        now = loop.time()
        undone = [one for one in (*self._committing, *self._waiting) if not one.done.done()]
        for one in undone:
            if one.until > now:
                self._overdue_timer = loop.call_at(one.until, self._refuse_overdue)
                return
            one.done.set_exception(LedgerUnavailable())
            self.counts.refused += 1

    async def close(self) -> None:
        """Commit what waits, and end the epoch in order, if the database answers."""
        if self._task is None:
            return
        # What it has begun is finished: a connection that it opened after this would be nobody's to close.
        self._is_closing = True
        self._wake.set()
        await self._task
        self._task, self._is_closing = None, False
        if self._waiting:
            await self._commit_waiting()
        if self._epoch is not None and self._connection is not None:
            with suppress(psycopg.Error), end_silence(self._connection, COMMIT_WITHIN_S):
                await self._epoch.end(self._clock())
        await self._drop()
        if self._overdue_timer is not None:
            self._overdue_timer.cancel()
            self._overdue_timer = None

    async def _work(self) -> None:
        while not self._is_closing:
            try:
                async with asyncio.timeout(LOOK_AT_MONTH_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                if not self._is_month_over:
                    continue
            self._wake.clear()
            if not self._is_closing:
                await self._commit_waiting()

    @property
    def _is_month_over(self) -> bool:
        return self._epoch is not None and self._epoch.month.first_day < month_of(self._clock())

    async def _commit_waiting(self) -> None:
        while True:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            batch = [waiting for waiting in batch if not waiting.done.done()]  # the others have timed out
            if not batch and self._epoch is not None and not self._is_month_over:
                return
            self._committing = batch
            try:
                await self._write([waiting.entry for waiting in batch])
            # Whatever the error: an entry that cannot be encoded may not end the task that writes all later ones.
            except Exception as error:
                await self._fail(batch, error)
                return
            finally:
                self._committing = ()
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_result(None)
            if len(batch) > 1:
                await asyncio.sleep(GATHER_S)
            if not self._waiting:
                return

    async def _write(self, entries: list[LedgerEntry]) -> None:
        if self._connection is None:
            options = f"{SESSION} -c synchronous_commit=on -c statement_timeout={int(COMMIT_WITHIN_S * 1000)}"
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                options=options,
                connect_timeout=5,
                prepare_threshold=0,
                application_name="hub-ledger",
            )
        with end_silence(self._connection, COMMIT_WITHIN_S):
            if self._epoch is not None and self._is_month_over:
                await self._epoch.end(self._clock())
                self._epoch = None
            if self._epoch is None:
                self._epoch = await begin_epoch(self._connection, self._clock, self._version, self.on_append)
                await self._report_refused()
            if entries:
                began = perf_counter()
                await self._epoch.append(entries)
                self.counts.commit_s.observe(perf_counter() - began)
                self.counts.batch_records.observe(len(entries))

    async def _report_refused(self) -> None:
        """Raise an alarm if reads were refused because they could not be written down."""
        refused = self.counts.refused - self._reported_refusals
        if refused and self._connection is not None:
            self._reported_refusals = self.counts.refused
            await self._connection.execute(RAISE_ALARM, (orjson.dumps({"refusedReads": refused}).decode(),))

    async def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        # Of an error of the server the kind alone: its message may quote a row.
        said = error.message if isinstance(error, LedgerUnavailable) else type(error).__name__
        LOG.error("the ledger cannot be written, so reads are refused: %s", said)
        self._retry_at = asyncio.get_running_loop().time() + RETRY_AFTER_S
        await self._drop()
        for waiting in [*batch, *self._waiting]:
            if not waiting.done.done():
                waiting.done.set_exception(LedgerUnavailable())
                self.counts.refused += 1
        self._waiting.clear()

    async def _drop(self) -> None:
        """Forget the connection and, since it is not known what of it is stored, the chain."""
        connection, self._connection, self._epoch = self._connection, None, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()
