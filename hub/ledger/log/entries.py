"""Entries of the ledger as they are read: a record, its place in its chain, and the fields that it names by hash."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson

from hub.errors import OperationRefused
from hub.ledger.writing.records import StoredRecord, hash_record

BAD_CURSOR = OperationRefused(
    "this is no cursor of the log", next_step="begin without one, or give `endCursor` as it is", code="BAD_CURSOR"
)
MAX_CURSOR_CHARS = 200


@dataclass(frozen=True)
class LogPosition:
    """The place of an entry in the log, which is ordered by time and then by chain and number."""

    at: datetime
    epoch: UUID
    number: int

    @property
    def cursor(self) -> str:
        """The position as an opaque text."""
        return base64.urlsafe_b64encode(
            json.dumps([self.at.isoformat(), self.epoch.hex, self.number]).encode()
        ).decode()


def parse_cursor(text: str) -> LogPosition:
    """The position that a cursor stands for. Raises OperationRefused with BAD_CURSOR."""
    if len(text) > MAX_CURSOR_CHARS:
        raise BAD_CURSOR
    try:
        at, epoch, number = json.loads(base64.urlsafe_b64decode(text.encode()))
        found = LogPosition(datetime.fromisoformat(at), UUID(epoch), int(number))
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise BAD_CURSOR from None
    if found.at.tzinfo is None or not 0 <= found.number < 2**63:
        raise BAD_CURSOR
    return found


@dataclass(frozen=True)
class LogEntry:
    """One entry. `at` is the column that is searched by; what counts is in the record."""

    stored: StoredRecord
    at: datetime
    paths: tuple[str, ...]
    """The fields that were asked for; empty if the record names none, or if the list is missing."""

    @property
    def position(self) -> LogPosition:
        """Its place in the log."""
        return LogPosition(self.at, self.stored.epoch, self.stored.number)

    @cached_property
    def body(self) -> dict[str, Any]:
        """What the record says; empty if somebody has edited it so that it is no JSON any more."""
        try:
            found = self.stored.body
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_intact(self) -> bool:
        """Whether the record has the hash that is stored beside it. `hub ledger verify` checks the chain as well."""
        return hash_record(self.stored.record) == self.stored.hash

    @property
    def people(self) -> dict[str, list[str]]:
        """Pseudonyms by role, in hexadecimal."""
        found = self.body.get("subjects")
        return found if isinstance(found, dict) else {}

    def roles_of(self, pseudonyms: frozenset[str]) -> frozenset[str]:
        """The roles that one of these pseudonyms has in it."""
        return frozenset(role for role, people in self.people.items() if pseudonyms & set(people))


def read_entry(row: Sequence[Any]) -> LogEntry:
    """The entry of a row of `hub.ledger.log.query`: epoch, number, record, hash, at, paths."""
    epoch, number, record, stored_hash, at, paths = row[:6]
    try:
        fields = tuple(str(path) for path in orjson.loads(paths)) if paths is not None else ()
    except ValueError:
        fields = ()
    return LogEntry(StoredRecord(epoch, number, bytes(record), bytes(stored_hash)), at.astimezone(UTC), fields)
