"""Masks: how much of a value may be shown. The database masks, so that a full value never reaches the web process.

A masked value must not be told in another way: by a filter that a guess satisfies, by the order of rows, by a look-up (also by a
global id), or by a count of one. A masked read filters by codes and administrative units alone, and a list shows no more rows than
its rounded count says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.errors import OperationRefused
from hub.model.registry import Column
from schema.values import CodeList, Mask

HIDDEN_TEXT = "'•••'::text"
LAST_CHARACTERS = 3


@dataclass(frozen=True)
class Disclosure:
    """What of a read may be shown. Counts are rounded down to multiples of `count_step`; with `masked`, values are masked."""

    count_step: int = 1
    masked: bool = False

    @property
    def shows_exact(self) -> bool:
        """Whether values and numbers of rows are shown as they are."""
        return self.count_step == 1 and not self.masked


FULL = Disclosure()
"""Everything."""


def _initials(sql: str) -> str:
    words = f"unnest(string_to_array({sql}, ' ')) with ordinality word(text, place)"
    return f"(select string_agg(left(word.text, 1) || '.', ' ' order by word.place) from {words} where word.text <> '')"


def _last_characters(sql: str) -> str:
    return f"(repeat('•', greatest(length({sql}) - {LAST_CHARACTERS}, 0)) || right({sql}, {LAST_CHARACTERS}))"


def _hidden(sql: str) -> str:
    return f"(case when {sql} is not null then {HIDDEN_TEXT} end)"


MASK_SQL: Mapping[Mask, Callable[[str], str]] = {
    Mask.NONE: lambda sql: sql,
    Mask.INITIALS: _initials,
    Mask.LAST_DIGITS: _last_characters,
    Mask.YEAR: lambda sql: f"left({sql}, 4)",
    Mask.ZERO: lambda sql: f"({sql} * 0)",
    Mask.HIDDEN: _hidden,
    Mask.PAPER: _hidden,
}
"""Mask → the expression that gives the masked value of an expression; null stays null."""


def mask_column(column: Column, sql: str) -> str:
    """The masked value of a column, whose full value `sql` gives."""
    return MASK_SQL[column.value.mask](sql)


def is_masked(column: Column) -> bool:
    """Whether a masked read shows less of the column than it holds."""
    return column.value.mask is not Mask.NONE


def is_told_by_filter(column: Column) -> bool:
    """Whether a filter on the column could tell who or what a masked row is: anything but codes and units.

    A number that begins with a unit, such as a parcel's, is more than the unit, and masked.
    """
    return is_masked(column) or not (issubclass(column.value, CodeList) or column.value.dated_unit)


def refuse_masked(what: str) -> OperationRefused:
    """The refusal of a field or argument that would tell a masked value."""
    return OperationRefused(
        f"{what} would tell a masked value",
        code="FORBIDDEN_MASKED",
        next_step="filter by codes or administrative units, or read under a purpose that shows the value",
    )
