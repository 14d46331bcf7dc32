"""Typed numbers: write numbers whose type the source declares in the notation that their field expects.

Readers pass on text only, so a DECIMAL 1.500 would look like a Vietnamese 1500. A reader that knows the type of a
column or cell (a database column, a JSON number, a spreadsheet cell, Parquet, xs:decimal) writes it with one possible
reading: with a decimal comma if the field declares `number = "vi"`, otherwise with a dot that is not followed by
exactly three digits. Columns that no field reads as a number or an identifier keep the source's text.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from hub.ingest.values.parse_values import GROUPED_OR_DECIMAL, is_identifier, is_number
from hub.model.registry import load_registry
from hub.sdk.streams import Stream

Notation = Literal["vi", "en", "plain", "identifier"]
EXPONENT_FORM = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
NUMBER_FORM = re.compile(r"-?[0-9]+(\.[0-9]+)?")
DOUBTFUL_FORM = re.compile(GROUPED_OR_DECIMAL)
BRACKETED_STEP = re.compile(r"\[[^\]]*\]")
"""Which items of a list a path selects. A number is a number in all of them."""
TRAILING_ZEROS = re.compile(r"\.0+$")


class JsonNumber(str):
    """A JSON number, kept as the digits that the source wrote."""

    __slots__ = ()


def find_notations(stream: Stream) -> dict[str, Notation]:
    """Map each column read as a number or an identifier to the notation in which readers write its typed numbers."""
    found: dict[str, Notation] = {}
    for name, emit in stream.emits.items():
        entity = load_registry().entities.get(name)
        for field, made in emit.fields.items():
            column = entity.column(field) if entity and any(c.name == field for c in entity.columns) else None
            if made.column is None or column is None:
                continue
            if made.number is not None:
                found[made.column] = made.number
            elif is_number(column) or made.scale is not None:
                found.setdefault(made.column, "plain")
            elif is_identifier(column.value):
                found.setdefault(made.column, "identifier")
    identity = {*stream.key, *stream.list_reading_columns(), stream.changed_at}
    return {column: notation for column, notation in found.items() if column not in identity}


def write_number(text: str, notation: Notation) -> str:
    """Write one number (plain digits or with an exponent) in a notation. Other text is returned unchanged."""
    if EXPONENT_FORM.fullmatch(text):
        text = format(Decimal(text), "f")
    if not NUMBER_FORM.fullmatch(text):
        return text
    if notation == "vi":
        return text.replace(".", ",")
    if notation == "identifier":
        return TRAILING_ZEROS.sub("", text).replace(".", ",")
    return f"{text}0" if notation == "plain" and DOUBTFUL_FORM.fullmatch(text) else text


def write_columns(frame: pl.DataFrame, wanted: Mapping[str, Notation]) -> pl.DataFrame:
    """Rewrite the given columns of a text frame, which hold only numbers. Whole numbers are the same in every notation."""
    return frame.with_columns(
        [write_series(frame[name], notation) for name, notation in wanted.items() if name in frame.columns]
    )


def write_series(values: pl.Series, notation: Notation) -> pl.Series:
    """Rewrite one column of numbers as text."""
    at = values.str.contains(r"[.eE]").arg_true()
    if at.is_empty():
        return values
    changed = values.gather(at).to_frame("v").select(_write_expression(pl.col("v"), notation)).to_series()
    return values.scatter(at, changed)


def _write_expression(value: pl.Expr, notation: Notation) -> pl.Expr:
    expanded = value.map_batches(_expand_exponents, return_dtype=pl.String)
    number = expanded.str.contains(r"^-?[0-9]+\.[0-9]+$")
    if notation == "vi":
        changed = expanded.str.replace(".", ",", literal=True)
    elif notation == "identifier":
        changed = expanded.str.replace(r"\.0+$", "").str.replace(".", ",", literal=True)
    elif notation == "plain":
        changed = pl.when(expanded.str.contains(GROUPED_OR_DECIMAL)).then(expanded + "0").otherwise(expanded)
    else:
        changed = expanded
    return pl.when(number).then(changed).otherwise(expanded)


def _expand_exponents(values: pl.Series) -> pl.Series:
    at = values.str.contains("[eE]").arg_true()
    if at.is_empty():
        return values
    return values.scatter(at, [write_number(text, "en") for text in values.gather(at)])


def write_rows(rows: Sequence[dict[str, Any]], wanted: Mapping[str, Notation]) -> None:
    """Rewrite, in place, the numbers at the given paths of decoded JSON rows. Items of lists have the path of their
    list.
    """
    for path, notation in wanted.items():
        plain = BRACKETED_STEP.sub("", path)
        for row in rows:
            _write_at(row, plain, notation)


def _write_at(value: Any, path: str, notation: Notation) -> None:
    if isinstance(value, list):
        for item in value:
            _write_at(item, path, notation)
    elif isinstance(value, dict):
        found = value.get(path)
        if isinstance(found, JsonNumber):
            value[path] = write_number(found, notation)
            return
        head, _, rest = path.partition(".")
        if rest and head in value:
            _write_at(value[head], rest, notation)
