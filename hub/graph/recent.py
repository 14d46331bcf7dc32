"""A cache of the most recently used entries."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The most recently used entries, up to a number and, where it is given, up to a sum of sizes."""

    def __init__(self, most: int, *, most_size: int | None = None) -> None:
        self.most = most
        self.most_size = most_size
        self.size = 0
        self.entries: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The entry, now the most recently used; None where there is none."""
        found = self.entries.get(key)
        if found is None:
            return None
        self.entries.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int = 0) -> None:
        """Keep an entry, and forget the oldest ones that no longer fit."""
        self.size += size - (self.entries.pop(key)[1] if key in self.entries else 0)
        self.entries[key] = (value, size)
        while self.entries and (
            len(self.entries) > self.most or (self.most_size is not None and self.size > self.most_size)
        ):
            self.size -= self.entries.popitem(last=False)[1][1]
