"""Names as recorded → comparable parts: family, middle and given name in Vietnamese order, whatever surrounds or orders them.

Titles, second persons and notes are taken off. A name is read family name first, unless the known family names say that it
was written the other way round; if both are possible the other reading is kept beside it. What is abbreviated is no
part, only an initial. Words are in `data/names.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hub.link.normalise.phrases import Phrases
from hub.link.normalise.text import accented_key, ascii_word, fold_text

DATA = Path(__file__).parent / "data" / "names.toml"
ORGANISATIONS = ("ENTERPRISE", "HOUSEHOLD_BUSINESS")
"""Kinds of party whose names have no family name."""

SPECIAL = re.compile(r"[^\w\s\u0300-\u036f'’-]|\d|_")
"""Nothing of this in a name: it needs no taking apart. Most have none."""
NOTE = re.compile(r"\([^)]*\)?|\[[^\]]*\]?|\d.*")
"""Remarks in brackets, and all from the first digit on."""
BREAK = re.compile(r"[;,&+/\n]|\s[-–]\s")
ABBREVIATION = re.compile(r"(\w[\w\u0300-\u036f]{0,2})\.")
CONSONANTS = "bcdđfghjklmnpqrstvwxz"


NONE_SHORT: frozenset[int] = frozenset()


class Name(NamedTuple):
    """A name in Vietnamese order, as accented and as ASCII keys; None for a part that it has not, or only by its initial."""

    name: str | None
    name_ascii: str | None
    surname: str | None
    middle: str | None
    given: str | None
    surname_ascii: str | None
    given_ascii: str | None
    initials: str | None
    """First ASCII letters of the words, of abbreviated ones too."""
    other: str | None
    """The whole name in its other possible order."""


NOTHING = Name(None, None, None, None, None, None, None, None, None)


@dataclass(frozen=True)
class Lexicon:
    """The words of `data/names.toml`."""

    firm: frozenset[str]
    family: frozenset[str]
    minority: frozenset[str]
    """Family names that are given names in other villages: such a word in front does not say that the family name stands there."""
    middle: frozenset[str]
    never_given: frozenset[str]
    """Middle names that are no given names, as accented keys."""
    double: Phrases
    sure: Phrases
    doubtful: Phrases
    after: Phrases
    beside: Phrases
    organisation: Phrases
    plain: frozenset[str]
    """Family names with which nothing but a name can begin."""
    apart: frozenset[str]
    """Words with which such a name has to be taken apart nevertheless."""


@cache
def load_lexicon() -> Lexicon:
    """The words of `data/names.toml`."""
    with DATA.open("rb") as file:
        data = tomllib.load(file)
    firm = Phrases.of(data["family"]["firm"]).first
    double, after = Phrases.of(data["family"]["double"]), Phrases.of(data["others"]["after"])
    sure, organisation = Phrases.of(data["title"]["sure"]), Phrases.of(data["organisation"]["first"])
    family = firm | Phrases.of(data["family"]["other"]).first
    minority = Phrases.of(data["family"]["minority"]).first - family
    family |= minority
    doubtful = Phrases.of(data["title"]["doubtful"], but=family)
    return Lexicon(
        firm=firm,
        family=family,
        minority=minority,
        middle=Phrases.of(data["family"]["middle"]).first,
        never_given=frozenset(accented_key(data["family"]["never_given"]).split()),
        double=double,
        sure=sure,
        doubtful=doubtful,
        after=after,
        beside=Phrases.of(data["others"]["beside"]),
        organisation=organisation,
        plain=firm - sure.first - doubtful.first - organisation.first,
        apart=double.first | after.first | frozenset(CONSONANTS),
    )


def read_name(text: str, kind: str | None) -> Name:
    """Read one name. Total: what holds no letter is NOTHING. `kind` is a PartyKind, None if the sector says none."""
    if kind in ORGANISATIONS:
        return _whole(accented_key(text))
    if SPECIAL.search(text) is None and "-" not in text:
        words, short = accented_key(text).split(), NONE_SHORT
        if len(words) > 1 and words[0] in load_lexicon().plain and load_lexicon().apart.isdisjoint(words):
            # Nine names in ten: the rest costs four times as much.
            return _in_order(words, 1, NONE_SHORT, None)
    else:
        words, short = _apart(text)
    if not words:
        return NOTHING
    if load_lexicon().organisation.length(words):
        return _whole(accented_key(text))
    words, short = _titles_off(words, short)
    words = _others_off(words)
    return _parts(words, short | _bare_initials(words))


def _whole(key: str) -> Name:
    """A name that has no parts."""
    plain = [ascii_word(word) for word in key.split()]
    initials = "".join([word[:1] for word in plain]) or None
    return (
        NOTHING._replace(name=key, name_ascii=" ".join(filter(None, plain)) or None, initials=initials)
        if key
        else NOTHING
    )


def _apart(text: str) -> tuple[list[str], frozenset[int]]:
    """The words of a name with punctuation, in the order Family, Given; and which of them are abbreviations."""
    pieces = [piece for piece in BREAK.split(NOTE.sub(" ", fold_text(text))) if accented_key(piece)]
    if not pieces:
        return [], frozenset()
    words, short = _dotted(pieces[0])
    if len(pieces) > 1:
        more, short_too = _dotted(pieces[1])
        beside = any(
            phrases.length(more) for phrases in (load_lexicon().beside, load_lexicon().sure, load_lexicon().after)
        )
        if "," in text and not beside:
            words, short = _reversed((words, short), (more, short_too))
    return words, short


def _dotted(piece: str) -> tuple[list[str], frozenset[int]]:
    """The words of a piece, and which of them end with a full stop as abbreviations do."""
    words: list[str] = []
    short: set[int] = set()
    end = 0
    for match in ABBREVIATION.finditer(piece):
        words += accented_key(piece[end : match.start()]).split()
        short.add(len(words))
        words += accented_key(match[1]).split()
        end = match.end()
    return [*words, *accented_key(piece[end:]).split()], frozenset(at for at in short if at < len(words))


def _reversed(
    one: tuple[list[str], frozenset[int]], two: tuple[list[str], frozenset[int]]
) -> tuple[list[str], frozenset[int]]:
    """`Family, Given` as it stands; `Given, Family Middle` with the family name to the front."""
    known = load_lexicon().family
    if one[0][0] not in known and two[0][0] in known:
        one, two = two, one
    return one[0] + two[0], one[1] | {at + len(one[0]) for at in two[1]}


def _titles_off(words: list[str], short: frozenset[int]) -> tuple[list[str], frozenset[int]]:
    off = 0
    while off < len(words) - 1:
        title, doubtful = load_lexicon().sure.length(words, off), load_lexicon().doubtful.length(words, off)
        left = len(words) - off - doubtful
        if title < doubtful and left and (words[off + doubtful] in load_lexicon().family) == (left > 1):
            title = doubtful
        if not title or off + title >= len(words):
            break
        off += title
    return words[off:], frozenset(at - off for at in short if at >= off)


def _others_off(words: list[str]) -> list[str]:
    """The words before the first that speak of someone or something else."""
    after = load_lexicon().after
    return next((words[:at] for at in range(1, len(words)) if after.length(words, at)), words)


def _bare_initials(words: list[str]) -> frozenset[int]:
    """Single consonants: no word of Vietnamese is one."""
    return frozenset(at for at, word in enumerate(words) if word in CONSONANTS)


def _parts(words: list[str], short: frozenset[int]) -> Name:
    short = frozenset(at for at in short if at < len(words))
    order, other = _orders(words, short)
    ordered = [words[at] for at in order]
    first = 2 if len(ordered) > 2 and load_lexicon().double.length(ordered) else 1
    shortened = frozenset(at for at, was in enumerate(order) if was in short) if short else NONE_SHORT
    return _in_order(ordered, first, shortened, " ".join([words[at] for at in other]) if other else None)


def _in_order(words: list[str], first: int, short: frozenset[int], other: str | None) -> Name:
    """The parts of words in Vietnamese order, of which so many are the family name, if there are more."""
    plain = [ascii_word(word) for word in words]
    last = len(words) - 1
    family = last > 0 and short.isdisjoint(range(first))
    middle = last > first and short.isdisjoint(range(first, last))
    given = last not in short
    return Name(
        " ".join(words),
        " ".join(filter(None, plain)) or None,
        " ".join(words[:first]) if family else None,
        " ".join(words[first:last]) if middle else None,
        words[last] if given else None,
        (" ".join(filter(None, plain[:first])) or None) if family else None,
        (plain[last] or None) if given else None,
        "".join([word[:1] for word in plain]) or None,
        other,
    )


def _orders(words: list[str], short: frozenset[int]) -> tuple[list[int], list[int] | None]:
    """The order to read the words in, and the other possible one, if it is not sure.

    Written the other way round are `An Van Nguyen` (the family name last, the given name first), `An Nguyen Van`, `Páo Giàng A`
    (the given name moved to the front) and `A Páo Giàng` (the family name moved to the end).
    """
    count, known, firm = len(words), load_lexicon().family, load_lexicon().firm
    middle, never_given = load_lexicon().middle, load_lexicon().never_given
    as_written = list(range(count))
    if count == 1 or words[0] in firm:
        return as_written, None
    last_first = [count - 1, *range(1, count - 1), 0]
    moved, family_moved = [*range(1, count), 0], [count - 1, *range(count - 1)]
    if count > 2 and words[1] in known and (words[-1] in never_given or (words[1] in firm and words[-1] in middle)):
        return as_written, moved
    if count > 2 and words[0] in never_given and words[1] not in middle and words[-1] in known:
        return as_written, family_moved
    if words[-1] in firm:
        if words[0] in load_lexicon().minority:
            return last_first, as_written
        return (as_written, last_first) if words[0] in known else (last_first, None)
    if (words[0] in known and words[0] not in load_lexicon().minority) or 0 in short:
        # Hoàng Văn Lâm and Lâm Văn Hoàng are two people; no Kinh name has such a word in the middle, and of these few begin so.
        minority = count == 3 and words[1] in never_given - middle and words[-1] in known
        return as_written, last_first if minority else None
    if count > 2 and (words[1] in firm or (words[1] in known and words[-1] not in known)):
        return as_written, moved
    return as_written, last_first if words[-1] in known else None
