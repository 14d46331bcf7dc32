"""`hub worker`: runs queued jobs and schedules, and streams changes of the sources that offer them."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

from cyclopts import Parameter

from hub.cli.operate.logs import log_start, start_log, tell_work
from hub.cli.operate.serve.sockets import open_metrics
from hub.cli.store import open_store
from hub.errors import HubMisconfigured
from hub.garbage_collection import collect_rarely
from hub.ingest.run.connector_run import select_manifests
from hub.jobs.worker import QueueWorker, WorkerOptions
from hub.settings import Settings, load_settings
from hub.store.engine import store_url
from hub.tracing.exporter import trace_process


def worker_command(
    *,
    concurrency: int = 2,
    follow: bool = True,
    only: Annotated[list[str] | None, Parameter(negative=())] = None,
    heartbeat: float = 10.0,
    schedule: str | None = None,
) -> None:
    """Run scheduled, queued and streaming connectors and look up single rows until stopped.

    Parameters
    ----------
    concurrency
        Runs at once; one of each connector at most.
    follow
        Follow the connectors whose sources say what changes.
    only
        Schedule, follow and look up this connector alone; may be given several times.
    heartbeat
        Seconds between two signs of life. After three without one, the jobs of a worker go to another.
    schedule
        Sync every connector by this cron expression, e.g. "*/5 * * * *", instead of the schedule in its manifest.
    """
    if concurrency < 1 or heartbeat <= 0:
        raise HubMisconfigured(
            "--concurrency and --heartbeat must be greater than zero", next_step="see `hub worker --help`"
        )
    settings = load_settings()
    start_log(settings, "worker")
    orders = WorkerOptions(
        select_manifests(only),
        concurrency,
        follow,
        heartbeat,
        settings.keep_runs_days,
        settings.lookup_timeout_s,
        settings.webhook_every_s,
        schedule,
    )
    with open_store(settings, keep_running=True) as store:
        queue_worker = QueueWorker(store.engine, orders, partial(tell_work, settings))
        log_start(settings, None, (manifest.name for manifest in orders.manifests))
        with trace_process("hub-worker"), watch_worker(settings, queue_worker):
            collect_rarely()
            queue_worker.run()
    if any(thread.daemon and thread.is_alive() for thread in threading.enumerate()):
        # A run that was cut may be within a library that does not end with the interpreter.
        sys.stdout.flush()
        os._exit(0)


@contextmanager
def watch_worker(settings: Settings, queue_worker: QueueWorker) -> Iterator[None]:
    """While the block runs, the metrics of a worker are on HUB_METRICS_PORT; nothing if it is not set."""
    from hub.metrics.health import describe_sources
    from hub.metrics.worker_samples import read_worker_samples

    url = store_url(queue_worker.engine)
    manifests = {manifest.name: manifest for manifest in queue_worker.options.manifests}
    with open_metrics(
        settings,
        lambda: read_worker_samples(queue_worker.counts, url, manifests),
        lambda: describe_sources(url, manifests),
    ):
        yield
