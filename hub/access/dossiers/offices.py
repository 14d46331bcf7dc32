"""Offices: which dossiers an office may open and read, also after its unit was merged or split.

An office is named by the administrative unit it serves, with the date of the code: `06820@2025-07-01`. A token may still have the
code of a unit that is gone, and a dossier may have been opened under one. Source of the changes: `schema/data/`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from hub.errors import OperationRefused
from schema import units


def parse_office(text: str) -> str:
    """The canonical code of an office's unit. Raises OperationRefused with OFFICE_UNKNOWN."""
    code = units.canonicalise_code(text.strip())
    if code is None:
        raise OperationRefused(
            "the office is not an administrative unit with the date of its code",
            code="OFFICE_UNKNOWN",
            next_step="give the code with a date on which it was in force, e.g. 06820@2025-07-01",
        )
    return code


@lru_cache(maxsize=5_000)
def is_same_office(own: str, other: str) -> bool:
    """Whether one unit is, continues, or is continued by the other. Both are canonical codes."""
    return other in units.find_successors(own) or own in units.find_successors(other)


def covers_office(offices: Iterable[str], office: str) -> bool:
    """Whether someone who works for `offices` works for this office. A code that names no unit covers nothing.

    In a token a code may stand without a date: it is then that of today, when the token was signed.
    """
    codes = (find_unit(own) for own in offices)
    return any(own is not None and is_same_office(own, office) for own in codes)


def find_unit(code: str) -> str | None:
    """The canonical code of a unit that a token names, `06820` or `06820@2025-07-01`; None if there is none."""
    return _canonical(code if "@" in code else f"{code}@{datetime.now(UTC).date().isoformat()}")


@lru_cache(maxsize=5_000)
def _canonical(code: str) -> str | None:
    """Kept, since every read under a dossier asks for its caller's offices; tokens name few of them."""
    return units.canonicalise_code(code)


def is_at_level(offices: Iterable[str], levels: frozenset[str]) -> bool:
    """Whether someone who works for `offices` works for a unit of one of these levels, e.g. COMMUNE."""
    codes = (find_unit(own) for own in offices)
    return any(code is not None and units.find_level(code) in levels for code in codes)
