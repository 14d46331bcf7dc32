"""Samples as the text that Prometheus reads."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

from hub.histogram import Histogram
from hub.metrics.catalogue import DROPPED_SERIES, MAX_SERIES, Metric, MetricKind, Sample

CONTENT_TYPE = CONTENT_TYPE_LATEST
OF_THE_PARENT = frozenset({"process_start_time_seconds", "process_max_fds"})
FAMILIES: Mapping[MetricKind, Callable[..., Family]] = {
    MetricKind.COUNTER: CounterMetricFamily,
    MetricKind.GAUGE: GaugeMetricFamily,
    MetricKind.HISTOGRAM: HistogramMetricFamily,
}


class SampleCollector(Collector):
    """Gives Prometheus the samples that `read` returns when it asks."""

    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Family]:
        """The families of all samples; of one metric MAX_SERIES at most."""
        families: dict[Metric, Family] = {}
        series: dict[Metric, int] = {}
        dropped = 0
        for sample in self._read():
            metric = sample.metric
            series[metric] = series.get(metric, 0) + 1
            if series[metric] > MAX_SERIES:
                dropped += 1
                continue
            if metric not in families:
                families[metric] = FAMILIES[metric.kind](metric.name, metric.help, labels=metric.labels)
            _add(families[metric], sample)
        yield from families.values()
        yield GaugeMetricFamily(DROPPED_SERIES.name, DROPPED_SERIES.help, dropped)


def _add(family: Family, sample: Sample) -> None:
    if isinstance(sample.value, Histogram):
        assert isinstance(family, HistogramMetricFamily)
        bounds = [*map(floatToGoString, sample.value.bounds), "+Inf"]
        counts = accumulate(list(sample.value.counts))
        family.add_metric(sample.labels, list(zip(bounds, counts, strict=True)), sample.value.total)
    else:
        assert isinstance(family, GaugeMetricFamily | CounterMetricFamily)
        family.add_metric(sample.labels, float(sample.value))


class ProcessesCollector(Collector):
    """Memory, processor time and open files of this process and its children together."""

    def __init__(self, list_pids: Callable[[], Iterable[int]]) -> None:
        self._list_pids = list_pids

    def collect(self) -> Iterator[Family]:
        """The families of prometheus_client's own collector, added up. The start and the limit are those of this process."""
        times = os.times()
        families = {family.name: family for family in ProcessCollector(registry=None).collect()}
        # Of children that have ended, so that the counter does not fall with them.
        added = {"process_cpu_seconds": times.children_user + times.children_system}
        for pid in self._list_pids():
            for family in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                added[family.name] = added.get(family.name, 0) + family.samples[0].value
        for name, family in families.items():
            if name not in OF_THE_PARENT:
                family.samples = [family.samples[0]._replace(value=family.samples[0].value + added.get(name, 0))]
            yield family


def make_registry(
    read: Callable[[], Iterable[Sample]], list_pids: Callable[[], Iterable[int]] | None = None
) -> CollectorRegistry:
    """A registry of these samples, and of the memory, processor time and open files of the process, with its children if they are given."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SampleCollector(read))
    registry.register(ProcessCollector(registry=None) if list_pids is None else ProcessesCollector(list_pids))
    return registry


def render_metrics(registry: CollectorRegistry) -> bytes:
    """The text format of Prometheus."""
    return generate_latest(registry)
