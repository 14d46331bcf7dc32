"""The worker of the demonstration: `hub worker` as a process of its own, so that what changes in a system appears in the graph."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.cli.terminal import ERR

PROGRAM = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: it ends with the demonstration, also if that one is killed
from hub.cli import main
main(sys.argv[1:])
"""
EVERY_MINUTE = "* * * * *"
EVERY_HALF_HOUR = "*/30 * * * *"
MOST_CITIZENS_EVERY_MINUTE = 50_000
"""Reading the systems of 10,000 citizens once more took 23 s on a busy machine with two cores; a larger province would be read without a pause."""
END_WITHIN_S = 15.0
"""The worker itself takes 10 s at most."""


def choose_schedule(citizens: int) -> str:
    """Choose how often the systems of a province of this size are read, as a cron expression."""
    return EVERY_MINUTE if citizens <= MOST_CITIZENS_EVERY_MINUTE else EVERY_HALF_HOUR


@contextmanager
def run_worker(url: str, environment: dict[str, str], schedule: str, log: Path) -> Iterator[None]:
    """Run a worker while the block runs. What it says goes to a file; that it ended too early is said on stderr."""
    inherited = {name: value for name, value in os.environ.items() if name != "HUB_METRICS_PORT"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, "worker", "--schedule", schedule],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**inherited, **environment, "HUB_DATABASE_URL": url},
            start_new_session=True,  # Ctrl-C is for the demonstration, which ends the worker in order
        )
    stopping = threading.Event()
    threading.Thread(target=_tell_of_end, args=(process, stopping, log), name="demo-worker", daemon=True).start()
    try:
        yield
    finally:
        stopping.set()
        _end(process)


def _tell_of_end(process: "subprocess.Popen[bytes]", stopping: threading.Event, log: Path) -> None:
    code = process.wait()
    if not stopping.is_set():
        ERR.print(
            f"The worker has ended with code {code}: changes in the systems do not reach the graph any more. Its log: {log}"
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(END_WITHIN_S)
