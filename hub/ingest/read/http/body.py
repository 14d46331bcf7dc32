"""HTTP bodies: decompressed piece by piece, so that a small body cannot expand without limit."""

import zlib
from collections.abc import Iterator

import httpx2

from hub.errors import SourceUnavailable
from hub.ingest.read.slow_sources import limit_time

PIECE_BYTES = 1 << 20
GZIP_OR_ZLIB_BITS = 47
"""zlib's code for "gzip or zlib, as the first bytes say"."""


class BodyTruncated(Exception):
    """The body is truncated, or its compression is invalid."""


def read_whole(where: str, answer: httpx2.Response, limit: int, timeout_s: float) -> bytes:
    """Return the body, of at most `limit` bytes. Raises SourceUnavailable, BodyTruncated, TooSlow."""
    body = bytearray()
    for piece in limit_time(read_pieces(where, answer), timeout_s):
        body += piece
        if len(body) > limit:
            raise _describe_too_large(where, "an answer", limit)
    return bytes(body)


def read_lines(where: str, answer: httpx2.Response, limit: int, most_bytes: int, timeout_s: float) -> Iterator[bytes]:
    """Yield the non-blank lines of a body of at most `most_bytes`, each of at most `limit` bytes.

    Raises SourceUnavailable, BodyTruncated, TooSlow.
    """
    begun: list[bytes] = []  # an unfinished line: joined once, or a long one would be copied with every piece
    size = total = 0
    for piece in limit_time(read_pieces(where, answer), timeout_s):
        total += len(piece)
        if total > most_bytes:
            raise _describe_too_large(where, "the body", most_bytes, "max_body_bytes")
        first, *others = piece.split(b"\n")
        begun.append(first)
        size += len(first)
        if size > limit or any(len(line) > limit for line in others):
            raise _describe_too_large(where, "a line", limit)
        if others:
            *ready, rest = b"".join(begun), *others
            yield from (line for line in ready if line.strip())
            begun, size = [rest], len(rest)
    if (last := b"".join(begun)).strip():
        yield last


def read_pieces(where: str, answer: httpx2.Response) -> Iterator[bytes]:
    """Yield the decompressed body in pieces of at most a megabyte. Raises SourceUnavailable, BodyTruncated."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        yield from answer.iter_raw()
    elif packing in ("gzip", "x-gzip", "deflate"):
        yield from _decompress(answer)
    else:
        raise SourceUnavailable(
            f"{where}: the answer uses a compression that was not requested",
            next_step="ask the owner to send plain or gzip",
        )


def _decompress(answer: httpx2.Response) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(GZIP_OR_ZLIB_BITS)
    begun = False
    try:
        for chunk in answer.iter_raw():
            left = chunk
            while left:
                if unpacking.eof:  # gzip may consist of several members
                    unpacking = zlib.decompressobj(GZIP_OR_ZLIB_BITS)
                begun = True
                yield unpacking.decompress(left, PIECE_BYTES)
                left = unpacking.unconsumed_tail or unpacking.unused_data
    except zlib.error:
        raise BodyTruncated from None
    if begun and not unpacking.eof:
        raise BodyTruncated


def _describe_too_large(where: str, what: str, limit: int, key: str = "max_page_bytes") -> SourceUnavailable:
    return SourceUnavailable(
        f"{where}: {what} is larger than {limit} bytes after decompression",
        next_step=f"request smaller answers, or raise {key} if the source is trusted",
    )
