"""Search keys: names without tone marks and case, stored beside the names. Identical to the store's `hub.name_key`."""

import polars as pl

from hub.ingest.values.distinct_values import apply_to_distinct
from hub.model.registry import Entity
from hub.store.sql_functions import D_WITH_STROKE, LETTERS, MARKS

FOLDED_CHARACTERS = {
    **dict.fromkeys(D_WITH_STROKE, "d"),
    **dict.fromkeys(MARKS, ""),
    **dict(zip(LETTERS, LETTERS.lower(), strict=True)),
    **{chr(letter): chr(letter + 32) for letter in range(ord("A"), ord("Z") + 1)},
}
"""Character of a decomposed name → its replacement."""


def fold_names(names: pl.Series) -> pl.Series:
    """Return the search keys of names."""
    decomposed = names.str.strip_chars(" ").str.normalize("NFD")
    return decomposed.str.replace_many(list(FOLDED_CHARACTERS), list(FOLDED_CHARACTERS.values()))


def add_search_keys(frame: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Add the search keys of names to canonical rows."""
    searched = [c for c in entity.columns if c.search_key and c.name in frame.columns]
    keys = {c.name: str(c.search_key) for c in searched}

    def fold_columns(names: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame([fold_names(column).alias(keys[column.name]) for column in names])

    return frame.with_columns(apply_to_distinct(frame.select(list(keys)), fold_columns).get_columns())
