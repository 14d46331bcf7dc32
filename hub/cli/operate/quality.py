"""`hub quality`: how correct, sufficient, clean and live the data is. How right links are is `hub link quality`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.console.operator.rejected_groups import RULE_WORDS
from hub.errors import OperationRefused
from hub.ingest.connectors import load_manifests
from hub.model.labels import find_label, make_readable
from hub.model.registry import load_registry
from hub.procedures.declaration.definition import find_procedure
from hub.quality.measures import Measured, QualityMeasure
from hub.quality.metrics import DIMENSION_WORDS, METRICS, QualityMetric
from hub.quality.snapshots import MeasureFilter, find_newest_snapshot, read_measures, take_snapshot
from hub.quality.words import show_interval, show_value
from hub.settings import load_settings

MAX_ROWS = 100_000
app = cyclopts.App(name="quality")
Several = Annotated[list[str] | None, Parameter(negative=())]


@app.command(name="measure")
def measure_command(*, json: Json = False) -> None:
    """Measure now, and keep it as the snapshot of today. The worker does so each night."""
    settings = load_settings()
    with connect_to_store(settings) as connection:
        done = take_snapshot(connection, load_registry(), load_manifests(), keep_days=settings.keep_quality_days)
    if json:
        show_json({"measured_at": done.measured_at.isoformat(), "seconds": done.seconds, "measures": done.measures})
    else:
        OUT.print(f"{done.measures:,} measures in {done.seconds:.1f} s; see `hub quality show`")


@app.command(name="show")
def show_command(
    *,
    source: Several = None,
    entity: Several = None,
    field: Several = None,
    unit: Several = None,
    procedure: Several = None,
    metric: Annotated[list[QualityMetric] | None, Parameter(negative=())] = None,
    lang: Lang = LabelLanguage.VI,
    json: Json = False,
) -> None:
    """Show the newest snapshot: each figure with its numerator and denominator. Without a unit, those of all units together.

    Parameters
    ----------
    source
        Of this connector alone; may be given several times, as all of these.
    entity
        Of this kind of record alone.
    field
        Of this field alone.
    unit
        Of this administrative unit alone, e.g. 06820@2025-07-01.
    procedure
        Of this procedure alone.
    metric
        This metric alone.
    """
    which = MeasureFilter(
        metric=_as_tuple(metric),
        source=_as_tuple(source),
        entity=_as_tuple(entity),
        field=_as_tuple(field),
        unit=_as_tuple(unit),
        procedure=_as_tuple(procedure),
        by_unit=bool(unit),
    )
    with connect_to_read(load_settings()) as connection:
        snapshot = find_newest_snapshot(connection)
        if snapshot is None:
            raise OperationRefused("quality was never measured", next_step="run `hub quality measure`, or `hub worker`")
        measures, _ = read_measures(connection, snapshot, which, MAX_ROWS)
    if json:
        told = [_describe(one) for one in measures]
        show_json(
            {"measured_at": snapshot.measured_at.isoformat(), "smallest_cell": snapshot.smallest_cell, "measures": told}
        )
        return
    if not measures:
        OUT.print(_explain_nothing(which))
        return
    columns = ("dimension", "metric", "of", "value", "interval", "as of")
    show_table(
        f"Quality at {snapshot.measured_at.isoformat(timespec='minutes')}", columns, list(_list_rows(measures, lang))
    )


def _explain_nothing(which: MeasureFilter) -> str:
    """Explain why no figure was found, and what to do."""
    if which.metric == (QualityMetric.LINK_PRECISION.value,):
        return "no link was judged so far: reviewers answer questions on a sample with `hub review question`; then run `hub quality measure`"
    return "the newest snapshot has no such figure: check the spelling of what you asked for, or see all with `hub quality show`"


def _as_tuple(given: list[Any] | None) -> tuple[str, ...] | None:
    return None if not given else tuple(str(one) for one in given)


def _list_rows(measures: list[QualityMeasure], lang: LabelLanguage) -> Iterator[tuple[str, ...]]:
    titles = {name: lang.pick(manifest.title) for name, manifest in load_manifests().items()}
    for one in measures:
        facts = METRICS[one.metric]
        of = "; ".join(_describe_object(one.of, lang, titles))
        as_of = one.as_of.isoformat(timespec="minutes") if one.as_of else ""
        labels = (DIMENSION_WORDS[facts.dimension], facts.name)
        yield *(lang.pick(label) for label in labels), of, lang.pick(show_value(one)), show_interval(one), as_of


def _describe_object(of: Measured, lang: LabelLanguage, titles: Mapping[str, str]) -> Iterator[str]:
    """What a measure is of, in words. Source, stream and unit keep their codes, which commands take."""
    if of.source is not None:
        yield f"{titles.get(of.source, of.source)} ({of.source}{f'.{of.stream}' if of.stream else ''})"
    if of.entity is not None:
        yield lang.pick(find_label(load_registry(), of.entity, of.field))
    if of.rule is not None:
        yield lang.pick(RULE_WORDS.get(of.rule, make_readable(of.rule)))
    if of.unit is not None:
        yield of.unit
    if of.procedure is not None:
        yield from _describe_procedure(of.procedure, of.requirement, lang)


def _describe_procedure(code: str, requirement: str | None, lang: LabelLanguage) -> Iterator[str]:
    try:
        procedure = find_procedure(code)
    except OperationRefused:  # it was measured, and is declared no more
        yield from filter(None, (code, requirement))
        return
    yield lang.pick(procedure.name)
    if requirement is not None:
        declared = procedure.by_code.get(requirement)
        yield lang.pick(declared.label if declared else make_readable(requirement))


def _describe(one: QualityMeasure) -> dict[str, Any]:
    return {
        "dimension": METRICS[one.metric].dimension,
        "metric": one.metric,
        **vars(one.of),
        "numerator": one.numerator,
        "denominator": one.denominator,
        "as_of": one.as_of.isoformat() if one.as_of else None,
        "low": one.low,
        "high": one.high,
    }
