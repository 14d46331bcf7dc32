"""Typed numbers: what a source knows to be a number is written in the notation that its field is read by.

Everything that readers hand on is text, so a DECIMAL 1.500 would look as a Vietnamese 1500 does. A reader that knows the type
of a column or a cell (a database's columns, a number of JSON, a cell of a workbook, Parquet, xs:decimal) writes it so that it
can be read one way only: with a decimal comma where the field says `number = "vi"`, otherwise with a dot that no group of three
digits follows. Columns that no field reads as a number or an identifier stay as the source wrote them.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from hub.ingest.values.parse_values import GROUPED_OR_DECIMAL, is_identifier, is_number
from hub.model.registry import registry
from hub.sdk.streams import Stream

Notation = Literal["vi", "en", "plain", "identifier"]
EXPONENT = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
DOUBTFUL = re.compile(GROUPED_OR_DECIMAL)
IN_BRACKETS = re.compile(r"\[[^\]]*\]")
"""Which items of a list a path means: a number is a number in all of them."""
ZEROS = re.compile(r"\.0+$")


class Number(str):
    """A number of JSON, as its digits were written."""

    __slots__ = ()


def notations(stream: Stream) -> dict[str, Notation]:
    """Columns that fields read as numbers or identifiers → the notation that their readers write typed numbers in."""
    found: dict[str, Notation] = {}
    for name, emit in stream.emits.items():
        entity = registry().entities.get(name)
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
    identity = {*stream.key, *stream.read_by(), stream.changed_at}
    return {column: notation for column, notation in found.items() if column not in identity}


def written(text: str, notation: Notation) -> str:
    """One number, of plain digits or with an exponent, in a notation. What is no number stays as it is."""
    if EXPONENT.fullmatch(text):
        text = format(Decimal(text), "f")
    if not NUMBER.fullmatch(text):
        return text
    if notation == "vi":
        return text.replace(".", ",")
    if notation == "identifier":
        return ZEROS.sub("", text).replace(".", ",")
    return f"{text}0" if notation == "plain" and DOUBTFUL.fullmatch(text) else text


def write_columns(frame: pl.DataFrame, wanted: Mapping[str, Notation]) -> pl.DataFrame:
    """A frame of text whose columns `wanted` hold numbers alone. Whole numbers are the same in every notation."""
    return frame.with_columns(
        [write_series(frame[name], notation) for name, notation in wanted.items() if name in frame.columns]
    )


def write_series(values: pl.Series, notation: Notation) -> pl.Series:
    """A column of numbers as text."""
    at = values.str.contains(r"[.eE]").arg_true()
    if at.is_empty():
        return values
    changed = values.gather(at).to_frame("v").select(_written(pl.col("v"), notation)).to_series()
    return values.scatter(at, changed)


def _written(value: pl.Expr, notation: Notation) -> pl.Expr:
    expanded = value.map_batches(_without_exponents, return_dtype=pl.String)
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


def _without_exponents(values: pl.Series) -> pl.Series:
    at = values.str.contains("[eE]").arg_true()
    if at.is_empty():
        return values
    return values.scatter(at, [written(text, "en") for text in values.gather(at)])


def write_rows(rows: Sequence[dict[str, Any]], wanted: Mapping[str, Notation]) -> None:
    """Rewrite, in place, the numbers of decoded JSON that stand at the paths `wanted`; items of lists have the list's path."""
    for path, notation in wanted.items():
        plain = IN_BRACKETS.sub("", path)
        for row in rows:
            _write_at(row, plain, notation)


def _write_at(value: Any, path: str, notation: Notation) -> None:
    if isinstance(value, list):
        for item in value:
            _write_at(item, path, notation)
    elif isinstance(value, dict):
        found = value.get(path)
        if isinstance(found, Number):
            value[path] = written(found, notation)
            return
        head, _, rest = path.partition(".")
        if rest and head in value:
            _write_at(value[head], rest, notation)
