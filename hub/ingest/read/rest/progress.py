"""The progress of an incremental read, and the states that store it.

    {"since": "…"}                                   the end of a read: the next begins there
    {"since": "…", "at": {"kind": "page", "value": 7, "first": "…"}, "high": "…", "began": "…"}     in the middle of one

`since` is absent until the first read has ended. `at` is a page: its number, offset, token or address. `first` is a
hash of the key of its first row, if pages may shift. Nothing else is kept, so a state does not grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hub.errors import SourceUnavailable
from hub.ingest.read.json_rows import JsonRow, get_at_path
from hub.ingest.read.reader import ReaderContext, ReadState
from hub.ingest.read.rest.watermark import Watermark, Watermarks, find_highest
from hub.sdk.streams import Since


@dataclass(frozen=True)
class PagePlace:
    """A page to continue at."""

    kind: str
    value: int | str
    first: str | None = None


class ReadProgress:
    """The progress of an incremental read. For a full read it keeps nothing and yields no states."""

    def __init__(self, where: str, marks: Watermarks | None, state: ReadState | None) -> None:
        self.where, self.marks = where, marks
        kept: ReadState = (state or {}) if marks else {}
        self.since = _load_mark(marks, kept, "since")
        self.high = _load_mark(marks, kept, "high")
        self.began = datetime.fromisoformat(kept["began"]) if "began" in kept else datetime.now(UTC)
        self.place = PagePlace(**kept["at"]) if "at" in kept else None
        self.rows = 0

    @classmethod
    def load(cls, context: ReaderContext, since: Since | None, state: ReadState | None) -> "ReadProgress":
        """Return the progress of a stream that continues from a state."""
        cursor, zone = context.stream.cursor, ZoneInfo(context.manifest.source.timezone)
        return cls(context.where, Watermarks(cursor, since, zone) if cursor and since else None, state)

    def restart(self) -> "ReadProgress":
        """Restart the same read from its first page."""
        return ReadProgress(self.where, self.marks, self._build_since_state(self.since))

    @property
    def since_parameter(self) -> str | None:
        """The value of the parameter that requests changes; None for everything."""
        return self.marks.format_request(self.since) if self.marks and self.since is not None else None

    def note_source_clock(self, clock: datetime | None) -> None:
        """Take the source's clock into account: if it is behind, so are its change times."""
        if clock is not None:
            self.began = min(self.began, clock)

    def note_rows(self, rows: Sequence[JsonRow]) -> None:
        """Take the change times of rows into account; the highest is kept."""
        if self.marks is None or not rows:
            return
        stamps = [get_at_path(row, self.marks.cursor.column) for row in rows]
        seen = self.marks.find_highest(
            {str(s) for s in stamps if isinstance(s, str | int | float) and not isinstance(s, bool)}
        )
        self.rows += len(rows)
        self.high = find_highest(self.high, seen)

    def build_middle_state(self, place: PagePlace | None) -> ReadState | None:
        """Return the state that continues at a page of this read. None if reading cannot continue there."""
        if self.marks is None or place is None:
            return None
        high = {"high": self.marks.format_state(self.high)} if self.high is not None else {}
        at = {name: value for name, value in vars(place).items() if value is not None}
        return {**(self._build_since_state(self.since) or {}), "at": at, **high, "began": self.began.isoformat()}

    def build_end_state(self) -> ReadState | None:
        """Return the state from which the next read begins: the earlier one if no row had a readable change time.

        Raises SourceUnavailable if that happens on a first read: then the cursor is declared wrongly.
        """
        if self.marks is None:
            return None
        if self.rows and self.high is None and self.since is None:
            raise SourceUnavailable(
                f"{self.where}: no row has a {self.marks.cursor.kind} in {self.marks.cursor.column}",
                next_step="check cursor and since.format in the manifest",
            )
        return self._build_since_state(self.marks.advance(self.since, self.high, self.began))

    def _build_since_state(self, mark: Watermark | None) -> ReadState | None:
        return {"since": self.marks.format_state(mark)} if self.marks and mark is not None else None


def _load_mark(marks: Watermarks | None, state: ReadState, name: str) -> Watermark | None:
    return marks.parse_state(state[name]) if marks and name in state else None
