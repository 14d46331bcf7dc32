"""Describes faults of keys in a TOML file in the words of the file instead of the validator's."""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

DAY_FORM = "must be a day without quotes, e.g. 2025-07-01"
WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key here",
    "string_type": 'must be text in quotes, e.g. "2026-1"',
    "bool_type": "must be true or false",
    "int_type": "must be a whole number, e.g. 30",
    "list_type": 'must be a list, e.g. ["…", "…"]',
    "tuple_type": 'must be a list, e.g. ["…", "…"]',
    "date_type": DAY_FORM,
    "date_parsing": DAY_FORM,
    "date_from_datetime_parsing": DAY_FORM,
    "date_from_datetime_inexact": DAY_FORM,
    "int_parsing": "must be a whole number, e.g. 30",
}
"""By the validator's kind of error. Its own words stay for the other kinds: they say which values are allowed."""
FORMS: Mapping[str, str] = {
    r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$": "lower-case letters, digits and hyphens, e.g. land-right-transfer",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "lower-case letters, digits and underscores, e.g. transferor_name",
    r"^[A-Z][A-Z0-9_]*$": "capital letters, digits and underscores, e.g. LONG_TERM",
    r"^[0-9A-Za-z]+([.-][0-9A-Za-z]+)*$": "letters and digits with full stops or hyphens between, e.g. 2026-1",
    r"^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$": "a path of response keys, e.g. citizen.residence.name",
}
"""By pattern: the form in words, with an example."""
TABLE_FORM, BILINGUAL_FORM = '{ key = "…" }', '{ vi = "…", en = "…" }'
TABLE_KINDS = frozenset({"model_type", "model_attributes_type", "dict_type"})


def describe_key_fault(error: ErrorDetails) -> str:
    """The fault of the value at the error's place, and the expected form."""
    if error["type"] in TABLE_KINDS:
        bilingual = error.get("ctx", {}).get("class_name") in ("Bilingual", "BilingualLabel")
        return f"must be a table, e.g. {BILINGUAL_FORM if bilingual else TABLE_FORM}"
    if error["type"] == "string_pattern_mismatch":
        pattern = error.get("ctx", {}).get("pattern", "")
        return f"must be {FORMS.get(pattern, f'of the form {pattern}')}"
    words = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
    return WORDS.get(error["type"], words)
