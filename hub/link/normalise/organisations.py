"""Names of organisations as recorded → legal form and core name: `Cty TNHH MTV Hải Long` is a LIMITED_ONE_MEMBER, `hải long`.

Forms and how they are written are data: `schema/data/legal_forms.csv` gives each form as terms, `legal_form_terms.csv` what each
term is written as. A name without a form is all core. What follows the word for a branch names the branch and is left out; `CN`
may be công nghệ as well, so it is a branch only in front of a form, or behind a dash, a comma or a bracket.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby

from hub.link.normalise.names import load_lexicon
from hub.link.normalise.text import accented_key, ascii_key
from schema.units import DATA

FORMS_CSV, TERMS_CSV = DATA / "legal_forms.csv", DATA / "legal_form_terms.csv"
BRANCH, SHORT_BRANCH, FOREIGN, TITLE = "branch", "branch_short", "foreign", "title"
HOUSEHOLD = "household"
"""The bare word, which may be a family's as well; without its marks it may be the name Hồ."""
BRACKETS = re.compile(r"\([^()]*\)?")
NAMES_KEPT = 1 << 14
"""How many names are remembered: some megabytes."""


@dataclass(frozen=True)
class Organisation:
    """A name taken apart. `forms` are the legal forms that the written one can mean; empty if none is written."""

    forms: frozenset[str]
    core: str
    """Accented key of the name without form and branch."""
    core_ascii: str
    says_kind: bool = False
    """Whether the form is nobody's but a business's: a name of a person or a family has none."""


@lru_cache(NAMES_KEPT)
def read_organisation(name: str) -> Organisation:
    """Take a name apart. Total: a name that is a form and nothing else keeps it as its core."""
    name = BRACKETS.sub(_without_foreign, name)
    name = _short_branch_pattern().sub(rf"\1 {_ways()[BRANCH][0]} ", name)
    words, plain = accented_key(name).split(), ascii_key(name)
    if len(words) != len(plain.split()):
        words = plain.split()  # another script: its sounds have other words
    start, forms = 0, frozenset[str]()
    found = _form_pattern().search(plain) if _any_branch_pattern().match(plain) else _form_pattern().match(plain)
    bare = found is not None and found[0].strip() in _ways()[HOUSEHOLD]
    if found and found.end() < len(plain) and _is_form(words, plain, found):
        start = len(plain[: found.end()].split())
        forms = _forms_by_phrase()[found[0].strip()]
        if found.start() == 0:
            start += _title(words, start)
    branch = _branch_pattern().search(plain, len(" ".join(plain.split()[: start + 1])))
    end = len(plain[: branch.start()].split()) if branch else len(words)
    core = " ".join(words[start:end])
    return Organisation(forms, core, " ".join(plain.split()[start:end]), bool(forms) and not bare)


def _without_foreign(brackets: re.Match[str]) -> str:
    """Brackets with a name in a foreign language, `(Bien Bac JSC)`, are left out; `(Việt Nam)` is a part of a name."""
    return " " if _foreign_pattern().search(ascii_key(brackets[0])) else brackets[0]


def _is_form(words: list[str], plain: str, found: re.Match[str]) -> bool:
    """Whether the words are written as those of a form, with its own marks or none: hồ is no hộ."""
    first = len(plain[: found.start()].split())
    written = words[first : len(plain[: found.end()].split())]
    if written == plain.split()[first : first + 1] and written[0] in _ways()[HOUSEHOLD]:
        return False
    return all(word.isascii() or word in _marked_words() for word in written)


def _title(words: list[str], start: int) -> int:
    """1 if ông or bà stands before a person's whole name: `Bà Bảy` is as good a name of a shop as any, and another one than Bảy."""
    rest = words[start:]
    whole = len(rest) > 2 and rest[1] in load_lexicon().family
    return int(whole and ascii_key(rest[0]) in _ways()[TITLE] and (rest[0].isascii() or rest[0] in _marked_words()))


@cache
def _forms_by_phrase() -> dict[str, frozenset[str]]:
    """ASCII key of each way of writing a form → the forms it can mean."""
    found: dict[str, frozenset[str]] = {}
    with FORMS_CSV.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            phrases = [""]
            for term in row["terms"].split():
                phrases = [f"{phrase} {way}".strip() for phrase in phrases for way in _ways()[term]]
            for phrase in phrases:
                found[phrase] = found.get(phrase, frozenset()) | frozenset(row["legal_forms"].split())
    return found


@cache
def _ways() -> dict[str, tuple[str, ...]]:
    """Term → ASCII keys of the ways it is written."""
    with TERMS_CSV.open(encoding="utf-8", newline="") as file:
        rows = [(row["term"], ascii_key(row["written"])) for row in csv.DictReader(file)]
    return {
        term: tuple(dict.fromkeys(way for _, way in ways)) for term, ways in groupby(sorted(rows), lambda row: row[0])
    }


@cache
def _form_pattern() -> re.Pattern[str]:
    longest_first = sorted(_forms_by_phrase(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first)})(?: |$)")


@cache
def _marked_words() -> frozenset[str]:
    """The words of all terms that have marks."""
    with TERMS_CSV.open(encoding="utf-8", newline="") as file:
        words = {word for row in csv.DictReader(file) for word in accented_key(row["written"]).split()}
    return frozenset(word for word in words if not word.isascii())


@cache
def _branch_pattern() -> re.Pattern[str]:
    return re.compile(_any_of(BRANCH))


@cache
def _any_branch_pattern() -> re.Pattern[str]:
    return re.compile(_any_of(BRANCH, SHORT_BRANCH))


@cache
def _foreign_pattern() -> re.Pattern[str]:
    return re.compile(_any_of(FOREIGN))


@cache
def _short_branch_pattern() -> re.Pattern[str]:
    """Over a name as written, since the keys have no punctuation."""
    ways = (way.replace(" ", r"[.\s]*") for way in _ways()[SHORT_BRANCH])
    return re.compile(rf"([-\u2013\u2014,;(])\s*(?:{'|'.join(ways)})\b\.?", re.IGNORECASE)


def _any_of(*terms: str) -> str:
    ways = {way for term in terms for way in _ways()[term]}
    return rf"\b(?:{'|'.join(sorted(ways, key=len, reverse=True))})\b"
