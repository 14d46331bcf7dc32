"""Samples of several processes: added up, whichever version they are of."""

import orjson
import pytest

from hub.histogram import SIZES, Histogram
from hub.metrics import catalogue as m
from hub.metrics.sample_wire import add_up, dump_samples, keep_counts, list_samples, load_series


def series_of(requests: int, waiting_s: float, seconds: list[float], bounds: tuple[float, ...] | None = None):  # type: ignore[no-untyped-def]
    durations = Histogram(bounds) if bounds else Histogram()
    for value in seconds:
        durations.observe(value)
    samples = [
        m.HTTP_RESPONSES.at(requests, "200"),
        m.CHANGES_WAITING.at(waiting_s),
        m.SUBSCRIPTIONS.at(3),
        m.REQUEST_DURATION.at(durations, "other"),
    ]
    return load_series(orjson.loads(orjson.dumps(dump_samples(samples))))


def test_counts_are_added_and_of_ages_the_highest_counts() -> None:
    found = add_up([series_of(2, 7.0, [0.002, 20.0]), series_of(5, 1.0, [0.002])])
    assert found[m.HTTP_RESPONSES, ("200",)] == 7
    assert found[m.SUBSCRIPTIONS, ()] == 6
    assert found[m.CHANGES_WAITING, ()] == 7.0
    durations = found[m.REQUEST_DURATION, ("other",)]
    assert isinstance(durations, Histogram)
    assert (durations.count, durations.counts[1], durations.counts[-1]) == (3, 2, 1)
    assert durations.total == pytest.approx(20.004)


def test_of_a_process_that_has_ended_counters_stay_and_gauges_go() -> None:
    kept = keep_counts(series_of(2, 7.0, [0.1]))
    assert {sample.metric for sample in list_samples(kept)} == {m.HTTP_RESPONSES, m.REQUEST_DURATION}


def test_what_another_version_says_is_left_out() -> None:
    assert (
        load_series([["hub_new_total", [], 1], [m.HTTP_RESPONSES.name, [], 1], [m.REQUEST_DURATION.name, ["x"], 1]])
        == {}
    )
    other_bounds = add_up([series_of(1, 0, [0.1]), series_of(1, 0, [5], bounds=SIZES)])
    durations = other_bounds[m.REQUEST_DURATION, ("other",)]
    assert isinstance(durations, Histogram)
    assert durations.count == 1
