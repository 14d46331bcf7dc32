"""Search keys: names without tone marks and case, beside the names themselves. The same as `hub.name_key` of the store."""

import polars as pl

from hub.ingest.values.distinct_values import by_distinct
from hub.model.registry import Entity
from hub.store.sql_functions import D_WITH_STROKE, LETTERS, MARKS

FOLDED = {
    **dict.fromkeys(D_WITH_STROKE, "d"),
    **dict.fromkeys(MARKS, ""),
    **dict(zip(LETTERS, LETTERS.lower(), strict=True)),
    **{chr(letter): chr(letter + 32) for letter in range(ord("A"), ord("Z") + 1)},
}
"""Character of a decomposed name → what stands for it."""


def name_key(names: pl.Series) -> pl.Series:
    """The search keys of names."""
    decomposed = names.str.strip_chars(" ").str.normalize("NFD")
    return decomposed.str.replace_many(list(FOLDED), list(FOLDED.values()))


def with_search_keys(frame: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Canonical rows with the search keys of their names."""
    searched = [c for c in entity.columns if c.search_key and c.name in frame.columns]
    return frame.with_columns(
        by_distinct(frame[c.name], lambda names: name_key(names).to_frame("key"))["key"].alias(str(c.search_key))
        for c in searched
    )
