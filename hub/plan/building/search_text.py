"""The text of a search, read: the codes, days and words of names in it. Pure.

An officer types whatever is at hand: a name, a number from a paper, a birth date, or several of these. Each searched column takes
its own terms from the text, so that one bind serves one column.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from hub.errors import OperationRefused
from schema.values import Value, ValueRejected

SHORTEST_TEXT = 2
LONGEST_TEXT = 200
MOST_WORDS = 10
"""Of a name; further words are ignored."""
DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
YEAR_FIRST = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
LIKE_A_DAY = re.compile(r"\d{1,4}/\d{1,2}/\d{1,4}|\d{1,2}/\d{4}", re.ASCII)
"""Two slashes, or a month with its year; 19/5 is the name of many a cooperative."""
YEAR_PATTERN = re.compile(r"(18|19|20)\d\d", re.ASCII)
NUMBER_PATTERN = re.compile(r"[\d.\-]+", re.ASCII)
DIGITS_OF_CODE = 6
"""A token with so many digits is a number, and no word of a name."""
MOST_GROUPS = 5
"""Groups of digits that a number may be written in: 022 085 001 234."""


@dataclass(frozen=True)
class SearchText:
    """A text by its parts. `tokens` are its words with single spaces between them."""

    tokens: tuple[str, ...]
    days: tuple[str, ...]
    """ISO days."""
    years: tuple[str, ...]
    """Years that stand alone."""
    words: tuple[str, ...]
    """Text that is neither a day nor a number: words of a name, as typed."""

    def codes(self, value: type[Value]) -> tuple[str, ...]:
        """The tokens, or neighbouring tokens, that are canonical values of a type."""
        found: dict[str, None] = {}
        for text in self._runs():
            try:
                found[value.parse(text)] = None
            except ValueRejected:
                continue
        return tuple(found)

    def _runs(self) -> Iterator[str]:
        """The whole text, each token, each two that stand beside each other, and groups of digits; with a digit, since codes have
        some."""
        runs = [
            " ".join(self.tokens),
            *self.tokens,
            *(" ".join(two) for two in zip(self.tokens, self.tokens[1:], strict=False)),
        ]
        runs += [" ".join(self.tokens[at:to]) for at, to in _find_digit_groups(self.tokens)]
        return (run for run in dict.fromkeys(runs) if any(letter.isdigit() for letter in run))


@lru_cache(maxsize=256)
def read_search_text(text: str) -> SearchText:
    """Read a text of at most LONGEST_TEXT characters. Raises OperationRefused for one that is too short, or too long."""
    tokens = tuple(text.replace(",", " ").replace(";", " ").split()[: 2 * MOST_WORDS])
    if not sum(map(len, tokens)) >= SHORTEST_TEXT or len(text) > LONGEST_TEXT:
        raise OperationRefused(
            f"search: the text must have {SHORTEST_TEXT} to {LONGEST_TEXT} characters",
            code="BAD_USER_INPUT",
            next_step="type a name, a number from a paper, or a birth date, e.g. Nguyễn Văn An 12/03/1980",
        )
    _refuse_unread_days(tokens)
    days = tuple(day for token in tokens if (day := _read_day(token)))
    grouped = {place for at, to in _find_digit_groups(tokens) for place in range(at, to)}
    named = [token for place, token in enumerate(tokens) if place not in grouped and not _read_day(token)]
    years = tuple(token for token in named if YEAR_PATTERN.fullmatch(token))
    words = (
        token.strip(".'\"()") for token in named if token not in years and sum(map(str.isdigit, token)) < DIGITS_OF_CODE
    )
    return SearchText(tokens, days, years, tuple(word for word in words if word)[:MOST_WORDS])


def _find_digit_groups(tokens: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where numbers stand that are written in groups of digits: the places of the first token and behind the last."""
    found, at = [], 0
    while at < len(tokens):
        to = at
        while (
            to < len(tokens)
            and to - at < MOST_GROUPS
            and NUMBER_PATTERN.fullmatch(tokens[to])
            and not _read_day(tokens[to])
        ):
            to += 1
        if to - at > 1 and sum(map(str.isdigit, "".join(tokens[at:to]))) >= DIGITS_OF_CODE:
            found.append((at, to))
        at = max(to, at + 1)
    return found


def _refuse_unread_days(tokens: tuple[str, ...]) -> None:
    """Raises OperationRefused for a token that reads like a day and is none: left out, it would widen the search unseen."""
    if any(LIKE_A_DAY.fullmatch(token) and not _read_day(token) for token in tokens):
        raise OperationRefused(
            "search: a date must be a calendar day in the form dd/mm/yyyy",
            code="BAD_USER_INPUT",
            next_step="write it like 12/03/1980, or the year alone, 1980",
        )


def _read_day(token: str) -> str | None:
    """`2/3/1980` → `1980-03-02`; None for text that is no day of the calendar."""
    if found := DAY_FIRST.fullmatch(token):
        day, month, year = found.groups()
    elif found := YEAR_FIRST.fullmatch(token):
        year, month, day = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


# --- What each kind of column takes of the text: binds ----------------------------------------------------------------


@dataclass(frozen=True)
class _OfText:
    path: tuple[str, ...]
    """The response keys of the search, for the path of a refusal."""

    def read(self, text: Any) -> SearchText:
        try:
            return read_search_text(str(text))
        except OperationRefused as refusal:
            refusal.path = self.path
            raise


@dataclass(frozen=True)
class CodesOf(_OfText):
    """Takes the values of a type."""

    value: type[Value]

    def __call__(self, text: Any) -> list[str]:
        return list(self.read(text).codes(self.value))


@dataclass(frozen=True)
class DaysOf(_OfText):
    """Takes the days, and where years may be stored too (`partial`), those that stand alone."""

    partial: bool

    def __call__(self, text: Any) -> list[str]:
        read = self.read(text)
        return [*read.days, *(read.years if self.partial else ())]


@dataclass(frozen=True)
class YearsOf(_OfText):
    """Takes the years that stand alone."""

    def __call__(self, text: Any) -> list[str]:
        return list(self.read(text).years)


@dataclass(frozen=True)
class NameOf(_OfText):
    """Takes the words of a name, one space between them; null if there is none, which no row has."""

    def __call__(self, text: Any) -> str | None:
        return " ".join(self.read(text).words) or None
