"""Edits of rejected values: what is read back is the day that was written, and what has two readings stays as it was."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import OperationRefused
from hub.ingest.quarantine.value_edits import DAY_FORMS, EditKind, ValueEdit

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
FORMS = st.sampled_from(sorted(DAY_FORMS))
DIGITS_ONLY = st.sampled_from(["DAY_MONTH_YEAR_DIGITS", "YEAR_MONTH_DAY_DIGITS"])


@given(DAYS, FORMS)
def test_a_day_is_read_as_it_was_written(day: date, form: str) -> None:
    assert ValueEdit(EditKind.READ_DAY, find=form).apply(f" {day:{DAY_FORMS[form]}} ") == day.isoformat()


@given(DAYS, DIGITS_ONLY, st.data())
def test_digits_with_one_missing_stay_as_they_were(day: date, form: str, data: st.DataObject) -> None:
    text = f"{day:{DAY_FORMS[form]}}"
    place = data.draw(st.integers(0, len(text) - 1))
    short = text[:place] + text[place + 1 :]
    assert ValueEdit(EditKind.READ_DAY, find=form).apply(short) == short


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (ValueEdit(EditKind.REPLACE_VALUE, find="khac", to="OTHER"), "khac", "OTHER"),
        (ValueEdit(EditKind.REPLACE_VALUE, find="khac", to="OTHER"), "khác", "khác"),
        (ValueEdit(EditKind.REPLACE_VALUE, to="OTHER"), None, "OTHER"),
        (ValueEdit(EditKind.REPLACE_TEXT, find=".", to=""), "1.250.000", "1250000"),
        (ValueEdit(EditKind.PAD, to="12"), " 22085001234 ", "022085001234"),
        (ValueEdit(EditKind.PAD, to="12"), "22O85001234", "22O85001234"),
        (ValueEdit(EditKind.PAD, to="12"), "02208500123", "02208500123"),
        (ValueEdit(EditKind.PAD, to="12"), None, None),
        (ValueEdit(EditKind.EMPTY, find="0000-00-00"), "0000-00-00", None),
        (ValueEdit(EditKind.EMPTY, find="0000-00-00"), "1980-05-14", "1980-05-14"),
    ],
)
def test_edits(edit: ValueEdit, before: str | None, after: str | None) -> None:
    assert edit.apply(before) == after


@pytest.mark.parametrize(
    ("kind", "find", "to"),
    [
        (EditKind.REPLACE_TEXT, "", "x"),
        (EditKind.REPLACE_VALUE, "x", ""),
        (EditKind.READ_DAY, "%d/%m/%y", ""),
        (EditKind.PAD, "", "1"),
        (EditKind.PAD, "", "twelve"),
        (EditKind.EMPTY, "x" * 201, ""),
    ],
)
def test_edits_that_cannot_be_made_are_refused(kind: EditKind, find: str, to: str) -> None:
    with pytest.raises(OperationRefused):
        ValueEdit(kind, find, to)
