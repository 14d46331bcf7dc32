"""Pages that are fetched while others are read, and still come in order."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

A = TypeVar("A")
T = TypeVar("T")


class Prefetch(Generic[A, T]):
    """Fetches places that are expected in `threads` threads; with none, each is fetched when it is taken."""

    def __init__(self, fetch: Callable[[A], T], threads: int) -> None:
        self.fetch, self.threads = fetch, threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="hub-page") if threads else None
        self.coming: dict[A, Future[T]] = {}

    def __enter__(self) -> "Prefetch[A, T]":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def expect(self, places: Iterable[A]) -> None:
        """Begin to fetch these; what was expected before and is no longer is let go."""
        if self.pool is None:
            return
        wanted = list(places)[: self.threads]
        for gone in self.coming.keys() - set(wanted):
            self.coming.pop(gone).cancel()
        for place in wanted:
            if place not in self.coming:
                self.coming[place] = self.pool.submit(self.fetch, place)

    def take(self, place: A) -> T:
        """What is at a place. Raises what fetching it raises."""
        coming = self.coming.pop(place, None)
        return coming.result() if coming else self.fetch(place)
