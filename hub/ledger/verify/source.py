"""Where a verification reads from: a database, or an export of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.verify.multiset import RowMixer
from hub.ledger.verify.segments import RecordRows, Segment


@dataclass(frozen=True)
class EpochRow:
    """A row of the index of chains."""

    id: UUID
    month: date
    ended_at: datetime | None


@dataclass(frozen=True)
class MonthRow:
    """A month, without its key."""

    first_day: date
    has_key: bool
    dropped_at: datetime | None
    key_commitment: bytes | None = None
    """None if it has no key, or if the source does not say."""
    opened_at: str | None = None
    """As a record has it. None if the source does not say."""


@dataclass(frozen=True)
class LedgerIndex:
    """What a source says that it has. `segments` are in the order of their chains and numbers."""

    epochs: tuple[EpochRow, ...]
    months: tuple[MonthRow, ...]
    segments: tuple[Segment, ...]
    roles: tuple[str, ...]
    """Roles of disclosures, in the order of their names."""


@dataclass(frozen=True)
class PeopleRange:
    """A part of the index of people: blocks of a month's table."""

    month: date
    first_block: int
    last_block: int


class LedgerSource(Protocol):
    """A ledger to verify. It is sent to other processes, so it holds no connection until one of these is called."""

    has_index: bool
    """Whether it has the columns for searching and the index of people, which an export leaves out."""

    def read_index(self) -> LedgerIndex:
        """Which chains there are."""
        ...

    def read_checkpoints(self) -> Iterator[tuple[Checkpoint, bytes | None]]:
        """Checkpoints in the order of their numbers, with their timestamps."""
        ...

    def read_operations(self) -> Iterator[tuple[bytes, bytes]]:
        """Hashes and lists of fields."""
        ...

    def read_rows(self, segment: Segment) -> Iterator[RecordRows]:
        """The records of a segment, in parts of about PART_RECORDS."""
        ...

    def list_people_ranges(self, month: date) -> list[PeopleRange]:
        """Parts of the index of people, to be summed apart. None in an export."""
        ...

    def sum_people(self, part: PeopleRange, roles: tuple[str, ...], mixer: RowMixer) -> int:
        """The sum over a part."""
        ...

    def find_differing_people(self, month: date) -> list[str]:
        """Rows of the index that no record has, and the other way round: in words, some of them."""
        ...

    def close(self) -> None:
        """Give back what reading has opened."""
        ...
