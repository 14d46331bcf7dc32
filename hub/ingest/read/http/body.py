"""The body of an HTTP answer: unpacked piece by piece, so that a small body cannot become a large one unseen."""

import zlib
from collections.abc import Iterator

import httpx2

from hub.errors import SourceUnavailable
from hub.ingest.read.slow_sources import in_time

PIECE = 1 << 20
GZIP_OR_ZLIB = 47
"""zlib's number for: whichever of the two the first bytes say."""


class BreaksOff(Exception):
    """The body ends before its end, or is packed wrongly."""


def whole(where: str, answer: httpx2.Response, limit: int, timeout_s: float) -> bytes:
    """The body, of at most `limit` bytes. Raises SourceUnavailable, BreaksOff, TooSlow."""
    body = bytearray()
    for piece in in_time(pieces(where, answer), timeout_s):
        body += piece
        if len(body) > limit:
            raise _too_large(where, "an answer", limit)
    return bytes(body)


def lines(where: str, answer: httpx2.Response, limit: int, most_bytes: int, timeout_s: float) -> Iterator[bytes]:
    """The lines of a body of at most `most_bytes`, each of at most `limit` bytes, without those that are blank.

    Raises SourceUnavailable, BreaksOff, TooSlow.
    """
    begun: list[
        bytes
    ] = []  # a line that is not at its end: joined once, or a long one would be copied with every piece
    size = total = 0
    for piece in in_time(pieces(where, answer), timeout_s):
        total += len(piece)
        if total > most_bytes:
            raise _too_large(where, "the body", most_bytes, "max_body_bytes")
        first, *others = piece.split(b"\n")
        begun.append(first)
        size += len(first)
        if size > limit or any(len(line) > limit for line in others):
            raise _too_large(where, "a line", limit)
        if others:
            *ready, rest = b"".join(begun), *others
            yield from (line for line in ready if line.strip())
            begun, size = [rest], len(rest)
    if (last := b"".join(begun)).strip():
        yield last


def pieces(where: str, answer: httpx2.Response) -> Iterator[bytes]:
    """The body, unpacked, in pieces of at most a megabyte. Raises SourceUnavailable, BreaksOff."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        yield from answer.iter_raw()
    elif packing in ("gzip", "x-gzip", "deflate"):
        yield from _unpacked(answer)
    else:
        raise SourceUnavailable(
            f"{where}: the answer is packed in a way that was not asked for",
            next_step="ask the owner for plain or gzip",
        )


def _unpacked(answer: httpx2.Response) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(GZIP_OR_ZLIB)
    begun = False
    try:
        for chunk in answer.iter_raw():
            left = chunk
            while left:
                if unpacking.eof:  # gzip may be several members, one after another
                    unpacking = zlib.decompressobj(GZIP_OR_ZLIB)
                begun = True
                yield unpacking.decompress(left, PIECE)
                left = unpacking.unconsumed_tail or unpacking.unused_data
    except zlib.error:
        raise BreaksOff from None
    if begun and not unpacking.eof:
        raise BreaksOff


def _too_large(where: str, what: str, limit: int, key: str = "max_page_bytes") -> SourceUnavailable:
    return SourceUnavailable(
        f"{where}: {what} is larger than {limit} bytes, unpacked",
        next_step=f"ask for a smaller answer, or raise {key} if the source is trusted with it",
    )
