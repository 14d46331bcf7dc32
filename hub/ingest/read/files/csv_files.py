"""CSV: blocks of whole records, parsed by Polars, whose cells are counted: it fills short rows with nulls and says nothing.

A row that has too few cells has lost some, and which ones nobody knows.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from hub.ingest.read.files.file_bytes import FileFault, Writing, records
from hub.sdk.streams import FilesStream

if TYPE_CHECKING:
    from _csv import Reader  # csv itself has no name for what csv.reader returns


def read_csv(path: Path, name: str, stream: FilesStream) -> Iterator[pl.DataFrame]:
    """The rows of a file, as many at a time as a block holds; one empty frame where there is only a header."""
    writing = Writing(stream.encoding, (stream.quote or "").encode(), stream.skip_rows, stream.max_file_bytes)
    table: _Table | None = None
    empty = True
    for line, block in records(path, name, writing):
        rest, first = block, line
        if table is None:
            table, header_bytes = _table(stream, block, line)
            rest, first = block[header_bytes:], line + block.count(b"\n", 0, header_bytes)
        # Polars takes the number of columns from the first line, even if nothing is in it.
        begins = len(rest) - len(rest.lstrip(b"\r\n"))
        first += rest.count(b"\n", 0, begins)
        rest = rest[begins:]
        if rest:
            frame = table.frame(rest, first)
            empty = empty and frame.is_empty()
            yield frame
    if table is None:
        raise FileFault("is empty, without a header")
    if empty:
        yield pl.DataFrame(schema=table.schema)


@dataclass(frozen=True)
class _Table:
    """What the header says, and how cells are set apart."""

    columns: tuple[str, ...]
    delimiter: str
    quote: str | None

    @property
    def schema(self) -> dict[str, type[pl.String]]:
        return dict.fromkeys(self.columns, pl.String)

    def frame(self, block: bytes, line: int) -> pl.DataFrame:
        """The rows of a block. Raises FileFault naming the line."""
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=self.schema,
                separator=self.delimiter,
                quote_char=self.quote,
                raise_if_empty=False,
            )
        except PolarsError:
            raise self._fault(block, line) from None
        between = len(self.columns) - 1
        if not between:
            return frame.drop_nulls()  # lines without anything
        if not frame[:, -1].null_count():
            return frame  # a row that lacks a cell lacks the last one, and Polars refuses rows with too many
        lacking = frame.height * between - (block.count(self.delimiter.encode()) - self._within(frame, block))
        if not lacking:
            return frame
        kept = frame.filter(pl.any_horizontal(pl.all().is_not_null()))
        if (frame.height - kept.height) * between != lacking:
            raise self._fault(block, line)
        return kept  # what lacked were lines without anything

    def _within(self, frame: pl.DataFrame, block: bytes) -> int:
        """Delimiters that are part of quoted cells."""
        if self.quote is None or self.quote.encode() not in block:
            return 0
        counts = frame.select(pl.sum_horizontal(pl.all().str.count_matches(self.delimiter, literal=True).sum()))
        return int(counts.item() or 0)

    def _fault(self, block: bytes, line: int) -> FileFault:
        """The first line that is wrong, found by a slow look."""
        begins = line
        rows = _rows(block.decode(), self.delimiter, self.quote, strict=True)
        try:
            for cells in rows:
                if cells and len(cells) != len(self.columns):
                    return FileFault(f"{len(cells)} cells where the header has {len(self.columns)}", begins)
                begins = line + rows.line_num
        except csv.Error:
            return FileFault("a quote stands within a cell, or is not closed", begins)
        last = line + block.count(b"\n")
        return FileFault(f"a quote stands where none may, up to line {last}", line)


def _table(stream: FilesStream, block: bytes, line: int) -> tuple[_Table, int]:
    """The header, and how many bytes it has."""
    rows = _rows(block.decode(), stream.delimiter, stream.quote, strict=False)
    columns = next(rows)
    if not columns or len(set(columns)) < len(columns):
        raise FileFault("the header is missing, or names a column twice", line)
    end = 0
    for _ in range(rows.line_num):
        end = block.find(b"\n", end) + 1 or len(block)
    return _Table(tuple(columns), stream.delimiter, stream.quote), end


def _rows(text: str, delimiter: str, quote: str | None, *, strict: bool) -> "Reader":
    file = io.StringIO(text, newline="")
    if quote is None:
        return csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(file, delimiter=delimiter, quotechar=quote, strict=strict)
