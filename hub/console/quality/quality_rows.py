"""Measurements of the graph as rows of a table: the figure with its numbers, its trend as points, and where its rows are. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from hub.console.operator.rejected_groups import RULE_WORDS
from hub.console.places import tell_days
from hub.console.words import show_instant
from hub.model.labels import lower_first, make_readable
from hub.model.registry import load_registry
from hub.quality.measures import Measured, QualityMeasure
from hub.quality.metrics import DIMENSION_WORDS, METRICS, QualityDimension, QualityMetric
from hub.quality.words import show_interval, show_share, show_value
from schema.core import Label

QUALITY_PATH = "/console/quality"
STALE_AFTER = timedelta(hours=36)
"""Measurements are made each night: one that is older was left out."""
TREND_WIDTH, TREND_HEIGHT = 80, 18
LEAST_SPAN = 0.01
"""A trend that moves by less than one percent is not stretched to look as if it had moved."""
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Trend:
    """A line through earlier figures: `points` as SVG has them, empty if there are fewer than two; `about` in words."""

    points: str
    about: str


@dataclass(frozen=True)
class QualityRow:
    """One measurement. `of` says of what, `is_bad` that an age is more than promised; `rows` leads to the rows behind it."""

    dimension: Label
    metric: Label
    counts_of: Label
    of: str
    figure: Label
    interval: str
    as_of: str
    is_bad: bool
    trend: Trend
    more: str
    rows: str


def read_measure(node: Node) -> QualityMeasure:
    """The measurement of a node of the graph."""
    return QualityMeasure(
        metric=QualityMetric(node["isMeasurementOf"]),
        of=Measured(**node["computedOn"]),
        numerator=node["numerator"],
        denominator=node["denominator"],
        as_of=datetime.fromisoformat(node["asOf"]) if node["asOf"] else None,
        low=node["low"],
        high=node["high"],
    )


def make_row(node: Node, *, may_see_rows: bool, of: str = "", more: str = "") -> QualityRow:
    """A row of a table. `may_see_rows` if whoever looks may open the pages of rejected rows and discrepancies."""
    measure = read_measure(node)
    facts = METRICS[measure.metric]
    return QualityRow(
        dimension=DIMENSION_WORDS[facts.dimension],
        metric=facts.name,
        counts_of=facts.of,
        of=of or describe_object(measure.of),
        figure=show_value(measure),
        interval=show_interval(measure),
        as_of=show_instant(node["asOf"]),
        is_bad=measure.is_late,
        trend=draw_trend(node["trend"], is_age=facts.is_age),
        more=more,
        rows=find_rows(measure) if may_see_rows else "",
    )


def describe_object(of: Measured) -> str:
    """`Diện tích: không đúng dạng`, `Luồng parcels`; what belongs to all fields of a kind of record says so."""
    entity = load_registry().entities.get(of.entity or "")
    if of.field is not None:
        label = entity.find_label(of.field) if entity else None
        what = (label or make_readable(of.field)).vi
    elif of.entity is not None:
        what = "Mọi trường"
    else:
        whole = "Cả xã, phường" if of.unit else "Cả nguồn"
        what = of.requirement or (f"Luồng {of.stream}" if of.stream else whole)
    if of.rule is None:
        return what
    return f"{what}: {lower_first(RULE_WORDS.get(of.rule, make_readable(of.rule)).vi)}"


def find_rows(measure: QualityMeasure) -> str:
    """The page with the rows behind a measurement; empty if there is none, or nothing is wrong."""
    of, is_whole = measure.of, measure.numerator == measure.denominator
    if measure.metric is QualityMetric.SWEEP_AGE:
        return f"/console/sources?{urlencode({'source': of.source})}#runs" if of.source else ""
    if is_whole or of.unit is not None:
        return ""
    if measure.metric is QualityMetric.RULE_KEPT:
        path = "/".join(quote(str(part), safe="") for part in (of.source, of.stream, of.entity, of.rule))
        return f"/console/rejected/{path}" + (f"?{urlencode({'field': of.field})}" if of.field else "")
    if measure.metric is QualityMetric.AGREEMENT and of.entity is not None and of.entity in load_registry().entities:
        shown = {"sector": load_registry()[of.entity].sector, "entity": of.entity, "field": of.field}
        return f"{PAGES_OF_ROWS[measure.metric]}?{urlencode({name: one for name, one in shown.items() if one})}"
    return PAGES_OF_ROWS.get(measure.metric, "")


PAGES_OF_ROWS: Mapping[QualityMetric, str] = {
    QualityMetric.AGREEMENT: "/console/discrepancies",
    QualityMetric.LINK_PRECISION: "/console/review",
    QualityMetric.ROWS_VALID: "/console/rejected",
    QualityMetric.READS_ACCEPTED: "/console/rejected",
    QualityMetric.COLUMNS_AS_DECLARED: "/console/sources/waiting",
}


def draw_trend(points: Sequence[Node], *, is_age: bool) -> Trend:
    """A line from the oldest to the newest figure; the higher, the more. Without two figures there is none."""
    known = [
        (one["numerator"], one["denominator"]) for one in points if one["numerator"] is not None and one["denominator"]
    ]
    if len(known) < 2:
        return Trend("", "")
    shares = [top / bottom for top, bottom in known]
    low, high = min(shares), max(shares)
    span = max(high - low, LEAST_SPAN)
    across = (TREND_WIDTH - 4) / (len(shares) - 1)
    places = (
        (2 + across * step, TREND_HEIGHT - 2 - (TREND_HEIGHT - 4) * (share - low) / span)
        for step, share in enumerate(shares)
    )
    first, last = (show_share(*known[end]) for end in (0, -1))
    words = "tuổi so với cam kết, từ" if is_age else "từ"
    return Trend(
        " ".join(f"{x:.1f},{y:.1f}" for x, y in places), f"{words} {first} đến {last} trong {len(shares)} lần đo"
    )


@dataclass(frozen=True)
class SourceLine:
    """A source in the overview: one row for each dimension that is measured of it."""

    name: str
    title: Label
    path: str
    is_late: bool
    cells: Mapping[QualityDimension, QualityRow]


SHOWN_OF_SOURCE: Mapping[QualityDimension, QualityMetric] = {
    QualityDimension.CORRECT: QualityMetric.AGREEMENT,
    QualityDimension.SUFFICIENT: QualityMetric.FILLED,
    QualityDimension.CLEAN: QualityMetric.ROWS_VALID,
    QualityDimension.LIVE: QualityMetric.SWEEP_AGE,
}
"""The figure of each dimension that a source is told by. Its own page has all."""


def read_sources(nodes: Iterable[Node], titles: Mapping[str, Label], late: frozenset[str]) -> tuple[SourceLine, ...]:
    """Sources as a whole, those that are late now first. `late` are their names."""
    cells: dict[str, dict[QualityDimension, QualityRow]] = {}
    for node in nodes:
        metric, name = QualityMetric(node["isMeasurementOf"]), node["computedOn"]["source"]
        dimension = METRICS[metric].dimension
        if name is not None and SHOWN_OF_SOURCE[dimension] is metric:
            cells.setdefault(name, {})[dimension] = make_row(node, may_see_rows=False)
    made = (
        SourceLine(name, titles.get(name, Label(name, name)), source_path(name), name in late, own)
        for name, own in cells.items()
    )
    return tuple(sorted(made, key=lambda line: (not line.is_late, line.title.vi)))


@dataclass(frozen=True)
class UnitLine:
    """A commune in the list of them: one row for each dimension that is measured of it."""

    name: str
    path: str
    cells: Mapping[QualityDimension, QualityRow]


SHOWN_OF_UNIT: Mapping[QualityDimension, QualityMetric] = {
    **SHOWN_OF_SOURCE,
    QualityDimension.LIVE: QualityMetric.CHANGED_IN_TIME,
}
"""A commune has no age: its records come with their sources."""


def read_units(nodes: Iterable[Node], names: Mapping[str, str]) -> tuple[UnitLine, ...]:
    """Communes as a whole, by name. `names` are those of their codes. Beside a name that several share stands from when it is this one's."""
    cells: dict[str, dict[QualityDimension, QualityRow]] = {}
    for node in nodes:
        dimension = METRICS[QualityMetric(node["isMeasurementOf"])].dimension
        cells.setdefault(node["computedOn"]["unit"], {})[dimension] = make_row(node, may_see_rows=False)
    shown = tell_apart({unit: names.get(unit, unit) for unit in cells})
    lines = (UnitLine(shown[unit], unit_path(unit), own) for unit, own in cells.items())
    return tuple(sorted(lines, key=lambda line: (line.name, line.path)))


def tell_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Names by code, so that no two are the same: `Phường Bình Khê (từ 01/07/2025)`, with the code where the days are the same too."""
    found = dict(names)
    days = {unit: tell_days(unit) or unit.partition("@")[0] for unit in names}
    for more in (days, {unit: unit for unit in names}):
        shared = Counter(found.values())
        found = {unit: name if shared[name] == 1 else f"{name} ({more[unit]})" for unit, name in found.items()}
    return found


def source_path(source: str, entity: str | None = None) -> str:
    """The address of a source's page, or of one kind of record of it."""
    path = f"{QUALITY_PATH}/sources/{quote(source, safe='')}"
    return f"{path}?{urlencode({'entity': entity})}" if entity else path


def unit_path(unit: str, entity: str | None = None) -> str:
    """The address of a unit's page, or of one kind of record of it."""
    return f"{QUALITY_PATH}/units?{urlencode({'unit': unit} | ({'entity': entity} if entity else {}))}"


def procedure_path(code: str) -> str:
    """The address of a procedure's page."""
    return f"{QUALITY_PATH}/procedures/{quote(code, safe='')}"


def is_stale(measured_at: str | None, now: datetime) -> bool:
    """Whether the newest measurement is older than a night."""
    return measured_at is not None and now - datetime.fromisoformat(measured_at) > STALE_AFTER
