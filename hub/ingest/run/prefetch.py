"""Prefetch: run an iterator in a background thread, a few items ahead of its consumer."""

import queue
import threading
import time
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.5
STOP_WAIT_S = 60.0
"""How long the thread may take to end once its items are no longer wanted. After that it is abandoned, and ends with
the process.
"""


def compute_ahead(items: Iterator[T], most: int) -> Generator[T]:
    """Yield the same items, up to `most` of them computed ahead. A failure is raised here, after the items before it."""
    made: queue.Queue[tuple[list[T], BaseException | None]] = queue.Queue(most)
    stopped = threading.Event()

    def make() -> None:
        failure: BaseException | None = None
        try:
            for item in items:
                if stopped.is_set():
                    break
                made.put(([item], None))
            if isinstance(items, Generator):
                items.close()  # in the thread that used it: what it holds of a source must not move to another thread
        except BaseException as error:  # passed on, whatever it is
            failure = error
        made.put(([], failure))

    worker = threading.Thread(target=make, name="ahead", daemon=True)
    worker.start()
    left = STOP_WAIT_S
    try:
        while True:
            try:
                # Wait in short steps: a signal that another thread received would not end a long wait.
                item, failure = made.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if failure is not None:
                raise failure
            if not item:
                return
            yield item[0]
    except KeyboardInterrupt:
        left = 0.0  # a person waits: the thread ends with the process
        raise
    finally:
        stopped.set()
        until = time.monotonic() + left
        while worker.is_alive() and time.monotonic() < until:
            try:
                made.get(timeout=0.05)
            except queue.Empty:
                continue
