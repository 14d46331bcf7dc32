"""Kinds: what the values of a column look like, told from a sample of their text. Pure, and conservative: a column that is
empty, or has few values, is no evidence of anything.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["integer", "decimal", "day", "instant", "boolean", "code", "text", "list", "unknown"]

SAMPLE = 1_000
"""Rows that are looked at: 30 columns of them take some ten milliseconds, once in a read."""
LEAST = 20
"""Fewer values say nothing."""
SHARE = 0.98
"""A column is of a kind if so many of its values are: sources are dirty."""
FEW_CODES = 20
"""Up to so many different values, in five times as many rows or more, are codes."""
PATTERNS: dict[Kind, str] = {
    "integer": r"^[+-]?[0-9]+$",
    "decimal": r"^[+-]?[0-9]+([.,][0-9]+)*$",
    "day": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}|[0-9]{4})$",
    "instant": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}",
    "boolean": r"(?i)^(true|false|t|f|yes|no|y|n|có|không)$",
}
"""Kind → its form. The first that enough values have names the column."""


@dataclass(frozen=True)
class Look:
    """What a sample shows: the kind; the kinds that enough of its values have; those that all have; whether nearly every
    value is another.
    """

    kind: Kind
    most: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()
    diverse: bool = False


NOTHING = Look("unknown")


def look(values: pl.Series) -> Look:
    """Look at the values of one column."""
    if isinstance(values.dtype, pl.List):
        return Look("list", frozenset({"list"}), frozenset({"list"}))
    text = values.cast(pl.String).str.strip_chars(" ")
    text = text.filter(text.is_not_null() & (text != ""))
    if len(text) < LEAST:
        return NOTHING
    shares = {kind: text.str.contains(pattern).mean() or 0.0 for kind, pattern in PATTERNS.items()}
    most = frozenset(kind for kind, share in shares.items() if float(str(share)) >= SHARE)
    whole = frozenset(kind for kind in most if text.str.contains(PATTERNS[kind]).all())
    distinct = text.n_unique()
    few = distinct <= FEW_CODES and distinct * 5 <= len(text)
    kind: Kind = next((kind for kind in PATTERNS if kind in most), "code" if few else "text")
    return Look(kind, most, whole, diverse=distinct * 2 > len(text))


def retyped(before: str, now: Look) -> bool:
    """Whether a column that held values of one kind now holds another."""
    if "unknown" in (before, now.kind):
        return False
    if before == "list" or now.kind == "list":
        return before != now.kind
    if before in PATTERNS:
        return before not in now.most
    # Text may be anything, so that only a column without any exception is something else now.
    if now.kind in PATTERNS:
        return now.kind in now.all
    return before == "code" and now.diverse
