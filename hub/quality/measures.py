"""A measure as a value: a numerator of a denominator, of what, and as of when. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hub.quality.metrics import METRICS, QualityMetric

SERIES_SEPARATOR = "|"


@dataclass(frozen=True)
class Measured:
    """The subject of a measure (`dqv:computedOn`). None means all: if `field` is None, the measure covers every field of the entity."""

    source: str | None = None
    stream: str | None = None
    entity: str | None = None
    field: str | None = None
    unit: str | None = None
    procedure: str | None = None
    requirement: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class QualityMeasure:
    """`dqv:QualityMeasurement`. Numerator and denominator are rows, or seconds of an age; `as_of` is when the data was known.

    The numerator is None if it was never known: a stream that was never read has no age. The denominator is None if nothing is
    promised. `low` and `high` bound the share where it is estimated from a sample, with 95 % confidence.
    """

    metric: QualityMetric
    of: Measured
    numerator: int | None
    denominator: int | None
    as_of: datetime | None
    low: float | None = None
    high: float | None = None

    @property
    def series(self) -> str:
        """Identifies the measured subject, the same in every snapshot."""
        parts = (self.metric, *vars(self.of).values())
        return SERIES_SEPARATOR.join("" if part is None else str(part) for part in parts)

    @property
    def is_late(self) -> bool:
        """Whether an age is more than was promised; never read is late too."""
        if not METRICS[self.metric].is_age:
            return False
        return self.numerator is None or (self.denominator is not None and self.numerator > self.denominator)


def round_cell(filled: int, rows: int, step: int) -> tuple[int, int] | None:
    """A cell of few people as statistics show it: both counts rounded down to `step`; None if there are fewer rows than that.

    So neither a count from 1 to step - 1 nor the rest of one can be told.
    """
    return None if rows < step else (filled // step * step, rows // step * step)


def sum_measures(measures: Iterable[QualityMeasure], of: Measured) -> QualityMeasure | None:
    """Measures of one metric as one of all: sums, as of the oldest. None if there are none, or one has no numbers."""
    found = list(measures)
    numbers = [(one.numerator, one.denominator) for one in found]
    known = [(top, bottom) for top, bottom in numbers if top is not None and bottom is not None]
    if not found or len(known) < len(found):
        return None
    instants = [one.as_of for one in found]
    as_of = None if None in instants else min(instant for instant in instants if instant is not None)
    top, bottom = (sum(numbers) for numbers in zip(*known, strict=True))
    return replace(found[0], of=of, numerator=top, denominator=bottom, as_of=as_of, low=None, high=None)


SUMMED = (
    QualityMetric.AGREEMENT,
    QualityMetric.FILLED,
    QualityMetric.ROWS_VALID,
    QualityMetric.READS_ACCEPTED,
    QualityMetric.COLUMNS_AS_DECLARED,
    QualityMetric.CHANGED_IN_TIME,
)
"""Metrics whose counts add up over the streams, records and fields of a source."""


def sum_sources(measures: Iterable[QualityMeasure]) -> list[QualityMeasure]:
    """Each source as a whole: counts added up, and the age of its oldest stream."""
    parts: dict[tuple[str, QualityMetric], list[QualityMeasure]] = {}
    for one in measures:
        if one.of.source is not None and _is_part_of_sum(one):
            parts.setdefault((one.of.source, one.metric), []).append(one)
    found = []
    for (source, metric), own in parts.items():
        whole = Measured(source=source)
        if METRICS[metric].is_age:
            found.append(replace(max(own, key=_by_age), of=whole))
        elif (total := sum_measures(own, whole)) is not None:
            found.append(total)
    return found


def sum_units(measures: Iterable[QualityMeasure]) -> list[QualityMeasure]:
    """Each unit as a whole, over all sources and kinds of records."""
    parts: dict[tuple[str, QualityMetric], list[QualityMeasure]] = {}
    for one in measures:
        if one.of.unit is not None and one.metric in SUMMED and one.of.field is None:
            parts.setdefault((one.of.unit, one.metric), []).append(one)
    sums = (sum_measures(own, Measured(unit=unit)) for (unit, _), own in parts.items())
    return [one for one in sums if one is not None]


def _is_part_of_sum(one: QualityMeasure) -> bool:
    if one.of.unit is not None:
        return False
    # All fields together are counted beside each of them.
    is_twice = one.metric in (QualityMetric.FILLED, QualityMetric.AGREEMENT) and one.of.field is not None
    return METRICS[one.metric].is_age or (one.metric in SUMMED and not is_twice)


def _by_age(one: QualityMeasure) -> float:
    return float("inf") if one.numerator is None else one.numerator
