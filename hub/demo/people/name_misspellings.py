"""Slips of the pen in names: a wrong letter, two letters swapped, names left out or shortened, the order turned round."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.people.identifiers import Bools, Floats

LETTERS = "aeiouyhnmtlrcbgdkpqsv"


def change_letter(name: str, drawn: float) -> str:
    """One letter is another."""
    places = [at for at, letter in enumerate(name) if letter.isalpha()]
    place, within = divmod(drawn * len(places), 1)
    at = places[int(place)]
    other = LETTERS[int(within * len(LETTERS))]
    return name[:at] + (other.upper() if name[at].isupper() else other) + name[at + 1 :]


def swap_letters(name: str, drawn: float) -> str:
    """Two letters that stand next to each other have changed places; capitals stay where they were."""
    places = [at for at in range(len(name) - 1) if name[at].isalpha() and name[at + 1].isalpha()]
    if not places:
        return name
    at = places[int(drawn * len(places))]
    first, second = name[at], name[at + 1]
    pair = second.upper() + first.lower() if first.isupper() and second.islower() else second + first
    return name[:at] + pair + name[at + 2 :]


def drop_middle_name(name: str, drawn: float) -> str:
    """Family and given name alone."""
    words = name.split(" ")
    return f"{words[0]} {words[-1]}"


def shorten_middle_names(name: str, drawn: float) -> str:
    """Middle names as their first letters."""
    family, *middle, given = name.split(" ")
    return " ".join([family, *(f"{word[0]}." for word in middle), given])


def put_given_name_first(name: str, drawn: float) -> str:
    """Given name, middle names, family name."""
    family, *middle, given = name.split(" ")
    return " ".join([given, *middle, family])


SLIPS = {
    "wrong_letter": change_letter,
    "swapped_letters": swap_letters,
    "missing_middle": drop_middle_name,
    "initials": shorten_middle_names,
    "given_name_first": put_given_name_first,
}
"""Kind of dirt → how it is made of a name and a number between 0 and 1."""


def misspell_names(
    rng: np.random.Generator, names: pl.Series, rates: tuple[float, ...], clean: Bools
) -> tuple[pl.Series, list[tuple[str, Bools]]]:
    """Names, at most one slip in each at these rates (in the order of SLIPS), and which rows differ by which slip."""
    drawn: Floats = rng.random((2, len(names)))
    which = np.searchsorted(np.cumsum(rates), drawn[0], side="right")
    which[clean] = len(SLIPS)
    values = names.to_list()
    flags = []
    for kind, (label, make) in enumerate(SLIPS.items()):
        differs = np.zeros(len(names), dtype=np.bool_)
        for at in np.flatnonzero(which == kind).tolist():
            written = make(values[at], float(drawn[1, at]))
            differs[at], values[at] = written != values[at], written
        flags.append((label, differs))
    return pl.Series(names.name, values, dtype=pl.String), flags
