"""Values in words, as a form prints them, in Vietnamese and English. Pure."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hub.access.purpose_declaration import Bilingual
from hub.procedures.answers import (
    AddressAnswer,
    CodeAnswer,
    DateAnswer,
    HeldValue,
    MoneyAnswer,
    NumberAnswer,
    ParcelAnswer,
    PartyAnswer,
    TextAnswer,
)

VIETNAMESE_MARKS = str.maketrans(",.", ".,")
CURRENCY_WORDS = {"VND": "đồng"}


def display_value(value: HeldValue) -> Bilingual:
    """The value in words: `1.250.000 đồng` and `1,250,000 VND`; a day as `05/01/2026` and `2026-01-05`."""
    return _DISPLAYS[type(value)](value)


def show_quantity(number: Decimal, unit: str) -> str:
    """A number with its unit in Vietnamese: `1.250.000 đồng`, `120,5 m²`."""
    return _number(number, CURRENCY_WORDS.get(unit, unit), unit).vi


def _same(text: str) -> Bilingual:
    return Bilingual(vi=text, en=text)


def _number(number: Decimal, vi: str | None, en: str | None) -> Bilingual:
    # A number without a unit is a count or a year, whose digits are not grouped.
    text = f"{number:,f}" if vi else f"{number:f}"
    words = (text.translate(VIETNAMESE_MARKS), vi), (text, en)
    return Bilingual(**{lang: " ".join(filter(None, pair)) for lang, pair in zip(("vi", "en"), words, strict=True)})


def _day(text: str) -> str:
    """A day as Vietnamese forms have it; a year alone stays."""
    parts = text.split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 else text


def _party(value: PartyAnswer) -> Bilingual:
    rest = (value.identifier, value.birth_date)
    return Bilingual(
        vi=", ".join(filter(None, (value.name, rest[0], rest[1] and _day(rest[1])))),
        en=", ".join(filter(None, (value.name, *rest))),
    )


def _parcel(value: ParcelAnswer) -> Bilingual:
    if value.map_sheet is None or value.ordinal is None:
        return _same(value.number)
    return Bilingual(
        vi=f"thửa {value.ordinal}, tờ bản đồ {value.map_sheet}",
        en=f"parcel {value.ordinal}, map sheet {value.map_sheet}",
    )


def _address(value: AddressAnswer) -> Bilingual:
    """The unit stands once: many registers write it into the address as well."""
    detail, unit = value.detail or "", value.unit or ""
    parts = (detail,) if unit and unit.casefold() in detail.casefold() else (detail, unit)
    return _same(", ".join(filter(None, parts)))


_DISPLAYS: Mapping[type[HeldValue], Callable[[Any], Bilingual]] = {
    TextAnswer: lambda value: _same(value.text),
    NumberAnswer: lambda value: _number(value.number, value.unit, value.unit),
    MoneyAnswer: lambda value: _number(
        value.amount, CURRENCY_WORDS.get(value.currency, value.currency), value.currency
    ),
    DateAnswer: lambda value: Bilingual(vi=_day(value.date), en=value.date),
    CodeAnswer: lambda value: value.label,
    PartyAnswer: _party,
    ParcelAnswer: _parcel,
    AddressAnswer: _address,
}
