"""Ahead: an iterator that works in a thread of its own, a little ahead of who takes from it."""

import queue
import threading
import time
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
LOOK_S = 0.5
STOP_WAIT_S = 60.0
"""How long the thread may take to end when its items are no longer wanted; it is left alone then, and ends with the process."""


def ahead(items: Iterator[T], most: int) -> Generator[T]:
    """The same items, `most` of them made ahead; a failure is raised here, after the items before it."""
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
                items.close()  # here, where it worked: what it holds of a source is not for another thread
        except BaseException as error:  # handed over, whatever it is
            failure = error
        made.put(([], failure))

    worker = threading.Thread(target=make, name="ahead", daemon=True)
    worker.start()
    left = STOP_WAIT_S
    try:
        while True:
            try:
                # In short waits: a signal that another thread took would not end a long one.
                item, failure = made.get(timeout=LOOK_S)
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
