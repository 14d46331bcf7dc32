"""`hub worker`: works off the queue and the schedules, and follows what is followed."""

import os
import sys
import threading
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from hub.cli.store import open_store
from hub.cli.terminal import escape_controls, show_text
from hub.errors import HubMisconfigured
from hub.ingest.run.connector_run import select_manifests
from hub.jobs.worker import QueueWorker, WorkerOptions
from hub.settings import load_settings


def worker(
    *,
    concurrency: int = 2,
    follow: bool = True,
    only: Annotated[list[str] | None, Parameter(negative=())] = None,
    heartbeat: float = 10.0,
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
    """
    if concurrency < 1 or heartbeat <= 0:
        raise HubMisconfigured(
            "--concurrency and --heartbeat must be greater than zero", next_step="see `hub worker --help`"
        )
    settings = load_settings()
    orders = WorkerOptions(
        select_manifests(only), concurrency, follow, heartbeat, settings.keep_runs_days, settings.lookup_timeout_s
    )
    with open_store(settings, keep_running=True) as store:
        QueueWorker(store.engine, orders, print_line).run()
    if any(thread.daemon and thread.is_alive() for thread in threading.enumerate()):
        # A run that was cut may be within a library that does not end with the interpreter.
        sys.stdout.flush()
        os._exit(0)


def print_line(line: str) -> None:
    """One line with its time."""
    show_text(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {escape_controls(line)}", flush=True)
