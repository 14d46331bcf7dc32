"""One sheet of a workbook → an Arrow IPC file of texts. Runs in a process of its own, whose memory is bounded.

A workbook of 200 KB can hold five gigabytes: 100,000 cells that share one text of 30,000 letters. The library that unpacks it
gives every cell its own copy and ends the process if there is no room. So a process that may end does it, and loads no more
than it needs: `python -I excel_child.py ORDER`, where ORDER is JSON (see `main`). It prints JSON: {"rows": 5}, or {"fault": "…"}.
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

PIECE = 1 << 20
OVERLAP = 4_096
"""Longest element that may be cut in two by the end of a piece."""
MOST_AREAS = 1_000_000
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})[\"']")
BROKEN = re.compile(
    rb"<(?:\w+:)?c\s(?=[^>]*?\br=[\"']([A-Z]{1,3}[0-9]{1,7})[\"'])(?=[^>]*?\bt=[\"']e[\"'])[^>]*>"
    rb"(?:\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?\s*<(?:\w+:)?v>([^<]{1,20})</"
)
"""A cell whose formula gave an error, and which."""
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$"
TIME = r"^1899-12-3[01] ([0-9:]+)$"
"""A day is a time at midnight to Excel, and a time of day is one of its first day."""
SERIAL = re.compile(r"^[0-9]{1,7}(\.[0-9]+)?$")
LAST_SERIAL = 2_958_466
"""The day after 31 December 9999, the last that Excel knows."""
FIRST_OF_1900, FIRST_OF_1904 = datetime.fromisoformat("1899-12-31"), datetime.fromisoformat("1904-01-01")
"""What a workbook counts from: day 1 is the first of January 1900; or day 0 that of 1904."""
NO_DAY = 60
"""29 February 1900, which Excel counts and which never was."""

UNNAMED = "__UNNAMED__"
MARK = "#number"
"""After the name of a column: the column that says which of its cells are numbers."""

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 0."""


class Fault(Exception):
    """What is wrong with the workbook, in words without a value."""


def main(order: dict[str, Any]) -> dict[str, Any]:
    """Do what an order says: `path`, `to`, `memory` and `size` in bytes, and the keys of a FilesStream."""
    resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["size"], order["size"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        frame = table(order)
        frame.write_ipc(order["to"])
    except Fault as fault:
        return {"fault": str(fault)}
    except fastexcel.FastExcelError as error:
        return {"fault": f"is no workbook that can be read: {type(error).__name__}"}
    except zipfile.BadZipFile:
        return {"fault": "is no workbook that can be read: its parts are not what they say"}
    return {"rows": frame.height}


def table(order: dict[str, Any]) -> pl.DataFrame:
    """The rows of the table, columns by the names of the header."""
    workbook = fastexcel.read_excel(order["path"])
    sheet, frame = _sheet(workbook, order["sheet"])
    offset = next((c.absolute_index for c in sheet.available_columns()), 0)
    parts = Parts(order["path"], workbook.sheet_names.index(sheet.name))
    frame = parts.with_errors(frame, offset)
    first = order["skip_rows"] + order["header_rows"]
    if frame.height < first:
        raise Fault(f"has no header in row {first}")
    areas = parts.merged() if order["fill_down"] or order["header_rows"] > 1 else []
    names = _names(frame[order["skip_rows"] : first], areas, order["skip_rows"], offset)
    body = frame[first:]
    body.columns = names
    # A column without a name and without a value is none.
    body = body.select(n for n in names if not (n.startswith(UNNAMED) and body[n].is_null().all()))
    there = (
        body.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        if body.width
        else pl.Series([], dtype=pl.Boolean)
    )
    body = _filled(body, order["fill_down"], areas, first, offset, names)
    body = body.with_columns(pl.all().str.replace(DAY, "$1").str.replace(TIME, "$1"))
    body = _with_marks(body, workbook, sheet.name, order["numbers"], names, first)
    for column in order["serial_dates"]:
        body = _dated(body, column, epoch_1904=parts.epoch_1904())
    return _ended(body.filter(there), order)


def _sheet(workbook: Any, wanted: str | None) -> tuple[Any, pl.DataFrame]:
    """The sheet and all of its rows, from the first row of the sheet on."""
    names = workbook.sheet_names
    if wanted is not None and wanted not in names:
        raise Fault(f"has no sheet {wanted}: it has {', '.join(names)}")
    if not names:
        raise Fault("has no sheet")
    sheet = workbook.load_sheet(wanted if wanted is not None else 0, header_row=None, skip_rows=0, dtypes="string")
    if wanted is None and sheet.visible != "visible":
        raise Fault(f"its first sheet is hidden: name the one that is meant in `sheet`: {', '.join(names)}")
    return sheet, sheet.to_polars()


def _names(header: pl.DataFrame, areas: list[Area], row: int, offset: int) -> list[str]:
    """The name of each column. Names of several rows are joined, a merged cell names all it covers."""
    cells = [list(column) for column in header.iter_columns()]
    if header.height > 1:
        _spread(cells, areas, row, offset)
    found: list[str | None] = []
    for texts in cells:
        parts = list(dict.fromkeys(text.strip() for text in texts if text is not None and text.strip()))
        found.append(texts[0] if header.height == 1 else " / ".join(parts) or None)
    twice = {name for name in found if name is not None and found.count(name) > 1}
    named = [f"{n} ({_letters(at + offset)})" if n in twice else n for at, n in enumerate(found)]
    return [f"{UNNAMED}{at}" if n is None else n for at, n in enumerate(named)]


def _spread(cells: list[list[str | None]], areas: list[Area], row: int, offset: int) -> None:
    """Every cell of the header, by column and row, that a merged one covers has its text."""
    rows = len(cells[0]) if cells else 0
    for top, left, bottom, right in areas:
        if not (0 <= left - offset < len(cells) and row <= top < row + rows):
            continue
        shown = cells[left - offset][top - row]
        for column in range(left - offset, min(right - offset + 1, len(cells))):
            for at in range(top, min(bottom + 1, row + rows)):
                cells[column][at - row] = shown


def _filled(
    body: pl.DataFrame, columns: list[str], areas: list[Area], first: int, offset: int, names: list[str]
) -> pl.DataFrame:
    """Every row that a merged cell of these columns covers has its value."""
    for name in columns:
        if name not in body.columns:
            raise Fault(f"has no column {name}, which fill_down names")
        at = names.index(name) + offset
        values = body[name].to_list()
        for top, left, bottom, _ in areas:
            if left == at and top >= first:
                values[top - first : bottom - first + 1] = [values[top - first]] * (
                    min(bottom - first + 1, len(values)) - (top - first)
                )
        body = body.with_columns(pl.Series(name, values, dtype=pl.String))
    return body


def _with_marks(
    body: pl.DataFrame, workbook: Any, sheet: str, wanted: list[str], names: list[str], first: int
) -> pl.DataFrame:
    """Beside each wanted column that has decimals, one that says which of its cells are numbers, and no texts.

    Cells of one column may be both. Read as truths, numbers are true or false, and texts are nothing.
    """
    decimals = [n for n in wanted if n in body.columns and body[n].str.contains(r"^-?[0-9]+[.][0-9]+$").any()]
    if not decimals:
        return body
    kinds = {names.index(name): "boolean" for name in decimals}
    loaded = workbook.load_sheet(sheet, header_row=None, skip_rows=0, dtypes=kinds).to_polars()[first:]
    marks = [loaded.to_series(names.index(name)).is_not_null().alias(name + MARK) for name in decimals]
    return body.with_columns(marks)


def _dated(body: pl.DataFrame, column: str, *, epoch_1904: bool) -> pl.DataFrame:
    """A column whose plain numbers are days since the workbook's first one."""
    if column not in body.columns:
        raise Fault(f"has no column {column}, which serial_dates names")
    return body.with_columns(pl.Series(column, [_date(text, epoch_1904) for text in body[column]], dtype=pl.String))


def _date(text: str | None, epoch_1904: bool) -> str | None:
    """The day, or the time, that a number stands for; the text as it is where it is none."""
    if text is None or not SERIAL.match(text):
        return text
    days = float(text)
    if epoch_1904:
        first = FIRST_OF_1904
    elif int(days) == NO_DAY or days < 1:
        return text
    else:
        first = FIRST_OF_1900 if days < NO_DAY else FIRST_OF_1900 - timedelta(days=1)
    if days >= LAST_SERIAL - (1_462 if epoch_1904 else 0):
        return text
    found = first + timedelta(seconds=round(days * 86_400))
    return found.date().isoformat() if days.is_integer() else found.isoformat(sep=" ")


def _ended(body: pl.DataFrame, order: dict[str, Any]) -> pl.DataFrame:
    """Without what stands below the table."""
    stop = order["stop_at"]
    if stop is not None:
        if stop["column"] not in body.columns:
            raise Fault(f"has no column {stop['column']}, which stop_at names")
        found = body[stop["column"]].str.strip_chars().is_in(stop["values"]).fill_null(value=False).arg_true()
        if found.is_empty():
            raise Fault(f"has no row that ends the table: stop_at looks for one in {stop['column']}")
        body = body[: found[0]]
    if order["skip_last_rows"] > body.height:
        raise Fault(f"has fewer rows than skip_last_rows, {order['skip_last_rows']}, leaves out")
    return body[: body.height - order["skip_last_rows"]]


class Parts:
    """What the library does not tell: merged areas, errors of formulas, the first day. Of .xlsx alone, which is XML."""

    def __init__(self, path: str, sheet: int) -> None:
        self.archive = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
        self.sheet = sheet

    def merged(self) -> list[Area]:
        """The merged areas of the sheet."""
        if self.archive is None:
            raise Fault("is an old workbook (.xls), whose merged cells are not read: ask for .xlsx")
        found: list[Area] = []
        for top_left, bottom_right in self._matches(MERGED):
            found.append((*_place(top_left.decode()), *_place(bottom_right.decode())))
            if len(found) > MOST_AREAS:
                raise Fault(f"has more than {MOST_AREAS:,} merged areas")
        return found

    def with_errors(self, frame: pl.DataFrame, offset: int) -> pl.DataFrame:
        """The frame with the errors of formulas as the sheet shows them: the library reads nothing there."""
        errors: dict[int, list[tuple[int, str]]] = {}
        for cell, shown in self._matches(BROKEN) if self.archive else ():
            row, column = _place(cell.decode())
            if row < frame.height and 0 <= column - offset < frame.width:
                errors.setdefault(column - offset, []).append((row, shown.decode("utf-8", "replace")))
        for column, cells in errors.items():
            rows, texts = [row for row, _ in cells], [text for _, text in cells]
            frame = frame.with_columns(frame.to_series(column).scatter(rows, texts))
        return frame

    def epoch_1904(self) -> bool:
        """Whether days count from 1904."""
        if self.archive is None:
            raise Fault("is an old workbook (.xls), whose first day is not read: ask for .xlsx")
        with self.archive.open(self._workbook()) as file:
            head = file.read(PIECE)
        return re.search(rb"<(?:\w+:)?workbookPr\s[^>]*date1904=[\"'](1|true|on)[\"']", head) is not None

    def _workbook(self) -> str:
        assert self.archive is not None
        return next((n for n in self.archive.namelist() if n.lower() == "xl/workbook.xml"), "xl/workbook.xml")

    def _part(self) -> str | None:
        """The part that holds the sheet: by the order of sheets and their relations."""
        assert self.archive is not None
        try:
            with self.archive.open(self._workbook()) as file:
                ids = re.findall(rb"<(?:\w+:)?sheet\s[^>]*?\br:id=[\"']([^\"']+)[\"']", file.read(PIECE))
            with self.archive.open("xl/_rels/workbook.xml.rels") as file:
                relations = re.findall(rb"<(?:\w+:)?Relationship\s[^>]*>", file.read(PIECE))
        except KeyError:
            return None
        for relation in relations:
            named = dict(re.findall(rb"\b(Id|Target)=[\"']([^\"']+)[\"']", relation))
            if len(ids) > self.sheet and named.get(b"Id") == ids[self.sheet]:
                target = named.get(b"Target", b"").decode("utf-8", "replace")
                return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        return None

    def _matches(self, pattern: "re.Pattern[bytes]") -> Iterator[tuple[bytes, bytes]]:
        """What a pattern finds in the sheet, read piece by piece."""
        assert self.archive is not None
        part = self._part()
        if part is None or part not in self.archive.namelist():
            raise Fault("is no workbook that can be read: it does not say where its sheet is")
        left = b""
        with self.archive.open(part) as file:
            while piece := file.read(PIECE):
                data = left + piece
                end = 0
                for found in pattern.finditer(data):
                    yield found[1], found[2]
                    end = found.end()
                left = data[max(end, len(data) - OVERLAP) :]


def _place(cell: str) -> tuple[int, int]:
    """Row and column, from 0, of a cell such as AB12."""
    found = CELL.fullmatch(cell)
    if found is None:
        raise Fault("names a cell that is none")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _letters(column: int) -> str:
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1])), ensure_ascii=False))
