"""File formats: each turns the rows of one file into frames of text, keeping lists."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from hub.ingest.read.files.csv_files import read_csv
from hub.ingest.read.files.excel_files import read_excel
from hub.ingest.read.files.file_bytes import FileFault, TextForm, read_records
from hub.ingest.read.json_rows import MAX_DEPTH, TooDeep, build_frame, decode_json
from hub.ingest.transform.map import flatten_structs
from hub.ingest.values.typed_numbers import find_notations, write_columns
from hub.sdk.streams import FilesStream

ROUNDED_NUMBER = re.compile(rb'(?:": ?|\[ ?|, )-?(?:[0-9]+[.eE]|[0-9]{19})')
"""A number (or a text that looks like one) that Polars would round: it reads decimals as floats."""
CELL_BYTES = 8
PIECE_BYTES = 128 << 20
EXACT_TYPES = (pl.String, pl.Int64, pl.Int128, pl.Boolean, pl.Null)
"""Types that Polars reads from JSON without loss."""


def read_jsonl(path: Path, name: str, stream: FilesStream) -> Iterator[pl.DataFrame]:
    """Yield JSON Lines with nested objects flattened; one empty frame without columns if there are no lines."""
    empty = True
    for line, block in read_records(path, name, TextForm(stream.encoding, b"", 0, stream.max_file_bytes)):
        if block.strip():
            empty = False
            yield convert_to_text(_parse_block(block, line, stream))
    if empty:
        yield pl.DataFrame()


def _parse_block(block: bytes, line: int, stream: FilesStream) -> pl.DataFrame:
    """Use the fast path if it is exact: 5 times faster than Python's decoder, which keeps every digit."""
    try:
        if ROUNDED_NUMBER.search(block) is None and _is_shallow(block):
            frame = pl.read_ndjson(block, infer_schema_length=None)
            if all(_is_exact(kind) for kind in frame.dtypes):
                return flatten_structs(frame)
    except PolarsError:
        pass  # differing shapes, or not JSON: the slow path says which
    rows = []
    for number, text in enumerate(block.split(b"\n"), start=line):
        if text.strip():
            try:
                row = decode_json(text)
            except ValueError:
                raise FileFault("is not JSON", number) from None
            if not isinstance(row, dict):
                raise FileFault("is not a JSON object", number)
            rows.append(row)
    try:
        return build_frame(rows, find_notations(stream))
    except TooDeep as error:
        raise FileFault(f"{error}, here or in the lines after it", line) from None
    except PolarsError:
        raise FileFault("objects differ too much in shape to form rows, here or in the lines after it", line) from None


def _is_shallow(block: bytes) -> bool:
    """Whether no line can be nested too deeply for Polars: it has too few brackets."""
    return all(line.count(b"{") + line.count(b"[") <= MAX_DEPTH for line in block.split(b"\n"))


def _is_exact(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.List):
        return _is_exact(kind.inner)  # type: ignore[arg-type]  # an instance: it comes from a frame
    if isinstance(kind, pl.Struct):
        return all(_is_exact(field.dtype) for field in kind.fields)  # type: ignore[arg-type]  # as above
    return isinstance(kind, EXACT_TYPES)


def read_parquet(path: Path, _name: str, stream: FilesStream) -> Iterator[pl.DataFrame]:
    """Yield Parquet rows, a few row groups at a time. A small file may repeat one text a billion times."""
    most = stream.max_file_bytes
    try:
        lazy = pl.scan_parquet(path, glob=False)
        cells = lazy.select(pl.len()).collect().item() * len(lazy.collect_schema())
        if cells * CELL_BYTES > most:
            raise FileFault(f"is larger than max_file_bytes = {most}: it has {cells:,} cells")
        total = 0
        for frame in lazy.collect_batches(maintain_order=True):
            for piece, size in _split_frame(flatten_structs(frame)):
                total += size
                if total > most:
                    raise FileFault(f"is larger than max_file_bytes = {most}")
                yield _write_parquet_rows(piece, stream)
        if not total:
            yield convert_to_text(flatten_structs(lazy.head(0).collect()))
    except (PolarsError, OSError) as error:
        raise FileFault(f"is not a readable Parquet file: {type(error).__name__}") from None


def _split_frame(frame: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, int]]:
    """Yield the frame in pieces of limited text, with the bytes of each: Polars may share one text among many rows."""
    texts = [pl.col(name).str.len_bytes().fill_null(0) for name, kind in frame.schema.items() if kind == pl.String]
    sizes = frame.select(pl.sum_horizontal(*texts, pl.lit(CELL_BYTES * frame.width))).to_series()
    size = int(sizes.sum())
    rows = max(1, frame.height * PIECE_BYTES // size) if size > PIECE_BYTES else frame.height
    for at in range(0, frame.height, max(rows, 1)):
        yield frame[at : at + rows], int(sizes[at : at + rows].sum())


def _write_parquet_rows(frame: pl.DataFrame, stream: FilesStream) -> pl.DataFrame:
    numbers = {name for name, kind in frame.schema.items() if kind.is_numeric()}
    return write_columns(convert_to_text(frame), {c: n for c, n in find_notations(stream).items() if c in numbers})


def convert_to_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Convert scalars to text: times as ISO 8601, whole floats without a decimal point, bytes as hex. Lists stay."""
    return frame.with_columns(_write_column(name, kind) for name, kind in frame.schema.items())


def _write_column(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Array):
        return column.arr.to_list()
    if isinstance(kind, pl.List | pl.Struct):
        return column
    if isinstance(kind, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d %H:%M:%S%.f%:z" if kind.time_zone else "%Y-%m-%d %H:%M:%S%.f")
    if isinstance(kind, pl.Duration):
        return column.dt.to_string("iso")
    if isinstance(kind, pl.Binary):
        return column.bin.encode("hex")
    if kind.is_float():
        return column.cast(pl.String).str.replace(r"\.0$", "")
    return column.cast(pl.String)


FORMAT_READERS: Mapping[str, Callable[[Path, str, FilesStream], Iterator[pl.DataFrame]]] = {
    "csv": read_csv,
    "excel": read_excel,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
"""Format → its reader function. All raise FileFault."""
