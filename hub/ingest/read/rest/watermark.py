"""Where an incremental read begins: a time or number that grows with every change at the source.

Three clocks are at work: the source's, which stamps rows; the hub's; and the order in which changes become visible, which is
neither. So a read begins `overlap` before the highest stamp seen, and never counts a stamp after its own beginning: a row that
changed while the pages were read may have been passed over, and a source whose clock is ahead stamps what has not happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from hub.sdk.streams import Cursor, Since

Mark = datetime | Decimal
"""A time, aware; or a number."""


@dataclass(frozen=True)
class Marks:
    """Reads and writes the marks of one stream. Times without a zone are of `zone`."""

    cursor: Cursor
    since: Since
    zone: ZoneInfo

    def of(self, text: str) -> Mark | None:
        """A mark as a row writes it: as `since.format` says, or ISO 8601; None where it is neither."""
        text = text.strip()
        if self.cursor.kind == "number":
            return _number(text)
        try:
            return self._aware(self._as_declared(text))
        except (ValueError, OverflowError, OSError):
            pass
        try:
            return self._aware(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            return None

    def highest(self, texts: Iterable[str]) -> Mark | None:
        """The highest of them; None where none can be read."""
        return highest(*map(self.of, texts))

    def asked(self, mark: Mark) -> str:
        """What the request says, to get every row from `overlap` before the mark on."""
        if isinstance(mark, Decimal):
            return f"{mark - self.cursor.overlap_numbers:f}"
        begins = (mark - self.cursor.overlap).astimezone(UTC)
        if self.since.format == "iso":
            return begins.isoformat().replace("+00:00", "Z")
        if self.since.format == "epoch":
            return str(int(begins.timestamp()))
        return begins.astimezone(self.zone).strftime(self.since.format)

    def stored(self, mark: Mark) -> str:
        """As a state holds it."""
        return f"{mark:f}" if isinstance(mark, Decimal) else mark.astimezone(UTC).isoformat()

    def restored(self, text: str) -> Mark:
        """What `stored` wrote."""
        return Decimal(text) if self.cursor.kind == "number" else datetime.fromisoformat(text)

    def moved(self, before: Mark | None, seen: Mark | None, began: datetime) -> Mark | None:
        """Where the next read begins: the highest seen, yet not after this one began, and never before `before`."""
        if isinstance(seen, datetime):
            seen = min(seen, began)
        return highest(before, seen)

    def _as_declared(self, text: str) -> datetime:
        if self.since.format == "iso":
            return datetime.fromisoformat(text)
        if self.since.format == "epoch":
            return datetime.fromtimestamp(float(text), UTC)
        return datetime.strptime(text, self.since.format)  # noqa: DTZ007  # `_aware` gives it its zone

    def _aware(self, time: datetime) -> datetime:
        return (time if time.tzinfo else time.replace(tzinfo=self.zone)).astimezone(UTC)


def highest(*marks: Mark | None) -> Mark | None:
    """The highest of the marks of one stream, which are all times or all numbers; None of none."""
    return max((mark for mark in marks if mark is not None), default=None)


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
