"""The samples of `hub worker`: what this process has done, and what the database says of sources and queue."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import product

import psycopg

from hub.extras import DISTRIBUTION_NAME
from hub.jobs.counts import OUTCOMES, RUN_STATUSES, WorkerCounts
from hub.jobs.queue import TASKS
from hub.metrics import catalogue as m
from hub.metrics.catalogue import Sample
from hub.metrics.store_state import StoreState, read_store_state
from hub.sdk.manifest import Manifest


def read_worker_samples(counts: WorkerCounts, url: str, manifests: Mapping[str, Manifest]) -> Iterator[Sample]:
    """Every series of a worker, as it is now. The database is asked once, for ANSWER_WITHIN_S for each statement."""
    yield m.BUILD_INFO.at(1, version(DISTRIBUTION_NAME), "worker")
    # Series that are there from the start, at 0: Prometheus sees no increase in a series that begins with 1.
    runs = dict.fromkeys(product(manifests, RUN_STATUSES), 0) | counts.runs
    for (connector, status), count in runs.items():
        yield m.RUNS.at(count, connector, status)
    for (connector, what), count in list(counts.rows.items()):
        yield m.RUN_ROWS.at(count, connector, what)
    for connector, seconds in list(counts.seconds.items()):
        yield m.RUN_DURATION.at(seconds, connector)
    jobs = dict.fromkeys(product(TASKS, OUTCOMES), 0) | counts.jobs
    for (task, outcome), count in jobs.items():
        yield m.JOBS.at(count, task, outcome)
    try:
        state = read_store_state(url, manifests)
    except psycopg.Error:
        yield m.STORE_UP.at(0)
        return
    yield m.STORE_UP.at(1)
    yield from _describe_state(state)


def _describe_state(state: StoreState) -> Iterator[Sample]:
    for age in state.sources:
        if age.confirmed_at is not None:
            yield m.SOURCE_CONFIRMED.at(age.confirmed_at.timestamp(), age.connector)
        if age.promised_s is not None:
            yield m.SOURCE_PROMISED.at(age.promised_s, age.connector)
        yield m.CIRCUITS_OPEN.at(age.connector in state.open_circuits, age.connector)
        yield m.QUARANTINE_ROWS.at(state.quarantined.get(age.connector, 0), age.connector)
    yield m.QUEUE_JOBS.at(state.queue.due, "due")
    yield m.QUEUE_JOBS.at(state.queue.scheduled, "scheduled")
    yield m.QUEUE_JOBS.at(state.queue.running, "running")
    yield m.QUEUE_WAIT.at(state.queue.oldest_wait_s)
    yield m.LINKING_MODELS_REFUSED.at(state.refused_models)
    yield m.WEBHOOK_DELIVERIES.at(state.webhooks.waiting, "waiting")
    yield m.WEBHOOK_DELIVERIES.at(state.webhooks.dead, "dead")
