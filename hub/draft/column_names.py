"""Names of columns compared: without tone marks and case, by what systems are known to call a field."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from hub.ingest.connectors import load_manifests

WORDS_FILE = Path(__file__).with_name("data") / "words.toml"
SURE, LIKELY = 1.0, 0.85
"""How alike a name is that a connector or the list has for this very field; that one of a like field has."""
MIN_LIKENESS = 0.72
"""Names that agree less do so by chance."""


def normalise_column_name(name: str) -> str:
    """`Họ và tên`, `hoVaTen`, `HO_VA_TEN` → `ho_va_ten`; of a path, its last part."""
    letters = unicodedata.normalize("NFKD", name.rpartition(".")[2].replace("đ", "d").replace("Đ", "D"))
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()
    return re.sub(r"[^a-z0-9]+", "_", parted).strip("_")


def name_likeness(column: str, field: str, recorded: str | None = None) -> float:
    """How much the name of a column says that it holds a field, from 0 to 1.

    `recorded` is the part of a field of a subject as recorded: `birth_date` of `holder_birth_date`.
    """
    name = normalise_column_name(column)
    known = load_synonyms()
    own = {field, *known.get(field, ())}
    if name in own:
        return SURE
    like = {recorded, *known.get(recorded, ())} if recorded else set()
    # A field with names of its own is not called by its last word: `cccd` is an identifier of people, not `parcel_identifier`.
    last_word = known.get(field.rpartition("_")[2], ()) if len(field) > 3 and field not in known else ()
    if name in like or name in last_word:
        return LIKELY
    if is_known_name(column):
        return 0.0
    nearest = max((SequenceMatcher(None, name, other).ratio() for other in own | like if other), default=0.0)
    return nearest * 0.8 if nearest >= MIN_LIKENESS else 0.0


def is_known_name(column: str) -> bool:
    """Whether some field is known to be called so: such a column is that field's, whatever its values look like."""
    return normalise_column_name(column) in frozenset().union(*load_synonyms().values())


@cache
def load_synonyms() -> Mapping[str, frozenset[str]]:
    """Field → names that columns of it have, in the list and in the manifests of the connectors that are there."""
    found: dict[str, set[str]] = {
        field: set(names) for field, names in tomllib.loads(WORDS_FILE.read_text("utf-8")).items()
    }
    for manifest in load_manifests().values():
        for stream in manifest.streams.values():
            for emit in stream.emits.values():
                for field, mapping in emit.fields.items():
                    if mapping.column is not None:
                        found.setdefault(field, set()).add(normalise_column_name(mapping.column))
    return {field: frozenset(names) for field, names in found.items()}
