"""Snapshots of quality: one a day, kept for the trend. Written by the worker each night and by `hub quality measure`."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from psycopg import Connection

from hub.errors import OperationRefused
from hub.model.registry import Registry
from hub.quality.measure import find_smallest_cell, measure_store
from hub.quality.measures import Measured, QualityMeasure
from hub.quality.metrics import QualityMetric
from hub.sdk.manifest import Manifest
from hub.store.advisory_locks import LockKey, wait_for_lock
from hub.store.query import fetch_value

STATEMENT_TIMEOUT_S = 600
"""Of each statement that counts: a table of a province takes seconds, and nothing waits for this."""
LOCK_WAIT_S = 600
"""How long a measurement waits for another one."""
TREND_SNAPSHOTS = 30
"""Snapshots of a trend at most."""
SCALE = ("source", "stream", "entity", "field", "unit", "procedure", "requirement", "rule")
COPY = f"copy hub.quality_measure (snapshot_id, series, metric, {', '.join(SCALE)}, numerator, denominator, as_of, low, high) from stdin"
COLUMNS = f"m.metric, {', '.join(f'm.{name}' for name in SCALE)}, m.numerator, m.denominator, m.as_of, m.low, m.high"
CONDITIONS = " and ".join(f"(%({name})s::text[] is null or m.{name} = any(%({name})s))" for name in ("metric", *SCALE))
"""Filters: lists of values, any of which matches. Null matches everything."""
GRAIN = " and ".join(
    f"(%(by_{name})s::boolean is null or (m.{name} is not null) = %(by_{name})s)"
    for name in ("unit", "field", "entity")
)
"""Whether something is told apart."""
ORDER = (
    "m.metric, m.source nulls last, m.entity nulls last, m.unit nulls first, m.field nulls first, m.procedure, m.series"
)


@dataclass(frozen=True)
class QualitySnapshot:
    """All measures of one day. `smallest_cell` is what counts by unit and procedure were rounded down to."""

    id: int
    measured_at: datetime
    seconds: float
    smallest_cell: int
    measures: int


@dataclass(frozen=True)
class MeasureFilter:
    """Which measures: of any of these values each, None for all; with or without a unit, a field, an entity."""

    metric: tuple[str, ...] | None = None
    source: tuple[str, ...] | None = None
    stream: tuple[str, ...] | None = None
    entity: tuple[str, ...] | None = None
    field: tuple[str, ...] | None = None
    unit: tuple[str, ...] | None = None
    procedure: tuple[str, ...] | None = None
    requirement: tuple[str, ...] | None = None
    rule: tuple[str, ...] | None = None
    by_unit: bool | None = None
    by_field: bool | None = None
    by_entity: bool | None = None

    def values(self) -> dict[str, object]:
        """As the statements bind them."""
        return {name: list(given) if isinstance(given, tuple) else given for name, given in vars(self).items()}


@dataclass(frozen=True)
class QualityPoint:
    """What a measure was in one snapshot."""

    measured_at: datetime
    numerator: int | None
    denominator: int | None


def take_snapshot(
    connection: Connection[Any],
    registry: Registry,
    manifests: Mapping[str, Manifest],
    *,
    keep_days: int,
    at: datetime | None = None,
) -> QualitySnapshot:
    """Measure, and replace the measurements of the same day (UTC), in one transaction. Older ones than `keep_days` go.

    Counts by unit *and* kind of record are kept of the newest snapshot alone: they are most of the rows, and a trend is asked of the
    unit as a whole.
    """
    started, at = monotonic(), at or datetime.now(UTC)
    with _alone(connection), connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
        measures = measure_store(connection, registry, manifests, at)
        _forget_older(connection, at, keep_days)
        smallest = find_smallest_cell()
        number: int = fetch_value(
            connection,
            "insert into hub.quality_snapshot (measured_at, seconds, smallest_cell, measures) values (%s, 0, %s, %s) returning id",
            (at, smallest, len(measures)),
        )
        _write_measures(connection, number, measures)
        seconds = round(monotonic() - started, 3)
        connection.execute("update hub.quality_snapshot set seconds = %s where id = %s", (seconds, number))
    return QualitySnapshot(number, at, seconds, smallest, len(measures))


@contextmanager
def _alone(connection: Connection[Any]) -> Iterator[None]:
    """One measurement at a time. Before the transaction, which then sees what the one before it has written."""
    if not wait_for_lock(connection, LockKey.MEASURE_QUALITY, LOCK_WAIT_S):
        raise OperationRefused(
            f"another measurement of quality was not over within {LOCK_WAIT_S} s",
            next_step="look with `hub quality show` whether it is over by now, and measure again if it is not",
            code="MEASURING_IN_PROGRESS",
        )
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (LockKey.MEASURE_QUALITY,))


def _forget_older(connection: Connection[Any], at: datetime, keep_days: int) -> None:
    connection.execute(
        "delete from hub.quality_snapshot where measured_at < %(at)s - make_interval(days => %(days)s)"
        " or (measured_at at time zone 'UTC')::date = (%(at)s at time zone 'UTC')::date",
        {"at": at, "days": keep_days},
    )
    connection.execute("delete from hub.quality_measure where unit is not null and entity is not null")


def _write_measures(connection: Connection[Any], number: int, measures: Iterable[QualityMeasure]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY.encode()) as copy:
        for one in measures:
            of = (getattr(one.of, name) for name in SCALE)
            copy.write_row(
                (
                    number,
                    one.series,
                    one.metric.value,
                    *of,
                    one.numerator,
                    one.denominator,
                    one.as_of,
                    one.low,
                    one.high,
                )
            )


def find_newest_snapshot(connection: Connection[Any]) -> QualitySnapshot | None:
    """The newest snapshot; None if nothing was ever measured."""
    row = connection.execute(
        "select id, measured_at, seconds, smallest_cell, measures from hub.quality_snapshot order by measured_at desc limit 1"
    ).fetchone()
    return None if row is None else QualitySnapshot(*row)


def read_measures(
    connection: Connection[Any], snapshot: QualitySnapshot, which: MeasureFilter, first: int, offset: int = 0
) -> tuple[list[QualityMeasure], int]:
    """The measures of a snapshot, in a fixed order, and how many there are in all."""
    where = f"from hub.quality_measure m where m.snapshot_id = %(snapshot)s and {CONDITIONS} and {GRAIN}"
    values = {**which.values(), "snapshot": snapshot.id, "first": first, "offset": offset}
    total: int = fetch_value(connection, f"select count(*) {where}", values)
    rows = connection.execute(
        f"select {COLUMNS} {where} order by {ORDER} limit %(first)s offset %(offset)s", values
    ).fetchall()
    return [_read_measure(row) for row in rows], total


def read_trends(connection: Connection[Any], series: Iterable[str], points: int) -> dict[str, tuple[QualityPoint, ...]]:
    """What the measures of these series were in the newest snapshots, the oldest first."""
    rows = connection.execute(
        "select m.series, s.measured_at, m.numerator, m.denominator"
        " from (select id, measured_at from hub.quality_snapshot order by measured_at desc limit %(points)s) s"
        " join hub.quality_measure m on m.snapshot_id = s.id and m.series = any(%(series)s) order by s.measured_at",
        {"series": list(series), "points": points},
    ).fetchall()
    found: dict[str, list[QualityPoint]] = {}
    for name, at, top, bottom in rows:
        found.setdefault(name, []).append(QualityPoint(at, top, bottom))
    return {name: tuple(trend) for name, trend in found.items()}


def _read_measure(row: tuple[Any, ...]) -> QualityMeasure:
    metric, *scale = row[: 1 + len(SCALE)]
    top, bottom, as_of, low, high = row[1 + len(SCALE) :]
    return QualityMeasure(QualityMetric(metric), Measured(*scale), top, bottom, as_of, low, high)
