"""A cache of the most recently used entries, bounded in bytes, and what tells that an entry is worth a place in one."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SeenKeys:
    """Tells whether a key came before, of the last so many: what comes once is not worth keeping. Threads may share it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, key: object) -> bool:
        """Whether it came before; from now on it has."""
        digest = hash(key)
        with self._lock:
            again = digest in self._seen
            self._seen[digest] = None
            self._seen.move_to_end(digest)
            if len(self._seen) > self.most:
                self._seen.popitem(last=False)
            return again


class BoundedCache(Generic[K, V]):
    """The most recently used entries, up to a number, and up to a sum of sizes in bytes. Threads may share it."""

    def __init__(self, most: int, *, most_size: int) -> None:
        self.most = most
        self.most_size = most_size
        self.size = 0
        self.entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The entry, now the most recently used; None if there is none."""
        found = self.entries.get(key)
        if found is None:
            return None
        # Without the lock, which costs more than the look-up: each of the two steps is whole for other threads.
        try:
            self.entries.move_to_end(key)
        except KeyError:
            return None  # another thread has just forgotten it
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep an entry of so many bytes, and forget the oldest ones that no longer fit."""
        with self._lock:
            self.size += size - (self.entries.pop(key)[1] if key in self.entries else 0)
            self.entries[key] = (value, size)
            while self.entries and (len(self.entries) > self.most or self.size > self.most_size):
                self.size -= self.entries.popitem(last=False)[1][1]

    def drop(self, key: K) -> None:
        """Forget an entry; nothing if there is none."""
        with self._lock:
            if key in self.entries:
                self.size -= self.entries.pop(key)[1]
