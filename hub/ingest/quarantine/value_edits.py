"""Edits of one column, as a steward proposes them for many rejected rows at once. Pure: text in, text out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from hub.errors import OperationRefused
from hub.ingest.values.digit_forms import has_all_digits

MAX_TEXT_CHARS = 200
MAX_PAD_DIGITS = 64
DAY_FORMS: Mapping[str, str] = {
    "DAY_MONTH_YEAR": "%d/%m/%Y",
    "MONTH_DAY_YEAR": "%m/%d/%Y",
    "DAY_MONTH_YEAR_DASHES": "%d-%m-%Y",
    "DAY_MONTH_YEAR_DOTS": "%d.%m.%Y",
    "YEAR_MONTH_DAY": "%Y/%m/%d",
    "DAY_MONTH_YEAR_DIGITS": "%d%m%Y",
    "YEAR_MONTH_DAY_DIGITS": "%Y%m%d",
}
"""Forms of a day that an edit can read. A year of two digits does not say its century, so none of them has one."""


class EditKind(StrEnum):
    """What an edit does to a value."""

    REPLACE_VALUE = "REPLACE_VALUE"
    """The value becomes `to`: where it is `find`, or everywhere if `find` is empty."""
    REPLACE_TEXT = "REPLACE_TEXT"
    """Each `find` in the value becomes `to`."""
    PAD = "PAD"
    """Digits get leading zeros up to a length of `to`: a spreadsheet has dropped them. Digits that begin with a zero stay."""
    READ_DAY = "READ_DAY"
    """A day written in the form `find`, a key of DAY_FORMS, is written as YYYY-MM-DD."""
    EMPTY = "EMPTY"
    """The value is left out: where it is `find`, or everywhere if `find` is empty."""


@dataclass(frozen=True)
class ValueEdit:
    """One edit. Raises OperationRefused with EDIT_INVALID if it cannot be made."""

    kind: EditKind
    find: str = ""
    to: str = ""

    def __post_init__(self) -> None:
        if max(len(self.find), len(self.to)) > MAX_TEXT_CHARS:
            raise _refuse(f"a text of an edit has more than {MAX_TEXT_CHARS} characters", "write a shorter one")
        if self.kind is EditKind.REPLACE_TEXT and not self.find:
            raise _refuse("no text to replace was given", "say which text is to be replaced")
        if self.kind is EditKind.REPLACE_VALUE and not self.to:
            raise _refuse("no value was given", "give the value, or use EMPTY to leave it out")
        if self.kind is EditKind.READ_DAY and self.find not in DAY_FORMS:
            raise _refuse("there is no such form of a day", f"use one of: {', '.join(DAY_FORMS)}")
        if self.kind is EditKind.PAD and not (self.to.isdecimal() and 2 <= int(self.to) <= MAX_PAD_DIGITS):
            raise _refuse("the length is not a number of digits", f"give 2 to {MAX_PAD_DIGITS}, e.g. 12")

    def apply(self, text: str | None) -> str | None:
        """The value that stands instead; the same text if the edit is not about it."""
        return _EDITS[self.kind](self, text)


def _refuse(message: str, next_step: str) -> OperationRefused:
    return OperationRefused(message, code="EDIT_INVALID", next_step=next_step)


def _replace_value(edit: ValueEdit, text: str | None) -> str | None:
    return edit.to if edit.find in ("", text) else text


def _replace_text(edit: ValueEdit, text: str | None) -> str | None:
    return text if text is None else text.replace(edit.find, edit.to)


def _pad(edit: ValueEdit, text: str | None) -> str | None:
    digits = "" if text is None else text.strip()
    # Whatever drops leading zeros drops all of them: digits that begin with one have lost another digit, and a zero would make them somebody
    # else's number.
    is_left = not digits.isdecimal() or digits.startswith("0")
    return text if is_left else digits.zfill(int(edit.to))


def _read_day(edit: ValueEdit, text: str | None) -> str | None:
    if text is None:
        return None
    form, written = DAY_FORMS[edit.find], text.strip()
    try:
        day = datetime.strptime(written, form).replace(tzinfo=UTC)
    except ValueError:
        return text
    return f"{day:%Y-%m-%d}" if has_all_digits(written, form) else text


def _empty(edit: ValueEdit, text: str | None) -> str | None:
    return None if edit.find in ("", text) else text


_EDITS: Mapping[EditKind, Callable[[ValueEdit, str | None], str | None]] = {
    EditKind.REPLACE_VALUE: _replace_value,
    EditKind.REPLACE_TEXT: _replace_text,
    EditKind.PAD: _pad,
    EditKind.READ_DAY: _read_day,
    EditKind.EMPTY: _empty,
}
