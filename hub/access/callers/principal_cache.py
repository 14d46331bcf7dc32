"""A cache of authenticated principals, so that a repeated credential costs one hash and one look-up."""

import time
from collections import OrderedDict
from collections.abc import Callable

from hub.access.callers.principals import Principal

CACHE_BYTES = 8_000_000
"""About 9,000 principals. The hub has one cache in each process."""
ENTRY_BYTES = 700
"""Measured with sys.getsizeof over all parts of an entry that has no text: principal, key, sets, list links."""


class PrincipalCache:
    """Principals by the SHA-256 of their credential: the credential itself is not kept. The least recently used go first."""

    def __init__(self, *, max_bytes: int = CACHE_BYTES, clock: Callable[[], float] = time.time) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, digest: bytes) -> Principal | None:
        """Return the principal of a credential, or None if it must be checked again."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if entry[1] <= self._clock():
            self.discard(digest)
            return None
        self._entries.move_to_end(digest)
        return entry[0]

    def put(self, digest: bytes, principal: Principal, until: float) -> None:
        """Keep a principal until a time in seconds since 1970."""
        self.discard(digest)
        self._entries[digest] = (principal, until)
        self.bytes += _size(principal)
        while self.bytes > self.max_bytes:
            self._drop(*self._entries.popitem(last=False))

    def discard(self, digest: bytes) -> None:
        """Forget a credential, if it is known."""
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._drop(digest, entry)

    def _drop(self, _digest: bytes, entry: tuple[Principal, float]) -> None:
        self.bytes -= _size(entry[0])


def _size(principal: Principal) -> int:
    """Estimate the bytes of an entry: PostgreSQL's and Python's text of at most 4 bytes a character, 60 bytes of overhead each."""
    texts = (principal.id, principal.display_name, principal.acting_app or "", *principal.offices, *principal.scopes)
    return ENTRY_BYTES + sum(60 + 4 * len(text) for text in texts)
