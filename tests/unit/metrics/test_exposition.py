"""The catalogue of metrics and the text that Prometheus reads of samples."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.histogram import Histogram
from hub.metrics import catalogue
from hub.metrics.catalogue import MAX_SERIES, Metric, MetricKind, declare_counter, declare_gauge, declare_histogram
from hub.metrics.exposition import make_registry, render_metrics

METRICS = [value for value in vars(catalogue).values() if isinstance(value, Metric)]
UNITS = ("_seconds", "_bytes", "_timestamp_seconds")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"hub_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") is (metric.kind is MetricKind.COUNTER)
    assert metric.help.endswith(".")
    assert not {"principal", "dossier", "subject", "office", "user"} & set(metric.labels)
    if "econds" in metric.help.split(" ")[0]:
        assert metric.name.removesuffix("_total").endswith("_seconds")
    if metric.help.startswith("When"):
        assert metric.name.endswith("_timestamp_seconds")


def test_every_metric_is_of_a_process() -> None:
    listed = [*catalogue.WEB_METRICS, *catalogue.WORKER_METRICS, *catalogue.PARENT_METRICS]
    assert {metric.name for metric in METRICS} == {metric.name for metric in listed}
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_buckets_are_cumulative_and_bounds_are_within() -> None:
    spread = Histogram((1, 2))
    for value in (0.5, 1, 1.5, 9):
        spread.observe(value)
    text = render_metrics(make_registry(lambda: [declare_histogram("hub_h", "Help.", "a").at(spread, "x")])).decode()
    (family,) = (f for f in text_string_to_metric_families(text) if f.name == "hub_h")
    found = {(sample.name, sample.labels.get("le")): sample.value for sample in family.samples}
    assert found == {
        ("hub_h_bucket", "1.0"): 2,
        ("hub_h_bucket", "2.0"): 3,
        ("hub_h_bucket", "+Inf"): 4,
        ("hub_h_count", None): 4,
        ("hub_h_sum", None): 12,
    }


def test_series_beyond_the_limit_are_dropped_and_said() -> None:
    many, few = declare_gauge("hub_many", "Help.", "a"), declare_counter("hub_few_total", "Help.")
    samples = [*(many.at(n, str(n)) for n in range(MAX_SERIES + 3)), few.at(1)]
    text = render_metrics(make_registry(lambda: samples)).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(families["hub_many"].samples) == MAX_SERIES
    assert families["hub_metrics_dropped_series"].samples[0].value == 3
    assert families["hub_few"].samples[0].name == "hub_few_total"
    assert "process_resident_memory_bytes" in families
