"""Samples between processes, and the samples of several processes added up."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.histogram import Histogram
from hub.metrics.catalogue import WEB_METRICS, Across, Metric, MetricKind, Sample

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in WEB_METRICS}
Series = dict[tuple[Metric, tuple[str, ...]], float | Histogram]


def dump_samples(samples: Iterable[Sample]) -> list[list[Any]]:
    """The samples as JSON can have them."""
    return [[sample.metric.name, sample.labels, _dump_value(sample.value)] for sample in samples]


def _dump_value(value: float | Histogram) -> Any:
    if isinstance(value, Histogram):
        return [list(value.bounds), list(value.counts), value.total]
    return value


def load_series(dumped: Iterable[list[Any]]) -> Series:
    """The series of what `dump_samples` made. A metric that this version does not have is left out: the other process may be a newer one."""
    series: Series = {}
    for name, labels, value in dumped:
        metric = METRICS.get(name)
        if metric is None or len(labels) != len(metric.labels):
            continue
        if (metric.kind is MetricKind.HISTOGRAM) is not isinstance(value, list):
            continue
        series[metric, tuple(labels)] = _load_histogram(*value) if isinstance(value, list) else float(value)
    return series


def _load_histogram(bounds: list[float], counts: list[int], total: float) -> Histogram:
    histogram = Histogram(tuple(bounds))
    histogram.counts, histogram.total = counts, total
    return histogram


def add_up(parts: Iterable[Series]) -> Series:
    """One series for each of all parts: counters, histograms and most gauges are added; of the others the highest counts."""
    found: Series = {}
    for part in parts:
        for key, value in part.items():
            known = found.get(key)
            found[key] = value if known is None else _join(key[0], known, value)
    return found


def keep_counts(series: Series) -> Series:
    """What of a process that has ended still counts: a counter that fell would look like a restart to Prometheus."""
    return {key: value for key, value in series.items() if key[0].kind is not MetricKind.GAUGE}


def list_samples(series: Series) -> Iterator[Sample]:
    """The series as samples, those of one metric together."""
    for (metric, labels), value in sorted(series.items(), key=lambda one: (one[0][0].name, one[0][1])):
        yield Sample(metric, labels, value)


def _join(metric: Metric, one: float | Histogram, other: float | Histogram) -> float | Histogram:
    if isinstance(one, Histogram) and isinstance(other, Histogram):
        if one.bounds != other.bounds:
            return one  # of two versions beside each other; the older one soon ends
        joined = Histogram(one.bounds)
        joined.counts = [a + b for a, b in zip(one.counts, other.counts, strict=True)]
        joined.total = one.total + other.total
        return joined
    assert not isinstance(one, Histogram)
    assert not isinstance(other, Histogram)
    return max(one, other) if metric.across is Across.HIGHEST else one + other
