"""Texts of searches, drawn: words of names, days, years and codes that the world has, in any order."""

from hypothesis import strategies as st

from hub.model.registry import Column, load_registry
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


def _part(drawing: Draft) -> str:
    entity = drawing.one_of(
        [entity for entity in load_registry() if entity.searched] + [load_registry()["Citizen"]] * 4
    )
    days = [column for column in entity.searched if issubclass(column.value, Day | PartialDate)]
    column: Column = drawing.one_of(days if days and drawing.chance(40) else entity.searched)
    stored = [str(value) for value in drawing.pool.values[entity.name, column.graphql]]
    if column.search_key:
        return _name(drawing, [name for name in stored if not any(sign in name for sign in TYPED_WITHOUT)])
    value: str = drawing.one_of(stored)
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
