"""Pseudonyms: rows of a source made rows of nobody. Their form stays: valid values remain valid, broken values remain broken
still, and the same value is the same everywhere, so that records still refer to each other.

Digits and letters are replaced by a keyed digest; the key is made for one draft and kept nowhere. Names come from a list, days
move by up to half a year, codes of code lists and administrative units stay.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.draft.field_proposals import DATE_FORMATS, FieldProposal
from hub.model.registry import Entity
from schema import units
from schema.values import CodeList, Value, ValueRejected

FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")
MIDDLE = ("Văn", "Thị", "Đức", "Ngọc", "Minh", "Thu", "Quang", "Hồng")
GIVEN = (
    "An",
    "Bình",
    "Chi",
    "Dũng",
    "Giang",
    "Hà",
    "Hoà",
    "Khánh",
    "Lan",
    "Mai",
    "Nam",
    "Oanh",
    "Phúc",
    "Quân",
    "Thảo",
    "Tú",
)
MAX_TRIES = 200
"""A number with a check digit is found in eleven tries on average."""
TIME = re.compile(r"^(\d{4}-\d{2}-\d{2})([T ].*)?$")
NUMBER = re.compile(r"^[0-9]{1,8}$")
UNIT = re.compile(r"^[0-9]{2,5}$")
MARK = re.compile(r"^(.|[A-Z]{2,3})$")
"""A flag or a short code, by which conditions, tombstones and codes of a mapping choose: nobody is known by it."""
NOTHING = re.compile(r"^[0\s/.:T-]+$")
"""A zero date, or zeros: what sources write for no value."""
OPEN_ENDED = ("9999", "31/12/9999", "31-12-9999")
"""How a day without end begins."""
MOST_ZEROS_LOST = 3
"""Zeros that a number may have lost in front, which a mapping puts back."""


class Pseudonyms:
    """What stands for what, for one draft."""

    def __init__(
        self, entity: Entity, proposals: Sequence[FieldProposal], *, keys: Sequence[str] = (), kept: Sequence[str] = ()
    ) -> None:
        self.secret = secrets.token_bytes(32)
        self.kept = frozenset(kept)
        self.keys = frozenset(keys)
        self.numbers: dict[str, str] = {}
        self.kinds: dict[str, type[Value]] = {p.column: entity.column(p.field).value for p in proposals}
        self.names = {p.column for p in proposals if p.field == "name" or p.field.endswith("_name")}

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The rows, of nobody."""
        return [{name: self._value(name, value) for name, value in row.items()} for row in rows]

    def _value(self, path: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._value(f"{path}.{name}", inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(path, inner) for inner in value]
        if value is None or isinstance(value, bool) or path in self.kept:
            return value
        if path in self.keys and NUMBER.match(str(value)):
            # So few numbers would meet; in the order in which they come they say nothing.
            text = str(value)
            number = self.numbers.setdefault(text, str(len(self.numbers) + 1))
            return type(value)(number.zfill(len(text)) if text.startswith("0") else number)
        if isinstance(value, int | float) and MARK.match(str(abs(value))):
            return value
        if isinstance(value, int | float):
            changed = self._shuffled(str(abs(value)), 0)
            return type(value)(changed) * (-1 if value < 0 else 1)
        return self._text(path, str(value))

    def _text(self, path: str, text: str) -> str:
        kind = self.kinds.get(path)
        if (kind is not None and issubclass(kind, CodeList)) or not text.strip() or _is_unit(text):
            return text
        if path in self.names or (kind is not None and kind.name_search):
            return self._name(text)
        if MARK.match(text) or NOTHING.match(text) or text.startswith(OPEN_ENDED):
            return text
        if (moved := self._moved(text)) is not None:
            return moved
        lost = _restore_zeros(kind, text) if kind is not None else None
        for salt in range(MAX_TRIES):
            made = self._shuffled(text, salt)
            if kind is None or lost is None or _keeps_form(kind, lost + made):
                return made
        return kind.examples[0] if kind is not None and kind.examples else text[:1]

    def _name(self, text: str) -> str:
        digest = self._digest(text, 0)
        words = [FAMILY[digest[0] % len(FAMILY)], MIDDLE[digest[1] % len(MIDDLE)], GIVEN[digest[2] % len(GIVEN)]]
        broken = re.sub(r"[^0-9]", "", text)
        name = " ".join([*words, *([self._shuffled(broken, 0)] if broken else [])])
        return name.upper() if text.isupper() else name

    def _moved(self, text: str) -> str | None:
        """Another day, in the same form; None if the text is no day."""
        digest = self._digest(text, 0)
        days = timedelta(days=digest[0] % 181 - 90)
        if found := TIME.match(text):
            try:
                return (datetime.fromisoformat(found[1]) + days).date().isoformat() + (found[2] or "")
            except ValueError:
                return None
        for pattern in DATE_FORMATS:
            try:
                day = datetime.strptime(text, pattern)  # noqa: DTZ007  # a day has no zone
            except ValueError:
                continue
            # Six digits can be taken for a day of one-digit months, and are a number.
            if 1900 <= day.year <= 2100 and (pattern != "%Y%m%d" or len(text) == len("20260131")):
                return (day + days).strftime(pattern)
        return None

    def _shuffled(self, text: str, salt: int) -> str:
        """Other digits for digits and other letters for letters, by the value alone."""
        stream = b"".join(self._digest(text, salt * 64 + part) for part in range(len(text) // 32 + 1))
        zeros = len(text) - len(text.lstrip("0"))
        return "".join(
            _replace_character(old, byte, first=at <= zeros)
            for at, (old, byte) in enumerate(zip(text, stream, strict=False))
        )

    def _digest(self, text: str, salt: int) -> bytes:
        return hmac.new(self.secret, f"{salt}:{text}".encode(), hashlib.sha256).digest()


def _replace_character(old: str, byte: int, *, first: bool) -> str:
    if old.isascii() and old.isdigit():
        # A number that did not begin with 0 does not begin with it.
        return str(byte % 9 + 1) if first and old != "0" else "0" if first else str(byte % 10)
    if old.isalpha():
        letters = "abcdeghiklmnopqrstuvxy"
        new = letters[byte % len(letters)]
        return new.upper() if old.isupper() else new
    return old


def _keeps_form(kind: type[Value], text: str) -> bool:
    try:
        kind.parse(text)
    except ValueRejected:
        return False
    return True


def _restore_zeros(kind: type[Value], text: str) -> str | None:
    """The zeros without which the text is no value of this kind, usually none; None if zeros do not make it one."""
    return next((zeros for n in range(MOST_ZEROS_LOST + 1) if _keeps_form(kind, (zeros := "0" * n) + text)), None)


def _is_unit(text: str) -> bool:
    """Whether it is the code of an administrative unit: places are nobody."""
    return UNIT.match(text) is not None and text in units.read_eras()
