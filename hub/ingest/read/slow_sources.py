"""A limit on how slowly a source may send. Each piece of an answer that drips arrives within its timeout, and the whole never ends."""

import time
from collections.abc import Iterable, Iterator

PATIENCE = 10
"""Times a source's `timeout_s` that an answer may take, however small it is."""
SLOWEST_BYTES_PER_S = 100
"""Beyond that, an answer may take as long as its size at this rate."""


class TooSlow(TimeoutError):
    """The source sends, but more slowly than any network in use."""


def in_time(pieces: Iterable[bytes], timeout_s: float) -> Iterator[bytes]:
    """The pieces of an answer as they come. Raises TooSlow if waiting for them took more than PATIENCE times `timeout_s`, and a
    second for each SLOWEST_BYTES_PER_S. Time that the reader of the pieces takes does not count."""
    coming = iter(pieces)
    waited_s, allowed_s = 0.0, PATIENCE * timeout_s
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
