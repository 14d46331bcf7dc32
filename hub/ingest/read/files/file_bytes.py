"""File bytes: one file as whole records in UTF-8, decompressed, transcoded and limited, one block at a time.

A fault names the line, never its content.
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

assert vietnamese_codecs.CODEC_NAMES  # registered by the import
BLOCK_BYTES = 4 << 20
MAX_EXPANSION, EXPANSION_CHECKED_FROM_BYTES = 250, 100_000_000
"""Maximum expansion of a large compressed file. Spreadsheets and CSV expand 10 to 50 times."""
MAX_RECORD_BYTES = 32 << 20
"""A longer record is an error: a quote was never closed, or lines do not end."""

UTF8_BOM = codecs.BOM_UTF8
LINE_END = re.compile(rb"\r\n|\r|\n")
LONE_CR = re.compile(rb"\r(?!\n)")


class FileFault(Exception):
    """A fault in a file, without its content. `line` counts from one."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what if line is None else f"line {line}: {what}"


@dataclass(frozen=True)
class TextForm:
    """How a text file is written."""

    encoding: str
    quote: bytes
    """One byte; empty if quotes are plain text, so that every line is a record."""
    skip_lines: int
    most_bytes: int
    """Maximum bytes of the file, decompressed."""


def read_records(path: Path, name: str, writing: TextForm) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole records, each with the number of its first line. Raises FileFault."""
    line, left = 1 + writing.skip_lines, b""
    text = _convert_to_utf8(_read_blocks(path, name, writing.most_bytes), writing.encoding)
    for block in _unify_line_ends(_skip_lines(text, writing.skip_lines), writing.quote):
        left += block
        end = _find_last_end(left, writing.quote)
        if end:
            yield line, _validate(left[:end], line)
            line += left.count(b"\n", 0, end)
            left = left[end:]
        elif len(left) > MAX_RECORD_BYTES:
            raise FileFault("a record does not end: a quote is not closed, or lines do not end", line)
    if left:
        if writing.quote and left.count(writing.quote) % 2:
            raise FileFault("a quote is not closed", line)
        yield line, _validate(left, line)


def _read_blocks(path: Path, name: str, most: int) -> Iterator[bytes]:
    """Yield the file's bytes, decompressed if its name ends in `.gz`: a small file may hide a large one."""
    total = 0
    packed = name.lower().endswith(".gz")
    try:
        with cast(BinaryIO, gzip.open(path)) if packed else path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                total += len(block)
                if total > most:
                    raise FileFault(f"is larger than max_file_bytes = {most}")
                if packed:
                    require_expansion(total, path.stat().st_size)
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FileFault("is not gzip, or is truncated") from None


def require_expansion(unpacked: int, packed: int) -> None:
    """Refuse a file that expands far more than any table. Raises FileFault."""
    if unpacked > EXPANSION_CHECKED_FROM_BYTES and unpacked > MAX_EXPANSION * packed:
        raise FileFault(f"expands to more than {MAX_EXPANSION} times its size, which no table does")


def _convert_to_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the same text in UTF-8, without a byte order mark."""
    plain = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    first = True
    for block in blocks if plain else _transcode(blocks, encoding):
        yield block.removeprefix(UTF8_BOM) if first else block
        first = False


def _transcode(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for block in blocks:
        before = decoder.getstate()
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            decoder.setstate(before)
            whole = decoder.decode(block[: max(0, error.start - len(before[0]))])
            raise _describe_undecodable(encoding, line + whole.count("\n")) from None
        line += text.count("\n")
        yield text.encode()
    try:
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError:
        raise _describe_undecodable(encoding, line) from None


def _describe_undecodable(encoding: str, line: int) -> FileFault:
    return FileFault(f"contains bytes that are not valid {encoding}", line)


def _skip_lines(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Skip the first `count` lines, however they end."""
    for block in _keep_line_ends_whole(blocks):
        rest = block
        while count and rest:
            ends = LINE_END.search(rest)
            rest = rest[ends.end() :] if ends else b""
            count -= ends is not None
        if rest:
            yield rest


def _keep_line_ends_whole(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same blocks, but never split between CR and LF."""
    held = b""
    for block in blocks:
        joined = held + block
        held = joined[-1:] if joined.endswith(b"\r") else b""
        yield joined[: len(joined) - len(held)]
    if held:
        yield held


def _unify_line_ends(blocks: Iterator[bytes], quote: bytes) -> Iterator[bytes]:
    """Turn a lone CR into a line end, as some systems write it; inside quotes it is text and stays.

    Left to the parsers, one would read it as a line end in the header and another as part of a cell, and a row would be
    lost.
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


def _find_last_end(data: bytes, quote: bytes) -> int:
    """Return where the last whole record ends, 0 if none does: after a line end preceded by an even number of quotes."""
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


def _validate(block: bytes, line: int) -> bytes:
    """Return the block if it is valid UTF-8 without NUL, which no text column can hold. Raises FileFault."""
    nul = block.find(b"\0")
    if nul >= 0:
        raise FileFault("contains a NUL byte", line + block.count(b"\n", 0, nul))
    if not block.isascii() and not _is_utf8(block):
        try:
            block.decode()
        except UnicodeDecodeError as error:
            raise _describe_undecodable("utf-8", line + block.count(b"\n", 0, error.start)) from None
    return block


def _is_utf8(block: bytes) -> bool:
    """Polars validates in an eighth of the time that Python needs to decode, but does not say where the fault is."""
    try:
        pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except PolarsError:
        return False
    return True
