"""What a search of the log is written down as. Its words are typed by people, and a record is kept for years in clear, so only what has
a known form is written; anything else is named by its kind.
"""

import re
from collections.abc import Callable, Mapping

from hub.access.dossiers.dossier_rules import CODE
from hub.access.dossiers.offices import find_unit
from hub.access.purposes import read_purposes
from hub.ledger.log.query import LogFilter
from hub.ledger.writing.records import ReadOutcome, RecordKind

PRINCIPAL = re.compile(r"key:[a-z2-7]{8}|local:[a-z_][a-z0-9_.-]{0,31}|[a-z][a-z0-9+.-]*:[!-{}~]+\|[!-{}~]+")
"""Of an API key, of whoever used this machine, and `<issuer>|<sub>`."""
APP = re.compile(r"[a-z][a-z0-9]*(?:[._:/-][a-z0-9]+)*")
ERROR_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)*")
MAX_CODE_CHARS = 40
IDENTIFIER = re.compile(r"[0-9]{9}")
"""Nine digits in a row, anywhere in a text, may be somebody's identifier."""
UNKNOWN_FORM = "another text"


def has_identifier(text: str) -> bool:
    """Whether a text may have a person's identifier in it."""
    return IDENTIFIER.search(text) is not None


def is_dossier_code(text: str) -> bool:
    """Whether a text has the form of a dossier's code, without a person's identifier in it."""
    return CODE.fullmatch(text) is not None and not has_identifier(text)


def name_principal(text: str) -> str:
    """The id of a principal, if it has the form of one."""
    return text if PRINCIPAL.fullmatch(text) and not has_identifier(text) else UNKNOWN_FORM


def describe_search(wanted: LogFilter, *, of_person: bool = False) -> list[str]:
    """The conditions of a search in words: nobody's identifier, and no text without a known form. `of_person`: it is about one person."""
    words = [f"{name}={value.isoformat()}" for name in ("since", "until") if (value := getattr(wanted, name))]
    for name, has_form in FORMS.items():
        if (given := getattr(wanted, name)) is not None:
            words.append(f"{name}={given if has_form(given) else UNKNOWN_FORM}")
    return [*words, *(["one person"] if of_person else [])]


FORMS: Mapping[str, Callable[[str], bool]] = {
    "principal": lambda text: name_principal(text) == text,
    "dossier": is_dossier_code,
    "app": lambda text: APP.fullmatch(text) is not None and not has_identifier(text),
    "purpose": lambda text: text in read_purposes(),
    "outcome": lambda text: text in ReadOutcome.__members__,
    "kind": lambda text: text in RecordKind.__members__,
    "code": lambda text: ERROR_CODE.fullmatch(text) is not None and len(text) <= MAX_CODE_CHARS,
    "office": lambda text: "@" in text and find_unit(text) is not None,
}
"""By condition, whether a value has its form."""
