"""Measures of one kind of record: what is filled, valid, in time, and agrees with its authority; of each stream, and of its units."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from hub.model.registry import Entity, Registry
from hub.quality.entity_counts import render_compared_counts, render_fill_counts, render_rejected_counts
from hub.quality.measures import Measured, QualityMeasure, round_cell
from hub.quality.metrics import QualityMetric

WINDOW_DAYS = 30
"""Runs and changes at the source that are younger than this are counted."""
Cell = tuple[str, tuple[int, int] | None]
"""A field, and its numerator and denominator; None if it has too few."""


@dataclass(frozen=True)
class StreamFacts:
    """A stream as it is measured. `promised_s` is how old its data may be, in seconds; None if its manifest promises nothing."""

    id: int
    source: str
    name: str
    as_of: datetime | None
    first_read: datetime | None
    columns: frozenset[str]
    drifted: frozenset[str]
    promised_s: float | None

    def make_measured(self, **more: Any) -> Measured:
        """What a measure is of: the stream, or a part of it."""
        return Measured(source=self.source, stream=self.name, **more)


@dataclass
class StoreCounts:
    """What statements over all entities have counted, and what the store holds of each entity by stream. A unit of None is all of them."""

    at: datetime
    step: int
    streams: Mapping[int, StreamFacts]
    rejected: Mapping[tuple[int, str], list[dict[str, Any]]]
    disagreeing: Mapping[tuple[int, str, str, str | None], int]
    held: dict[tuple[int, str, str | None], int] = field(default_factory=dict)


def read_rows(connection: Connection[Any], query: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a query, by name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def measure_entity(
    connection: Connection[Any], registry: Registry, entity: Entity, counts: StoreCounts
) -> Iterator[QualityMeasure]:
    """Every measure of one kind of record."""
    yield from _measure_filled(connection, entity, counts)
    yield from _measure_validity(connection, entity, counts)
    yield from _measure_agreement(connection, registry, entity, counts)


def _measure_filled(connection: Connection[Any], entity: Entity, counts: StoreCounts) -> Iterator[QualityMeasure]:
    streams = list(counts.streams.values())
    window = counts.at - timedelta(days=WINDOW_DAYS)
    values = {
        "streams": [stream.id for stream in streams],
        "promises": [stream.promised_s for stream in streams],
        # What had changed before the source was first read cannot have arrived in time.
        "since": [max(window, stream.first_read or counts.at) for stream in streams],
        "step": counts.step,
    }
    for row in read_rows(connection, render_fill_counts(entity), values):
        stream = counts.streams.get(row["stream_id"])
        if stream is None:
            continue
        unit, step = (None, 1) if row["is_total"] else (row["unit"], counts.step)
        counts.held[stream.id, entity.name, unit] = row["records"]
        yield from measure_fields(entity, stream, row["records"], row["filled"], unit, step)
        in_time = round_cell(row["in_time"], row["changed"], step)
        if in_time is not None:
            of = stream.make_measured(entity=entity.name, unit=unit)
            yield QualityMeasure(QualityMetric.CHANGED_IN_TIME, of, *in_time, stream.as_of)


def measure_fields(
    entity: Entity, stream: StreamFacts, records: int, filled: Sequence[int], unit: str | None = None, step: int = 1
) -> Iterator[QualityMeasure]:
    """How many records have each field, and all fields together. `filled` is in the order of the entity's columns."""
    columns = zip(entity.columns, filled, strict=True)
    cells = [(column.name, round_cell(one, records, step)) for column, one in columns]
    return _measure_cells(QualityMetric.FILLED, stream, entity, cells, unit)


def _measure_cells(
    metric: QualityMetric, stream: StreamFacts, entity: Entity, cells: Iterable[Cell], unit: str | None
) -> Iterator[QualityMeasure]:
    """All fields together, and each of them."""
    known = [(name, cell) for name, cell in cells if cell is not None]
    if not known:
        return
    tops, bottoms = (sum(numbers) for numbers in zip(*(cell for _, cell in known), strict=True))
    yield QualityMeasure(metric, stream.make_measured(entity=entity.name, unit=unit), tops, bottoms, stream.as_of)
    for name, (top, bottom) in known:
        of = stream.make_measured(entity=entity.name, field=name, unit=unit)
        yield QualityMeasure(metric, of, top, bottom, stream.as_of)


def _measure_validity(connection: Connection[Any], entity: Entity, counts: StoreCounts) -> Iterator[QualityMeasure]:
    """Rows of a source are those that the store holds, and rejected ones of which it holds none. Of a unit they are those held."""
    unheld: dict[int, int] = {}
    rejected_held: dict[tuple[int, str], int] = {}
    if any(name == entity.name for _, name in counts.rejected):
        for row in read_rows(connection, render_rejected_counts(entity), {"entity": entity.name}):
            if not row["is_held"]:
                unheld[row["stream_id"]] = row["rejected"]
            elif row["unit"] is not None:
                rejected_held[row["stream_id"], row["unit"]] = row["rejected"]
    for stream in counts.streams.values():
        known = counts.held.get((stream.id, entity.name, None), 0) + unheld.get(stream.id, 0)
        if known:
            yield from _measure_rules(stream, entity, known, counts.rejected.get((stream.id, entity.name), []))
    for (stream_id, name, unit), known in counts.held.items():
        if name == entity.name and unit is not None:
            stream = counts.streams[stream_id]
            valid = round_cell(known - rejected_held.get((stream_id, unit), 0), known, counts.step)
            if valid is not None:
                of = stream.make_measured(entity=name, unit=unit)
                yield QualityMeasure(QualityMetric.ROWS_VALID, of, *valid, stream.as_of)


def _measure_rules(
    stream: StreamFacts, entity: Entity, known: int, groups: Sequence[Mapping[str, Any]]
) -> Iterator[QualityMeasure]:
    """The rows of a stream that break no rule, and of each rule those that keep it."""
    rejected = sum(group["rejected"] for group in groups if group["is_total"])
    of = stream.make_measured(entity=entity.name)
    yield QualityMeasure(QualityMetric.ROWS_VALID, of, max(0, known - rejected), known, stream.as_of)
    for group in groups:
        if not group["is_total"]:
            of = stream.make_measured(entity=entity.name, field=group["field"], rule=group["rule"])
            kept = max(0, known - group["rejected"])
            yield QualityMeasure(QualityMetric.RULE_KEPT, of, kept, known, stream.as_of)


def _measure_agreement(
    connection: Connection[Any], registry: Registry, entity: Entity, counts: StoreCounts
) -> Iterator[QualityMeasure]:
    query = render_compared_counts(registry, entity)
    if query is None:
        return
    parts: dict[tuple[int, str | None], list[Cell]] = {}
    for row in read_rows(connection, query, {"step": counts.step}):
        stream_id, name, compared = row["stream_id"], row["field"], row["compared"]
        unit, step = (None, 1) if row["is_total"] else (row["unit"], counts.step)
        # Between a read and the linking after it, a discrepancy may be of a value that is gone.
        differing = min(compared, counts.disagreeing.get((stream_id, entity.name, name, unit), 0))
        parts.setdefault((stream_id, unit), []).append((name, round_cell(compared - differing, compared, step)))
    for (stream_id, unit), cells in parts.items():
        stream = counts.streams.get(stream_id)
        if stream is not None:
            yield from _measure_cells(QualityMetric.AGREEMENT, stream, entity, cells, unit)
