"""Files of the demo systems, written block by block so that memory does not grow with the province."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from xml.sax.saxutils import escape

import polars as pl

XLSX_TIME = (2026, 11, 1, 0, 0, 0)
TRUTH_COLUMNS = ("source_id", "role", "subject_kind", "subject_key", "dirt")


def format_dotted(amounts: pl.Expr) -> pl.Expr:
    """Whole amounts of less than 10¹² as Vietnamese offices write them: 1.250.000."""
    groups = [(amounts // 1_000**power) % 1_000 for power in (3, 2, 1, 0)]
    shown = [amounts >= 1_000**power for power in (3, 2, 1)] + [pl.lit(True)]
    larger = [amounts >= 1_000 ** (power + 1) for power in (3, 2, 1, 0)]
    parts = [
        pl.when(show).then(pl.when(more).then(group.cast(pl.String).str.zfill(3)).otherwise(group.cast(pl.String)))
        for group, show, more in zip(groups, shown, larger, strict=True)
    ]
    return pl.concat_str(parts, separator=".", ignore_nulls=True)


def day_text(column: str) -> pl.Expr:
    """Days since 1970 as dd/mm/yyyy; null for -1."""
    return pl.when(pl.col(column) != -1).then(pl.col(column).cast(pl.Int32).cast(pl.Date).dt.strftime("%d/%m/%Y"))


def day_iso(column: str) -> pl.Expr:
    """Days since 1970 as YYYY-MM-DD; null for -1."""
    return pl.when(pl.col(column) != -1).then(pl.col(column).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d"))


def instant_text(column: str) -> pl.Expr:
    """Days since 1970 as an instant in the morning of that day, Vietnamese time."""
    return pl.col(column).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%dT08:30:00+07:00")


class ProvinceFiles:
    """The open files of one generation. `csv` and `lines` add a block to a file; a file begins with its header."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self.rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def _file(self, name: str) -> tuple[IO[bytes], bool]:
        new = name not in self._files
        if new:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[name] = path.open("wb", buffering=1 << 18)
        return self._files[name], new

    def csv(self, name: str, frame: pl.DataFrame, separator: str = ",", bom: bool = False) -> None:
        """Add rows to a CSV file."""
        file, new = self._file(name)
        frame.write_csv(file, include_header=new, include_bom=new and bom, separator=separator)
        self.rows[name] = self.rows.get(name, 0) + len(frame)

    def lines(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows to a JSON Lines file."""
        frame.write_ndjson(self._file(name)[0])
        self.rows[name] = self.rows.get(name, 0) + len(frame)

    def truth(self, system: str, stream: str, frame: pl.DataFrame) -> None:
        """Add rows to the truth of a stream: `truth/<system>.<stream>.csv`, with the columns of TRUTH_COLUMNS."""
        self.csv(f"truth/{system}.{stream}.csv", frame.select(TRUTH_COLUMNS))

    def sheet_rows(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows to the body of a worksheet; `finish_workbook` makes the file of it."""
        cells = [
            pl.when(pl.col(c).is_null()).then(pl.lit("<c/>")).otherwise(
                pl.format("<c><v>{}</v></c>", c) if frame.schema[c].is_numeric() else pl.format('<c t="inlineStr"><is><t>{}</t></is></c>', _escape_column(c))
            )
            for c in frame.columns
        ]  # fmt: skip
        body = frame.select(pl.format("<row>{}</row>", pl.concat_str(cells))).to_series()
        self._file(name)[0].write("".join(body.to_list()).encode())
        self.rows[name] = self.rows.get(name, 0) + len(frame)

    def finish_workbook(self, body: str, name: str, sheet: str, header: Sequence[str]) -> None:
        """Put the rows of `body` under a header into a workbook of one sheet. Times in it are fixed, so equal rows give equal bytes."""
        self._file(body)[0].close()
        del self._files[body]
        source = self.folder / body
        top = "".join(f'<c t="inlineStr"><is><t>{escape(title)}</t></is></c>' for title in header)
        with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
            for part, text in _workbook_parts(sheet).items():
                book.writestr(_entry(part), text)
            with book.open(_entry("xl/worksheets/sheet1.xml"), "w") as target, source.open("rb") as rows:
                target.write(f'{XML}<worksheet xmlns="{MAIN}"><sheetData><row>{top}</row>'.encode())
                while chunk := rows.read(1 << 20):
                    target.write(chunk)
                target.write(b"</sheetData></worksheet>")
        source.unlink()


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _escape_column(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, XLSX_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _workbook_parts(sheet: str) -> dict[str, str]:
    link = f'<Relationship Id="rId1" Type="{RELATIONSHIPS}/%s" Target="%s"/>'
    relations = f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{link}</Relationships>'
    return {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/></Types>',
        "_rels/.rels": relations % ("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": relations % ("worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    }
