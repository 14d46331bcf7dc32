"""Ahead: an iterator that works in a thread of its own, a little ahead of who takes from it."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")


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
        except BaseException as error:  # handed over, whatever it is
            failure = error
        made.put(([], failure))

    worker = threading.Thread(target=make, name="ahead", daemon=True)
    worker.start()
    try:
        while True:
            item, failure = made.get()
            if failure is not None:
                raise failure
            if not item:
                return
            yield item[0]
    finally:
        stopped.set()
        while worker.is_alive():
            try:
                made.get(timeout=0.05)
            except queue.Empty:
                continue
