"""Parties, as a sector recorded them or as the register holds them → the features that linking compares.

Both sides of a comparison go through this one function, so that they differ only if the written values differ. It depends
on nothing but its input and `schema/data/`, and it is total: whatever stands in a text, there is a row for each party.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from hub.link.normalise.addresses import NO_ADDRESS, read_address
from hub.link.normalise.births import UNKNOWN, read_birth
from hub.link.normalise.identifiers import read_identifiers
from hub.link.normalise.names import NOTHING, read_name
from hub.link.normalise.places import NOWHERE, Place, place_of_code

INPUT = ("key", "kind", "name", "birth_date", "identifier", "tax_code", "address", "unit_code")
"""The input of a party: its key, a PartyKind, texts, and a commune code with its date. All but the key may
be null; a column that is not there is an error."""

BATCH = 100_000
"""Distinct values read at a time: their features are Python objects, and take 20 times the memory that they take in a frame."""


@dataclass(frozen=True)
class Feature:
    """One column of features: what it holds, and how it is stored. Every feature is null if it is not known."""

    name: str
    dtype: Any
    about: str


_TEXT = pl.String()
FEATURES: tuple[Feature, ...] = (
    Feature("name", _TEXT, "Accented key of the name in Vietnamese order, titles and second persons taken off."),
    Feature("name_ascii", _TEXT, "ASCII key of the same."),
    Feature("surname", _TEXT, "Accented key of the family name; null if abbreviated, and for organisations."),
    Feature("middle", _TEXT, "Accented key of the middle names; null likewise."),
    Feature("given", _TEXT, "Accented key of the given name; null likewise."),
    Feature("surname_ascii", _TEXT, "ASCII key of the family name."),
    Feature("given_ascii", _TEXT, "ASCII key of the given name."),
    Feature("initials", _TEXT, "First ASCII letters of the words of the name, of abbreviated ones too."),
    Feature("birth_day", pl.Date(), "Birth date, where the whole of it is known."),
    Feature("birth_year", pl.Int16(), "Year of birth."),
    Feature("birth_precision", _TEXT, "How much of the birth date was written: DAY, MONTH, YEAR or NONE."),
    Feature("birth_swapped", pl.Date(), "Birth date with day and month exchanged, if that is another day."),
    Feature("personal_id", _TEXT, "Personal identifier, 12 digits, from either field for numbers."),
    Feature("former_id", _TEXT, "Former identifier, 9 digits."),
    Feature(
        "tax_code", _TEXT, "Tax code, the first 10 digits: of the payer, not of the branch. Not a personal identifier."
    ),
    Feature("id_digits", _TEXT, "Digits of the identifier as written, or else of the tax code: for typing errors."),
    Feature("id_year", pl.Int16(), "Year of birth as the personal identifier states it."),
    Feature("id_sex", _TEXT, "MALE or FEMALE as the personal identifier states it."),
    Feature(
        "units", pl.List(_TEXT), "Keys of the communes in force that the party can be in, in order; empty if none."
    ),
    Feature("unit", _TEXT, "The one commune in force; null if there are several, or none."),
    Feature(
        "hamlet", _TEXT, "Accented key of the hamlet or quarter (thôn, khu, xóm, bản, tổ dân phố), without that word."
    ),
    Feature("grp", _TEXT, "Number or name of the residents' group (tổ)."),
    Feature("street", _TEXT, "Accented key of house number and street, without those words."),
    Feature("name_other", _TEXT, "Accented key of the name in the other order, if it may be written given name first."),
    Feature("birth_month", pl.Int8(), "Month of birth, where known."),
    Feature("tax_branch", _TEXT, "Branch of a tax code, 3 digits."),
    Feature("id_candidate", _TEXT, "The identifier that a dirty one would be; never among personal_id and former_id."),
    Feature("id_repair", _TEXT, "The repair: LETTERS typed for digits, or a lost LEADING_ZERO."),
    Feature("id_province", _TEXT, "Province of birth registration as the personal identifier states it, 3 digits."),
    Feature("unit_recorded", _TEXT, "Key of the commune as recorded, whenever it was, if it is one."),
    Feature("unit_how", _TEXT, "How the communes were found: a value of `places.How`."),
)
"""The features, in the order of their columns, after `key` and `kind`."""
DTYPES = {feature.name: feature.dtype for feature in FEATURES} | {"units_joined": _TEXT}
NAME = (
    "name", "name_ascii", "surname", "middle", "given", "surname_ascii", "given_ascii", "initials", "name_other",
)  # fmt: skip
BIRTH = ("birth_day", "birth_month", "birth_year", "birth_precision", "birth_swapped")
PLACE = ("units_joined", "unit", "unit_recorded", "unit_how", "hamlet", "grp", "street")
"""What `_names`, `_births` and `_places` give."""


def party_features(parties: pl.DataFrame) -> pl.DataFrame:
    """A row of features for each party, in the same order. Takes the columns of INPUT; gives `key`, `kind`, then FEATURES.

    If the commune is known by its code and the address names one too, the address decides only among the units that the
    code leaves open. Raises polars.exceptions.ColumnNotFoundError if a column of INPUT is missing.
    """
    frame = parties.select("key", *(pl.col(column).cast(pl.String) for column in INPUT[1:]))
    features = pl.concat(
        [
            frame.select("key", "kind"),
            _by_distinct(frame.select("name", "kind"), _names, NAME),
            _by_distinct(frame.select("birth_date"), _births, BIRTH),
            read_identifiers(frame["identifier"], frame["tax_code"]),
            _by_distinct(frame.select("address", "unit_code"), _places, PLACE),
        ],
        how="horizontal",
    )
    features = features.with_columns(pl.col("units_joined").str.extract_all(r"\S+").alias("units"))
    return features.select("key", "kind", *(pl.col(feature.name).cast(feature.dtype) for feature in FEATURES))


def _by_distinct(
    values: pl.DataFrame, read: Callable[..., Iterable[tuple[Any, ...]]], columns: tuple[str, ...]
) -> pl.DataFrame:
    """The features `columns` of each row of `values`, read once for each distinct one."""
    distinct = values.unique(maintain_order=True)
    tables = []
    for start in range(0, max(len(distinct), 1), BATCH):
        batch = distinct[start : start + BATCH]
        made = list(zip(*read(*batch.get_columns()), strict=True)) or [()] * len(columns)
        features = [pl.Series(name, made_of, DTYPES[name]) for name, made_of in zip(columns, made, strict=True)]
        tables.append(batch.rename(_hidden).hstack(features))
    by = [_hidden(column) for column in values.columns]
    joined = values.rename(_hidden).join(pl.concat(tables), on=by, how="left", nulls_equal=True, maintain_order="left")
    return joined.drop(by)


def _hidden(column: str) -> str:
    """The name of an input column beside features, one of which may be called the same."""
    return f"written {column}"


def _names(names: pl.Series, kinds: pl.Series) -> Iterable[tuple[Any, ...]]:
    for text, kind in zip(names, kinds, strict=True):
        yield read_name(text, kind) if text else NOTHING


def _births(births: pl.Series) -> Iterable[tuple[Any, ...]]:
    for text in births:
        birth = read_birth(text) if text else UNKNOWN
        yield birth.day, birth.month, birth.year, birth.precision.value, birth.swapped


def _places(addresses: pl.Series, unit_codes: pl.Series) -> Iterable[tuple[Any, ...]]:
    for text, unit_code in zip(addresses, unit_codes, strict=True):
        address = read_address(text) if text else NO_ADDRESS
        place = _within(place_of_code(unit_code), address.place) if unit_code else address.place
        # Lists of Python would be made into a column one by one.
        yield (
            " ".join(place.units),
            place.unit,
            place.recorded,
            place.how.value,
            address.hamlet,
            address.group,
            address.street,
        )


def _within(coded: Place, written: Place) -> Place:
    """The place of a code; where it leaves several units open, those of them that the address can mean."""
    if coded is NOWHERE:
        return written
    both = tuple(unit for unit in coded.units if unit in written.units)
    return Place(coded.recorded, both or coded.units, coded.how)
