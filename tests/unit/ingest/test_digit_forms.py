"""Times without separators: every reader takes what has all of its digits, and nothing that has two readings."""

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.read.rest.watermark import Watermarks
from hub.ingest.values.digit_forms import find_digit_form, has_all_digits
from hub.ingest.values.parse_values import parse_day
from hub.sdk.streams import Cursor, Since

TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)).map(lambda time: time.replace(microsecond=0))  # noqa: DTZ001 - forms have no zone
PATTERNS = st.sampled_from(["%Y%m%d", "%d%m%Y", "%Y%m%d%H%M%S", "%d%m%Y %H:%M", "%Y%j"])
ZONE = "Asia/Ho_Chi_Minh"


def read_day(text: str, pattern: str) -> str | None:
    found: str | None = pl.select(parse_day(pl.lit(text), pattern, ZONE)).item()
    return found


@given(TIMES, PATTERNS)
def test_what_is_written_in_full_is_read(time: datetime, pattern: str) -> None:
    text = f"{time:{pattern}}"
    assert has_all_digits(text, pattern)
    assert read_day(text, pattern) == f"{time:%Y-%m-%d}"


@given(TIMES, PATTERNS, st.data())
def test_no_reader_takes_what_lacks_a_digit(time: datetime, pattern: str, data: st.DataObject) -> None:
    text = f"{time:{pattern}}"
    digits = range(len(text.partition(" ")[0]))
    place = data.draw(st.sampled_from(digits))
    short = text[:place] + text[place + 1 :]
    assert not has_all_digits(short, pattern)
    assert read_day(short, pattern) is None


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%Y-%m-%d %H:%M", "%Y"])
def test_parts_with_separators_may_be_short(pattern: str) -> None:
    assert find_digit_form(pattern) is None


def test_a_cursor_without_all_digits_has_no_place() -> None:
    marks = Watermarks(
        Cursor.model_validate({"column": "changed"}),
        Since.model_validate({"parameter": "since", "format": "%Y%m%d%H%M"}),
        ZoneInfo(ZONE),
    )
    assert marks.parse("202511210905") == datetime(2025, 11, 21, 9, 5, tzinfo=ZoneInfo(ZONE))
    assert marks.parse("20251121905") is None
