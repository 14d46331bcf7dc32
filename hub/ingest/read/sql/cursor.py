"""Where an incremental read of a table begins and ends. Pure: texts in, texts out.

`since` is the highest cursor that the source had when a read began, but no time later than that beginning: rows that come
meanwhile are found by the next read, and a source whose clock runs ahead loses nothing. A read begins `overlap` before
`since`, for rows that are written late.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from hub.errors import SourceUnavailable
from hub.sdk.streams import Cursor

CLOCKS_APART = timedelta(days=1)
"""How far ahead of ours a source's clock may be, its zone included, before a time counts as none that a clock says."""


@dataclass(frozen=True)
class Marks:
    """The cursor of one stream. `kind` is how the column compares, `zone` where its times are that have no offset."""

    where: str
    cursor: Cursor
    kind: str
    zone: ZoneInfo

    def low(self, since: str) -> str:
        """The lowest cursor to read, as text that compares with the column."""
        if self.cursor.kind == "number":
            return format(self._number(since) - self.cursor.overlap_numbers, "f")
        moment = self._time(since) - self.cursor.overlap
        if self.kind == "date":
            return moment.date().isoformat()
        separator = "T" if "T" in since else " "
        if self.kind == "time":
            return moment.isoformat(sep=" ")
        # Times in a text column compare as text: a beginning sorts before all that begin so.
        return moment.replace(tzinfo=None).isoformat(sep=separator, timespec="seconds")

    def latest(self, began: datetime) -> str:
        """The latest cursor that a change can have by then, a day allowed for clocks and zones; text that compares with the column."""
        moment = (began + CLOCKS_APART).astimezone(self.zone).replace(tzinfo=None)
        return moment.isoformat(sep=" ", timespec="seconds") if self.kind == "time" else moment.date().isoformat()

    def next(self, since: str | None, highest: str | None, began: datetime) -> str | None:
        """The `since` of a read that began then and found the source at `highest`. Never before `since`."""
        if highest is None:
            return since
        if self.cursor.kind == "number":
            self._number(highest)
            return highest if since is None or self._number(highest) > self._number(since) else since
        if self._aware(highest) > began:
            highest = self._written(began, highest)
        return highest if since is None or self._aware(highest) > self._aware(since) else since

    def _written(self, moment: datetime, like: str) -> str:
        """A time in the form of another: with an offset or without one."""
        zone = self._time(like).tzinfo
        written = moment.astimezone(zone or self.zone)
        separator = "T" if "T" in like else " "
        return (written if zone else written.replace(tzinfo=None)).isoformat(sep=separator)

    def _aware(self, text: str) -> datetime:
        moment = self._time(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def _time(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self._unreadable("time in ISO form") from None
        # A year that cannot be moved by an overlap or a zone is a mark such as "never", and no time.
        return found if 1900 < found.year < 9999 else datetime.combine(found, time.min, found.tzinfo or UTC)

    def _number(self, text: str) -> Decimal:
        try:
            return Decimal(text)
        except InvalidOperation:
            raise self._unreadable("number") from None

    def _unreadable(self, kind: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: the highest {self.cursor.column} is no {kind}",
            next_step="ask the owner what the column holds; correct the cursor in the manifest",
        )
