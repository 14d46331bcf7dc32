"""Value kinds: classify the values of a column from a sample. Pure and conservative: an empty column, or one with few
values, proves nothing.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

ValueKind = Literal["integer", "decimal", "day", "instant", "boolean", "code", "text", "list", "unknown"]

SAMPLE_ROWS = 1_000
"""Rows sampled. For 30 columns this takes about ten milliseconds, once per read."""
MIN_VALUES = 20
"""Fewer values prove nothing."""
KIND_SHARE = 0.98
"""A column is of a kind if at least this share of its values is: sources are dirty."""
MAX_CODES = 20
"""At most this many distinct values, in at least five times as many rows, count as codes."""
KIND_PATTERNS: dict[ValueKind, str] = {
    "integer": r"^[+-]?[0-9]+$",
    "decimal": r"^[+-]?[0-9]+([.,][0-9]+)*$",
    "day": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}|[0-9]{4})$",
    "instant": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}",
    "boolean": r"(?i)^(true|false|t|f|yes|no|y|n|có|không)$",
}
"""Kind → its form. The first kind that enough values match names the column."""


@dataclass(frozen=True)
class ValueSample:
    """What a sample shows: the kind, the kinds that most values match, the kinds that all match, and whether nearly all
    are distinct.
    """

    kind: ValueKind
    most: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()
    diverse: bool = False


UNKNOWN_SAMPLE = ValueSample("unknown")


def classify_values(values: pl.Series) -> ValueSample:
    """Classify the values of one column."""
    if isinstance(values.dtype, pl.List):
        return ValueSample("list", frozenset({"list"}), frozenset({"list"}))
    if len(values) < MIN_VALUES:
        return UNKNOWN_SAMPLE
    text = values.cast(pl.String).str.strip_chars(" ")
    text = text.filter(text.is_not_null() & (text != ""))
    if len(text) < MIN_VALUES:
        return UNKNOWN_SAMPLE
    shares = {kind: text.str.contains(pattern).mean() or 0.0 for kind, pattern in KIND_PATTERNS.items()}
    most = frozenset(kind for kind, share in shares.items() if float(str(share)) >= KIND_SHARE)
    whole = frozenset(kind for kind in most if text.str.contains(KIND_PATTERNS[kind]).all())
    distinct = text.n_unique()
    few = distinct <= MAX_CODES and distinct * 5 <= len(text)
    kind: ValueKind = next((kind for kind in KIND_PATTERNS if kind in most), "code" if few else "text")
    return ValueSample(kind, most, whole, diverse=distinct * 2 > len(text))


def is_retyped(before: str, now: ValueSample) -> bool:
    """Whether a column that held values of one kind now holds another."""
    if "unknown" in (before, now.kind):
        return False
    if before == "list" or now.kind == "list":
        return before != now.kind
    if before in KIND_PATTERNS:
        return before not in now.most
    # Text may be anything, so a text column counts as changed only if every value is of the new kind.
    if now.kind in KIND_PATTERNS:
        return now.kind in now.all
    return before == "code" and now.diverse
