"""Limits: how much is asked of a source, as its manifest states it, kept over all processes that read it.

The rate is a row with the time of the next free slot, the quota a row that counts a window, the concurrency advisory locks of
a session: a process that is killed loses its session, and with it its place. A manifest that states none of them costs the
database nothing.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection

from hub.errors import SourceUnavailable, StoreUnavailable
from hub.sdk.manifest import Manifest
from hub.sdk.sources import Source
from hub.store.connection import StoreConnection
from hub.store.engine import SESSION

PER = {"s": 1.0, "min": 60.0, "h": 3600.0}
SLOT_POLL_S = 0.05
"""How often a free place is looked for. Waiting in a lock would tie the session to one place."""

NEXT_SLOT = (
    "insert into hub.pace as p (connector, next_at) values (%(connector)s, clock_timestamp() + %(every)s)"
    # A clock of the server that was set back would leave the next slot far ahead: no queue is that long.
    " on conflict (connector) do update set next_at ="
    " greatest(least(p.next_at, clock_timestamp() + 1000 * %(every)s), clock_timestamp()) + %(every)s"
    " returning extract(epoch from next_at - %(every)s - clock_timestamp())::float8"
)
COUNT = (
    "insert into hub.quota as q (connector, window_start, used) values (%(connector)s, %(start)s, 1)"
    " on conflict (connector, window_start) do update set used = q.used + 1 where q.used < %(limit)s returning used"
)
PLACE = "select pg_try_advisory_lock(hashtextextended('hub.place:' || %s || ':' || %s, 0))"
LEAVE = "select pg_advisory_unlock(hashtextextended('hub.place:' || %s || ':' || %s, 0))"


class QuotaUsedUp(SourceUnavailable):
    """The requests that the source allows are used up; `until` says when it allows more."""

    def __init__(self, where: str, quota: str, until: datetime) -> None:
        self.until = until
        super().__init__(
            f"{where}: its quota of {quota} is used up until {until.isoformat(timespec='minutes')}",
            next_step="run it again after that, or agree on a higher quota with the owner of the source",
        )


def interval(rate: str) -> timedelta:
    """The time between two requests at a rate such as "10/s"."""
    count, _, unit = rate.partition("/")
    return timedelta(seconds=PER[unit] / int(count))


def window(now: datetime, unit: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The hour or day (`h` or `day`) of a time zone that holds a time: its start, and the start of the next."""
    local = now.astimezone(zone)
    if unit == "h":
        start = local.replace(minute=0, second=0, microsecond=0)
        return start, (start.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


class Gate:
    """Passed before every request to a source; many threads may pass one gate. Closed by who opened it."""

    def __init__(self, manifest: Manifest, url: str) -> None:
        source: Source = manifest.source
        self.where = f"connector {manifest.name}"
        self.connector = manifest.name
        self.every = interval(source.rate) if source.rate else None
        self.quota = source.quota
        self.zone = ZoneInfo(source.timezone)
        self.places = source.concurrency
        self.shared = "concurrency" in source.model_fields_set
        self._url = url
        self._here = threading.Semaphore(source.concurrency)
        self._mutex = threading.Lock()
        self._taken: set[int] = set()
        self._mine = threading.local()
        self._opened: Connection[Any] | None = None

    def __enter__(self) -> None:
        """Wait for a place and for the rate, and count. Raises QuotaUsedUp, StoreUnavailable."""
        self._here.acquire()
        try:
            self._mine.place = self._place() if self.shared else None
            try:
                self._count()
                self._pace()
            except BaseException:
                self._leave()
                raise
        except BaseException:
            self._here.release()
            raise

    def __exit__(self, *_: object) -> None:
        """Give the place back."""
        try:
            self._leave()
        finally:
            self._here.release()

    def close(self) -> None:
        """End the session of the gate, where it needed one."""
        with self._mutex:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _place(self) -> int:
        while True:
            with self._mutex:
                # A session may take its own advisory lock again, so places of this process are left out.
                for place in range(self.places):
                    if place not in self._taken and self._one(PLACE, (self.connector, place)):
                        self._taken.add(place)
                        return place
            time.sleep(SLOT_POLL_S)

    def _leave(self) -> None:
        place = self._mine.place
        if place is None:
            return
        with self._mutex:
            self._taken.discard(place)
            self._one(LEAVE, (self.connector, place))

    def _count(self) -> None:
        if self.quota is None:
            return
        limit, _, unit = self.quota.partition("/")
        start, end = window(datetime.now(UTC), unit, self.zone)
        given = {"connector": self.connector, "start": start, "limit": int(limit)}
        with self._mutex:
            used = self._one(COUNT, given)
        if used is None:
            raise QuotaUsedUp(self.where, self.quota, end)

    def _pace(self) -> None:
        if self.every is None:
            return
        with self._mutex:
            wait = self._one(NEXT_SLOT, {"connector": self.connector, "every": self.every})
        if wait > 0:
            time.sleep(wait)

    def _one(self, query: str, parameters: Any) -> Any:
        try:
            if self._opened is None:
                self._opened = StoreConnection.connect(self._url, options=SESSION, autocommit=True)
            row = self._opened.execute(query, parameters).fetchone()
        except psycopg.OperationalError:
            raise StoreUnavailable(
                f"{self.where}: the database that keeps its limits does not answer",
                next_step="check that PostgreSQL runs, then run it again",
            ) from None
        return row[0] if row is not None else None
