"""The root fields `quality`, measurements by the terms of the W3C Data Quality Vocabulary, and `sourceGrades`, a few figures of each source."""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.access.callers.principals import Role
from hub.errors import OperationRefused
from hub.graph.schema_types.fields import (
    Namespace,
    ReadField,
    StoredField,
    ValueField,
    Whole,
    enum_type,
    make_argument,
    make_field,
    object_type,
)
from hub.graph.schema_types.type_parts import add_connection, make_connection
from hub.graph.sources.state_reads import show_instant
from hub.quality.grades import SourceGrade, read_grades
from hub.quality.measures import QualityMeasure
from hub.quality.metrics import DIMENSION_WORDS, METRICS, QualityDimension
from hub.quality.snapshots import (
    TREND_SNAPSHOTS,
    MeasureFilter,
    QualityPoint,
    QualitySnapshot,
    find_newest_snapshot,
    read_measures,
    read_trends,
)

MAX_PAGE = 500
DEFAULT_PAGE = 50
READERS = frozenset({Role.OPERATOR, Role.REVIEWER, Role.AUDITOR})
NOT_A_READER = OperationRefused(
    "only operators, reviewers and auditors read how good the data is",
    code="FORBIDDEN",
    next_step="sign in with one of these roles, and send X-Hub-Purpose: quality",
)
Fields = Mapping[str, tuple[str, str]]
COMPUTED_ON: Fields = {
    "source": ("str | None", "Name of the connector; null if it is of no source alone."),
    "stream": ("str | None", "Name of the stream; null for all of them together."),
    "entity": ("str | None", "Kind of record; null for all of them together."),
    "field": ("str | None", "The column, or the linked field; null for all of them together."),
    "unit": ("str | None", "Code of the administrative unit; null for all of them together."),
    "procedure": ("str | None", "Code of the procedure; null if it is of no procedure."),
    "requirement": ("str | None", "Its requirement; null for all of them together."),
    "rule": ("str | None", "The rule that rows broke; null if it is of no rule."),
}
POINT: Fields = {
    "measuredAt": ("DateTime", "When it was measured."),
    "numerator": ("int | None", "As it was then; null if it was never known."),
    "denominator": ("int | None", "As it was then; null if nothing was promised."),
}
MEASUREMENT: Fields = {
    "isMeasurementOf": ("QualityMetric", "dqv:isMeasurementOf: the metric."),
    "inDimension": ("QualityDimension", "dqv:inDimension, of its metric."),
    "computedOn": ("QualityComputedOn", "dqv:computedOn: what it is of."),
    "numerator": ("int | None", "dqv:value is a numerator of a denominator: rows, or seconds of an age. Null if it was never known."),
    "denominator": ("int | None", "Rows, or the seconds that are promised. Null if nothing is promised."),
    "low": ("float | None", "Lower bound of the share with 95 % confidence; null if it is counted and not estimated."),
    "high": ("float | None", "Upper bound; null if it is counted."),
    "asOf": ("DateTime | None", "As of when the data was known; null if it never was."),
    "isLate": ("bool", "Of an age: whether it is more than promised."),
    "measuredAt": ("DateTime", "When it was measured."),
    "trend": ("list[QualityPoint]", f"The same in the newest {TREND_SNAPSHOTS} snapshots, the oldest first. Counts by unit and kind of record have none."),
}  # fmt: skip
COUNTS: Fields = {
    "numerator": ("int", "Rows for which it holds."),
    "denominator": ("int", "Rows that were looked at."),
}
GRADE: Fields = {
    "source": ("str", "Name of the connector."),
    "measuredAt": ("DateTime", "When the counts were made."),
    "asOf": ("DateTime | None", "Since when the hub knows all of the source, as of now; null if it was never read completely."),
    "isLate": ("bool", "Whether that is longer ago than the source promises."),
    "correct": ("QualityCounts | None", "Copies that agree with the authoritative source; null if it has none that could be compared."),
    "clean": ("QualityCounts | None", "Rows that break no rule; null if it has no rows."),
}  # fmt: skip
ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "metric": ("list[QualityMetric] | None", "Of these metrics."),
    "dimension": ("QualityDimension | None", "In this dimension."),
    "source": ("str | None", "Of this connector."),
    "entity": ("str | None", "Of this kind of record."),
    "field": ("str | None", "Of this field."),
    "unit": ("str | None", "Of this administrative unit, e.g. 06820@2025-07-01."),
    "procedure": ("str | None", "Of this procedure."),
    "byEntity": ("bool | None", "True: of one kind of record; false: of a source or a procedure as a whole."),
    "byField": ("bool | None", "True: of one field; false: of all together."),
    "byUnit": ("bool | None", "True: of one unit; false: of all together."),
    "first": ("int | None", f"At most so many, up to {MAX_PAGE}."),
    "after": ("str | None", "Begin after this cursor."),
}


class QualityField(ReadField):
    """The root field `quality`."""

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the page."""
        assert info is not None
        return _read_quality(info, {n: v for n, v in kwargs.items() if v is not strawberry.UNSET and v is not None})


def quality_fields(names: Namespace) -> dict[str, Any]:
    """The root fields of Query; their types are added to `names`."""
    metrics = {metric.value: f"{facts.name.en}: {facts.of.en}." for metric, facts in METRICS.items()}
    names["QualityMetric"] = enum_type("QualityMetric", "dqv:Metric: a count.", metrics)
    dimensions = {one.value: f"{words.vi}: {words.en.lower()}." for one, words in DIMENSION_WORDS.items()}
    names["QualityDimension"] = enum_type("QualityDimension", "dqv:Dimension: đúng, đủ, sạch, sống.", dimensions)
    for name, about, fields in (
        ("QualityComputedOn", "What a measurement is of.", COMPUTED_ON),
        ("QualityPoint", "A measurement in an earlier snapshot.", POINT),
        ("QualityMeasurement", "dqv:QualityMeasurement: a numerator of a denominator, as of an instant.", MEASUREMENT),
        ("QualityCounts", "A share with its numbers.", COUNTS),
        ("SourceGrade", "How good a source is, in a few figures of its newest measurement.", GRADE),
    ):
        # A connection and its items answer by the names that an operation gives.
        kind = StoredField if fields is MEASUREMENT else ValueField
        made = {n: make_field(kind, type_, names, graphql=n, description=text) for n, (type_, text) in fields.items()}
        names[name] = object_type(name, about, made)
    add_connection("QualityMeasurement", names)

    async def source_grades(info: Info[Any, Any]) -> Any:
        info.context.caller.known  # noqa: B018 - raises NoCredentials
        now = datetime.now(UTC)
        return [_show_grade(one, now) for one in await info.context.executor.reviews.read(read_grades)]

    source_grades.__annotations__["return"] = list[names["SourceGrade"]]  # type: ignore[valid-type]  # made from data
    return {
        "quality": make_field(
            QualityField,
            "QualityMeasurementConnection",
            names,
            graphql="quality",
            description="How correct, sufficient, clean and live the data is, by source, field, unit and procedure, of the newest"
            " snapshot; empty if nothing was measured. Counts by unit and procedure are rounded down to the smallest cell of"
            " statistics, and smaller ones are left out. For operators, reviewers and auditors.",
            arguments=[make_argument(name, kind, names, about) for name, (kind, about) in ARGUMENTS.items()],
        ),
        "source_grades": strawberry.field(
            resolver=source_grades,
            name="sourceGrades",
            description="How good each source is, to be shown beside its values. No data of a person.",
        ),
    }


async def _read_quality(info: Info[Any, Any], given: Mapping[str, Any]) -> Whole:
    if not READERS & info.context.caller.known.roles:
        raise NOT_A_READER
    first, after = given.get("first", DEFAULT_PAGE), given.get("after", "0")
    if not 1 <= first <= MAX_PAGE:
        raise OperationRefused(
            f"quality: first must be 1 to {MAX_PAGE}", code="BAD_USER_INPUT", next_step="ask for fewer"
        )
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        raise OperationRefused(
            "quality: after is no cursor of this connection",
            code="BAD_USER_INPUT",
            next_step="take endCursor of a page, e.g. 50",
        )
    which, offset = make_filter(given), int(after)
    wants_trend = "trend" in {name for field in info.selected_fields for name in _list_selected(field)}

    def read(connection: Connection[Any]) -> Whole:
        # One instant: a snapshot that is replaced meanwhile would leave a page without rows.
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            return _read_page(connection, which, first, offset, wants_trend)

    found: Whole = await info.context.executor.reviews.read(read)
    return found


def make_filter(given: Mapping[str, Any]) -> MeasureFilter:
    """The measures that arguments ask for. A metric that is not in the asked dimension gives none."""
    metrics = [one.name for one in given["metric"]] if "metric" in given else None
    if "dimension" in given:
        inside = [
            one.value for one, facts in METRICS.items() if facts.dimension == QualityDimension(given["dimension"].name)
        ]
        metrics = inside if metrics is None else [one for one in metrics if one in inside]
    equal = {name: (given[name],) for name in ("source", "entity", "field", "unit", "procedure") if name in given}
    return MeasureFilter(
        metric=None if metrics is None else tuple(metrics),
        by_entity=given.get("byEntity"),
        by_field=given.get("byField"),
        by_unit=given.get("byUnit"),
        **equal,
    )


def _list_selected(field: Any) -> set[str]:
    """Names of all fields that are selected within a field."""
    inside = getattr(field, "selections", ())
    return {name for one in inside for name in (getattr(one, "name", ""), *_list_selected(one))}


def _read_page(connection: Connection[Any], which: MeasureFilter, first: int, offset: int, wants_trend: bool) -> Whole:
    snapshot = find_newest_snapshot(connection)
    if snapshot is None:
        return make_connection((), (), has_next=False, has_previous=False, total=0)
    measures, total = read_measures(connection, snapshot, which, first, offset)
    trends = read_trends(connection, [one.series for one in measures], TREND_SNAPSHOTS) if wants_trend else {}
    return make_connection(
        [_show_measure(one, trends.get(one.series, ()), snapshot) for one in measures],
        [str(offset + place) for place in range(1, len(measures) + 1)],
        has_next=offset + len(measures) < total,
        has_previous=offset > 0,
        total=total,
    )


def _show_measure(one: QualityMeasure, trend: tuple[QualityPoint, ...], snapshot: QualitySnapshot) -> Whole:
    return Whole(
        isMeasurementOf=one.metric.value,
        inDimension=METRICS[one.metric].dimension.value,
        computedOn=Whole(vars(one.of)),
        numerator=one.numerator,
        denominator=one.denominator,
        low=one.low,
        high=one.high,
        asOf=show_instant(one.as_of),
        isLate=one.is_late,
        measuredAt=show_instant(snapshot.measured_at),
        trend=[
            Whole(measuredAt=show_instant(at.measured_at), numerator=at.numerator, denominator=at.denominator)
            for at in trend
        ],
    )


def _show_grade(one: SourceGrade, now: datetime) -> Whole:
    return Whole(
        source=one.source,
        measuredAt=show_instant(one.measured_at),
        asOf=show_instant(one.as_of),
        isLate=one.is_late(now),
        correct=_show_counts(one.agreeing, one.compared),
        clean=_show_counts(one.valid, one.known),
    )


def _show_counts(top: int | None, bottom: int | None) -> Whole | None:
    return None if top is None or bottom is None else Whole(numerator=top, denominator=bottom)
