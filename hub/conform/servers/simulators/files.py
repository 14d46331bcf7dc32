"""A folder of files, each stream's rows in one file, written as the manifest says."""

import csv
import io
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import polars as pl
import xlsxwriter

from hub.conform.rows.samples import Row, to_cell
from hub.conform.servers.simulators.base import Rows, SourceSimulator, write_secret
from hub.sdk.streams import FilesStream

MAX_FILE_BYTES = 1_000_000
LONG_AGO_S = 3_600
"""Files that were just written are looked at twice before they are read."""
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in</body></html>\n"


class FilesSimulator(SourceSimulator):
    """Files of a folder, whatever place the manifest names: reading them is the same everywhere."""

    faults: ClassVar[frozenset[str]] = frozenset({"truncated", "html", "garbage", "bomb"})

    def start(self) -> None:
        """Make the folder."""
        self.place = self.folder / "files"
        self.place.mkdir()
        self.rows: Rows = {}
        self.columns: dict[str, list[str]] = {}
        streams = {n: s.model_copy(update={"max_file_bytes": MAX_FILE_BYTES}) for n, s in self.declared.streams.items()}
        self.point({}, streams)
        changes: dict[str, object] = {
            "folder": write_secret(self.folder, "folder", str(self.place)),
            "beside": None,
            "url": None,
            "options": {},
        }
        self.manifest = self.manifest.model_copy(update={"source": self.manifest.source.model_copy(update=changes)})

    def put(self, rows: Rows) -> None:
        """Write every file anew; one without rows keeps its header."""
        self.rows = rows
        self.columns |= {name: _list_columns(given) for name, given in rows.items() if given}
        self._write()

    def break_(self, fault: str) -> None:
        """Write every file as no file should be."""
        super().break_(fault)
        self._write()

    def heal(self) -> None:
        """Write every file as it should be."""
        super().heal()
        self._write()

    def _write(self) -> None:
        for path in self.place.iterdir():
            path.unlink()
        for name, rows in self.rows.items():
            stream = self.declared.streams[name]
            assert isinstance(stream, FilesStream)
            path = self.place / fill_pattern(stream.files)
            if self.fault == "bomb":
                rows = [*rows, dict.fromkeys(rows[0], "a" * 2 * MAX_FILE_BYTES)]
            content = WRITERS[stream.format](rows, self.columns[name], stream)
            path.write_bytes(_spoil_content(content, self.fault, stream))
            ago = time.time() - LONG_AGO_S
            os.utime(path, (ago, ago))


def fill_pattern(pattern: str) -> str:
    """A name of the pattern, as a sender would choose it."""
    plain = re.sub(r"\[([^\]!])[^\]]*\]", r"\1", pattern)
    return plain.replace("*", "20260101").replace("?", "1")


def _spoil_content(content: bytes, fault: str | None, stream: FilesStream) -> bytes:
    if fault == "html":
        return LOGIN_PAGE
    if fault == "truncated":
        return content[: _within_last_row(content, stream)]
    if fault == "garbage":
        middle = len(content) // 2
        # No text in UTF-8, UTF-16 or the code pages that leave places empty, and no ZIP or Parquet.
        return content[:middle] + b"\xff\x81\x8d\x9d\xd8\x00\xd8" * 9 + content[middle:]
    return content


def _within_last_row(content: bytes, stream: FilesStream) -> int:
    if stream.format in ("excel", "parquet"):
        return len(content) // 2
    end = content.rstrip(b"\r\n\x00")
    start = end.rfind(b"\n") + 1
    first_cell = end.find((stream.delimiter if stream.format == "csv" else '"').encode(), start)
    return max(first_cell + 1, start + 1)


def _write_csv(rows: Sequence[Row], columns: Sequence[str], stream: FilesStream) -> bytes:
    out = io.StringIO()
    out.write("#\n" * stream.skip_rows)
    writer = csv.writer(
        out,
        delimiter=stream.delimiter,
        quotechar=stream.quote,
        quoting=csv.QUOTE_NONE if stream.quote is None else csv.QUOTE_MINIMAL,
        lineterminator="\n",
        escapechar=None,
    )
    writer.writerow(columns)
    writer.writerows([to_cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue().encode(stream.encoding)


def _write_jsonl(rows: Sequence[Row], columns: Sequence[str], stream: FilesStream) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(stream.encoding)


def _write_excel(rows: Sequence[Row], columns: Sequence[str], stream: FilesStream) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_numbers": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(stream.sheet)
        for at, name in enumerate(columns):
            sheet.write_string(stream.skip_rows, at, name)
        for number, row in enumerate(rows, start=stream.skip_rows + 1):
            for at, name in enumerate(columns):
                if (text := to_cell(row.get(name))) is not None:
                    # A cell of Excel holds 32,767 characters; many such cells weigh as much.
                    for more in range(0, max(1, len(text)), 32_000):
                        sheet.write_string(number + more // 32_000, at, text[more : more + 32_000])
    return out.getvalue()


def _write_parquet(rows: Sequence[Row], columns: Sequence[str], stream: FilesStream) -> bytes:
    out = io.BytesIO()
    data = {name: [to_cell(row.get(name)) for row in rows] for name in columns}
    pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String)).write_parquet(out)
    return out.getvalue()


def _list_columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


WRITERS: Mapping[str, Callable[[Sequence[Row], Sequence[str], FilesStream], bytes]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "excel": _write_excel,
    "parquet": _write_parquet,
}
