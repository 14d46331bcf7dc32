"""CSV: blocks of whole records, parsed by Polars, with the cells counted: Polars silently fills short rows with nulls.

A row with too few cells has lost some, and nobody knows which.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from hub.ingest.read.files.file_bytes import FileFault, TextForm, read_records
from hub.sdk.streams import FilesStream

if TYPE_CHECKING:
    from _csv import Reader  # the csv module has no name for what csv.reader returns


def read_csv(path: Path, name: str, stream: FilesStream) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file, one block at a time; one empty frame if there is only a header."""
    writing = TextForm(stream.encoding, (stream.quote or "").encode(), stream.skip_rows, stream.max_file_bytes)
    table: _CsvTable | None = None
    empty = True
    for line, block in read_records(path, name, writing):
        rest, first = block, line
        if table is None:
            table, header_bytes = _parse_header(stream, block, line)
            rest, first = block[header_bytes:], line + block.count(b"\n", 0, header_bytes)
        # Polars takes the number of columns from the first line, even if it is empty.
        begins = len(rest) - len(rest.lstrip(b"\r\n"))
        first += rest.count(b"\n", 0, begins)
        rest = rest[begins:]
        if rest:
            frame = table.parse_block(rest, first)
            empty = empty and frame.is_empty()
            yield frame
    if table is None:
        raise FileFault("is empty and has no header")
    if empty:
        yield pl.DataFrame(schema=table.schema)


@dataclass(frozen=True)
class _CsvTable:
    """The header, and how cells are separated."""

    columns: tuple[str, ...]
    delimiter: str
    quote: str | None

    @property
    def schema(self) -> dict[str, type[pl.String]]:
        return dict.fromkeys(self.columns, pl.String)

    def parse_block(self, block: bytes, line: int) -> pl.DataFrame:
        """Parse the rows of a block. Raises FileFault with the line number."""
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
            raise self._find_fault(block, line) from None
        between = len(self.columns) - 1
        if not between:
            return frame.drop_nulls()  # empty lines
        if not frame[:, -1].null_count():
            return frame  # a row that lacks cells lacks the last one, and Polars rejects rows with too many
        lacking = frame.height * between - (
            block.count(self.delimiter.encode()) - self._count_quoted_delimiters(frame, block)
        )
        if not lacking:
            return frame
        kept = frame.filter(pl.any_horizontal(pl.all().is_not_null()))
        if (frame.height - kept.height) * between != lacking:
            raise self._find_fault(block, line)
        return kept  # only empty lines lacked cells

    def _count_quoted_delimiters(self, frame: pl.DataFrame, block: bytes) -> int:
        """Count delimiters inside quoted cells."""
        if self.quote is None or self.quote.encode() not in block:
            return 0
        counts = frame.select(pl.sum_horizontal(pl.all().str.count_matches(self.delimiter, literal=True).sum()))
        return int(counts.item() or 0)

    def _find_fault(self, block: bytes, line: int) -> FileFault:
        """Find the first faulty line, slowly."""
        begins = line
        rows = _open_reader(block.decode(), self.delimiter, self.quote, strict=True)
        try:
            for cells in rows:
                if cells and len(cells) != len(self.columns):
                    return FileFault(f"{len(cells)} cells, but the header has {len(self.columns)}", begins)
                begins = line + rows.line_num
        except csv.Error:
            return FileFault("a quote occurs inside a cell, or is not closed", begins)
        last = line + block.count(b"\n")
        return FileFault(f"a quote occurs where none is allowed, between here and line {last}", line)


def _parse_header(stream: FilesStream, block: bytes, line: int) -> tuple[_CsvTable, int]:
    """Parse the header. Returns it with its length in bytes."""
    rows = _open_reader(block.decode(), stream.delimiter, stream.quote, strict=False)
    columns = next(rows)
    if not columns or len(set(columns)) < len(columns):
        raise FileFault("the header is missing, or repeats a column name", line)
    end = 0
    for _ in range(rows.line_num):
        end = block.find(b"\n", end) + 1 or len(block)
    return _CsvTable(tuple(columns), stream.delimiter, stream.quote), end


def _open_reader(text: str, delimiter: str, quote: str | None, *, strict: bool) -> "Reader":
    file = io.StringIO(text, newline="")
    if quote is None:
        return csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(file, delimiter=delimiter, quotechar=quote, strict=strict)
