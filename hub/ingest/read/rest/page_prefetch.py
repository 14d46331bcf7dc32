"""Page prefetch: fetch pages in the background while earlier ones are processed, and return them in order."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

A = TypeVar("A")
T = TypeVar("T")


class PagePrefetch(Generic[A, T]):
    """Fetches expected pages in `threads` threads. With no threads, each page is fetched when it is taken."""

    def __init__(self, fetch: Callable[[A], T], threads: int) -> None:
        self.fetch, self.threads = fetch, threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="hub-page") if threads else None
        self.coming: dict[A, Future[T]] = {}

    def __enter__(self) -> "PagePrefetch[A, T]":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def expect(self, places: Iterable[A]) -> None:
        """Start fetching these pages, and cancel those no longer expected."""
        if self.pool is None:
            return
        wanted = list(places)[: self.threads]
        for gone in self.coming.keys() - set(wanted):
            self.coming.pop(gone).cancel()
        for place in wanted:
            if place not in self.coming:
                self.coming[place] = self.pool.submit(self.fetch, place)

    def take(self, place: A) -> T:
        """Return a page. Raises whatever fetching it raises."""
        coming = self.coming.pop(place, None)
        return coming.result() if coming else self.fetch(place)
