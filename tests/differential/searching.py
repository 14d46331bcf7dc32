"""What a search gives, by the reference: every row is compared, as docs/reference/graph.md says. It shares no code with plans."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from hub.model.registry import Column, Entity
from schema.values import Day, PartialDate, Value, ValueRejected
from tests.differential.folding import folded
from tests.differential.world import Row, Snapshot

NUMBER, DAY, WORDS, BEGINNING, WHOLE_NAME = 100, 30, 20, 20, 40


@dataclass(frozen=True)
class Hit:
    """A row that agrees: the row that stands for it, on what, and how well."""

    kind: str
    id: int
    matched: tuple[str, ...]
    score: int


class TypedText:
    """A text by what its tokens can be. Numbers in groups are not told from others: drawn texts have none."""

    def __init__(self, text: str) -> None:
        self.tokens = text.replace(",", " ").split()
        days = {token: day for token in self.tokens if (day := _day(token))}
        rest = [token for token in self.tokens if token not in days]
        self.days = set(days.values())
        self.years = {token for token in rest if re.fullmatch(r"(18|19|20)\d\d", token)}
        words = [t for t in rest if t not in self.years and sum(letter.isdigit() for letter in t) < 6]
        self.name = folded(" ".join(words))

    def has_code(self, kind: type[Value], value: str) -> bool:
        """Whether the text, a token, or two tokens beside each other are this value."""
        pairs = [f"{one} {other}" for one, other in zip(self.tokens, self.tokens[1:], strict=False)]
        return value in _parsed(kind, [" ".join(self.tokens), *self.tokens, *pairs])


def _parsed(kind: type[Value], texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        if any(letter.isdigit() for letter in text):
            try:
                yield kind.parse(text)
            except ValueRejected:
                continue


def _day(token: str) -> str | None:
    parts = [int(part) for part in re.split(r"[/.-]", token) if part.isdigit()]
    if len(parts) != 3 or len(re.split(r"[/.-]", token)) != 3:
        return None
    year, month, day = parts if parts[0] > 31 else parts[::-1]
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def search(now: Snapshot, entities: Sequence[Entity], text: str) -> list[Hit]:
    """Every hit, the best first. Of rows that one row stands for, the best is the hit; if that row is not there, none is."""
    typed = TypedText(text)
    best: dict[tuple[str, int], Hit] = {}
    for entity in entities:
        for row in now.rows[entity.name]:
            hit = _compared(now, entity, row, typed)
            if hit is None or now.find(hit.kind, "id", hit.id) is None:
                continue
            other = best.get((hit.kind, hit.id))
            if other is None or (-hit.score, hit.matched) < (-other.score, other.matched):
                best[hit.kind, hit.id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.kind, hit.id))


def _compared(now: Snapshot, entity: Entity, row: Row, typed: TypedText) -> Hit | None:
    points = {column.name.upper(): _points(column, row, typed) for column in entity.searched}
    names = [column for column in entity.searched if column.search_key]
    named = any(points[column.name.upper()] for column in names)
    found = named or any(
        _finds(column, row, typed) and (not _is_day(column) or not typed.name or not names)
        for column in entity.searched
        if not column.search_key
    )
    if not found:
        return None
    matched = tuple(name for name, number in points.items() if number)
    heir = now.heirs[row.id]["heir_id"] if row.id in now.heirs else row.id
    return Hit(entity.name, heir, matched, sum(points.values()))


def _is_day(column: Column) -> bool:
    return issubclass(column.value, Day | PartialDate)


def _finds(column: Column, row: Row, typed: TypedText) -> bool:
    """Whether a day or a code of the row is in the text. The year of a whole date finds nobody."""
    value = row.values[column.name]
    if value is None:
        return False
    if not _is_day(column):
        return typed.has_code(column.value, value)
    return str(value) in typed.days or (issubclass(column.value, PartialDate) and value in typed.years)


def _points(column: Column, row: Row, typed: TypedText) -> int:
    value = row.values[column.name]
    if value is None:
        return 0
    if column.search_key:
        name = folded(value)
        if not typed.name:
            return 0
        # Its last word may be half typed: then the beginning agrees and the words do not.
        words = set(typed.name.split()) <= set(name.split())
        return WORDS * words + BEGINNING * name.startswith(typed.name) + WHOLE_NAME * (name == typed.name)
    if _is_day(column):
        return DAY if _finds(column, row, typed) or str(value)[:4] in typed.years else 0
    return NUMBER if _finds(column, row, typed) else 0
