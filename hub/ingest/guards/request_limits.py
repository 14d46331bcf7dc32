"""Request limits: rate, quota and concurrency of requests to a source, enforced across all processes that read it.

The rate is a row with the time of the next free slot, the quota a row per window, and the concurrency a set of session
advisory locks: a process that is killed loses its session and with it its place. A manifest without limits costs the
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
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION

UNIT_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
SLOT_POLL_S = 0.05
"""How often to look for a free place. Waiting inside a lock would tie the session to one place."""

TAKE_NEXT_SLOT = (
    "insert into hub.pace as p (connector, next_at) values (%(connector)s, clock_timestamp() + %(every)s)"
    # If the server's clock was set back, the next slot would be far ahead: no queue is that long.
    " on conflict (connector) do update set next_at ="
    " greatest(least(p.next_at, clock_timestamp() + 1000 * %(every)s), clock_timestamp()) + %(every)s"
    " returning extract(epoch from next_at - %(every)s - clock_timestamp())::float8"
)
COUNT_REQUEST = (
    "insert into hub.quota as q (connector, window_start, used) values (%(connector)s, %(start)s, 1)"
    " on conflict (connector, window_start) do update set used = q.used + 1 where q.used < %(limit)s returning used"
)
LOCK_PLACE = "select pg_try_advisory_lock(hashtextextended('hub.place:' || %s || ':' || %s, 0))"
UNLOCK_PLACE = "select pg_advisory_unlock(hashtextextended('hub.place:' || %s || ':' || %s, 0))"


class QuotaExceeded(SourceUnavailable):
    """The source's request quota is used up. `until` says when a new window begins."""

    def __init__(self, where: str, quota: str, until: datetime) -> None:
        self.until = until
        super().__init__(
            f"{where}: its quota of {quota} requests is used up until {until.isoformat(timespec='minutes')}",
            next_step="run it again then, or agree on a higher quota with the owner of the source",
        )


def parse_interval(rate: str) -> timedelta:
    """Return the time between two requests at a rate such as "10/s"."""
    count, _, unit = rate.partition("/")
    return timedelta(seconds=UNIT_SECONDS[unit] / int(count))


def find_quota_window(now: datetime, unit: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the start and end of the hour or day (`h` or `day`) that contains a time, in a time zone."""
    local = now.astimezone(zone)
    if unit == "h":
        start = local.replace(minute=0, second=0, microsecond=0)
        return start, (start.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


class SharedRequestGate:
    """Passed before every request to a source, by any number of threads. Whoever opens it closes it."""

    def __init__(self, manifest: Manifest, url: str) -> None:
        source: Source = manifest.source
        self.where = f"connector {manifest.name}"
        self.connector = manifest.name
        self.every = parse_interval(source.rate) if source.rate else None
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
        """Wait for a place and for the rate, and count the request. Raises QuotaExceeded, StoreUnavailable."""
        self._here.acquire()
        try:
            self._mine.place = self._take_place() if self.shared else None
            try:
                self._count_request()
                self._wait_for_slot()
            except BaseException:
                self._release_place()
                raise
        except BaseException:
            self._here.release()
            raise

    def __exit__(self, *_: object) -> None:
        """Give the place back."""
        try:
            self._release_place()
        finally:
            self._here.release()

    def close(self) -> None:
        """End the gate's session, if it opened one."""
        with self._mutex:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _take_place(self) -> int:
        while True:
            with self._mutex:
                # A session may take its own advisory lock again, so skip places taken by this process.
                for place in range(self.places):
                    if place not in self._taken and self._fetch_value(LOCK_PLACE, (self.connector, place)):
                        self._taken.add(place)
                        return place
            time.sleep(SLOT_POLL_S)

    def _release_place(self) -> None:
        place = self._mine.place
        if place is None:
            return
        with self._mutex:
            self._taken.discard(place)
            self._fetch_value(UNLOCK_PLACE, (self.connector, place))

    def _count_request(self) -> None:
        if self.quota is None:
            return
        limit, _, unit = self.quota.partition("/")
        start, end = find_quota_window(datetime.now(UTC), unit, self.zone)
        given = {"connector": self.connector, "start": start, "limit": int(limit)}
        with self._mutex:
            used = self._fetch_value(COUNT_REQUEST, given)
        if used is None:
            raise QuotaExceeded(self.where, self.quota, end)

    def _wait_for_slot(self) -> None:
        if self.every is None:
            return
        with self._mutex:
            wait = self._fetch_value(TAKE_NEXT_SLOT, {"connector": self.connector, "every": self.every})
        if wait > 0:
            time.sleep(wait)

    def _fetch_value(self, query: str, parameters: Any) -> Any:
        try:
            if self._opened is None:
                self._opened = StoreConnection.connect(self._url, options=SESSION, autocommit=True)
            row = self._opened.execute(query, parameters).fetchone()
        except psycopg.OperationalError:
            raise StoreUnavailable(
                f"{self.where}: the database that keeps its request limits does not answer",
                next_step="check that PostgreSQL is running, then run it again",
            ) from None
        return row[0] if row is not None else None
