"""Excel: one sheet of a workbook, unpacked in a child process (`excel_conversion`) and read from its output."""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from hub.ingest.read.files import excel_conversion
from hub.ingest.read.files.file_bytes import FileFault, require_expansion
from hub.ingest.values.typed_numbers import Notation, find_notations, write_series
from hub.sdk.streams import FilesStream

CHILD_TIMEOUT_S = 900
EXCEL_KEYS = {"sheet", "skip_rows", "header_rows", "skip_last_rows", "stop_at", "fill_down", "serial_dates"}


def read_excel(path: Path, name: str, stream: FilesStream) -> Iterator[pl.DataFrame]:
    """Yield the table of a sheet, a batch at a time, without empty rows. Raises FileFault."""
    _require_bounded(path, stream.max_file_bytes)
    with tempfile.TemporaryDirectory(prefix="hub-excel-") as folder:
        to = Path(folder) / "rows.arrow"
        order = {**stream.model_dump(mode="json", include=EXCEL_KEYS), "path": str(path.absolute()), "to": str(to)}
        wanted = find_notations(stream)
        order["numbers"] = list(wanted)
        order |= {"memory": stream.max_memory_bytes, "size": stream.max_file_bytes}
        said = _run_child(order, stream.max_memory_bytes)
        if "fault" in said:
            raise FileFault(str(said["fault"]))
        lazy = pl.scan_ipc(to)
        for frame in lazy.collect_batches(maintain_order=True) if said["rows"] else [lazy.collect()]:
            yield _write_numbers(frame, wanted)


def _write_numbers(frame: pl.DataFrame, wanted: Mapping[str, Notation]) -> pl.DataFrame:
    """Write numeric cells in the notation of their field."""
    marked = [name for name in frame.columns if name.endswith(excel_conversion.NUMBER_MARK)]
    columns = [name.removesuffix(excel_conversion.NUMBER_MARK) for name in marked]
    changed = [
        frame[name].zip_with(~frame[mark], write_series(frame[name], wanted[name]))
        for name, mark in zip(columns, marked, strict=True)
    ]
    return frame.with_columns(changed).drop(marked)


def _run_child(order: dict[str, object], memory: int) -> dict[str, object]:
    """Run the child process. Raises FileFault if it ends without an answer: then its memory limit ended it."""
    command = [sys.executable, "-I", str(excel_conversion.__file__), json.dumps(order)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=CHILD_TIMEOUT_S, check=False)
        said: dict[str, object] = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        raise FileFault(f"takes more than {CHILD_TIMEOUT_S} s to unpack") from None
    except ValueError:
        # Whatever ended it: its message may quote what it read.
        raise FileFault(f"needs more memory to unpack than max_memory_bytes = {memory}, or is not a workbook") from None
    return said


def _require_bounded(path: Path, most: int) -> None:
    """Refuse a file that would unpack to more than `most` bytes, or whose compression no workbook uses."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError):
        raise FileFault("is not a readable workbook: its parts do not match its directory") from None
    if not any(part.filename.lower() == "xl/workbook.xml" for part in parts):
        raise FileFault("is not an Excel workbook (.xlsx or .xls)")
    if sum(part.file_size for part in parts) > most:
        raise FileFault(f"is larger than max_file_bytes = {most}")
    for part in parts:
        require_expansion(part.file_size, part.compress_size)
