"""Workbooks as offices write them, and those that are small and unpack to gigabytes: read as they say, or refused in bounded memory."""

import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.read.files.excel_conversion import _convert_date, _parse_cell, _write_letters
from tests.system.sources.test_files import OLD, Files, files

__all__ = ["files"]
Write = Callable[[Any, Any], None]


def book(folder: Path, write: Write, name: str = "a.xlsx", **options: Any) -> Path:
    import os

    path = folder / name
    made = xlsxwriter.Workbook(path, options)
    write(made, made.add_worksheet("Sổ"))
    made.close()
    os.utime(path, (OLD, OLD))
    return path


def report(made: Any, sheet: Any) -> None:
    """A report with a title, two header rows, merged cells, a total and a signature."""
    sheet.write(1, 1, "BẢNG KÊ")
    sheet.merge_range(3, 1, 4, 1, "Hộ")
    sheet.merge_range(3, 2, 3, 3, "Thửa đất")
    sheet.write_row(4, 2, ["Số tờ", "Số thửa"])
    sheet.merge_range(5, 1, 7, 1, "Hộ A")
    for at, (to, thua) in enumerate([(1, 11), (2, 12), (3, 13), (4, 14)]):
        sheet.write_row(5 + at, 2, [to, thua])
    sheet.write(8, 1, "Hộ B")
    sheet.write_row(10, 1, ["Tổng cộng", 10, 50])
    sheet.write(12, 3, "Người lập biểu")


def test_a_report_is_read_from_its_header_to_its_total(files: Files) -> None:
    book(files.folder, report)
    declared = {"format": "excel", "skip_rows": 3, "header_rows": 2, "fill_down": ["Hộ"]}
    expected = [
        {"Hộ": "Hộ A", "Thửa đất / Số tờ": "1", "Thửa đất / Số thửa": "11"},
        {"Hộ": "Hộ A", "Thửa đất / Số tờ": "2", "Thửa đất / Số thửa": "12"},
        {"Hộ": "Hộ A", "Thửa đất / Số tờ": "3", "Thửa đất / Số thửa": "13"},
        {"Hộ": "Hộ B", "Thửa đất / Số tờ": "4", "Thửa đất / Số thửa": "14"},
    ]
    assert files.rows(**declared, skip_last_rows=2) == expected
    stop = {"column": "Hộ", "values": ["Tổng cộng"]}
    assert files.rows(**declared, stop_at=stop) == expected
    # Without a declaration nothing is filled, and nothing is left out.
    plain = files.rows(**{**declared, "fill_down": []})
    assert [row["Hộ"] for row in plain] == ["Hộ A", None, None, "Hộ B", "Tổng cộng", None]
    assert "no row that ends the table" in files.refused(**declared, stop_at={"column": "Hộ", "values": ["Cộng"]})
    assert "no column Chủ" in files.refused(**declared, stop_at={"column": "Chủ", "values": ["x"]})
    assert "no column Chủ" in files.refused(**{**declared, "fill_down": ["Chủ"]})
    assert "fewer rows" in files.refused(**declared, skip_last_rows=7)
    assert "no header" in files.refused(format="excel", skip_rows=99)


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_days_are_read_by_the_first_day_of_the_workbook_formatted_or_not(files: Files, epoch_1904: bool) -> None:
    first = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)

    def write(made: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["ngay", "so"])
        for row, day in enumerate([date(1990, 2, 3), date(2024, 2, 29)], start=1):
            sheet.write_datetime(
                row, 0, datetime.fromisoformat(day.isoformat()), made.add_format({"num_format": "dd/mm/yyyy"})
            )
            sheet.write_number(row, 1, (day - first).days)
        sheet.write_row(3, 0, ["không rõ", "1980"])
        sheet.write_row(4, 1, [12.5])

    book(files.folder, write, date_1904=epoch_1904)
    rows = files.rows(format="excel", serial_dates=["so"])
    assert [row["ngay"] for row in rows] == ["1990-02-03", "2024-02-29", "không rõ", None]
    assert [row["so"] for row in rows][:2] == ["1990-02-03", "2024-02-29"]
    assert rows[3]["so"] == ("1904-01-13 12:00:00" if epoch_1904 else "1900-01-12 12:00:00")
    assert files.rows(format="excel")[0]["so"] == str((date(1990, 2, 3) - first).days)


@given(st.dates(date(1900, 3, 1), date(9999, 12, 31)))
def test_every_day_that_excel_counts_is_read(day: date) -> None:
    assert _convert_date(str((day - date(1899, 12, 30)).days), epoch_1904=False) == day.isoformat()
    if day >= date(1904, 1, 1):
        assert _convert_date(str((day - date(1904, 1, 1)).days), epoch_1904=True) == day.isoformat()


@pytest.mark.parametrize("text", ["60", "0", "0.5", "2958466", "9999999", "1e5", "", "12/05/2020", "-1"])
def test_what_is_no_day_of_excel_stays_as_it_is(text: str) -> None:
    assert _convert_date(text, epoch_1904=False) == text


def test_the_days_before_the_one_that_never_was(files: Files) -> None:
    assert (_convert_date("1", epoch_1904=False), _convert_date("59", epoch_1904=False)) == ("1900-01-01", "1900-02-28")
    assert _convert_date("61", epoch_1904=False) == "1900-03-01"


@given(st.integers(0, 16_383))
def test_columns_by_their_letters(column: int) -> None:
    assert _parse_cell(f"{_write_letters(column)}7") == (6, column)


def test_a_hidden_first_sheet_is_not_read_unless_it_is_named(files: Files) -> None:
    def write(made: Any, sheet: Any) -> None:
        sheet.write_column(0, 0, ["id", "1"])
        other = made.add_worksheet("Hiện")
        other.write_column(0, 0, ["id", "2"])
        other.activate()
        sheet.hide()

    book(files.folder, write)
    said = files.refused(format="excel")
    assert "hidden" in said
    assert "Sổ, Hiện" in said
    assert files.rows(format="excel", sheet="Hiện") == [{"id": "2"}]
    assert files.rows(format="excel", sheet="Sổ") == [{"id": "1"}]


def test_an_error_of_a_formula_is_not_nothing(files: Files) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 1, ["id", "so"])
        sheet.write(1, 1, 1)
        sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
        sheet.write_row(2, 1, [2, 5])
        sheet.write(3, 1, 3)

    book(files.folder, write)
    assert [row["so"] for row in files.rows(format="excel")] == ["#DIV/0!", "5", None]


def test_columns_of_one_name_are_told_apart_by_their_letters(files: Files) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 1, ["id", "Ghi chú", "Ghi chú", None, None])
        sheet.write_row(1, 1, [1, "a", "b", None, "c"])

    book(files.folder, write)
    assert files.rows(format="excel") == [{"id": "1", "Ghi chú (C)": "a", "Ghi chú (D)": "b", "__UNNAMED__4": "c"}]


def test_keys_of_workbooks_are_refused_for_other_formats(files: Files) -> None:
    files.write("a.csv", "id\n1\n")
    with pytest.raises(ValueError, match="fill_down requires format"):
        files.rows(fill_down=["id"])


LIMIT = 400_000_000
READ = """
import resource, sys
from pathlib import Path
from hub.errors import HubError
from hub.ingest.read import open_reader
from tests.system.reading import context
source = {"kind": "files", "folder": {"env": "TRIAL_FOLDER"}}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reader = open_reader(context(source, {"files": "*.xlsx", "format": "excel", "max_memory_bytes": %d}))
try:
    print("rows", sum(batch.frame.height for batch in reader.read(None)))
except HubError as error:
    print("refused", error)
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(own, child)
"""


def long_text(_: Any, sheet: Any) -> None:
    """100 KB that take 1.2 GB: 40,000 cells share one text of 30,000 letters."""
    for row in range(2_000):
        for column in range(20):
            sheet.write_string(row, column, f"c{column}" if row == 0 else "x" * 30_000)


def corners(_: Any, sheet: Any) -> None:
    """Two cells, in the first and in the last corner: 17 billion between them."""
    sheet.write(0, 0, "id")
    sheet.write(1_048_575, 16_383, "x")


@pytest.mark.parametrize("write", [long_text, corners])
def test_a_small_workbook_that_unpacks_to_gigabytes_is_refused_in_bounded_memory(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path, write)
    assert path.stat().st_size < 300_000
    monkeypatch.setenv("TRIAL_FOLDER", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", READ % LIMIT],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    said, memory = done.stdout.splitlines()
    assert "refused trial.people: a.xlsx: needs more memory to unpack than max_memory_bytes" in said
    own, child = (int(kib) * 1024 for kib in memory.split())
    assert own < 100_000_000
    assert child < LIMIT + 100_000_000
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY


def test_parts_that_unpack_to_far_more_than_any_table_are_refused_unread(files: Files) -> None:
    path = book(files.folder, lambda _, sheet: sheet.write(0, 0, "id"))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/bomb.xml", "w") as part:
        for _ in range(120):
            part.write(b" " * 1_000_000)
    assert "250 times its size" in files.refused(format="excel")
    assert "max_file_bytes" in files.refused(format="excel", max_file_bytes=10_000_000)


def test_a_zip_that_is_no_workbook_is_refused(files: Files) -> None:
    with zipfile.ZipFile(files.folder / "a.xlsx", "w") as archive:
        archive.writestr("content.xml", "<office/>")
    assert "not an Excel workbook" in files.refused(format="excel")
