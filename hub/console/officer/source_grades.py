"""The grade of the source behind a value, as the sheet shows it: how old the source is, and how much of it is right, with its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from hub.console.layout.page_base import PagePerson
from hub.console.layout.page_graph import ConsoleGraph
from hub.console.words import VIETNAM
from hub.errors import HubError
from hub.quality.words import show_counts, show_day

KEPT_S = 60.0
"""Counts are made at night; only the age of a source moves in between."""
MAX_GRADES = 200
"""Sources that are remembered: each is a line of text."""
PURPOSE = "public"


@dataclass(frozen=True)
class SourceGradeLine:
    """One source. `text` is for the officer: `sống: hôm nay · đúng 99,8 % (1.203/1.205)`."""

    source: str
    text: str
    is_late: bool
    as_of: datetime | None


class GradeBook:
    """The grades of all sources, read once a minute for every sheet of the process: what a source is like is no secret of a person."""

    def __init__(self, graph: ConsoleGraph) -> None:
        self.graph = graph
        self._lines: Mapping[str, SourceGradeLine] = {}
        self._read_again_at = 0.0

    async def read(self, person: PagePerson) -> Mapping[str, SourceGradeLine]:
        """The grades by name of the source. If they cannot be read, those that were read before: a sheet never waits for them."""
        if monotonic() >= self._read_again_at:
            self._read_again_at = monotonic() + KEPT_S
            try:
                found = await self.graph.run_purpose(person.headers, PURPOSE, "SourceGrades", {})
            except HubError:
                return self._lines
            now = datetime.now(UTC)
            lines = (make_line(one, now) for one in found["sourceGrades"][:MAX_GRADES])
            self._lines = {line.source: line for line in lines}
        return self._lines


def make_line(node: Mapping[str, Any], now: datetime) -> SourceGradeLine:
    """A grade in words. A register that nobody is an authority over has no copies: it is told by the rows that break no rule."""
    as_of = datetime.fromisoformat(node["asOf"]) if node["asOf"] else None
    zone = VIETNAM.utcoffset(None)
    live = show_day(as_of, now, zone).vi + (", chậm" if node["isLate"] and as_of else "")
    told = [f"sống: {live}"]
    for word, counts in (("đúng", node["correct"]), ("sạch", node["clean"])):
        if counts and (shown := show_counts(counts["numerator"], counts["denominator"])):
            told.append(f"{word} {shown}")
            break
    return SourceGradeLine(node["source"], " · ".join(told), node["isLate"], as_of)


def find_grade(grades: Mapping[str, SourceGradeLine], sources: Sequence[str]) -> SourceGradeLine | None:
    """The grade of a value: of several sources, the one that is late, or else has not been read for longest. None if none is known."""
    known = [grades[source] for source in sources if source in grades]
    if not known:
        return None
    return min(known, key=lambda line: (not line.is_late, line.as_of.timestamp() if line.as_of else 0.0))
