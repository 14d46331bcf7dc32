"""A specification from a schema mapping: say what each column is, and how it is compared, blocked and learned follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from hub.link.model.spec import Block, By, Comparison, Field, Is, Kind, Level, Spec, Training


class Role(StrEnum):
    """What a column is of the person or thing that a record is about."""

    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    BIRTH_DATE = "birth_date"
    IDENTIFIER = "identifier"
    """A number that is meant to name one subject; offices mistype it."""
    WORDS = "words"
    """A street, a place, a free text."""
    CODE = "code"
    """A short code, with typing errors: a postcode, a house number."""
    CATEGORY = "category"
    """One of a few values."""


@dataclass(frozen=True)
class Treatment:
    """How a role is handled. `selects` tells whether two columns of such roles, both equal, are few enough pairs to look at."""

    kind: Kind
    levels: tuple[Level, ...]
    selects: bool
    block: str = "{c}"


C = ("{c}",)
NAME_LEVELS = (
    Level("equal", (Is(By.EQUAL, C),), frequency="{c}"),
    Level("in the place of the other name", (Is(By.CROSSED, ("{c}", "{other}")),)),
    Level("nearly equal", (Is(By.SIMILAR, ("{c}_ascii",), 0.92),)),
    Level("similar", (Is(By.SIMILAR, ("{c}_ascii",), 0.8),)),
)
TREATMENTS: Mapping[Role, Treatment] = {
    Role.GIVEN_NAME: Treatment(Kind.NAME, NAME_LEVELS, selects=True),
    Role.SURNAME: Treatment(Kind.NAME, NAME_LEVELS, selects=True),
    Role.BIRTH_DATE: Treatment(
        Kind.DATE,
        (
            Level("equal", (Is(By.EQUAL, C),)),
            Level("day and month swapped", (Is(By.EQUAL, ("{c}_sorted",)),)),
            Level("one typing error", (Is(By.EDITS, C, 1),)),
            Level("same year", (Is(By.EQUAL, ("{c}_year",)),)),
        ),
        selects=True,
        block="{c}_sorted",
    ),
    Role.IDENTIFIER: Treatment(
        Kind.IDENTIFIER,
        (
            Level("equal", (Is(By.EQUAL, C),)),
            Level("one typing error", (Is(By.EDITS, C, 1),)),
        ),
        selects=True,
    ),
    Role.WORDS: Treatment(
        Kind.TEXT,
        (
            Level("equal", (Is(By.EQUAL, C),), frequency="{c}"),
            Level("nearly equal", (Is(By.SIMILAR, C, 0.92),)),
            Level("similar", (Is(By.SIMILAR, C, 0.8),)),
        ),
        selects=True,
    ),
    Role.CODE: Treatment(
        Kind.CODE,
        (Level("equal", (Is(By.EQUAL, C),), frequency="{c}"), Level("one typing error", (Is(By.EDITS, C, 1),))),
        selects=True,
    ),
    Role.CATEGORY: Treatment(Kind.CODE, (Level("equal", (Is(By.EQUAL, C),), frequency="{c}"),), selects=False),
}


def mapped(name: str, key: str, columns: Mapping[str, Role], *, recall: float = 0.7) -> Spec:
    """The specification of frames whose columns have these roles. `recall`: the part of all matches believed to agree exactly on
    an identifier and one column more, or on three columns where nothing is an identifier."""
    blocking = [TREATMENTS[role].block.format(c=column) for column, role in columns.items() if TREATMENTS[role].selects]
    identifiers = [column for column, role in columns.items() if role is Role.IDENTIFIER]
    others = [column for column in blocking if column not in identifiers]
    if identifiers:
        certain = tuple(Block((column, other)) for column in identifiers for other in others)
    else:
        certain = tuple(Block(three) for three in combinations(others, 3))
    blocks = (*(Block((column,)) for column in identifiers), *(Block(pair) for pair in combinations(others, 2)))
    return Spec(
        name=name,
        version=1,
        key=key,
        fields=tuple(Field(column, TREATMENTS[role].kind) for column, role in columns.items()),
        comparisons=tuple(_comparison(column, role, columns) for column, role in columns.items()),
        blocks=blocks,
        training=Training(certain=certain, recall=recall, over=_learned_over(columns, blocking)),
    )


def _comparison(column: str, role: Role, columns: Mapping[str, Role]) -> Comparison:
    other = {Role.GIVEN_NAME: Role.SURNAME, Role.SURNAME: Role.GIVEN_NAME}.get(role)
    beside = next((name for name, its in columns.items() if its is other), None)
    levels = tuple(
        _named(level, column, beside)
        for level in TREATMENTS[role].levels
        if beside or all(one.by is not By.CROSSED for one in level.conditions)
    )
    stated = tuple(
        (name,) for name in dict.fromkeys((column, *(() if role is not Role.BIRTH_DATE else (column + "_year",))))
    )
    return Comparison(column, stated, levels)


def _named(level: Level, column: str, beside: str | None) -> Level:
    conditions = tuple(
        Is(one.by, tuple(name.format(c=column, other=beside) for name in one.columns), one.at)
        for one in level.conditions
    )
    return Level(level.outcome, conditions, level.frequency and level.frequency.format(c=column))


def _learned_over(columns: Mapping[str, Role], blocking: list[str]) -> tuple[Block, ...]:
    """One block for each identifier and date, and one on the names: each comparison is free of two of them at least."""
    alone = [
        Block((TREATMENTS[role].block.format(c=column),))
        for column, role in columns.items()
        if role in (Role.IDENTIFIER, Role.BIRTH_DATE)
    ]
    names = tuple(column for column, role in columns.items() if role in (Role.GIVEN_NAME, Role.SURNAME))
    rest = tuple(column for column in blocking if columns.get(column) in (Role.WORDS, Role.CODE))
    return (*alone, *((Block(names),) if names else ()), *((Block(rest[:2]),) if len(rest) > 1 else ()))
