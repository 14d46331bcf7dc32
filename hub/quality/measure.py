"""Measure everything in one instant of the store. Entities are counted by one statement each, others by a few for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from hub.access.purposes import find_purpose
from hub.errors import HubMisconfigured
from hub.link.quality.estimate import total_precision
from hub.link.quality.read import read_strata
from hub.model.registry import Entity, Registry
from hub.quality.entity_counts import render_compared_counts, render_fill_counts, render_unheld_counts
from hub.quality.measures import Measured, QualityMeasure, round_cell, sum_sources
from hub.quality.metrics import QualityMetric
from hub.sdk.manifest import Manifest
from hub.snapshots.statistics import load_statistics

WINDOW_DAYS = 30
"""Runs and changes at the source that are younger than this are counted."""
CELL_PURPOSE = "statistics"
"""The purpose whose smallest cell holds here too."""
STREAMS = """
select s.id, s.connector, s.name, s.as_of,
    (select min(r.started_at) from hub.run r where r.connector = s.connector and r.status = 'SUCCEEDED') as first_read,
    (select array_agg(c) from jsonb_object_keys(case jsonb_typeof(s.columns) when 'object' then s.columns else '{}' end) c) as columns,
    (select array_agg(distinct d."column") from hub.drift d where d.stream_id = s.id and d.resolved_at is null) as drifted
from hub.stream s
order by s.id"""
REJECTED = """
select q.stream_id, q.entity, q.rule, q.field, grouping(q.rule) = 1 as is_total,
    count(distinct coalesce(q.source_key, q.payload_hash)) as rejected
from hub.quarantine q
where q.resolved_at is null
group by grouping sets ((q.stream_id, q.entity), (q.stream_id, q.entity, q.rule, q.field))
order by 1, 2, 3, 4"""
DISAGREEING = """
select d.stream_id, d.record_entity, d.record_field, count(distinct d.record_id) as disagreeing
from link.discrepancy d
where d.sys_to is null and d.stream_id is not null
group by 1, 2, 3"""
READS = """
select r.connector, c ->> 'stream' as stream, c ->> 'entity' as entity,
    sum((c ->> 'read')::bigint)::bigint as read, sum((c ->> 'quarantined')::bigint)::bigint as rejected, max(r.started_at) as at
from hub.run r
cross join lateral jsonb_array_elements(case jsonb_typeof(r.counts) when 'array' then r.counts else '[]' end) c
where r.started_at > %(at)s - make_interval(days => %(days)s)
group by 1, 2, 3
order by 1, 2, 3"""


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
class _StoreCounts:
    """What statements over all entities have counted, and what the store holds of each entity by stream."""

    at: datetime
    step: int
    streams: Mapping[int, StreamFacts]
    rejected: Mapping[tuple[int, str], list[dict[str, Any]]]
    disagreeing: Mapping[tuple[int, str, str], int]
    held: dict[tuple[int, str], int] = field(default_factory=dict)


def find_smallest_cell() -> int:
    """How many records a cell by unit or procedure must have to be kept. Raises HubMisconfigured."""
    smallest = find_purpose(CELL_PURPOSE).declaration.limits.smallest_cell
    if smallest is None:
        raise HubMisconfigured(
            f"the purpose {CELL_PURPOSE} has no limits.smallest_cell",
            next_step="set it, e.g. to 10: smaller counts are left out",
        )
    return smallest


def measure_store(
    connection: Connection[Any], registry: Registry, manifests: Mapping[str, Manifest], at: datetime
) -> list[QualityMeasure]:
    """Every measure, as of `at`, of sources as a whole too. To be read within one transaction that sees one instant of the store."""
    found = list(_measure_parts(connection, registry, manifests, at))
    return [*found, *sum_sources(found)]


def _measure_parts(
    connection: Connection[Any], registry: Registry, manifests: Mapping[str, Manifest], at: datetime
) -> Iterator[QualityMeasure]:
    step = find_smallest_cell()
    streams = _read_streams(connection, manifests)
    rejected: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in _read_rows(connection, REJECTED):
        rejected.setdefault((row["stream_id"], row["entity"]), []).append(row)
    differing = {
        (row["stream_id"], row["record_entity"], row["record_field"]): row["disagreeing"]
        for row in _read_rows(connection, DISAGREEING)
    }
    counts = _StoreCounts(at, step, streams, rejected, differing)
    for stream in streams.values():
        yield from _measure_stream(stream, at)
    for entity in registry:
        yield from _measure_filled(connection, entity, counts)
        yield from _measure_validity(connection, entity, counts)
        yield from _measure_agreement(connection, registry, entity, counts)
    yield from _measure_reads(connection, at)
    yield from _measure_links(connection, counts)
    yield from _measure_procedures(connection, at, step)


def _read_rows(
    connection: Connection[Any], query: str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def _read_streams(connection: Connection[Any], manifests: Mapping[str, Manifest]) -> dict[int, StreamFacts]:
    """Streams of the connectors that are there; what a connector left that is gone is nobody's promise."""
    found = {}
    for row in _read_rows(connection, STREAMS):
        manifest = manifests.get(row["connector"])
        if manifest is not None:
            hours = manifest.max_age_hours
            found[row["id"]] = StreamFacts(
                id=row["id"],
                source=row["connector"],
                name=row["name"],
                as_of=row["as_of"],
                first_read=row["first_read"],
                columns=frozenset(row["columns"] or ()),
                drifted=frozenset(row["drifted"] or ()),
                promised_s=None if hours is None else hours * 3600,
            )
    return found


def _measure_stream(stream: StreamFacts, at: datetime) -> Iterator[QualityMeasure]:
    age = None if stream.as_of is None else max(0, int((at - stream.as_of).total_seconds()))
    promised = None if stream.promised_s is None else int(stream.promised_s)
    yield QualityMeasure(QualityMetric.SWEEP_AGE, stream.make_measured(), age, promised, stream.as_of)
    columns = stream.columns | stream.drifted
    if columns:
        kept = len(columns) - len(stream.drifted)
        yield QualityMeasure(
            QualityMetric.COLUMNS_AS_DECLARED, stream.make_measured(), kept, len(columns), stream.as_of
        )


def _measure_filled(connection: Connection[Any], entity: Entity, counts: _StoreCounts) -> Iterator[QualityMeasure]:
    streams = list(counts.streams.values())
    window = counts.at - timedelta(days=WINDOW_DAYS)
    values = {
        "streams": [stream.id for stream in streams],
        "promises": [stream.promised_s for stream in streams],
        # What had changed before the source was first read cannot have arrived in time.
        "since": [max(window, stream.first_read or counts.at) for stream in streams],
        "step": counts.step,
    }
    for row in _read_rows(connection, render_fill_counts(entity), values):
        stream = counts.streams.get(row["stream_id"])
        if stream is None:
            continue
        if row["is_total"]:
            counts.held[stream.id, entity.name] = row["records"]
            yield from measure_fields(entity, stream, row["records"], row["filled"])
            if row["changed"]:
                of = stream.make_measured(entity=entity.name)
                yield QualityMeasure(QualityMetric.CHANGED_IN_TIME, of, row["in_time"], row["changed"], stream.as_of)
        else:
            yield from measure_fields(entity, stream, row["records"], row["filled"], row["unit"], counts.step)


def measure_fields(
    entity: Entity, stream: StreamFacts, records: int, filled: Sequence[int], unit: str | None = None, step: int = 1
) -> Iterator[QualityMeasure]:
    """How many records have each field, and all fields together. `filled` is in the order of the entity's columns."""
    cells = [round_cell(one, records, step) for one in filled]
    known = [cell for cell in cells if cell is not None]
    if not known:
        return
    of = stream.make_measured(entity=entity.name, unit=unit)
    tops, bottoms = (sum(numbers) for numbers in zip(*known, strict=True))
    yield QualityMeasure(QualityMetric.FILLED, of, tops, bottoms, stream.as_of)
    for column, (top, bottom) in zip(entity.columns, known, strict=True):
        of = stream.make_measured(entity=entity.name, field=column.name, unit=unit)
        yield QualityMeasure(QualityMetric.FILLED, of, top, bottom, stream.as_of)


def _measure_validity(connection: Connection[Any], entity: Entity, counts: _StoreCounts) -> Iterator[QualityMeasure]:
    """Rows of a source are those that the store holds, and rejected ones of which it holds none."""
    unheld: dict[int, int] = {}
    if any(name == entity.name for _, name in counts.rejected):
        rows = connection.execute(render_unheld_counts(entity).encode(), {"entity": entity.name}).fetchall()
        unheld = dict(rows)
    for stream in counts.streams.values():
        known = counts.held.get((stream.id, entity.name), 0) + unheld.get(stream.id, 0)
        if not known:
            continue
        groups = counts.rejected.get((stream.id, entity.name), [])
        rejected = sum(group["rejected"] for group in groups if group["is_total"])
        of = stream.make_measured(entity=entity.name)
        yield QualityMeasure(QualityMetric.ROWS_VALID, of, max(0, known - rejected), known, stream.as_of)
        for group in groups:
            if not group["is_total"]:
                of = stream.make_measured(entity=entity.name, field=group["field"], rule=group["rule"])
                kept = max(0, known - group["rejected"])
                yield QualityMeasure(QualityMetric.RULE_KEPT, of, kept, known, stream.as_of)


def _measure_agreement(
    connection: Connection[Any], registry: Registry, entity: Entity, counts: _StoreCounts
) -> Iterator[QualityMeasure]:
    query = render_compared_counts(registry, entity)
    if query is None:
        return
    for stream_id, name, compared in connection.execute(query.encode()).fetchall():
        stream = counts.streams.get(stream_id)
        if stream is not None and compared:
            # Between a read and the linking after it, a discrepancy may be of a value that is gone.
            differing = min(compared, counts.disagreeing.get((stream_id, entity.name, name), 0))
            of = stream.make_measured(entity=entity.name, field=name)
            yield QualityMeasure(QualityMetric.AGREEMENT, of, compared - differing, compared, stream.as_of)


def _measure_reads(connection: Connection[Any], at: datetime) -> Iterator[QualityMeasure]:
    for row in _read_rows(connection, READS, {"at": at, "days": WINDOW_DAYS}):
        if row["read"]:
            of = Measured(source=row["connector"], stream=row["stream"], entity=row["entity"])
            accepted = max(0, row["read"] - row["rejected"])
            yield QualityMeasure(QualityMetric.READS_ACCEPTED, of, accepted, row["read"], row["at"])


def _measure_links(connection: Connection[Any], counts: _StoreCounts) -> Iterator[QualityMeasure]:
    """What reviewers said of samples. A link has the source of its record, if records of the entity are of one stream alone."""
    strata = read_strata(connection)
    for name in dict.fromkeys(one.field for one in strata if one.accepted):
        own = [one for one in strata if one.field == name and one.accepted]
        right, wrong = sum(one.right for one in own), sum(one.wrong for one in own)
        if not right + wrong:
            continue
        found = total_precision(one.counted for one in own)
        entity, _, linked = name.partition(".")
        streams = [counts.streams[stream] for stream, held in counts.held if held == entity]
        of = Measured(entity=entity, field=linked)
        if len(streams) == 1:
            of = streams[0].make_measured(entity=entity, field=linked)
        low, high = (None, None) if found is None else (found.low, found.high)
        yield QualityMeasure(QualityMetric.LINK_PRECISION, of, right, right + wrong, counts.at, low, high)


def _measure_procedures(connection: Connection[Any], at: datetime, step: int) -> Iterator[QualityMeasure]:
    """From the newest snapshot of each dossier. Few dossiers tell of somebody, as few records of a commune do: a single one can
    have fifty answers, so it is dossiers that have to be many."""
    for procedure in load_statistics(connection):
        for one in (procedure.sum_up(), *procedure.requirements.values()):
            cell = round_cell(one.held, one.answers, step)
            if cell is not None and one.dossiers >= step:
                of = Measured(procedure=procedure.code, requirement=one.code or None)
                yield QualityMeasure(QualityMetric.REQUIREMENTS_HELD, of, *cell, at)
