"""Convert one sheet of a workbook to an Arrow IPC file of texts, in a child process with limited memory.

A workbook of 200 KB can expand to five gigabytes: 100,000 cells that share one text of 30,000 letters. The library that
unpacks it copies the text for every cell and aborts the process if memory runs out. So an expendable process does it,
and loads no more than it needs: `python -I excel_conversion.py ORDER`, where ORDER is JSON (see `main`). It prints JSON:
{"rows": 5}, or {"fault": "…"}.
"""

import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import fastexcel
import polars as pl

PIECE_BYTES = 1 << 20
OVERLAP_BYTES = 4_096
"""Longest XML element that the end of a piece may cut in two."""
MAX_MERGED_AREAS = 1_000_000
CELL_FORM = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
MERGED_FORM = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})[\"']")
ERROR_CELL_FORM = re.compile(
    rb"<(?:\w+:)?c\s(?=[^>]*?\br=[\"']([A-Z]{1,3}[0-9]{1,7})[\"'])(?=[^>]*?\bt=[\"']e[\"'])[^>]*>"
    rb"(?:\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?\s*<(?:\w+:)?v>([^<]{1,20})</"
)
"""A cell whose formula failed, and its error."""
MIDNIGHT_FORM = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$"
TIME_FORM = r"^1899-12-3[01] ([0-9:]+)$"
"""Excel stores a day as a time at midnight, and a time of day as a time on its first day."""
SERIAL_FORM = re.compile(r"^[0-9]{1,7}(\.[0-9]+)?$")
LAST_SERIAL = 2_958_466
"""The day after 31 December 9999, the last day that Excel supports."""
FIRST_OF_1900, FIRST_OF_1904 = datetime.fromisoformat("1899-12-31"), datetime.fromisoformat("1904-01-01")
"""The first day of a workbook: day 1 is 1 January 1900, or day 0 is 1 January 1904."""
MISSING_DAY = 60
"""29 February 1900, which Excel counts although it did not exist."""

UNNAMED_PREFIX = "__UNNAMED__"
NUMBER_MARK = "#number"
"""Suffix of a column that marks which cells of another column are numbers."""

CellArea = tuple[int, int, int, int]
"""First row, first column, last row, last column, counted from 0."""


class WorkbookFault(Exception):
    """The fault of the workbook, without any value."""


def run_order(order: dict[str, Any]) -> dict[str, Any]:
    """Execute an order: `path`, `to`, `memory` and `size` in bytes, and the keys of a FilesStream."""
    resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["size"], order["size"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        frame = read_table(order)
        frame.write_ipc(order["to"])
    except WorkbookFault as fault:
        return {"fault": str(fault)}
    except fastexcel.FastExcelError as error:
        return {"fault": f"is not a readable workbook: {type(error).__name__}"}
    except zipfile.BadZipFile:
        return {"fault": "is not a readable workbook: its parts do not match its directory"}
    return {"rows": frame.height}


def read_table(order: dict[str, Any]) -> pl.DataFrame:
    """Return the rows of the table, with the column names of the header."""
    workbook = fastexcel.read_excel(order["path"])
    sheet, frame = _load_sheet(workbook, order["sheet"])
    offset = next((c.absolute_index for c in sheet.available_columns()), 0)
    parts = WorkbookParts(order["path"], workbook.sheet_names.index(sheet.name))
    frame = parts.insert_errors(frame, offset)
    first = order["skip_rows"] + order["header_rows"]
    if frame.height < first:
        raise WorkbookFault(f"has no header in row {first}")
    areas = parts.find_merged() if order["fill_down"] or order["header_rows"] > 1 else []
    names = _build_names(frame[order["skip_rows"] : first], areas, order["skip_rows"], offset)
    body = frame[first:]
    body.columns = names
    # A column without a name and without values is not a column.
    body = body.select(n for n in names if not (n.startswith(UNNAMED_PREFIX) and body[n].is_null().all()))
    there = (
        body.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        if body.width
        else pl.Series([], dtype=pl.Boolean)
    )
    body = _fill_down(body, order["fill_down"], areas, first, offset, names)
    body = body.with_columns(pl.all().str.replace(MIDNIGHT_FORM, "$1").str.replace(TIME_FORM, "$1"))
    body = _mark_numbers(body, workbook, sheet.name, order["numbers"], names, first)
    for column in order["serial_dates"]:
        body = _convert_dates(body, column, epoch_1904=parts.counts_from_1904())
    return _drop_after_end(body.filter(there), order)


def _load_sheet(workbook: Any, wanted: str | None) -> tuple[Any, pl.DataFrame]:
    """Return the sheet and all of its rows, starting at its first row."""
    names = workbook.sheet_names
    if wanted is not None and wanted not in names:
        raise WorkbookFault(f"has no sheet {wanted}: it has {', '.join(names)}")
    if not names:
        raise WorkbookFault("has no sheet")
    sheet = workbook.load_sheet(wanted if wanted is not None else 0, header_row=None, skip_rows=0, dtypes="string")
    if wanted is None and sheet.visible != "visible":
        raise WorkbookFault(f"its first sheet is hidden: name the sheet to read in `sheet`: {', '.join(names)}")
    return sheet, sheet.to_polars()


def _build_names(header: pl.DataFrame, areas: list[CellArea], row: int, offset: int) -> list[str]:
    """Return the name of each column. Names in several rows are joined; a merged cell names every column that it
    covers.
    """
    cells = [list(column) for column in header.iter_columns()]
    if header.height > 1:
        _spread_merged(cells, areas, row, offset)
    found: list[str | None] = []
    for texts in cells:
        parts = list(dict.fromkeys(text.strip() for text in texts if text is not None and text.strip()))
        found.append(texts[0] if header.height == 1 else " / ".join(parts) or None)
    twice = {name for name in found if name is not None and found.count(name) > 1}
    named = [f"{n} ({_write_letters(at + offset)})" if n in twice else n for at, n in enumerate(found)]
    return [f"{UNNAMED_PREFIX}{at}" if n is None else n for at, n in enumerate(named)]


def _spread_merged(cells: list[list[str | None]], areas: list[CellArea], row: int, offset: int) -> None:
    """Copy the text of merged header cells to every cell that they cover."""
    rows = len(cells[0]) if cells else 0
    for top, left, bottom, right in areas:
        if not (0 <= left - offset < len(cells) and row <= top < row + rows):
            continue
        shown = cells[left - offset][top - row]
        for column in range(left - offset, min(right - offset + 1, len(cells))):
            for at in range(top, min(bottom + 1, row + rows)):
                cells[column][at - row] = shown


def _fill_down(
    body: pl.DataFrame, columns: list[str], areas: list[CellArea], first: int, offset: int, names: list[str]
) -> pl.DataFrame:
    """Copy the values of merged cells in these columns to every row that they cover."""
    for name in columns:
        if name not in body.columns:
            raise WorkbookFault(f"has no column {name}, as declared in fill_down")
        at = names.index(name) + offset
        values = body[name].to_list()
        for top, left, bottom, _ in areas:
            if left == at and top >= first:
                values[top - first : bottom - first + 1] = [values[top - first]] * (
                    min(bottom - first + 1, len(values)) - (top - first)
                )
        body = body.with_columns(pl.Series(name, values, dtype=pl.String))
    return body


def _mark_numbers(
    body: pl.DataFrame, workbook: Any, sheet: str, wanted: list[str], names: list[str], first: int
) -> pl.DataFrame:
    """Mark which cells of the wanted columns with decimals are numbers, not texts.

    Cells of one column may be both. Read as booleans, numbers become true or false and texts become null.
    """
    decimals = [n for n in wanted if n in body.columns and body[n].str.contains(r"^-?[0-9]+[.][0-9]+$").any()]
    if not decimals:
        return body
    kinds = {names.index(name): "boolean" for name in decimals}
    loaded = workbook.load_sheet(sheet, header_row=None, skip_rows=0, dtypes=kinds).to_polars()[first:]
    marks = [loaded.to_series(names.index(name)).is_not_null().alias(name + NUMBER_MARK) for name in decimals]
    return body.with_columns(marks)


def _convert_dates(body: pl.DataFrame, column: str, *, epoch_1904: bool) -> pl.DataFrame:
    """Convert plain numbers in a column, which count days since the workbook's first day."""
    if column not in body.columns:
        raise WorkbookFault(f"has no column {column}, as declared in serial_dates")
    return body.with_columns(
        pl.Series(column, [_convert_date(text, epoch_1904) for text in body[column]], dtype=pl.String)
    )


def _convert_date(text: str | None, epoch_1904: bool) -> str | None:
    """Return the day or time that a number stands for; other text unchanged."""
    if text is None or not SERIAL_FORM.match(text):
        return text
    days = float(text)
    if epoch_1904:
        first = FIRST_OF_1904
    elif int(days) == MISSING_DAY or days < 1:
        return text
    else:
        first = FIRST_OF_1900 if days < MISSING_DAY else FIRST_OF_1900 - timedelta(days=1)
    if days >= LAST_SERIAL - (1_462 if epoch_1904 else 0):
        return text
    found = first + timedelta(seconds=round(days * 86_400))
    return found.date().isoformat() if days.is_integer() else found.isoformat(sep=" ")


def _drop_after_end(body: pl.DataFrame, order: dict[str, Any]) -> pl.DataFrame:
    """Drop what follows the table."""
    stop = order["stop_at"]
    if stop is not None:
        if stop["column"] not in body.columns:
            raise WorkbookFault(f"has no column {stop['column']}, as declared in stop_at")
        found = body[stop["column"]].str.strip_chars().is_in(stop["values"]).fill_null(value=False).arg_true()
        if found.is_empty():
            raise WorkbookFault(f"has no row that ends the table: no value of stop_at occurs in {stop['column']}")
        body = body[: found[0]]
    if order["skip_last_rows"] > body.height:
        raise WorkbookFault(f"has fewer rows than skip_last_rows = {order['skip_last_rows']}")
    return body[: body.height - order["skip_last_rows"]]


class WorkbookParts:
    """What the library does not report: merged areas, formula errors and the first day. Only for .xlsx, which is XML."""

    def __init__(self, path: str, sheet: int) -> None:
        self.archive = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
        self.sheet = sheet

    def find_merged(self) -> list[CellArea]:
        """Return the merged areas of the sheet."""
        if self.archive is None:
            raise WorkbookFault("is an old workbook (.xls), whose merged cells cannot be read: ask for .xlsx")
        found: list[CellArea] = []
        for top_left, bottom_right in self._find_matches(MERGED_FORM):
            found.append((*_parse_cell(top_left.decode()), *_parse_cell(bottom_right.decode())))
            if len(found) > MAX_MERGED_AREAS:
                raise WorkbookFault(f"has more than {MAX_MERGED_AREAS:,} merged areas")
        return found

    def insert_errors(self, frame: pl.DataFrame, offset: int) -> pl.DataFrame:
        """Insert the errors of formulas as the sheet shows them: the library reads nothing there."""
        errors: dict[int, list[tuple[int, str]]] = {}
        for cell, shown in self._find_matches(ERROR_CELL_FORM) if self.archive else ():
            row, column = _parse_cell(cell.decode())
            if row < frame.height and 0 <= column - offset < frame.width:
                errors.setdefault(column - offset, []).append((row, shown.decode("utf-8", "replace")))
        for column, cells in errors.items():
            rows, texts = [row for row, _ in cells], [text for _, text in cells]
            frame = frame.with_columns(frame.to_series(column).scatter(rows, texts))
        return frame

    def counts_from_1904(self) -> bool:
        """Whether days count from 1904."""
        if self.archive is None:
            raise WorkbookFault("is an old workbook (.xls), whose date system cannot be read: ask for .xlsx")
        with self.archive.open(self._find_workbook()) as file:
            head = file.read(PIECE_BYTES)
        return re.search(rb"<(?:\w+:)?workbookPr\s[^>]*date1904=[\"'](1|true|on)[\"']", head) is not None

    def _find_workbook(self) -> str:
        assert self.archive is not None
        return next((n for n in self.archive.namelist() if n.lower() == "xl/workbook.xml"), "xl/workbook.xml")

    def _find_sheet(self) -> str | None:
        """Return the part that holds the sheet, from the order of sheets and their relations."""
        assert self.archive is not None
        try:
            with self.archive.open(self._find_workbook()) as file:
                ids = re.findall(rb"<(?:\w+:)?sheet\s[^>]*?\br:id=[\"']([^\"']+)[\"']", file.read(PIECE_BYTES))
            with self.archive.open("xl/_rels/workbook.xml.rels") as file:
                relations = re.findall(rb"<(?:\w+:)?Relationship\s[^>]*>", file.read(PIECE_BYTES))
        except KeyError:
            return None
        for relation in relations:
            named = dict(re.findall(rb"\b(Id|Target)=[\"']([^\"']+)[\"']", relation))
            if len(ids) > self.sheet and named.get(b"Id") == ids[self.sheet]:
                target = named.get(b"Target", b"").decode("utf-8", "replace")
                return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        return None

    def _find_matches(self, pattern: "re.Pattern[bytes]") -> Iterator[tuple[bytes, bytes]]:
        """Yield the matches of a pattern in the sheet, read piece by piece."""
        assert self.archive is not None
        part = self._find_sheet()
        if part is None or part not in self.archive.namelist():
            raise WorkbookFault("is not a readable workbook: it does not say where its sheet is")
        left = b""
        with self.archive.open(part) as file:
            while piece := file.read(PIECE_BYTES):
                data = left + piece
                end = 0
                for found in pattern.finditer(data):
                    yield found[1], found[2]
                    end = found.end()
                left = data[max(end, len(data) - OVERLAP_BYTES) :]


def _parse_cell(cell: str) -> tuple[int, int]:
    """Return row and column, counted from 0, of a cell such as AB12."""
    found = CELL_FORM.fullmatch(cell)
    if found is None:
        raise WorkbookFault("contains an invalid cell reference")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _write_letters(column: int) -> str:
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


if __name__ == "__main__":
    print(json.dumps(run_order(json.loads(sys.argv[1])), ensure_ascii=False))
