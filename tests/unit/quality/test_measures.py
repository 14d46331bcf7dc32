"""The arithmetic of measures, and their figures in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.authorities import find_copies
from hub.model.registry import load_registry
from hub.quality.entity_counts import find_unit_column, render_compared_counts, render_fill_counts
from hub.quality.entity_measures import StreamFacts, measure_fields
from hub.quality.measures import Measured, QualityMeasure, round_cell, sum_measures, sum_sources
from hub.quality.metrics import METRICS, QualityMetric
from hub.quality.words import show_counts, show_day, show_interval, show_share, show_value

AT = datetime(2026, 3, 1, 3, tzinfo=UTC)
STREAM = StreamFacts(1, "land", "rights", AT, None, frozenset(), frozenset(), 108_000.0)


def age(seconds: int | None, promised: int | None) -> QualityMeasure:
    return QualityMeasure(QualityMetric.SWEEP_AGE, Measured("land", "rights"), seconds, promised, AT)


def counted(top: int | None, bottom: int | None, at: datetime | None = AT) -> QualityMeasure:
    return QualityMeasure(QualityMetric.AGREEMENT, Measured("finance"), top, bottom, at)


@given(rows=st.integers(0, 5_000), step=st.integers(1, 50), data=st.data())
def test_a_rounded_cell_tells_no_count_below_the_smallest_nor_the_rest_of_one(
    rows: int, step: int, data: st.DataObject
) -> None:
    filled = data.draw(st.integers(0, rows))
    cell = round_cell(filled, rows, step)
    assert (cell is None) == (rows < step)
    if cell is not None:
        top, bottom = cell
        assert top % step == bottom % step == 0
        assert 0 <= top <= bottom <= rows
        assert filled - top < step
        assert top == 0 or top >= step


def test_all_fields_together_are_the_sum_of_each() -> None:
    entity = load_registry()["LandUseRight"]
    filled = list(range(100, 100 + len(entity.columns)))
    whole, *each = measure_fields(entity, STREAM, 200, filled)
    assert (whole.numerator, whole.denominator) == (sum(filled), 200 * len(filled))
    assert [(one.of.field, one.numerator, one.denominator) for one in each] == [
        (column.name, number, 200) for column, number in zip(entity.columns, filled, strict=True)
    ]
    assert list(measure_fields(entity, STREAM, 9, [9] * len(filled), "06820@2025-07-01", 10)) == []


def test_an_age_is_late_if_it_is_more_than_promised_or_nothing_was_ever_read() -> None:
    assert not age(108_000, 108_000).is_late
    assert age(108_001, 108_000).is_late
    assert age(None, None).is_late
    assert not age(10**9, None).is_late
    assert not counted(0, 9).is_late


def test_sums_are_as_of_the_oldest_and_of_nothing_there_is_none() -> None:
    older = AT - timedelta(days=1)
    whole = sum_measures([counted(1, 2), counted(5, 5, older)], Measured("finance"))
    assert whole is not None
    assert (whole.numerator, whole.denominator, whole.as_of) == (6, 7, older)
    assert sum_measures([], Measured()) is None
    assert sum_measures([counted(1, 2), counted(None, 2)], Measured()) is None


def test_a_source_is_as_old_as_its_oldest_stream_and_its_fields_are_counted_once() -> None:
    entity = load_registry()["LandUseRight"]
    fields = list(measure_fields(entity, STREAM, 200, [200] * len(entity.columns)))
    by_unit = list(measure_fields(entity, STREAM, 200, [200] * len(entity.columns), "06820@2025-07-01", 10))
    never = QualityMeasure(QualityMetric.SWEEP_AGE, Measured("land", "parcels"), None, 108_000, None)
    whole = {one.metric: one for one in sum_sources([*fields, *by_unit, age(5, 108_000), never])}
    assert whole[QualityMetric.FILLED] == replace(fields[0], of=Measured("land"))
    assert whole[QualityMetric.SWEEP_AGE] == replace(never, of=Measured("land"))
    assert sum_sources([age(5, 9), age(7, 9)])[0].numerator == 7


@pytest.mark.parametrize(
    ("top", "bottom", "shown"),
    [(1203, 1205, "99,8 %"), (99_999, 100_000, "99,9 %"), (5, 5, "100 %"), (0, 5, "0 %"), (1, 3, "33,3 %")],
)
def test_a_share_is_never_rounded_up(top: int, bottom: int, shown: str) -> None:
    assert show_share(top, bottom) == shown


def test_a_figure_has_its_numbers_and_an_age_its_promise() -> None:
    assert show_counts(1203, 1205) == "99,8 % (1.203/1.205)"
    assert show_counts(0, 0) == ""
    assert show_value(age(7_300, 108_000)).vi == "2 giờ / 30 giờ"
    assert show_value(age(None, 108_000)).vi == "chưa đọc trọn vẹn"
    estimated = QualityMeasure(QualityMetric.LINK_PRECISION, Measured(), 49, 50, AT, 0.8936, 0.9994)
    assert show_interval(estimated) == "89,3–100 %"


def test_days_are_those_of_the_people_who_read_them() -> None:
    vietnam = timedelta(hours=7)
    # 18:00 UTC is the next day in Vietnam.
    assert show_day(datetime(2026, 2, 28, 18, tzinfo=UTC), AT, vietnam).vi == "hôm nay"
    assert show_day(datetime(2026, 2, 28, 16, tzinfo=UTC), AT, vietnam).vi == "hôm qua"
    assert show_day(datetime(2026, 2, 20, 18, tzinfo=UTC), AT, vietnam).vi == "8 ngày trước"
    assert show_day(None, AT, vietnam).vi == "chưa đọc trọn vẹn"


def test_every_metric_has_its_words_and_every_entity_one_statement() -> None:
    assert METRICS.keys() == set(QualityMetric)
    registry = load_registry()
    for entity in registry:
        assert render_fill_counts(entity).count(f'from data."{entity.table}"') == 1
    compared = {entity.name for entity in registry if render_compared_counts(registry, entity)}
    assert compared == {entity.name for entity in registry if find_copies(registry, entity)}
    with_units = {entity.name for entity in registry if find_unit_column(entity)}
    assert with_units >= {"Citizen", "Parcel", "Household"}
    assert with_units.isdisjoint({"AdministrativeUnit", "AdministrativeUnitChange"})
