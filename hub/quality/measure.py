"""Measure everything in one instant of the store. Entities are counted by one statement each, others by a few for all of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.access.purposes import find_purpose
from hub.errors import HubMisconfigured
from hub.link.quality.estimate import total_precision
from hub.link.quality.read import read_strata
from hub.model.registry import Registry
from hub.quality.entity_counts import render_disagreeing_counts
from hub.quality.entity_measures import WINDOW_DAYS, StoreCounts, StreamFacts, measure_entity, read_rows
from hub.quality.measures import Measured, QualityMeasure, round_cell, sum_sources, sum_units
from hub.quality.metrics import QualityMetric
from hub.sdk.manifest import Manifest
from hub.snapshots.statistics import load_statistics

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
READS = """
select r.connector, c ->> 'stream' as stream, c ->> 'entity' as entity,
    sum((c ->> 'read')::bigint)::bigint as read, sum((c ->> 'quarantined')::bigint)::bigint as rejected, max(r.started_at) as at
from hub.run r
cross join lateral jsonb_array_elements(case jsonb_typeof(r.counts) when 'array' then r.counts else '[]' end) c
where r.started_at > %(at)s - make_interval(days => %(days)s)
group by 1, 2, 3
order by 1, 2, 3"""


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
    """Every measure, as of `at`, of sources and of units as a whole too. To be read within one transaction that sees one instant of the store."""
    found = list(_measure_parts(connection, registry, manifests, at))
    return [*found, *sum_sources(found), *sum_units(found)]


def _measure_parts(
    connection: Connection[Any], registry: Registry, manifests: Mapping[str, Manifest], at: datetime
) -> Iterator[QualityMeasure]:
    step = find_smallest_cell()
    streams = _read_streams(connection, manifests)
    rejected: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in read_rows(connection, REJECTED):
        rejected.setdefault((row["stream_id"], row["entity"]), []).append(row)
    differing = {
        (row["stream_id"], row["record_entity"], row["record_field"], None if row["is_total"] else row["unit"]): row[
            "disagreeing"
        ]
        for row in read_rows(connection, render_disagreeing_counts(registry))
    }
    counts = StoreCounts(at, step, streams, rejected, differing)
    for stream in streams.values():
        yield from _measure_stream(stream, at)
    for entity in registry:
        yield from measure_entity(connection, registry, entity, counts)
    yield from _measure_reads(connection, at)
    yield from _measure_links(connection, counts)
    yield from _measure_procedures(connection, at, step)


def _read_streams(connection: Connection[Any], manifests: Mapping[str, Manifest]) -> dict[int, StreamFacts]:
    """Streams of the connectors that are there; what a connector left that is gone is nobody's promise."""
    found = {}
    for row in read_rows(connection, STREAMS):
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


def _measure_reads(connection: Connection[Any], at: datetime) -> Iterator[QualityMeasure]:
    for row in read_rows(connection, READS, {"at": at, "days": WINDOW_DAYS}):
        if row["read"]:
            of = Measured(source=row["connector"], stream=row["stream"], entity=row["entity"])
            accepted = max(0, row["read"] - row["rejected"])
            yield QualityMeasure(QualityMetric.READS_ACCEPTED, of, accepted, row["read"], row["at"])


def _measure_links(connection: Connection[Any], counts: StoreCounts) -> Iterator[QualityMeasure]:
    """What reviewers said of samples. A link has the source of its record, if records of the entity are of one stream alone."""
    strata = read_strata(connection)
    for name in dict.fromkeys(one.field for one in strata if one.accepted):
        own = [one for one in strata if one.field == name and one.accepted]
        right, wrong = sum(one.right for one in own), sum(one.wrong for one in own)
        if not right + wrong:
            continue
        found = total_precision(one.counted for one in own)
        entity, _, linked = name.partition(".")
        streams = [counts.streams[stream] for stream, held, unit in counts.held if held == entity and unit is None]
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
