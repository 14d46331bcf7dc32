"""Read back: one sampled value read as a mapping would read it, and written back. Pure.

The rules are those of `hub.ingest.values.parse_values`, for one text instead of a column: a test holds them to be the same.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from hub.ingest.values.parse_values import (
    EPOCH_SECOND_US,
    EPOCH_UNITS_US,
    FLOAT_OF_INTEGER,
    GROUPED_OR_DECIMAL,
    ISO_DAY,
    ISO_DAY_WITH_OFFSET,
    ISO_INSTANT,
    NUMBER_FORMS,
    NUMBER_STORAGES,
    PLAIN_NUMBER,
    WHOLE_STORAGES,
    is_identifier,
)
from schema.values import CodeList, PartialDate, Storage, Value, ValueRejected

NOTATION_PROOFS = {
    "vi": r"^-?[0-9]{1,3}((\.[0-9]{3}){2,}(,[0-9]+)?|(\.[0-9]{3})+,[0-9]+)$",
    "en": r"^-?[0-9]{1,3}((,[0-9]{3}){2,}(\.[0-9]+)?|(,[0-9]{3})+\.[0-9]+)$",
}
"""Notation → what nothing but a number in it looks like: 1.250.000 or 1.250,5. A typed 1250000.00 proves neither."""
PLAUSIBLE_YEARS = range(1900, 2101)


def find_notation(values: Sequence[str]) -> str | None:
    """The notation that some of the values are in beyond doubt, and all of them can be in; None if there is none."""
    texts = [text.strip() for text in values]
    for notation, proof in NOTATION_PROOFS.items():
        if any(re.match(proof, text) for text in texts) and all(
            re.match(NUMBER_FORMS[notation], text) for text in texts
        ):
            return notation
    return None


def find_epoch_format(values: Sequence[str]) -> str | None:
    """How the values count from 1970, if all of them are days of our time; None if they are something else."""
    if not values or not all(re.fullmatch(r"[0-9]{9,13}", text.strip()) for text in values):
        return None
    for name in EPOCH_UNITS_US:
        if all(int(day[:4] or 0) in PLAUSIBLE_YEARS for day in (_epoch_day(text.strip(), name) for text in values)):
            return name
    return None


def reads_back(value: type[Value], text: str, keys: Mapping[str, object]) -> bool:
    """Whether a value parses as the type, and the parsed value says the same as the text."""
    read = read_value(value, text, keys)
    return read is not None and _is_same(value, text.strip(), read, keys)


def read_value(value: type[Value], text: str, keys: Mapping[str, object]) -> str | None:
    """The parsed value of a text; None if it would be rejected."""
    turned = _read_and_write(value, text.strip(), keys)
    try:
        return None if turned is None else value.parse(turned)
    except ValueRejected:
        return None


def _read_and_write(value: type[Value], text: str, keys: Mapping[str, object]) -> str | None:
    if value.storage in NUMBER_STORAGES:
        return _number(value, text, keys.get("number"))
    if "codes" in keys and issubclass(value, CodeList):
        return {getattr(label, str(keys["codes"])): code for code, label in value.codes.items()}.get(text)
    if value.storage is Storage.DATE or issubclass(value, PartialDate):
        return _date(value, text, keys.get("formats", ()))
    return None if is_identifier(value) and re.match(FLOAT_OF_INTEGER, text) else text


def _number(value: type[Value], text: str, notation: object) -> str | None:
    if notation is None:
        plain = text if re.match(PLAIN_NUMBER, text) and not re.match(GROUPED_OR_DECIMAL, text) else None
    elif not re.match(NUMBER_FORMS[str(notation)], text):
        plain = None
    else:
        plain = re.sub(r"[.\s]", "", text).replace(",", ".") if notation == "vi" else text.replace(",", "")
    if plain is None or value.storage not in WHOLE_STORAGES:
        return plain
    whole = re.match(r"^(-?[0-9]+)(\.0+)?$", plain)
    return whole[1] if whole else None


def _date(value: type[Value], text: str, formats: object) -> str | None:
    for pattern in formats if isinstance(formats, list | tuple) else ():
        found = _epoch_day(text, pattern) if pattern in EPOCH_UNITS_US else _strptime(text, pattern)
        if found is not None:
            return found
    if re.match(ISO_DAY, text) or (issubclass(value, PartialDate) and re.match(r"^[0-9]{4}$", text)):
        return text
    return text[:10] if re.match(ISO_DAY_WITH_OFFSET, text) or re.match(ISO_INSTANT, text) else None


def _strptime(text: str, pattern: str) -> str | None:
    try:
        return datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        return None


def _epoch_day(text: str, pattern: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,13}", text):
        return ""
    seconds = int(text) * EPOCH_UNITS_US[pattern] / EPOCH_SECOND_US
    return datetime.fromtimestamp(seconds, UTC).date().isoformat() if abs(seconds) < 10**10 else ""


def _is_same(value: type[Value], text: str, read: str, keys: Mapping[str, object]) -> bool:
    """Whether the parsed value, formatted as the source does, equals the text, ignoring zeros, case, and marks between digits."""
    if value.storage in NUMBER_STORAGES:
        return Decimal(read) == Decimal(_number(value, text, keys.get("number")) or "NaN")
    formats = keys.get("formats")
    if (
        isinstance(formats, list)
        and formats[0] not in EPOCH_UNITS_US
        and re.match(ISO_DAY, read)
        and not re.match(ISO_DAY, text[:10])
    ):
        return _without_zeros(datetime.fromisoformat(read).strftime(formats[0])) == _without_zeros(text)
    if "codes" in keys or formats:
        return True  # the table is read backwards by the same table
    return _letters(read) == _letters(text) or text.startswith(read)


def _without_zeros(text: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()
