"""The metrics of `hub worker`, as the command serves them: runs, rows, jobs, and ages of sources against what their manifests promise."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from hub.ingest.run.connector_run import RunChoices
from hub.jobs import queue as q
from hub.jobs.counts import WorkerCounts
from hub.metrics.catalogue import WORKER_METRICS
from hub.metrics.health import describe_sources
from hub.metrics.store_state import connect_to_watch, load_source_ages, read_source_ages, read_store_state
from hub.metrics.worker_samples import read_worker_samples
from hub.store.engine import store_url
from tests.system.operate.test_worker import COMMAND, Process, start, store, trial
from tests.system.trial import Trial, manifest, person

__all__ = ["start", "store", "trial"]  # fixtures
PROMISING = COMMAND.replace('"schedule": "*/5 * * * *"', '"max_age_hours": 1.0')


def test_a_worker_serves_what_it_did(
    trial: Trial, start: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.write(person(1), person(2), person(3, sinh="no day"))
    monkeypatch.setenv("HUB_METRICS_PORT", "0")
    url = store_url(trial.engine)
    q.queue_syncs(url, ["trial"], RunChoices())
    worker = start(PROMISING)
    worker.says("link: ")
    found = re.search(r"Metrics at (http://[\d.:]+)/metrics", worker.lines)
    assert found, worker.lines
    text = httpx2.get(f"{found[1]}/metrics", timeout=60).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples["hub_runs_total", "trial", "SUCCEEDED"] == 1
    rows = {what: samples["hub_run_rows_total", "trial", what] for what in ("read", "changed", "quarantined")}
    assert rows == {"read": 3, "changed": 2, "quarantined": 1}
    assert samples["hub_jobs_total", "done", "sync"] == 1
    # At 0 from the start: the first failure is an increase that an alert sees.
    assert (samples["hub_jobs_total", "failed", "link"], samples["hub_runs_total", "trial", "FAILED"]) == (0, 0)
    assert samples["hub_source_promised_age_seconds", "trial"] == 3600
    assert 0 <= datetime.now(UTC).timestamp() - samples["hub_source_confirmed_timestamp_seconds", "trial"] < 600
    assert samples["hub_quarantine_rows", "trial"] == 1
    assert samples["hub_store_up",] == 1
    assert ("hub_queue_jobs", "due") in samples
    unseen = {metric.name for metric in WORKER_METRICS if metric.name.removesuffix("_total") not in families}
    assert not unseen
    deep = httpx2.get(f"{found[1]}/healthz?deep", timeout=60).json()
    assert [(source["connector"], source["isStale"]) for source in deep["sources"]] == [("trial", False)]
    worker.stop()


def test_a_source_is_stale_if_it_is_older_than_promised_or_was_never_read(store: Engine, trial: Trial) -> None:
    trial.write(person(1))
    trial.sync()
    url = store_url(store)
    promising = {name: manifest("X").model_copy(update={"name": name, "max_age_hours": 2.0}) for name in ("trial", "unread")}  # fmt: skip
    with store.begin() as connection:
        connection.exec_driver_sql("update hub.stream set as_of = now() - interval '119 min'")
    assert {age.connector: age.is_stale for age in load_source_ages(url, promising)} == {"trial": False, "unread": True}
    with store.begin() as connection:
        connection.exec_driver_sql("update hub.stream set as_of = now() - interval '121 min'")
    assert {age.connector: age.is_stale for age in load_source_ages(url, promising)} == {"trial": True, "unread": True}
    assert describe_sources(url, promising)[1]["status"] == "stale"
    assert [age.is_stale for age in load_source_ages(url, {})] == [False]  # nothing is promised
    # One stream of several that was never read makes the source of no age.
    with store.begin() as connection:
        connection.exec_driver_sql("insert into hub.stream (connector, name) values ('trial', 'later')")
    with connect_to_watch(url) as watching:
        assert [age.age_s for age in read_source_ages(watching, {})] == [None]


def test_jobs_that_wait_are_counted_with_their_age(store: Engine, trial: Trial) -> None:
    url = store_url(store)
    before = read_store_state(url, {}).queue
    q.queue_syncs(url, ["waiting"], RunChoices())
    with store.begin() as connection:
        connection.exec_driver_sql("update jobs.procrastinate_events set at = now() - interval '10 min'")
    after = read_store_state(url, {}).queue
    assert after.due == before.due + 1
    assert 600 <= after.oldest_wait_s < 660


def test_a_database_that_is_away_is_said_and_the_rest_is_served() -> None:
    counts = WorkerCounts()
    counts.note_job("sync", "done")
    away = "postgresql://nobody@127.0.0.1:1/none"
    samples = {(sample.metric.name, *sample.labels): sample.value for sample in read_worker_samples(counts, away, {})}
    assert (samples["hub_store_up",], samples["hub_jobs_total", "sync", "done"]) == (0, 1)
    assert describe_sources(away, {}) == (False, {"status": "failed", "store": "does not answer"})
