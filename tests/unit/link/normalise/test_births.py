"""Birth dates: every form, how precise it is, and what is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.link.normalise.births import FIRST_YEAR, LAST_YEAR, UNKNOWN, Birth, Precision, read_birth

D, M, Y = Precision.DAY, Precision.MONTH, Precision.YEAR

READ = (
    ("14/05/1980", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("4-5-1980", Birth(date(1980, 5, 4), 5, 1980, D, date(1980, 4, 5))),
    ("05.05.1980", Birth(date(1980, 5, 5), 5, 1980, D, None)),
    ("1980-05-14", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("1980-05-14 00:00:00", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("1980-05-14T00:00:00Z", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("19800514", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("14051980", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("ngày 14 tháng 5 năm 1980", Birth(date(1980, 5, 14), 5, 1980, D, None)),
    ("03/25/1954", Birth(date(1954, 3, 25), 3, 1954, D, None)),
    ("05/1980", Birth(None, 5, 1980, M, None)),
    ("1980-05", Birth(None, 5, 1980, M, None)),
    ("00/05/1980", Birth(None, 5, 1980, M, None)),
    ("1980-05-XX", Birth(None, 5, 1980, M, None)),
    ("1980", Birth(None, None, 1980, Y, None)),
    ("1980~", Birth(None, None, 1980, Y, None)),
    ("1980?", Birth(None, None, 1980, Y, None)),
    ("1980-XX-XX", Birth(None, None, 1980, Y, None)),
    ("00/00/1980", Birth(None, None, 1980, Y, None)),
    ("Sinh năm 1980", Birth(None, None, 1980, Y, None)),
    ("SN1980", Birth(None, None, 1980, Y, None)),
    ("1980.0", Birth(None, None, 1980, Y, None)),
    ("31/02/1980", Birth(None, None, 1980, Y, None)),
    ("13/13/1980", Birth(None, None, 1980, Y, None)),
)


@pytest.mark.parametrize(("text", "birth"), READ)
def test_forms(text: str, birth: Birth) -> None:
    assert read_birth(text) == birth


@pytest.mark.parametrize(
    "text", ["", "80", "14/05/80", "1700", "1879", "195X", "không rõ", "/1980", "14/05/19800", "32196"]
)
def test_what_says_no_year_is_unknown(text: str) -> None:
    assert read_birth(text) == UNKNOWN


days = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


@given(days, st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d %m %Y", "%Y%m%d", "%d%m%Y", "%d/%m/%Y 00:00:00", "ngày %d tháng %m năm %Y"]))  # fmt: skip
def test_a_day_reads_back(day: date, form: str) -> None:
    birth = read_birth(day.strftime(form))
    assert (birth.day, birth.month, birth.year, birth.precision) == (day, day.month, day.year, D)
    exchanged = date(day.year, day.day, day.month) if day.day <= 12 and day.day != day.month else None
    assert birth.swapped == exchanged


@given(days, st.sampled_from(["%m/%Y", "%Y-%m"]))
def test_a_month_reads_back(day: date, form: str) -> None:
    assert read_birth(day.strftime(form)) == Birth(None, day.month, day.year, M, None)


@given(days)
def test_a_year_reads_back(day: date) -> None:
    assert read_birth(str(day.year)) == Birth(None, None, day.year, Y, None)


@given(st.one_of(st.text(max_size=20), st.text("0123456789/-. X?~", max_size=12)))
def test_any_text_is_read(text: str) -> None:
    birth = read_birth(text)
    assert (birth.year is None) == (birth.precision is Precision.NONE)
    assert (birth.day is not None) == (birth.precision is D)
    assert birth.year is None or FIRST_YEAR <= birth.year <= LAST_YEAR
