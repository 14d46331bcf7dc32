"""The bytes of one file as whole records in UTF-8: unpacked, transcoded and bounded, a block at a time.

A fault names the line, never what stands there.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
from polars.exceptions import PolarsError

from hub.ingest.values import vietnamese_codecs

assert vietnamese_codecs.CODEC_NAMES  # registered by its import
BLOCK_BYTES = 4 << 20
MOST_RATIO, RATIO_FROM_BYTES = 250, 100_000_000
"""How many times its size a file may unpack to, once it is large. Spreadsheets and CSV unpack to 10 to 50 times theirs."""
MOST_RECORD_BYTES = 32 << 20
"""A record longer than this is none: a quote was opened and never closed, or lines do not end."""

BOM = codecs.BOM_UTF8
LINE_END = re.compile(rb"\r\n|\r|\n")
LONE_CR = re.compile(rb"\r(?!\n)")


class FileFault(Exception):
    """What is wrong with a file, in words that say nothing of its content; `line` counts from one."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what if line is None else f"line {line}: {what}"


@dataclass(frozen=True)
class Writing:
    """How a text file is written."""

    encoding: str
    quote: bytes
    """One byte; empty where quotes are text, so that every line is a record."""
    skip_lines: int
    most_bytes: int
    """Most bytes of the file, unpacked."""


def records(path: Path, name: str, writing: Writing) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole records, each with the number of its first line. Raises FileFault."""
    line, left = 1 + writing.skip_lines, b""
    text = _in_utf8(_blocks(path, name, writing.most_bytes), writing.encoding)
    for block in _with_line_feeds(_without_lines(text, writing.skip_lines), writing.quote):
        left += block
        end = _last_end(left, writing.quote)
        if end:
            yield line, _sound(left[:end], line)
            line += left.count(b"\n", 0, end)
            left = left[end:]
        elif len(left) > MOST_RECORD_BYTES:
            raise FileFault("a record has no end: a quote is not closed, or lines do not end", line)
    if left:
        if writing.quote and left.count(writing.quote) % 2:
            raise FileFault("a quote is not closed", line)
        yield line, _sound(left, line)


def _blocks(path: Path, name: str, most: int) -> Iterator[bytes]:
    """The file's bytes, unpacked if it is named `.gz`: a small file may hide a large one."""
    total = 0
    packed = name.lower().endswith(".gz")
    try:
        with cast(BinaryIO, gzip.open(path)) if packed else path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                total += len(block)
                if total > most:
                    raise FileFault(f"is larger than max_file_bytes, {most}, allows")
                if packed:
                    require_ratio(total, path.stat().st_size)
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FileFault("is not gzip, or was not written to its end") from None


def require_ratio(unpacked: int, packed: int) -> None:
    """Refuse what unpacks to far more than any table does. Raises FileFault."""
    if unpacked > RATIO_FROM_BYTES and unpacked > MOST_RATIO * packed:
        raise FileFault(f"unpacks to more than {MOST_RATIO} times its size, as no table does")


def _in_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The same text in UTF-8, without a byte order mark."""
    plain = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    first = True
    for block in blocks if plain else _transcoded(blocks, encoding):
        yield block.removeprefix(BOM) if first else block
        first = False


def _transcoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for block in blocks:
        before = decoder.getstate()
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            decoder.setstate(before)
            whole = decoder.decode(block[: max(0, error.start - len(before[0]))])
            raise _undecodable(encoding, line + whole.count("\n")) from None
        line += text.count("\n")
        yield text.encode()
    try:
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError:
        raise _undecodable(encoding, line) from None


def _undecodable(encoding: str, line: int) -> FileFault:
    return FileFault(f"holds bytes that are no {encoding}", line)


def _without_lines(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The text after so many lines, whichever way they end."""
    for block in _whole_line_ends(blocks):
        rest = block
        while count and rest:
            ends = LINE_END.search(rest)
            rest = rest[ends.end() :] if ends else b""
            count -= ends is not None
        if rest:
            yield rest


def _whole_line_ends(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, but none ends between CR and LF."""
    held = b""
    for block in blocks:
        joined = held + block
        held = joined[-1:] if joined.endswith(b"\r") else b""
        yield joined[: len(joined) - len(held)]
    if held:
        yield held


def _with_line_feeds(blocks: Iterator[bytes], quote: bytes) -> Iterator[bytes]:
    """A CR that stands alone ends a line, too, as some systems write it; within quotes it is text and stays.

    Left to parsers, one would read it as a line end in the header and another as a letter of a cell, and a row is lost.
    """
    within = 0
    for block in blocks:
        alone = block.count(b"\r") > block.count(b"\r\n")
        if not quote:
            yield LONE_CR.sub(b"\n", block) if alone else block
            continue
        if alone:
            parts = block.split(quote)
            parts[within::2] = [LONE_CR.sub(b"\n", part) for part in parts[within::2]]
            yield quote.join(parts)
        else:
            yield block
        within ^= block.count(quote) % 2


def _last_end(data: bytes, quote: bytes) -> int:
    """Where the last whole record ends, 0 where none does: after a line end with an even number of quotes before it."""
    odd = data.count(quote) % 2 if quote else 0
    end = len(data)
    while True:
        found = data.rfind(b"\n", 0, end)
        if found < 0:
            return 0
        if quote:
            odd ^= data.count(quote, found, end) % 2
        if not odd:
            return found + 1
        end = found


def _sound(block: bytes, line: int) -> bytes:
    """The block, if it is UTF-8 and has no NUL, which no text column of the store can hold. Raises FileFault."""
    nul = block.find(b"\0")
    if nul >= 0:
        raise FileFault("holds a NUL byte", line + block.count(b"\n", 0, nul))
    if not block.isascii() and not _is_utf8(block):
        try:
            block.decode()
        except UnicodeDecodeError as error:
            raise _undecodable("utf-8", line + block.count(b"\n", 0, error.start)) from None
    return block


def _is_utf8(block: bytes) -> bool:
    """Polars tells in an eighth of the time in which Python decodes, but not where the fault is."""
    try:
        pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except PolarsError:
        return False
    return True
