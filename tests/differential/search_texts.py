"""Texts of searches, drawn: words of names, days, years and codes that the world has, in any order."""

from hypothesis import strategies as st

from hub.model.registry import Column, Entity, load_registry
from schema.values import Day, PartialDate
from tests.differential.values import Draft

SHORTEST_TEXT = 2
TYPED_WITHOUT = ".'\"()"
"""What stands around a word of a text is no part of the word; names of the world that have it are drawn for filters only."""


def searched_text(drawing: Draft) -> str:
    """A text of one part to three, at least two letters long."""
    parts = [_part(drawing)]
    while drawing.chance(45) and len(parts) < 3:
        parts.append(_part(drawing))
    # Numbers beside each other are read as one that is written in groups: a name or a day stands between them here.
    numbers = [part for part in parts if part.isdigit()]
    kept = [part for part in parts if not part.isdigit()] + numbers[:1]
    text = drawing.one_of((" ", "  ", ", ")).join(drawing.draw(st.permutations(kept)))
    return text if len("".join(text.split())) >= SHORTEST_TEXT else f"{text} an"


def ranked_text(drawing: Draft) -> str:
    """A text that several rows agree with, one better than another: words that names share, often with a day or a year."""
    citizen = load_registry()["Citizen"]
    entity = drawing.one_of([citizen, citizen, *(entity for entity in load_registry() if _names(entity))])
    (names, *_), days = _names(entity), [c for c in entity.searched if issubclass(c.value, Day | PartialDate)]
    words = _name(drawing, _typed(drawing, entity, names)).split()
    few = words[: drawing.draw(st.integers(1, 2))] if drawing.chance(50) else words
    if drawing.chance(20):
        few[-1] = few[-1][: drawing.draw(st.integers(1, len(few[-1])))]
    parts = [" ".join(few)]
    if days and drawing.chance(60):
        parts.append(_day(drawing, drawing.one_of(_stored(drawing, entity, days[0]))))
    text = " ".join(drawing.draw(st.permutations(parts)))
    return text if len("".join(text.split())) >= SHORTEST_TEXT else f"{text} an"


def _names(entity: Entity) -> list[Column]:
    return [column for column in entity.searched if column.search_key]


def _stored(drawing: Draft, entity: Entity, column: Column) -> list[str]:
    return [str(value) for value in drawing.pool.values[entity.name, column.graphql]]


def _typed(drawing: Draft, entity: Entity, column: Column) -> list[str]:
    return [name for name in _stored(drawing, entity, column) if not any(sign in name for sign in TYPED_WITHOUT)]


def _part(drawing: Draft) -> str:
    entity = drawing.one_of(
        [entity for entity in load_registry() if entity.searched] + [load_registry()["Citizen"]] * 4
    )
    days = [column for column in entity.searched if issubclass(column.value, Day | PartialDate)]
    column: Column = drawing.one_of(days if days and drawing.chance(40) else entity.searched)
    if column.search_key:
        return _name(drawing, _typed(drawing, entity, column))
    value: str = drawing.one_of(_stored(drawing, entity, column))
    if issubclass(column.value, Day | PartialDate):
        return _day(drawing, value)
    drawing.mark("search by code")
    return value


def _name(drawing: Draft, names: list[str]) -> str:
    drawing.mark("search by name")
    words = drawing.spelled(drawing.one_of(names)).split()
    if drawing.chance(40):
        words = drawing.draw(st.permutations(words))[: drawing.draw(st.integers(1, len(words)))]
    return " ".join(words)


def _day(drawing: Draft, value: str) -> str:
    year, *rest = value.split("-")
    if not rest or drawing.chance(40):
        drawing.mark("search by year")
        return year
    drawing.mark("search by day")
    day_first = f"{int(rest[1])}/{rest[0]}/{year}"
    return str(drawing.one_of((day_first, value, day_first.replace("/", "."))))
