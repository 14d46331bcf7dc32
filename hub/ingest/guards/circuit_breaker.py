"""Circuit breaker: leave a source alone during its maintenance windows, and after repeated failures.

The circuit of a connector is one row shared by all processes. While it is open, runs are deferred without contacting
the source. When its rest is over, one run probes the source (a connector has one run at a time). A failed probe doubles
the rest, a successful one closes the circuit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PAUSED = "PAUSED by "
"""How the reason of a circuit begins that a person opened."""
MAX_REST_MULTIPLE = 24
"""The rest grows to at most this multiple of the manifest's rest: 5 min become 2 h."""


@dataclass(frozen=True)
class Deferral:
    """Why a run is deferred, without personal data, and until when."""

    reason: str
    until: datetime


def find_deferral(connection: Connection[Any], manifest: Manifest, now: datetime) -> Deferral | None:
    """Say why this connector must not be read now. None if it may be read."""
    until = find_maintenance_end(manifest, now)
    if until is not None:
        return Deferral(
            f"the source is in a maintenance window until {until.isoformat(timespec='minutes')};"
            " read it now with `hub sync --anyway`",
            until,
        )
    row = connection.execute(
        "select open_until, failures, reason from hub.circuit where connector = %s and open_until > %s",
        (manifest.name, now),
    ).fetchone()
    if row is None:
        return None
    local = row[0].astimezone(ZoneInfo(manifest.source.timezone))
    if (row[2] or "").startswith(PAUSED):
        return Deferral(
            f"an operator has paused the source until {local.isoformat(timespec='seconds')};"
            " read it now with `hub sync --anyway`",
            local,
        )
    return Deferral(
        f"the source failed {row[1]} times in a row; the circuit breaker stays open until {local.isoformat(timespec='seconds')};"
        " try it now with `hub sync --anyway`",
        local,
    )


def record_failure(connection: Connection[Any], manifest: Manifest, reason: str) -> None:
    """Record that a run could not reach the source, and open the circuit if that happened too often."""
    failures = fetch_value(
        connection,
        "insert into hub.circuit as c (connector, failures, reason) values (%s, 1, %s)"
        " on conflict (connector) do update set failures = c.failures + 1, reason = excluded.reason, updated_at = now()"
        " returning failures",
        (manifest.name, reason),
    )
    rest = compute_rest(failures, manifest.source.breaker_failures, manifest.source.breaker_rest)
    if rest is not None:
        connection.execute("update hub.circuit set open_until = now() + %s where connector = %s", (rest, manifest.name))


def close_circuit(connection: Connection[Any], manifest: Manifest) -> None:
    """Record that the source answered: close the circuit."""
    connection.execute("delete from hub.circuit where connector = %s", (manifest.name,))


def pause_source(connection: Connection[Any], connector: str, until: datetime, by: str) -> None:
    """Leave a source alone until an instant, as somebody asked. A run that is made anyway and succeeds ends the pause."""
    connection.execute(
        "insert into hub.circuit (connector, failures, open_until, reason) values (%s, 0, %s, %s)"
        " on conflict (connector) do update set open_until = excluded.open_until, reason = excluded.reason, updated_at = now()",
        (connector, until, f"{PAUSED}{by}"),
    )


def resume_source(connection: Connection[Any], connector: str) -> None:
    """End a pause, or the rest after failures: the next run asks the source again."""
    connection.execute("delete from hub.circuit where connector = %s", (connector,))


def compute_rest(failures: int, allowed: int, rest: timedelta) -> timedelta | None:
    """Return how long a source rests after this many failures in a row. None if it does not rest yet."""
    if failures < allowed:
        return None
    # Bound the exponent before computing the power: failures continue as long as a source is down.
    times: int = 2 ** min(failures - allowed, MAX_REST_MULTIPLE)
    return rest * min(times, MAX_REST_MULTIPLE)


def find_maintenance_end(manifest: Manifest, now: datetime) -> datetime | None:
    """Return the end of the current maintenance window, in the source's time zone. None if there is none."""
    zone = ZoneInfo(manifest.source.timezone)
    return find_window_end(manifest.source.maintenance, now.astimezone(zone))


def find_window_end(windows: Iterable[str], at: datetime) -> datetime | None:
    """Return when the windows containing a local time end, including windows that follow without a gap."""
    moment = at.astimezone(UTC)
    end: datetime | None = None
    for start, stop in sorted(_list_spans(windows, at)):
        if start <= moment < stop or (end is not None and start <= end):
            end = stop if end is None else max(end, stop)
    return end.astimezone(at.tzinfo) if end is not None else None


def _list_spans(windows: Iterable[str], at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the window spans that may matter, in UTC: from the day before until a week later."""
    for text in windows:
        day, _, hours = text.rpartition(" ")
        begin, _, finish = hours.partition("-")
        for distance in range(-1, 8):
            date = at.date() + timedelta(days=distance)
            if day and WEEKDAYS[date.weekday()] != day:
                continue
            start = datetime.combine(date, _parse_time(begin), at.tzinfo)
            stop = datetime.combine(date, _parse_time(finish), at.tzinfo)
            # A window that ends no later than it begins crosses midnight.
            stop = stop if stop > start else stop + timedelta(days=1)
            yield start.astimezone(UTC), stop.astimezone(UTC)


def _parse_time(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))
