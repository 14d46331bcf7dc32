"""How far an incremental read is, and the states that say so.

    {"since": "…"}                                   the end of a read: the next begins there
    {"since": "…", "at": {"kind": "page", "value": 7, "first": "…"}, "high": "…", "began": "…"}     in the middle of one

`since` is absent before the first read has ended. `at` is a page: its number, offset, token or address; `first` is a hash of the
key of its first row where pages may move. Nothing else is kept: a state does not grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hub.errors import SourceUnavailable
from hub.ingest.read.json_rows import Row, dig
from hub.ingest.read.reader import Context, State
from hub.ingest.read.rest.watermark import Mark, Marks, highest
from hub.sdk.streams import Since


@dataclass(frozen=True)
class Place:
    """A page to go on at."""

    kind: str
    value: int | str
    first: str | None = None


class Progress:
    """An incremental read as it goes. Of a full one it keeps nothing, and gives no states."""

    def __init__(self, where: str, marks: Marks | None, state: State | None) -> None:
        self.where, self.marks = where, marks
        kept: State = (state or {}) if marks else {}
        self.since = _mark(marks, kept, "since")
        self.high = _mark(marks, kept, "high")
        self.began = datetime.fromisoformat(kept["began"]) if "began" in kept else datetime.now(UTC)
        self.place = Place(**kept["at"]) if "at" in kept else None
        self.rows = 0

    @classmethod
    def of(cls, context: Context, since: Since | None, state: State | None) -> "Progress":
        """The progress of a stream that goes on from a state."""
        cursor, zone = context.stream.cursor, ZoneInfo(context.manifest.source.timezone)
        return cls(context.where, Marks(cursor, since, zone) if cursor and since else None, state)

    def anew(self) -> "Progress":
        """The same read, from its first page."""
        return Progress(self.where, self.marks, self._since(self.since))

    @property
    def asked(self) -> str | None:
        """The value of the parameter that asks for changes; None for everything."""
        return self.marks.asked(self.since) if self.marks and self.since is not None else None

    def source_clock(self, clock: datetime | None) -> None:
        """Take account of the source's own time: where it is behind, its stamps are, too."""
        if clock is not None:
            self.began = min(self.began, clock)

    def see(self, rows: Sequence[Row]) -> None:
        """Take account of the stamps of rows; the highest is kept."""
        if self.marks is None or not rows:
            return
        stamps = [dig(row, self.marks.cursor.column) for row in rows]
        seen = self.marks.highest(
            {str(s) for s in stamps if isinstance(s, str | int | float) and not isinstance(s, bool)}
        )
        self.rows += len(rows)
        self.high = highest(self.high, seen)

    def middle(self, place: Place | None) -> State | None:
        """The state that goes on at a page of this read; None where none can."""
        if self.marks is None or place is None:
            return None
        high = {"high": self.marks.stored(self.high)} if self.high is not None else {}
        at = {name: value for name, value in vars(place).items() if value is not None}
        return {**(self._since(self.since) or {}), "at": at, **high, "began": self.began.isoformat()}

    def end(self) -> State | None:
        """The state from which the next read begins: the one before, if no row had a stamp that can be read.

        Raises SourceUnavailable if that is so of a first read: the cursor is declared wrongly then.
        """
        if self.marks is None:
            return None
        if self.rows and self.high is None and self.since is None:
            raise SourceUnavailable(
                f"{self.where}: no row has a {self.marks.cursor.kind} in {self.marks.cursor.column}",
                next_step="check cursor and since.format in the manifest",
            )
        return self._since(self.marks.moved(self.since, self.high, self.began))

    def _since(self, mark: Mark | None) -> State | None:
        return {"since": self.marks.stored(mark)} if self.marks and mark is not None else None


def _mark(marks: Marks | None, state: State, name: str) -> Mark | None:
    return marks.restored(state[name]) if marks and name in state else None
