"""Names of organisations as recorded → legal form and core name: `Cty TNHH MTV Hải Long` is a LIMITED_ONE_MEMBER, `hải long`.

Forms and how they are written are data: `schema/data/legal_forms.csv` gives each form as terms, `legal_form_terms.csv` what each
term is written as. A name without a form is all core. What follows the word for a branch names the branch and is left out.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby

from hub.link.normalise.text import accented_key, ascii_key
from schema.units import DATA

FORMS_CSV, TERMS_CSV = DATA / "legal_forms.csv", DATA / "legal_form_terms.csv"
BRANCH = "branch"
NAMES_KEPT = 1 << 14
"""How many names are remembered: some megabytes."""


@dataclass(frozen=True)
class Organisation:
    """A name taken apart. `forms` are the legal forms that the written one can mean; empty if none is written."""

    forms: frozenset[str]
    core: str
    """Accented key of the name without form and branch."""
    core_ascii: str


@lru_cache(NAMES_KEPT)
def read_organisation(name: str) -> Organisation:
    """Take a name apart. Total: a name that is a form and nothing else keeps it as its core."""
    words, plain = accented_key(name).split(), ascii_key(name)
    if len(words) != len(plain.split()):
        words = plain.split()  # another script: its sounds have other words
    start, forms = 0, frozenset[str]()
    found = _form_pattern().search(plain) if _branch_pattern().match(plain) else _form_pattern().match(plain)
    if found and found.end() < len(plain):
        start = len(plain[: found.end()].split())
        forms = _forms_by_phrase()[found[0].strip()]
    branch = _branch_pattern().search(plain, len(" ".join(plain.split()[: start + 1])))
    end = len(plain[: branch.start()].split()) if branch else len(words)
    core = " ".join(words[start:end])
    return Organisation(forms, core, " ".join(plain.split()[start:end]))


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
def _branch_pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(_ways()[BRANCH], key=len, reverse=True))})\b")
