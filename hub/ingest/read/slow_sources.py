"""Minimum speed: if an answer trickles in, each piece may arrive within its timeout and the whole may still never end."""

import time
from collections.abc import Iterable, Iterator

PATIENCE_TIMEOUTS = 10
"""An answer may always take this many times the source's `timeout_s`, however small it is."""
SLOWEST_BYTES_PER_S = 100
"""Beyond that, an answer may take as long as its size takes at this rate."""


class TooSlow(TimeoutError):
    """The source sends more slowly than any network in use."""


def limit_time(pieces: Iterable[bytes], timeout_s: float) -> Iterator[bytes]:
    """Yield the pieces of an answer as they arrive.

    Raises TooSlow if waiting for them took more than PATIENCE_TIMEOUTS times `timeout_s`, plus a second per
    SLOWEST_BYTES_PER_S. Time spent by the consumer does not count.
    """
    coming = iter(pieces)
    waited_s, allowed_s = 0.0, PATIENCE_TIMEOUTS * timeout_s
    while True:
        began = time.monotonic()
        piece = next(coming, None)
        waited_s += time.monotonic() - began
        if piece is None:
            return
        allowed_s += len(piece) / SLOWEST_BYTES_PER_S
        if waited_s > allowed_s:
            raise TooSlow
        yield piece
