"""Records of the ledger: one for each request, as the bytes that are stored, chained and signed.

A record is 32 bytes (the hash of the record before it in its chain), 8 bytes (its number in the chain, big-endian) and JSON. Its hash is
SHA-256 of all of them, so an edit, a swap or a gap breaks the chain. The JSON never names a person: subjects are pseudonyms (see
`hub.ledger.months`), and reads are recorded as paths of fields, never as values.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson

HASH_BYTES = 32
NUMBER_BYTES = 8
HEADER_BYTES = HASH_BYTES + NUMBER_BYTES
NO_RECORD = bytes(HASH_BYTES)
"""The hash before the first record of a chain."""
PSEUDONYM_BYTES = 16


class RecordKind(StrEnum):
    """What a record says happened."""

    EPOCH_BEGIN = "EPOCH_BEGIN"
    """A process began to write this chain. Always number 0."""
    EPOCH_END = "EPOCH_END"
    """The process stopped in order, or a month ended: nothing follows in this chain."""
    READ = "READ"
    """An operation was answered or refused."""
    EVENT = "EVENT"
    """An event of a subscription was sent."""
    MASKED = "MASKED"
    """Masked reads of one explorer, added up: `count` of them."""
    COMMAND = "COMMAND"
    """A command showed values on a terminal."""
    EXPORT = "EXPORT"
    """Data left as a file."""
    AUDIT = "AUDIT"
    """The ledger itself was read."""
    KEEPING = "KEEPING"
    """The keeping of the ledger: a month's key was destroyed, a restored backup was found, a signing key was changed."""


MONTH_KEY_DETAIL, MONTH_OPENED_DETAIL = "monthKey", "monthOpenedAt"
"""Keys in the details of EPOCH_BEGIN: the commitment to the month's key, in hexadecimal, and when the month was opened."""
ABANDONED, KEY_DESTROYED, MONTH_DROPPED = "EPOCH_ABANDONED", "KEY_DESTROYED", "MONTH_DROPPED"
"""Actions of KEEPING records: a chain was found without an end, the key of a month was destroyed, the records of months were dropped."""
KEY_REVOKED = "KEY_REVOKED"
"""Action of a KEEPING record: a signing key was stolen. `key` is its fingerprint, `after` the last checkpoint that is trusted."""


class ReadOutcome(StrEnum):
    """How a read ended."""

    ANSWERED = "ANSWERED"
    REFUSED = "REFUSED"
    NOTHING_FOUND = "NOTHING_FOUND"
    FAILED = "FAILED"


LOCAL_PRINCIPAL = "local:"
"""What the id of a principal begins with who asked on the hub's own machine; the login follows."""
INCIDENTAL_ROLE = "incidental"
"""The role of a person whose data came along: a spouse, a co-holder."""
REQUESTED_ROLE = "requested"
"""The role of a person whom a purpose without a dossier asked for."""
SELF_ROLE = "self"
"""The role of a citizen who read their own data."""
REFUSED_ROLE = "refused"
"""The role of a person whom a refused request named: nothing of their data left."""


class DisclosedSubject(NamedTuple):
    """A person whose data an answer has: entity and number of the row, and the role in the dossier, or one of those above."""

    entity: str
    number: int
    role: str


class SourceState(NamedTuple):
    """A source that the answer rests on, and the instant for which the hub last knew all of it; None if it is not known."""

    connector: str
    as_of: str | None


class LedgerEntry(NamedTuple):
    """The record of one request. Times are aware UTC."""

    at: datetime
    kind: RecordKind
    principal: str
    """Id of the principal; `local:<login>` for a command."""
    outcome: ReadOutcome
    acting_app: str | None = None
    purpose: str | None = None
    purpose_version: str | None = None
    """64 hex digits."""
    dossier: str | None = None
    office: str | None = None
    paths: tuple[str, ...] = ()
    """Paths of the fields that were asked for, e.g. `citizen.landUseRights.nodes.area`."""
    subjects: tuple[DisclosedSubject, ...] = ()
    sources: tuple[SourceState, ...] = ()
    code: str | None = None
    """Code of the error, if it was refused or failed."""
    request_id: str | None = None
    trace_id: str | None = None
    count: int = 1  # type: ignore[assignment]  # instead of the method of tuples, which nobody calls
    """How many reads a MASKED record adds up."""
    details: Mapping[str, Any] | None = None
    """Of records about the ledger itself. Never personal."""


class StoredRecord(NamedTuple):
    """A record as it is stored, with its place in its chain."""

    epoch: UUID
    number: int
    record: bytes
    hash: bytes

    @property
    def previous(self) -> bytes:
        """The hash that the record says is that of the one before it."""
        return self.record[:HASH_BYTES]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON. Raises ValueError if it is none."""
        found: dict[str, Any] = orjson.loads(self.record[HEADER_BYTES:])
        return found


def hash_paths(paths: tuple[str, ...]) -> bytes:
    """The hash by which a record names the fields that were asked for: the same list has the same hash. 32 bytes."""
    return hashlib.sha256(orjson.dumps(paths)).digest()


def encode_record(
    entry: LedgerEntry, operation: bytes | None, pseudonyms: Mapping[str, list[str]], previous: bytes, number: int
) -> bytes:
    """The bytes of a record.

    `operation` is the hash of the entry's paths, if it has some; `pseudonyms` has, by role, those of its subjects, in hexadecimal.
    """
    body: dict[str, Any] = {
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": entry.kind,
        "principal": entry.principal,
        "app": entry.acting_app,
        "purpose": entry.purpose,
        "purposeVersion": entry.purpose_version,
        "dossier": entry.dossier,
        "office": entry.office,
        "operation": operation.hex() if operation else None,
        "subjects": pseudonyms or None,
        "sources": [list(source) for source in entry.sources] or None,
        "outcome": entry.outcome,
        "code": entry.code,
        "request": entry.request_id,
        "trace": entry.trace_id,
        "count": entry.count if entry.count != 1 else None,
        "details": dict(entry.details) if entry.details else None,
    }
    present = {key: value for key, value in body.items() if value is not None}
    return previous + number.to_bytes(NUMBER_BYTES, "big") + orjson.dumps(present)


def hash_record(record: bytes) -> bytes:
    """The hash of a record: the next one begins with it. 32 bytes."""
    return hashlib.sha256(record).digest()
