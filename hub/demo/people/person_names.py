"""Vietnamese names by surname frequency, ethnic group, sex and generation, and the ways in which offices misspell them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from hub.demo.people.identifiers import Bools, Floats, Ints

NAMES_FILE = Path(__file__).parent / "names.toml"
ETHNIC_GROUPS = ("Kinh", "Dao", "Tày", "Sán Dìu", "Sán Chay", "Hoa")
MINORITY_SHARE = 0.12
MINORITY_MIX = (0.46, 0.24, 0.16, 0.09, 0.05)
"""Shares of the groups after the first among the minorities, near to the census of 2019."""
OWN_SURNAME = 0.7
"""Part of a minority that bears a surname of its own group's list."""
GENERATION_ENDS = (1960, 1985, 2005)

VARIANTS = ("as registered", "tone placement", "no diacritics", "decomposed", "eth for d", "upper case")
TONE_PAIRS = dict(
    zip(
        ["oà", "oá", "oả", "oã", "oạ", "oè", "oé", "oẻ", "oẽ", "oẹ", "uỳ", "uý", "uỷ", "uỹ", "uỵ"],
        ["òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ẻo", "õe", "ọe", "ùy", "úy", "ủy", "ũy", "ụy"],
        strict=True,
    )
) | {"oẻ": "ỏe"}
TONE_PATTERN = re.compile(r"(?<![qQ])(" + "|".join(TONE_PAIRS) + r")\b")


def move_tone(text: str) -> str:
    """The other accepted placement of the tone mark: Hoà → Hòa, Thuỷ → Thủy. Quý stays, since its u belongs to the q."""
    return TONE_PATTERN.sub(lambda found: TONE_PAIRS[found[0]], text)


def strip_diacritics(text: str) -> str:
    """Plain Latin letters: Đặng → Dang."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


SPELLINGS = (
    lambda text: text,
    move_tone,
    strip_diacritics,
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: text.replace("đ", "ð").replace("Đ", "Ð"),
    str.upper,
)


@dataclass(frozen=True)
class SpelledWords:
    """A list of words in every spelling: word w in spelling v is at v·size + w."""

    plain: tuple[str, ...]
    spelled: pl.Series

    @classmethod
    def of(cls, plain: tuple[str, ...]) -> SpelledWords:
        return cls(plain, pl.Series([spell(word) for spell in SPELLINGS for word in plain]))

    def gather(self, words: Ints, variant: Ints) -> pl.Series:
        return self.spelled.gather(variant * len(self.plain) + words)


@dataclass(frozen=True)
class NameParts:
    """Names as indices into the book: family, middle and given name of each person."""

    family: Ints
    middle: Ints
    given: Ints


@dataclass(frozen=True)
class NameBook:
    """All words that names are made of, with their frequencies."""

    families: SpelledWords
    middles: SpelledWords
    givens: SpelledWords
    family_cumulative: tuple[Floats, ...]
    """Cumulative frequencies of the families, one for each ethnic group."""
    middle_choices: dict[tuple[bool, int], Ints]
    given_choices: dict[tuple[bool, int], Ints]
    organisation: dict[str, tuple[str, ...]]

    def draw_families(self, rng: np.random.Generator, ethnic: Ints) -> Ints:
        """A family name for each person of these ethnic groups."""
        drawn = rng.random(len(ethnic))
        result = np.zeros(len(ethnic), dtype=np.int64)
        for group, cumulative in enumerate(self.family_cumulative):
            mine = ethnic == group
            result[mine] = np.searchsorted(cumulative, drawn[mine], side="right")
        return np.minimum(result, len(self.families.plain) - 1)

    def draw_given(self, rng: np.random.Generator, female: Bools, birth_year: Ints) -> tuple[Ints, Ints]:
        """Middle and given name for each person, by sex and generation. Given names are not evenly spread: the first draws weigh more."""
        band = np.searchsorted(np.asarray(GENERATION_ENDS), birth_year, side="right")
        first, second = rng.random(len(female)), rng.random(len(female)) ** 1.25
        middle, given = np.zeros(len(female), dtype=np.int64), np.zeros(len(female), dtype=np.int64)
        for (is_female, generation), choices in self.middle_choices.items():
            mine = (female == is_female) & (band == generation)
            middle[mine] = choices[(first[mine] * len(choices)).astype(np.int64)]
            names = self.given_choices[is_female, generation]
            given[mine] = names[(second[mine] * len(names)).astype(np.int64)]
        return middle, given

    def render(self, parts: NameParts, variant: Ints) -> pl.Series:
        """Full names in the spelling asked for, one for each person."""
        return pl.select(
            pl.concat_str(
                pl.lit(self.families.gather(parts.family, variant)),
                pl.lit(self.middles.gather(parts.middle, variant)),
                pl.lit(self.givens.gather(parts.given, variant)),
                separator=" ",
            )
        ).to_series()

    def parts_of(self, family: str, middle: str, given: str) -> tuple[int, int, int]:
        """Indices of one known name."""
        return self.families.plain.index(family), self.middles.plain.index(middle), self.givens.plain.index(given)


def _split_list(text: str, separator: str = ",") -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(separator))


def _family_frequencies(family: dict[str, Any], names: tuple[str, ...]) -> tuple[Floats, ...]:
    """Frequencies for each group, such that the whole province comes out at the published ones."""
    other = _split_list(family["other"])
    whole = np.asarray([family["frequent"].get(name, 0.0) for name in names]) / 100
    whole[[names.index(name) for name in other]] = (1 - whole.sum()) / len(other)
    own = [np.zeros(len(names)) for _ in MINORITY_MIX]
    for frequencies, group in zip(own, ETHNIC_GROUPS[1:], strict=True):
        listed = _split_list(family["ethnic"][group])
        for name in listed:
            frequencies[names.index(name)] = 1 / len(listed)
    minorities = sum((part * f for part, f in zip(MINORITY_MIX, own, strict=True)), np.zeros(len(names)))
    majority = np.maximum(whole - MINORITY_SHARE * OWN_SURNAME * minorities, 0)
    majority /= majority.sum()
    mixed = [OWN_SURNAME * f + (1 - OWN_SURNAME) * majority for f in own]
    return tuple(np.cumsum(f) for f in (majority, *mixed))


@cache
def load_name_book() -> NameBook:
    """The book of `data/names.toml`."""
    with NAMES_FILE.open("rb") as file:
        data = tomllib.load(file)
    family = data["family"]
    ethnic = [name for group in ETHNIC_GROUPS[1:] for name in _split_list(family["ethnic"][group])]
    families = tuple(dict.fromkeys([*family["frequent"], *_split_list(family["other"]), *ethnic]))
    cells = [(female, band) for female in (False, True) for band in range(4)]
    keys = {(f, b): f"{'female' if f else 'male'}_{b + 1}" for f, b in cells}
    middle_lists = {cell: _split_list(data["middle"][key]) for cell, key in keys.items()}
    given_lists = {cell: tuple(data["given"][key].split()) for cell, key in keys.items()}
    middles = tuple(dict.fromkeys(word for words in middle_lists.values() for word in words))
    givens = tuple(dict.fromkeys(word for words in given_lists.values() for word in words))
    shuffled = {
        cell: np.random.default_rng(at).permutation(np.asarray([givens.index(w) for w in given_lists[cell]]))
        for at, cell in enumerate(cells)
    }
    return NameBook(
        families=SpelledWords.of(families),
        middles=SpelledWords.of(middles),
        givens=SpelledWords.of(givens),
        family_cumulative=_family_frequencies(family, families),
        middle_choices={cell: np.asarray([middles.index(w) for w in words]) for cell, words in middle_lists.items()},
        given_choices=shuffled,
        organisation={
            key: _split_list(text, ";" if ";" in text else ",") for key, text in data["organisation"].items()
        },
    )
