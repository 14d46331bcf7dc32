"""What records about chains and about keeping say.

Read with care: whoever has the writer's login, or owns the tables, can put anything into a record. One that the hub does not write is a
finding, and explains nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from hub.ledger.verify.checkpoint_chain import RevokedKey
from hub.ledger.verify.findings import Findings
from hub.ledger.writing.records import ABANDONED, KEY_DESTROYED, KEY_REVOKED, MONTH_DROPPED, RecordKind


@dataclass(frozen=True)
class MarkRecord:
    """A record about its chain, or about keeping."""

    number: int
    kind: str
    at: str
    principal: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class KeepingPlace:
    """Where a record about keeping stands. `by` is the record in words, with its day and who did it."""

    epoch: UUID
    month: date
    number: int
    by: str


@dataclass(frozen=True)
class FoundAbandoned:
    """A chain as it was found without an end: its last record. None if it had none."""

    number: int | None
    hash: str | None


@dataclass
class KeepingRecords:
    """What all records about keeping say together."""

    abandoned: dict[UUID, FoundAbandoned] = field(default_factory=dict)
    destroyed: set[date] = field(default_factory=set)
    """Months whose key was destroyed."""
    dropped: dict[date, list[KeepingPlace]] = field(default_factory=dict)
    """Months whose records were dropped, with the records that say so."""
    revoked: dict[str, RevokedKey] = field(default_factory=dict)


def read_mark(number: int, body: Mapping[str, Any]) -> MarkRecord:
    """A mark from a readable body. Details that are no object count as none."""
    details = body.get("details")
    return MarkRecord(number, body["kind"], body["at"], body["principal"], details if isinstance(details, dict) else {})


def read_keeping(marks: Iterable[tuple[str, UUID, date, MarkRecord]], findings: Findings) -> KeepingRecords:
    """Read the records about keeping. Each comes with its chain in words, the chain's id and month."""
    found = KeepingRecords()
    for where, epoch, month, mark in marks:
        if mark.kind != RecordKind.KEEPING:
            continue
        said = f"record {mark.number} of {where}"
        action = mark.details.get("action")
        read = READERS.get(action) if isinstance(action, str) else None
        if action is not None and not isinstance(action, str):
            findings.add("RECORD_UNREADABLE", where, f"record {mark.number} is none that the hub writes")
        if read is None:
            continue
        place = KeepingPlace(epoch, month, mark.number, f"{said}, {mark.at[:10]}, by {mark.principal}")
        try:
            read(found, mark.details, place, said)
        except (KeyError, TypeError, ValueError):
            findings.add("RECORD_UNREADABLE", where, f"record {mark.number} is none that the hub writes")
    return found


def _read_abandoned(found: KeepingRecords, details: Mapping[str, Any], place: KeepingPlace, said: str) -> None:
    number, digest = details["number"], details["hash"]
    if number is not None or digest is not None:
        number, digest = _as(int, number), _as(str, digest)
    found.abandoned[UUID(_as(str, details["epoch"]))] = FoundAbandoned(number, digest)


def _read_destroyed(found: KeepingRecords, details: Mapping[str, Any], place: KeepingPlace, said: str) -> None:
    found.destroyed.add(date.fromisoformat(_as(str, details["month"])))


def _read_dropped(found: KeepingRecords, details: Mapping[str, Any], place: KeepingPlace, said: str) -> None:
    for month in {date.fromisoformat(_as(str, one)) for one in _as(list, details["months"])}:
        found.dropped.setdefault(month, []).append(place)


def _read_revoked(found: KeepingRecords, details: Mapping[str, Any], place: KeepingPlace, said: str) -> None:
    key, after = _as(str, details["key"]), _as(int, details["after"])
    before = found.revoked.get(key)
    # The smallest number counts, whatever order the records are in: a thief of the writer's login can add a record with a greater one.
    if before is None or after < before.last_trusted:
        found.revoked[key] = RevokedKey(key, after, said)


def _as(kind: type, value: Any) -> Any:
    if type(value) is not kind:  # a bool is an int, too
        raise TypeError(kind.__name__)
    return value


READERS: Mapping[str, Callable[[KeepingRecords, Mapping[str, Any], KeepingPlace, str], None]] = {
    ABANDONED: _read_abandoned,
    KEY_DESTROYED: _read_destroyed,
    MONTH_DROPPED: _read_dropped,
    KEY_REVOKED: _read_revoked,
}
"""By action. The others explain nothing that is missing."""
