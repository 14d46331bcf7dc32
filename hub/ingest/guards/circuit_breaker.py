"""When a source is left alone: its maintenance windows, and the circuit that opens when it failed too often in a row.

The circuit of a connector is one row that all processes share. Open, runs are deferred without touching the source. When its
rest is over one run probes: a connector has one run at a time. A probe that fails doubles the rest, one that succeeds closes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONGEST = 24
"""So many times the rest of the manifest is the longest: 5 min become 2 h."""


@dataclass(frozen=True)
class Deferral:
    """Why a run is put off, in words without personal data, and until when."""

    reason: str
    until: datetime


def deferral(connection: Connection[Any], manifest: Manifest, now: datetime) -> Deferral | None:
    """Why this connector is not to be read now; None where it may be."""
    until = maintained_until(manifest, now)
    if until is not None:
        return Deferral(
            f"the source is in a maintenance window until {until.isoformat(timespec='minutes')};"
            " `hub sync --anyway` reads it nevertheless",
            until,
        )
    row = connection.execute(
        "select open_until, failures from hub.circuit where connector = %s and open_until > %s", (manifest.name, now)
    ).fetchone()
    if row is None:
        return None
    local = row[0].astimezone(ZoneInfo(manifest.source.timezone))
    return Deferral(
        f"the source failed {row[1]} times in a row and is left alone until {local.isoformat(timespec='seconds')};"
        " `hub sync --anyway` tries it nevertheless",
        local,
    )


def failed(connection: Connection[Any], manifest: Manifest, reason: str) -> None:
    """A run found the source away: count it, and open the circuit where that was once too often."""
    failures = fetch_value(
        connection,
        "insert into hub.circuit as c (connector, failures, reason) values (%s, 1, %s)"
        " on conflict (connector) do update set failures = c.failures + 1, reason = excluded.reason, updated_at = now()"
        " returning failures",
        (manifest.name, reason),
    )
    rest = rest_after(failures, manifest.source.breaker_failures, manifest.source.breaker_rest)
    if rest is not None:
        connection.execute("update hub.circuit set open_until = now() + %s where connector = %s", (rest, manifest.name))


def succeeded(connection: Connection[Any], manifest: Manifest) -> None:
    """The source answered: close the circuit."""
    connection.execute("delete from hub.circuit where connector = %s", (manifest.name,))


def rest_after(failures: int, allowed: int, rest: timedelta) -> timedelta | None:
    """How long a source rests after so many failures in a row; None where it need not yet."""
    if failures < allowed:
        return None
    # The exponent is bounded before the power is made: failures go on for as long as a source is away.
    times: int = 2 ** min(failures - allowed, LONGEST)
    return rest * min(times, LONGEST)


def maintained_until(manifest: Manifest, now: datetime) -> datetime | None:
    """The end, in the source's time zone, of the maintenance that holds a time; None where none does."""
    zone = ZoneInfo(manifest.source.timezone)
    return window_end(manifest.source.maintenance, now.astimezone(zone))


def window_end(windows: Iterable[str], at: datetime) -> datetime | None:
    """When the windows that hold a local time are over, those that follow on without a gap included."""
    moment = at.astimezone(UTC)
    end: datetime | None = None
    for start, stop in sorted(_around(windows, at)):
        if start <= moment < stop or (end is not None and start <= end):
            end = stop if end is None else max(end, stop)
    return end.astimezone(at.tzinfo) if end is not None else None


def _around(windows: Iterable[str], at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every span of the windows that may matter, in UTC: from the day before to a week on."""
    for text in windows:
        day, _, hours = text.rpartition(" ")
        begin, _, finish = hours.partition("-")
        for distance in range(-1, 8):
            date = at.date() + timedelta(days=distance)
            if day and DAYS[date.weekday()] != day:
                continue
            start = datetime.combine(date, _clock(begin), at.tzinfo)
            stop = datetime.combine(date, _clock(finish), at.tzinfo)
            # One that ends no later than it begins goes over midnight.
            stop = stop if stop > start else stop + timedelta(days=1)
            yield start.astimezone(UTC), stop.astimezone(UTC)


def _clock(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))
