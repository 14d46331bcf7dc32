"""Addresses as recorded → street, group, hamlet, and the units in force now that the commune is or has become.

An address is cut at its commas, at the words that say what a part is (`phường`, `TP.`, `thôn`), and before a known name at
its end. From the end, province, district and commune are looked up among the units of all times; the rest is
local. Nothing is guessed across provinces: a name that is not found gives no unit.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.link.normalise.pieces import GROUP, HAMLET, STREET, Piece, load_address_words, split_address
from hub.link.normalise.places import NOWHERE, Place, place_address

TAIL = 5
"""How many pieces at the end can say the units: a piece that is misspelt is passed over."""


class Address(NamedTuple):
    """An address, its parts as accented keys; None if it does not say one."""

    place: Place
    hamlet: str | None
    group: str | None
    street: str | None


NO_ADDRESS = Address(NOWHERE, None, None, None)


def read_address(text: str) -> Address:
    """Read one address. Total: what says nothing is NO_ADDRESS."""
    every = split_address(text)
    place, before = place_address(every[-TAIL:])
    local = every[: max(len(every) - TAIL, 0) + before]
    return Address(place, _joined(local, HAMLET), _joined(local, GROUP), _street(local))


def _joined(local: tuple[Piece, ...], label: str) -> str | None:
    return " ".join([_without_number_word(piece.name) for piece in local if piece.label == label]) or None


def _without_number_word(name: str) -> str:
    """`số 5` → `5`."""
    return name.removeprefix("số ").removeprefix("so ")


def _street(local: tuple[Piece, ...]) -> str | None:
    """House number and street, without the words that say so. A part without such a word is taken for a street."""
    parts = []
    for piece in local:
        if piece.label not in ("", STREET):
            continue
        found = piece.words.split()
        dropped = load_address_words().street.length(found)
        parts.append(" ".join(found[dropped:] if dropped < len(found) else found))
    return " ".join(parts) or None
