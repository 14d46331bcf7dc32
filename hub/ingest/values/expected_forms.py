"""Expected forms: describe what a value must look like, with an example, and what a rejected one looks like. Never the
value itself.
"""

import re
from datetime import date
from itertools import islice

from hub.ingest.values.parse_values import EPOCH_UNITS_US, WHOLE_STORAGES, is_date, is_number
from hub.model.registry import Column
from hub.sdk.mapping import Emit, FieldMapping
from schema.values import PartialDate

EXAMPLE_DAY = date(2024, 12, 31)
EXAMPLE_EPOCHS = {"epoch_s": "1735578000", "epoch_ms": "1735578000000"}
WHOLE_EXAMPLES = {None: "1250000", "vi": "1.250.000", "en": "1,250,000"}
DECIMAL_EXAMPLES = {None: "120.5", "vi": "1.250,5", "en": "1,250.5"}
MARK_NAMES = {
    ".": "dot", ",": "comma", "/": "slash", "-": "hyphen", ":": "colon", "_": "underscore", "@": "at sign", "%": "percent sign",
    "(": "bracket", ")": "bracket", "+": "plus sign", ";": "semicolon",
}  # fmt: skip
TOKEN_PATTERN = re.compile(r"(?P<digits>[0-9]+)|(?P<letters>[^\W\d_]+)|(?P<space>\s+)|(?P<mark>.)", re.DOTALL)
MAX_TOKENS = 9


def describe_expected_form(column: Column, emit: Emit | None) -> str:
    """Describe the form of a field's values, with an example: "a whole amount such as 1250000"."""
    made = emit.fields.get(column.name) if emit is not None else None
    if is_number(column):
        return _describe_number(column, made)
    if is_date(column):
        return _describe_date(column, made)
    examples = column.value.examples
    form = column.value.expected or column.value.rule
    return f"{form}, such as {examples[0]}" if examples else form


def _describe_number(column: Column, made: FieldMapping | None) -> str:
    notation = made.number if made is not None else None
    if column.value.storage not in WHOLE_STORAGES or (made is not None and made.scale is not None):
        return f"a number such as {DECIMAL_EXAMPLES[notation]}"
    if column.value.unit == "VND":
        return f"a whole amount such as {WHOLE_EXAMPLES[notation]}"
    return f"a whole number such as {column.value.examples[0] if column.value.examples else '12'}"


def _describe_date(column: Column, made: FieldMapping | None) -> str:
    formats = made.formats if made is not None and made.formats else ("%Y-%m-%d",)
    examples = [EXAMPLE_EPOCHS[f] if f in EPOCH_UNITS_US else EXAMPLE_DAY.strftime(f) for f in formats]
    if issubclass(column.value, PartialDate) and not (made and made.formats):
        examples.append("1954")
    return f"a date such as {' or '.join(examples)}"


def describe_form(text: str) -> str:
    """Describe what a text looks like: "4 digits, dot, 2 digits". Digits are counted because their number is often what
    is wrong.
    """
    tokens = [_describe_token(found) for found in islice(TOKEN_PATTERN.finditer(text.strip()), MAX_TOKENS)]
    rest = ["…"] if len(tokens) == MAX_TOKENS else []
    return ", ".join([*tokens[: MAX_TOKENS - 1], *rest]) or "empty"


def _describe_token(found: re.Match[str]) -> str:
    if found["digits"]:
        count = len(found["digits"])
        return f"{count} digits" if count > 1 else "1 digit"
    if found["letters"]:
        return "letters"
    return "space" if found["space"] else MARK_NAMES.get(found["mark"], "another character")
