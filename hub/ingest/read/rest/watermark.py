"""Watermark: where an incremental read begins, a time or number that grows with every change at the source.

Three clocks are involved: the source's, which stamps rows; the hub's; and the order in which changes become visible,
which is neither. A read therefore begins `overlap` before the highest change time seen, and never counts one later than
its own start: a row that changed while pages were read may have been missed, and a source whose clock is ahead stamps
rows in the future.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from hub.ingest.values.digit_forms import has_all_digits, parse_iso_time
from hub.sdk.streams import Cursor, Since

Watermark = datetime | Decimal
"""An aware time, or a number."""


@dataclass(frozen=True)
class Watermarks:
    """Parses and formats the watermarks of one stream. Times without a zone are in `zone`."""

    cursor: Cursor
    since: Since
    zone: ZoneInfo

    def parse(self, text: str) -> Watermark | None:
        """Parse a watermark as a row writes it: by `since.format` or as ISO 8601. None if it is neither."""
        text = text.strip()
        if self.cursor.kind == "number":
            return _parse_number(text)
        try:
            return self._aware(self._parse_declared(text))
        except (ValueError, OverflowError, OSError):
            pass
        try:
            return self._aware(parse_iso_time(text))
        except (ValueError, OverflowError):
            return None

    def find_highest(self, texts: Iterable[str]) -> Watermark | None:
        """Return the highest of several texts; None if none can be parsed."""
        return find_highest(*map(self.parse, texts))

    def format_request(self, mark: Watermark) -> str:
        """Return the request value that selects every row from `overlap` before the watermark on."""
        if isinstance(mark, Decimal):
            return f"{mark - self.cursor.overlap_numbers:f}"
        begins = (mark - self.cursor.overlap).astimezone(UTC)
        if self.since.format == "iso":
            return begins.isoformat().replace("+00:00", "Z")
        if self.since.format == "epoch":
            return str(int(begins.timestamp()))
        return begins.astimezone(self.zone).strftime(self.since.format)

    def format_state(self, mark: Watermark) -> str:
        """Format a watermark for a state."""
        return f"{mark:f}" if isinstance(mark, Decimal) else mark.astimezone(UTC).isoformat()

    def parse_state(self, text: str) -> Watermark:
        """Parse what `format_state` wrote."""
        return Decimal(text) if self.cursor.kind == "number" else datetime.fromisoformat(text)

    def advance(self, before: Watermark | None, seen: Watermark | None, began: datetime) -> Watermark | None:
        """Return where the next read begins: the highest seen, but not after this read began, and never before
        `before`.
        """
        if isinstance(seen, datetime):
            seen = min(seen, began)
        return find_highest(before, seen)

    def _parse_declared(self, text: str) -> datetime:
        if self.since.format == "iso":
            return parse_iso_time(text)
        if self.since.format == "epoch":
            return datetime.fromtimestamp(float(text), UTC)
        if not has_all_digits(text, self.since.format):
            raise ValueError(text)
        return datetime.strptime(text, self.since.format)  # noqa: DTZ007  # `_aware` adds the zone

    def _aware(self, time: datetime) -> datetime:
        return (time if time.tzinfo else time.replace(tzinfo=self.zone)).astimezone(UTC)


def find_highest(*marks: Watermark | None) -> Watermark | None:
    """Return the highest watermark of one stream (all times or all numbers). None if there are none."""
    return max((mark for mark in marks if mark is not None), default=None)


def _parse_number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
