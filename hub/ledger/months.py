"""Months of the ledger: each has partitions and a key of its own.

A subject is written down as a pseudonym: HMAC-SHA-256, under the key of the month, of entity and number of the row. With the key
destroyed nobody can tell any more whose the pseudonyms of that month are, while every hash over the records still holds.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from hub.ledger.writing.records import PSEUDONYM_BYTES, DisclosedSubject

OPENED_AT = """to_char(opened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
"""As text, in the form of a record: an instant that Python has no date for must not stop whoever reads it."""
OPEN_MONTH = f"select subject_key, {OPENED_AT} from ledger.open_month(%s)"  # noqa: S608 a constant
"""Makes the month's partitions and key if they are missing. An owner's function: a writer may not define tables."""
COMMITMENT_PREFIX = b"hub-ledger-month-key-1\n"
"""Prefix of what a commitment is the hash of: no pseudonym and no other hash of the ledger can be passed off as one."""
MAX_REMEMBERED = 20_000
"""Pseudonyms that a month remembers: 300 bytes each, so 6 MB."""


@dataclass(frozen=True)
class LedgerMonth:
    """A month, by its first day in UTC, and its key of 32 bytes."""

    first_day: date
    subject_key: bytes = field(repr=False)
    _made: dict[DisclosedSubject, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def commitment(self) -> bytes:
        """By this the key can be recognised, and nothing else: nobody can guess 32 random bytes. 32 bytes."""
        return hashlib.sha256(COMMITMENT_PREFIX + self.subject_key).digest()

    def pseudonym(self, entity: str, number: int) -> bytes:
        """The pseudonym of a subject in this month. PSEUDONYM_BYTES bytes."""
        return hmac.digest(self.subject_key, f"{entity}:{number}".encode(), "sha256")[:PSEUDONYM_BYTES]

    def name_subjects(self, subjects: Sequence[DisclosedSubject]) -> list[str]:
        """The pseudonyms in hexadecimal. Those made last are remembered: one dossier's people are read again and again."""
        remember = self._made.get
        found = [made for subject in subjects if (made := remember(subject)) is not None]
        return found if len(found) == len(subjects) else [self._name_subject(subject) for subject in subjects]

    def _name_subject(self, subject: DisclosedSubject) -> str:
        made = self._made.get(subject)
        if made is None:
            if len(self._made) >= MAX_REMEMBERED:
                self._made.clear()
            made = self._made[subject] = self.pseudonym(subject.entity, subject.number).hex()
        return made


def month_of(instant: datetime) -> date:
    """The first day of the month of an aware instant, in UTC."""
    return instant.astimezone(UTC).date().replace(day=1)


def pseudonyms_by_role(month: LedgerMonth, subjects: Iterable[DisclosedSubject]) -> dict[str, list[str]]:
    """The pseudonyms of subjects by role, in hexadecimal and sorted: their order would tell who is whose spouse."""
    by_role: dict[str, list[DisclosedSubject]] = {}
    for subject in subjects:
        by_role.setdefault(subject[2], []).append(subject)
    return {role: sorted(set(month.name_subjects(members))) for role, members in sorted(by_role.items())}
