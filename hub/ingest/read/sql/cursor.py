"""Cursor range: where an incremental read of a table begins and ends. Pure: texts in, texts out.

`since` is the highest cursor that the source had when a read began, but no later than that time: rows that arrive in
the meantime are found by the next read, and a source with a fast clock loses nothing. A read begins `overlap` before
`since`, for rows that are written late.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from hub.errors import SourceUnavailable
from hub.ingest.values.digit_forms import parse_iso_time
from hub.sdk.streams import Cursor

MAX_CLOCK_LEAD = timedelta(days=1)
"""How far a source's clock may be ahead of ours, including its zone. A later time is not considered to come from a
clock.
"""


@dataclass(frozen=True)
class CursorRange:
    """The cursor of one stream. `kind` is how the column compares, `zone` the zone of times without an offset."""

    where: str
    cursor: Cursor
    kind: str
    zone: ZoneInfo

    def find_low(self, since: str) -> str:
        """Return the lowest cursor to read, as text that compares with the column."""
        if self.cursor.kind == "number":
            return format(self._parse_number(since) - self.cursor.overlap_numbers, "f")
        moment = self._parse_time(since) - self.cursor.overlap
        if self.kind == "date":
            return moment.date().isoformat()
        separator = "T" if "T" in since else " "
        if self.kind == "time":
            return moment.isoformat(sep=" ")
        # Times in a text column compare as text: a prefix sorts before everything that begins with it.
        return moment.replace(tzinfo=None).isoformat(sep=separator, timespec="seconds")

    def find_latest(self, began: datetime) -> str:
        """Return the latest cursor that a change can have by then, as text that compares with the column.

        Allows a day for clocks and zones.
        """
        moment = (began + MAX_CLOCK_LEAD).astimezone(self.zone).replace(tzinfo=None)
        return moment.isoformat(sep=" ", timespec="seconds") if self.kind == "time" else moment.date().isoformat()

    def advance(self, since: str | None, highest: str | None, began: datetime) -> str | None:
        """Return the `since` after a read that began then and found the source at `highest`. Never before `since`."""
        if highest is None:
            return since
        if self.cursor.kind == "number":
            self._parse_number(highest)
            return highest if since is None or self._parse_number(highest) > self._parse_number(since) else since
        if self._parse_aware(highest) > began:
            highest = self._write_like(began, highest)
        return highest if since is None or self._parse_aware(highest) > self._parse_aware(since) else since

    def _write_like(self, moment: datetime, like: str) -> str:
        """Write a time in the same form as another: with or without an offset."""
        zone = self._parse_time(like).tzinfo
        written = moment.astimezone(zone or self.zone)
        separator = "T" if "T" in like else " "
        return (written if zone else written.replace(tzinfo=None)).isoformat(sep=separator)

    def _parse_aware(self, text: str) -> datetime:
        moment = self._parse_time(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def _parse_time(self, text: str) -> datetime:
        try:
            found = parse_iso_time(text)
        except ValueError:
            raise self._describe_unreadable("time in ISO 8601 form, e.g. 2025-07-01T08:00:00") from None
        # A year that an overlap or a zone cannot move marks "never"; it is not a time.
        return found if 1900 < found.year < 9999 else datetime.combine(found, time.min, found.tzinfo or UTC)

    def _parse_number(self, text: str) -> Decimal:
        try:
            return Decimal(text)
        except InvalidOperation:
            raise self._describe_unreadable("number") from None

    def _describe_unreadable(self, kind: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: the highest {self.cursor.column} is not a {kind}",
            next_step="ask the owner what the column holds, then correct `cursor` in the manifest",
        )
