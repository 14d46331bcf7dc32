"""An address cut into pieces: what each is said to be, and its name."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from hub.link.normalise.gazetteer import DATA, load_gazetteer
from hub.link.normalise.phrases import Phrases
from hub.link.normalise.text import WORDS_KEPT, ascii_key, fold_text
from hub.link.normalise.units import strip_leading_zeros

UNIT_KINDS = {
    "PROVINCE": ("tỉnh", "thành phố"),
    "DISTRICT": ("quận", "huyện", "thị xã", "thành phố"),
    "COMMUNE": ("phường", "xã", "thị trấn", "đặc khu"),
}
HAMLET, GROUP, STREET = "hamlet", "grp", "street"
LOCAL = (HAMLET, GROUP, STREET)

COMMA = re.compile(r"[,;|\n]")
HYPHEN = re.compile(r"\s[-–]\s|(?<![0-9])[/–-](?![0-9])")
ABBREVIATED = re.compile(r"\b(tp|tx|tt|[pxhqt])\.\s*(?=[^\W_])")
"""A kind of unit by its first letters and a full stop begins a piece, whatever stands before it."""
NUMBERED = re.compile(r"\b([pq])([0-9]{1,2})\b")
"""P10, Q3."""


LONGEST_NAME = 6
"""Words of the longest name of a unit, without its kind."""


class Piece(NamedTuple):
    """One piece of an address."""

    label: str
    """What it is said to be: a kind of unit, one of LOCAL, or nothing."""
    words: str
    """The piece as an accented key, what it is said to be included."""
    name: str
    """The name alone, as an accented key."""
    plain: str
    """The name as an ASCII key."""


@dataclass(frozen=True)
class Words:
    """The words of `data/addresses.toml`."""

    labels: Phrases
    start: Phrases
    end: Phrases
    street: Phrases


@cache
def load_address_words() -> Words:
    """The words of `data/addresses.toml`."""
    with DATA.open("rb") as file:
        data = tomllib.load(file)
    dropped = data["dropped"]
    return Words(
        labels=Phrases.table(data["unit"] | data["part"]),
        start=Phrases.of(dropped["start"]),
        end=Phrases.of(dropped["end"]),
        street=Phrases.of(dropped["street"]),
    )


def split_address(text: str) -> tuple[Piece, ...]:
    """The pieces of an address, in the order written."""
    text = NUMBERED.sub(r"\1 \2", ABBREVIATED.sub(r", \1 ", fold_text(text)))
    found: list[Piece] = []
    for part in _parts(text):
        found += _cut(part)
    return tuple(found)


def _parts(text: str) -> list[str]:
    """What stands between breaks; a hyphen within the name of a unit (Bà Rịa - Vũng Tàu) is none."""
    parts: list[str] = []
    for between_commas in COMMA.split(text):
        several = HYPHEN.split(between_commas)
        if len(several) == 1 or _all_units(between_commas):
            several = [between_commas]
        while several:
            size = next((n for n in range(min(len(several), 3), 1, -1) if _is_name(" ".join(several[:n]))), 1)
            parts.append(" ".join(several[:size]))
            several = several[size:]
    return parts


def _all_units(part: str) -> bool:
    return all(piece.label not in LOCAL and load_gazetteer().knows(piece.plain) for piece in _cut(part))


def _is_name(part: str) -> bool:
    pieces = _cut(part)
    return len(pieces) == 1 and load_gazetteer().knows(pieces[0].plain)


@lru_cache(WORDS_KEPT)
def _cut(part: str) -> tuple[Piece, ...]:
    """The pieces of what stands between two breaks."""
    left = strip_leading_zeros(part).split()
    if left and (start := load_address_words().start.length(left)):
        left = left[start:]
    if left and load_address_words().end.length(left) == len(left):
        left = []
    found: list[Piece] = []
    while left:
        label = _label(left, 0)
        size = _end(left, label)
        meaning = _meaning(left[:label])
        first, *others = [left[label:size]] if meaning in LOCAL else _names(left[label:size]) or [left[label:size]]
        found.append(_piece(meaning, [*left[:label], *first], first))
        found += [_piece("", name, name) for name in others]
        left = left[size:]
    return tuple(found)


def _piece(label: str, words: list[str], name: list[str]) -> Piece:
    joined = " ".join(name)
    return Piece(label, " ".join(words), joined, ascii_key(joined))


def _names(left: list[str]) -> list[list[str]] | None:
    """Known names of units that these words are, one after the other and each as long as can be; None if they are not.

    Nothing but spaces may stand between them: `phường Hà Tu Hạ Long Quảng Ninh`.
    """
    for size in range(min(len(left), LONGEST_NAME), 0, -1):
        if load_gazetteer().knows(ascii_key(" ".join(left[:size]))):
            rest = _names(left[size:]) if size < len(left) else []
            if rest is not None:
                return [left[:size], *rest]
    return None


def _label(left: list[str], at: int) -> int:
    """How many words at this place say what follows; 0 where nothing would follow."""
    length = load_address_words().labels.length(left, at)
    return length if at + length < len(left) else 0


def _end(left: list[str], label: int) -> int:
    """Where the first piece ends: before the next word that says what follows it, unless that is a part of a known name."""
    known = load_gazetteer().knows
    if known(ascii_key(" ".join(left[label:]))):
        return len(left)
    cuts = [at for at in range(label + 1, len(left)) if _label(left, at) and len(left[at]) > 1]
    if label and _meaning(left[:label]) not in LOCAL:
        # Xã Tứ Quận, Huyện … is not Xã Tứ, Quận Huyện …; Tân Hoà, Thành phố … is not Tân Hoà Thành, Phố …
        named = [at for at in cuts if known(ascii_key(" ".join(left[label:at])))]
        cuts = [at for at in named if _begins_unit(left[at:])][-1:] or named[-1:] or cuts
    return cuts[0] if cuts else len(left)


def _begins_unit(left: list[str]) -> bool:
    """These words begin with a kind of unit, and then a name."""
    label = _label(left, 0)
    then = _meaning(left[label : label + _label(left, label)])
    return _meaning(left[:label]) not in LOCAL and (not then or then in LOCAL)


def _meaning(label: list[str]) -> str:
    return load_address_words().labels.meaning[tuple(label)] if label else ""
