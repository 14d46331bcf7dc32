"""A specification from a schema mapping: say what each column is, and how it is compared, blocked and learned follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from hub.errors import HubMisconfigured
from hub.link.model.spec import OTHER, Block, By, Comparison, FeatureField, Is, Kind, Level, Spec, Training


class ColumnRole(StrEnum):
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
    STREET = "street"
    """The street of an address, compared together with its number: who moves changes both."""
    STREET_NUMBER = "street_number"
    """The number of a house in its street."""
    INITIAL = "initial"
    """The first letter of a name that is not written out."""
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
TREATMENTS: Mapping[ColumnRole, Treatment] = {
    ColumnRole.GIVEN_NAME: Treatment(Kind.NAME, NAME_LEVELS, selects=True),
    ColumnRole.SURNAME: Treatment(Kind.NAME, NAME_LEVELS, selects=True),
    ColumnRole.BIRTH_DATE: Treatment(
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
    ColumnRole.IDENTIFIER: Treatment(
        Kind.IDENTIFIER,
        (
            Level("equal", (Is(By.EQUAL, C),)),
            Level("one typing error", (Is(By.EDITS, C, 1),)),
        ),
        selects=True,
    ),
    ColumnRole.WORDS: Treatment(
        Kind.TEXT,
        (
            Level("equal", (Is(By.EQUAL, C),), frequency="{c}"),
            Level("nearly equal", (Is(By.SIMILAR, C, 0.92),)),
            Level("similar", (Is(By.SIMILAR, C, 0.8),)),
        ),
        selects=True,
    ),
    ColumnRole.CODE: Treatment(
        Kind.CODE,
        (Level("equal", (Is(By.EQUAL, C),), frequency="{c}"), Level("one typing error", (Is(By.EDITS, C, 1),))),
        selects=True,
    ),
    ColumnRole.STREET: Treatment(
        Kind.TEXT,
        (
            Level("number and street equal", (Is(By.EQUAL, ("{c}", "{other}")),)),
            Level("number equal, street similar", (Is(By.EQUAL, ("{other}",)), Is(By.SIMILAR, C, 0.8))),
            Level("street equal, number with one typing error", (Is(By.EQUAL, C), Is(By.EDITS, ("{other}",), 1))),
            Level("street equal", (Is(By.EQUAL, C),), frequency="{c}"),
            Level("street similar", (Is(By.SIMILAR, C, 0.8),)),
            Level("number equal", (Is(By.EQUAL, ("{other}",)),)),
        ),
        selects=True,
    ),
    # Compared with its street.
    ColumnRole.STREET_NUMBER: Treatment(Kind.CODE, (), selects=True),
    ColumnRole.INITIAL: Treatment(Kind.CODE, (Level("equal", (Is(By.EQUAL, C),), frequency="{c}"),), selects=False),
    ColumnRole.CATEGORY: Treatment(Kind.CODE, (Level("equal", (Is(By.EQUAL, C),), frequency="{c}"),), selects=False),
}


PLACES = (ColumnRole.WORDS, ColumnRole.CODE, ColumnRole.STREET, ColumnRole.STREET_NUMBER)
TELLING = (ColumnRole.GIVEN_NAME, ColumnRole.BIRTH_DATE)
"""What tells the members of one household apart, who share surname and address."""
BESIDE = {
    ColumnRole.GIVEN_NAME: ColumnRole.SURNAME,
    ColumnRole.SURNAME: ColumnRole.GIVEN_NAME,
    ColumnRole.STREET: ColumnRole.STREET_NUMBER,
}
"""Role → that of the other column in its levels."""


def map_roles(name: str, key: str, columns: Mapping[str, ColumnRole], *, recall: float = 0.7) -> Spec:
    """The specification of frames whose columns have these roles. `recall`: the part of all matches believed to agree exactly on
    an identifier and one column more, or on three columns if nothing is an identifier. Raises HubMisconfigured if a street
    number has no street."""
    if ColumnRole.STREET_NUMBER in columns.values() and ColumnRole.STREET not in columns.values():
        raise HubMisconfigured(
            f"linking model {name}: a street number is compared together with its street, and no column is one",
            next_step="say which column is the street, or map the number as a code",
        )
    blocking = [_block_column(columns, column) for column, role in columns.items() if TREATMENTS[role].selects]
    identifiers = _of(columns, ColumnRole.IDENTIFIER)
    others = [column for column in blocking if column not in identifiers]
    if identifiers:
        certain = tuple(Block((column, other)) for column in identifiers for other in others)
    elif len(others) <= FEW_COLUMNS:
        certain = _certain_of_few(columns, others)
    else:
        # A household agrees on surname and address alone.
        telling = {_block_column(columns, column) for column in _of(columns, *TELLING)}
        certain = tuple(Block(three) for three in combinations(others, 3) if not telling or telling & set(three))
    pairs = tuple(Block(pair) for pair in combinations(others, 2))
    if len(others) <= FEW_COLUMNS and not identifiers:
        # With an error in one column of two nothing would meet: a date selects enough alone, and of one column there is no pair.
        pairs = (*(Block((column,)) for column in _selecting_alone(columns, others)), *pairs)
    blocks = (*(Block((column,)) for column in identifiers), *pairs)
    return Spec(
        name=name,
        version=1,
        key=key,
        fields=tuple(FeatureField(column, TREATMENTS[role].kind) for column, role in columns.items()),
        comparisons=tuple(
            _comparison(column, role, columns) for column, role in columns.items() if TREATMENTS[role].levels
        ),
        blocks=blocks,
        training=Training(certain=certain, recall=recall, over=_learned_over(columns, blocking)),
    )


FEW_COLUMNS = 3
"""With so many columns or fewer that select, too few records agree on three of them."""


def _certain_of_few(columns: Mapping[str, ColumnRole], others: list[str]) -> tuple[Block, ...]:
    """With few columns, pairs that agree on a date and one column more are nearly all matches; without a date, on all there are."""
    dates = {_block_column(columns, column) for column in _of(columns, ColumnRole.BIRTH_DATE)}
    certain = tuple(Block((day, other)) for day in others if day in dates for other in others if other not in dates)
    return certain or ((Block(tuple(others)),) if others else ())


def _selecting_alone(columns: Mapping[str, ColumnRole], others: list[str]) -> tuple[str, ...]:
    dates = tuple(
        column
        for column in others
        if column in {_block_column(columns, c) for c in _of(columns, ColumnRole.BIRTH_DATE)}
    )
    return dates or (tuple(others) if len(others) == 1 else ())


def _comparison(column: str, role: ColumnRole, columns: Mapping[str, ColumnRole]) -> Comparison:
    beside = next((name for name, its in columns.items() if its is BESIDE.get(role)), None)
    levels = tuple(
        _named(level, column, beside)
        for level in TREATMENTS[role].levels
        if beside or all("{other}" not in one.columns for one in level.conditions)
    )
    stated = [column]
    if role is ColumnRole.BIRTH_DATE:
        stated.append(column + "_year")
    elif role is ColumnRole.STREET and beside:
        stated.append(beside)
    # To agree on the street or on the number alone is not ordered: who moves within a street keeps the one, a typist the other.
    chains = ((levels[0].outcome, OTHER),) if role is ColumnRole.STREET else ()
    return Comparison(column, tuple((name,) for name in stated), levels, chains=chains)


def _named(level: Level, column: str, beside: str | None) -> Level:
    conditions = tuple(
        Is(one.by, tuple(name.format(c=column, other=beside) for name in one.columns), one.at)
        for one in level.conditions
    )
    return Level(level.outcome, conditions, level.frequency and level.frequency.format(c=column))


def _learned_over(columns: Mapping[str, ColumnRole], blocking: list[str]) -> tuple[Block, ...]:
    """A block on the names; one for each identifier and date, and one on places: each comparison is free of one at least.

    The people of one household share surname and place, twins their birth date too. Taken for matches, pairs of them would teach
    that the given names of a match differ (0.60 of them for 0.05, measured on a census). An identifier outvotes them. Without
    one, what a household shares teaches only together with the initials, which it seldom does, and places only without dates.
    """
    names = _of(columns, ColumnRole.GIVEN_NAME, ColumnRole.SURNAME)
    dates, identifiers = _of(columns, ColumnRole.BIRTH_DATE), _of(columns, ColumnRole.IDENTIFIER)
    places = tuple(column for column in blocking if columns.get(column) in PLACES)[:2]
    initials = () if identifiers else _of(columns, ColumnRole.INITIAL)
    single = tuple(_block_column(columns, column) for column in columns if column in (*dates, *identifiers))
    blocks = [Block((column, *initials)) for column in single]
    if names:
        blocks.append(Block(names))
    if len(places) > 1 and (identifiers or len(blocks) < 2):
        blocks.append(Block((*places, *initials)))
    return tuple(blocks)


def _of(columns: Mapping[str, ColumnRole], *roles: ColumnRole) -> tuple[str, ...]:
    return tuple(column for column, role in columns.items() if role in roles)


def _block_column(columns: Mapping[str, ColumnRole], column: str) -> str:
    return TREATMENTS[columns[column]].block.format(c=column)
