"""A chain of records: numbered without a gap, each beginning with the hash of the one before. Pure; nothing is stored here.

One process writes one chain at a time, from EPOCH_BEGIN to EPOCH_END, and a chain lies within one month.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from hub.ledger.months import LedgerMonth, pseudonyms_by_role
from hub.ledger.writing.records import NO_RECORD, LedgerEntry, StoredRecord, encode_record, hash_paths, hash_record


class ChainedRecord(NamedTuple):
    """A record that stands at the end of a chain, with what it was made of. `subjects` are pseudonyms, by role, in hexadecimal."""

    stored: StoredRecord
    entry: LedgerEntry
    subjects: dict[str, list[str]]
    operation: bytes | None
    """The hash of the paths that were read."""


@dataclass(frozen=True)
class Chain:
    """The end of a chain: `number` of the next record, and the hash that it begins with."""

    epoch: UUID
    month: LedgerMonth
    number: int = 0
    previous: bytes = NO_RECORD

    def append(self, entries: Iterable[LedgerEntry]) -> tuple["Chain", list[ChainedRecord]]:
        """The chain with these entries at its end, and their records."""
        number, previous, made = self.number, self.previous, []
        for entry in entries:
            subjects = pseudonyms_by_role(self.month, entry.subjects)
            operation = hash_paths(entry.paths) if entry.paths else None
            record = encode_record(entry, operation, subjects, previous, number)
            previous = hash_record(record)
            made.append(ChainedRecord(StoredRecord(self.epoch, number, record, previous), entry, subjects, operation))
            number += 1
        return Chain(self.epoch, self.month, number, previous), made
