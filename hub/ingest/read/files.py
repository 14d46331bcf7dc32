"""Files: CSV, Excel and JSON Lines in a folder. Every file that matches is read; each is a part of the same stream."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from hub.errors import SourceUnavailable
from hub.ingest.map import flatten
from hub.ingest.read.base import Batch, Reader, State
from hub.sdk.sources import FilesSource
from hub.sdk.streams import FilesStream


class FilesReader(Reader):
    """Reads files."""

    def read(self, state: State | None) -> Iterator[Batch]:
        """Every row of every file."""
        context = self.context
        source, stream = context.manifest.source, context.stream
        assert isinstance(source, FilesSource)
        assert isinstance(stream, FilesStream)
        beside = context.folder.parent.parent / (source.beside or "")
        folder = Path(source.folder.value(context.manifest.name)) if source.folder else beside
        for frame in read(context.where, folder, stream, context.batch_rows):
            yield Batch(frame)


def read(where: str, folder: Path, stream: FilesStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of every matching file, in order of name. Raises SourceUnavailable."""
    if not folder.is_dir():
        raise SourceUnavailable(
            f"{where}: there is no folder {folder}", next_step="check the setting, and that the folder is mounted"
        )
    paths = sorted(folder.glob(stream.files or "*"))
    if not paths:
        raise SourceUnavailable(
            f"{where}: no file {stream.files} in {folder}", next_step="ask the owner for the export"
        )
    for path in paths:
        try:
            yield from READ[stream.format or "csv"](path, stream, batch_rows)
        except (PolarsError, OSError, UnicodeDecodeError) as error:
            # Only the kind: a parser's message quotes the line, and lines are personal data.
            raise SourceUnavailable(
                f"{where}: {path.name} cannot be read as {stream.format}: {type(error).__name__}",
                next_step="check its encoding, delimiter and that it was written to its end; other sources go on",
            ) from None


def _csv(path: Path, stream: FilesStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    lazy = pl.scan_csv(
        path, separator=stream.delimiter, infer_schema=False, extra_columns="raise", missing_columns="raise"
    )
    read = 0
    for frame in lazy.collect_batches(chunk_size=batch_rows, maintain_order=True):
        read += frame.height
        yield frame
    if read == 0:
        yield lazy.collect()


def _excel(path: Path, stream: FilesStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    frame = pl.read_excel(path, sheet_name=stream.sheet, engine="calamine", infer_schema_length=0)
    yield from frame.iter_slices(batch_rows)
    if frame.is_empty():
        yield frame


def _jsonl(path: Path, stream: FilesStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    with path.open("rb") as lines:
        yield from json_lines(lines, batch_rows)


def json_lines(lines: Iterator[bytes], batch_rows: int) -> Iterator[pl.DataFrame]:
    """Frames of JSON Lines, nested objects flattened."""
    kept: list[bytes] = []
    for line in lines:
        if line.strip():
            kept.append(line if line.endswith(b"\n") else line + b"\n")
        if len(kept) >= batch_rows:
            yield _frame(kept)
            kept = []
    if kept:
        yield _frame(kept)


def _frame(lines: list[bytes]) -> pl.DataFrame:
    return flatten(pl.read_ndjson(b"".join(lines), infer_schema_length=None))


READ = {"csv": _csv, "excel": _excel, "jsonl": _jsonl}
