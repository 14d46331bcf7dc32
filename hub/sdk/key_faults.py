"""Describes faults of keys in a TOML file in the words of the file instead of the validator's."""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key here",
    "string_type": 'must be text in quotes, e.g. "2026-1"',
    "bool_type": "must be true or false",
    "int_type": "must be a whole number, e.g. 30",
    "list_type": 'must be a list, e.g. ["…", "…"]',
    "tuple_type": 'must be a list, e.g. ["…", "…"]',
}
"""By the validator's kind of error. Its own words stay for the other kinds: they say which values are allowed."""
TABLE_FORM, BILINGUAL_FORM = '{ key = "…" }', '{ vi = "…", en = "…" }'
TABLE_KINDS = frozenset({"model_type", "model_attributes_type", "dict_type"})


def describe_key_fault(error: ErrorDetails) -> str:
    """The fault of the value at the error's place, and the expected form."""
    if error["type"] in TABLE_KINDS:
        bilingual = error.get("ctx", {}).get("class_name") in ("Bilingual", "BilingualLabel")
        return f"must be a table, e.g. {BILINGUAL_FORM if bilingual else TABLE_FORM}"
    return WORDS.get(error["type"], error["msg"].removeprefix("Value error, "))
