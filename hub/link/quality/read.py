"""Read the quality of links from a store: populations, the sample with its answers, and what stands beside them."""

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from hub.link.decisions.agreement import ALL, Agreement, compute_agreement, measure_agreement
from hub.link.evaluate.falses import FalseLink, source_of
from hub.link.field import Field, field_named
from hub.link.quality.bands import BANDS, MODEL
from hub.link.quality.draw import WINDOW_DAYS, count_populations, linked_fields
from hub.link.quality.report import ACCEPTED_NAMES, FieldCounts, Quality, Stratum
from hub.link.quality.thresholds import TWO, list_raises
from hub.model.registry import load_registry
from hub.model.tables import ACCEPTED
from hub.settings import Settings
from hub.store.query import fetch_value

MOST_FALSE = 10_000
"""False links read at most: those of the newest samples."""
MODEL_NAMES = [band.name for band in MODEL]
OPINIONS = (
    "(select count(*) filter (where a.verdict = 'SAME') as same, count(*) filter (where a.verdict = 'DIFFERENT') as different,"
    " count(*) as given, max(a.answered_at) as last from link.sample_answer a where a.sample_id = s.id)"
)
VALID = (
    "s.void_at is null and s.drawn_at > now() - make_interval(days => %(window)s)"
    " and (s.band <> all (%(model)s) or s.method not like 'model:%%' or s.method = (select 'model:' || m.spec || ':' || m.version from link.model m"
    " where m.active and s.method like 'model:' || m.spec || ':%%'))"
)
"""Samples that tell of the links of now: of the last months, and of the model's links those of the active model. A rule that weighs,
such as `business_likeness`, has its weights from the vocabulary: no training replaces it."""
VALUES = {"window": WINDOW_DAYS, "model": MODEL_NAMES}


def read_quality(connection: Connection[Any], settings: Settings, *, margin: float = 0.01) -> Quality:
    """Everything, in one instant of the store. It only reads."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        earlier = _number(
            connection,
            f"select count(*) from link.sample s where s.void_at is null and not ({VALID})"
            " and exists (select from link.sample_answer a where a.sample_id = s.id)",
        )
        return Quality(
            measured_at=datetime.now(UTC),
            band_target=settings.link_band_target,
            target=settings.link_target,
            margin=margin,
            monthly=settings.link_sample_monthly,
            drawn_this_month=_number(
                connection,
                "select count(*) from link.sample where void_at is null"
                " and month = date_trunc('month', now() at time zone 'UTC')::date",
            ),
            strata=read_strata(connection),
            fields={field.name: _counts(connection, field) for field in linked_fields()},
            raises=list_raises(connection, every=True),
            sample_agreement=_agreement(connection),
            decision_agreement=measure_agreement(connection),
            false_links=_false_links(connection),
            of_earlier_models=earlier,
        )


def read_strata(connection: Connection[Any]) -> tuple[Stratum, ...]:
    """Every stratum that has links, or had when it was sampled; in order of fields and bands."""
    rows = connection.execute(
        "select s.field, s.band, count(*), count(*) filter (where v.same > v.different),"
        " count(*) filter (where v.different > v.same), count(*) filter (where v.different > v.same and v.different >= %(two)s"
        # A person has taken back what these answers led to: they are no reason for an alarm.
        " and not exists (select from link.threshold t where t.field = s.field and t.band = s.band and t.undone_at >= v.last)),"
        " count(*) filter (where v.given > 0 and v.same = v.different)"
        f" from link.sample s cross join lateral {OPINIONS} v where {VALID} group by 1, 2",
        {**VALUES, "two": TWO},
    ).fetchall()
    drawn = {(field, band): tuple(counts) for field, band, *counts in rows}
    found = []
    for field in linked_fields():
        links = count_populations(connection, field)
        for band in BANDS:
            if band in links or (field.name, band) in drawn:
                counts = drawn.get((field.name, band), (0,) * 5)
                found.append(Stratum(field.name, band, links.get(band, 0), *counts))
    return tuple(found)


def _counts(connection: Connection[Any], field: Field) -> FieldCounts:
    columns = [part.column.name for part in field.recorded.recorded if part.part != "kind"]
    states = f"num_nonnulls({', '.join(f't.{column}' for column in columns)}) > 0"
    stated, unlinked = connection.execute(
        f"select count(*), count(*) filter (where not exists (select from link.{field.table} l where l.record_id = t.id))"
        f" from data.{field.entity.table} t where {states}"
    ).fetchone() or (0, 0)
    methods = connection.execute(
        f"select l.method, l.status, count(*) from link.{field.table} l where l.{ACCEPTED} group by 1, 2 order by 1, 2"
    ).fetchall()
    discrepant = _number(
        connection,
        "select count(distinct d.record_id) from link.discrepancy d where d.field = %(field)s and d.sys_to is null",
        field=field.name,
    )
    return FieldCounts(stated, unlinked, {(method, status): links for method, status, links in methods}, discrepant)


def _agreement(connection: Connection[Any]) -> Agreement:
    """First opinions of the sample against each later one. An answer is one of three words."""
    rows = connection.execute(
        "with opinions as (select a.sample_id, a.verdict, row_number() over (partition by a.sample_id order by a.answered_at) as at"
        " from link.sample_answer a) select one.verdict, other.verdict, count(*) from opinions one"
        " join opinions other using (sample_id) where one.at = 1 and other.at > 1 group by 1, 2 order by 1, 2"
    ).fetchall()
    return compute_agreement(ALL, rows)


def _false_links(connection: Connection[Any]) -> tuple[FalseLink, ...]:
    rows = connection.execute(
        "select s.field, s.record_id, s.found_id, s.subject_kind, s.status, s.method, s.weight, s.evidence, v.different, v.given"
        f" from link.sample s cross join lateral {OPINIONS} v where s.void_at is null and s.band = any(%(accepted)s)"
        " and v.different > v.same order by s.id desc limit %(most)s",
        {"accepted": sorted(ACCEPTED_NAMES), "most": MOST_FALSE},
    ).fetchall()
    return tuple(_false_link(connection, row) for row in sorted(rows, key=lambda row: row[:2]))


def _false_link(connection: Connection[Any], row: tuple[Any, ...]) -> FalseLink:
    field, record, found, kind, status, method, weight, evidence, different, given = row
    return FalseLink(
        field=field,
        record_id=record,
        found_id=found,
        subject_id=found,
        subject_kind=kind,
        status=status,
        method=method,
        weight=weight,
        confidence=None,
        evidence=evidence,
        decided_by="run",
        dirt=(),
        reason=f"judged wrong by {different} of {given} reviewers",
        record=source_of(connection, field_named(field).entity, record),
        found=source_of(connection, load_registry()[kind], found),
    )


def _number(connection: Connection[Any], query: str, **values: Any) -> int:
    found: int = fetch_value(connection, query, {**VALUES, **values})
    return found
