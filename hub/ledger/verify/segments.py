"""Checking a segment of a chain: records in a row. Pure, and fast: a segment is checked by lists and arrays, and only one that fails is
looked at record by record.
"""

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from numpy.typing import NDArray

from hub.ledger.verify.findings import Findings
from hub.ledger.verify.multiset import RowMixer, add_sums
from hub.ledger.writing.records import HASH_BYTES, HEADER_BYTES, NUMBER_BYTES, PSEUDONYM_BYTES, RecordKind

PART_RECORDS = 1_000
"""Records that are in memory at a time. With 20,000 of them, decoding took four times as long: each new page of memory costs more than
what is written to it, and the pages of a small part are used again by the next."""
CLOCK_BACK_US = 10_000_000
"""Records of concurrent requests are not in the order of their times: a commit may take up to 5 s."""
MARKS = frozenset({RecordKind.EPOCH_BEGIN.value, RecordKind.EPOCH_END.value, RecordKind.KEEPING.value})
GET_AT, GET_KIND, GET_PRINCIPAL = itemgetter("at"), itemgetter("kind"), itemgetter("principal")


MAX_NUMBER = 2**63 - 1
"""The greatest number of a record that PostgreSQL stores."""
NO_NUMBER = -1
"""The number of a record that does not say one that could be stored."""
UNREADABLE = {"at": "1970-01-01T00:00:00.000000+00:00", "kind": "", "principal": ""}
"""What a record counts as that is none the hub writes."""


@dataclass(frozen=True)
class Segment:
    """Where records in a row are: `first` to `last` of a chain, of which `place` says where the source has them."""

    month: date
    epoch: UUID
    first: int
    last: int
    place: tuple[int, int] = (0, 0)

    @property
    def where(self) -> str:
        """The chain, for a finding."""
        return f"chain {self.epoch} of {self.month:%Y-%m}"


@dataclass
class RecordRows:
    """Records of a segment in the order of their numbers. `hashes` and the columns are missing in an export."""

    numbers: list[int] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    hashes: list[bytes] | None = None
    times: list[int] | None = None
    """Microseconds since 1970."""
    principals: list[str] | None = None
    dossiers: list[str | None] | None = None


@dataclass
class SegmentResult:
    """The result of checking one segment. `digests` are those at the numbers that checkpoints claim."""

    segment: Segment
    count: int = 0
    previous: bytes | None = None
    last_hash: bytes | None = None
    first_number: int = -1
    last_number: int = -1
    last_at: str | None = None
    last_time_us: int | None = None
    """Microseconds since 1970; None if it is not known."""
    marks: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Numbers and bodies of the records about the chain and about keeping."""
    operations: set[str] = field(default_factory=set)
    people: int = 0
    people_sum: int = 0
    heads_sum: int = 0
    findings: Findings = field(default_factory=Findings)


def read_numbers(records: Sequence[bytes]) -> list[int]:
    """The numbers that records say they have, NO_NUMBER for one that the hub does not write."""
    said = [record[HASH_BYTES:HEADER_BYTES] for record in records]
    if set(map(len, said)) <= {NUMBER_BYTES}:
        numbers: list[int] = np.maximum(np.frombuffer(b"".join(said), ">i8"), NO_NUMBER).tolist()
        return numbers
    return [
        read_numbers([record])[0] if len(one) == NUMBER_BYTES else NO_NUMBER
        for record, one in zip(records, said, strict=True)
    ]


def check_segment(
    segment: Segment, parts: Iterable[RecordRows], claimed: NDArray[np.int64], roles: Sequence[str], mixer: RowMixer
) -> SegmentResult:
    """Check records in a row. `claimed` are the numbers that checkpoints have heads at, `roles` those of disclosures."""
    result = SegmentResult(segment)
    place = {role: number for number, role in enumerate(roles)}
    for rows in parts:
        if rows.records:
            _check_part(result, rows, claimed, place, mixer)
    return result


def _check_part(
    result: SegmentResult, rows: RecordRows, claimed: NDArray[np.int64], place: Mapping[str, int], mixer: RowMixer
) -> None:
    """Check the next records, and take over what they came to."""
    digests = [hashlib.sha256(record).digest() for record in rows.records]
    _check_links(result, rows, digests)
    bodies = _read_bodies(result, rows)
    _check_columns(result, rows, bodies)
    _note_marks(result, rows, bodies)
    _sum_people(result, rows, bodies, place, mixer)
    _sum_heads(result, rows, digests, claimed, mixer)
    if not result.count:
        result.previous, result.first_number = rows.records[0][:HASH_BYTES], rows.numbers[0]
    result.count += len(rows.records)
    result.last_hash, result.last_number = digests[-1], rows.numbers[-1]


def _check_links(result: SegmentResult, rows: RecordRows, digests: list[bytes]) -> None:
    findings, where = result.findings, result.segment.where
    if rows.hashes is not None and rows.hashes != digests:
        for number, stored, digest in zip(rows.numbers, rows.hashes, digests, strict=True):
            if stored != digest:
                findings.add("RECORD_CHANGED", where, f"record {number} does not have its hash")
    # The first record of a segment has no record before it here: whoever joins the segments compares these two.
    previous = [record[:HASH_BYTES] for record in rows.records]
    expected = [result.last_hash if result.count else previous[0], *digests[:-1]]
    if previous != expected:
        numbers = [result.last_number, *rows.numbers]
        for at, (one, before) in enumerate(zip(previous, expected, strict=True)):
            if one != before and numbers[at + 1] == numbers[at] + 1:
                findings.add("CHAIN_BROKEN", where, f"record {numbers[at + 1]} does not follow record {numbers[at]}")
    written = [record[HASH_BYTES:HEADER_BYTES] for record in rows.records]
    stored_numbers = np.array(rows.numbers, np.int64)
    if not np.array_equal(
        np.frombuffer(b"".join(written).ljust(8 * len(written)), ">i8")[: len(written)], stored_numbers
    ):
        for number, said in zip(rows.numbers, written, strict=True):
            if int.from_bytes(said, "big") != number:
                findings.add(
                    "NUMBER_DIFFERS", where, f"record {number} says that it is number {int.from_bytes(said, 'big')}"
                )
    number_before = result.last_number if result.count else max(result.segment.first - 1, -MAX_NUMBER)
    steps = np.diff(stored_numbers, prepend=np.int64(number_before))
    for at in np.flatnonzero(steps != 1).tolist():
        first, last = (rows.numbers[at - 1] if at else number_before) + 1, rows.numbers[at] - 1
        if first <= last:
            findings.add("RECORD_MISSING", where, f"records {first} to {last} are missing")


def _read_bodies(result: SegmentResult, rows: RecordRows) -> list[dict[str, Any]]:
    """The JSON of records. What follows may rely on what `_require_texts` requires."""
    loads = orjson.loads
    try:
        bodies = [loads(record[HEADER_BYTES:]) for record in rows.records]
        _require_texts(bodies)
        return bodies
    except (ValueError, KeyError, TypeError):
        bodies = []
    for number, record in zip(rows.numbers, rows.records, strict=True):
        try:
            body = loads(record[HEADER_BYTES:])
            _require_texts([body])
            bodies.append(body)
        except (ValueError, KeyError, TypeError):
            result.findings.add(
                "RECORD_UNREADABLE", result.segment.where, f"record {number} is none that the hub writes"
            )
            bodies.append(UNREADABLE)
    return bodies


def _require_texts(bodies: list[dict[str, Any]]) -> None:
    """Raise KeyError or TypeError unless all are objects, with texts as time, kind, principal and, if they have one, operation.

    `join` is the fastest way to ask whether all are texts: 0.1 µs for a record.
    """
    if set(map(type, bodies)) != {dict}:
        raise TypeError("no objects")
    for get in (GET_AT, GET_KIND, GET_PRINCIPAL):
        "".join(map(get, bodies))
    "".join([body["operation"] for body in bodies if "operation" in body])


def _check_columns(result: SegmentResult, rows: RecordRows, bodies: list[dict[str, Any]]) -> None:
    findings, where = result.findings, result.segment.where
    result.last_at = str(bodies[-1]["at"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns of a zone where there should be digits
            times = np.array([at[:26] for at in map(GET_AT, bodies)], "datetime64[us]").astype(np.int64)
    except (ValueError, TypeError, OverflowError, Warning):
        findings.add(
            "RECORD_UNREADABLE", where, f"a time among records {rows.numbers[0]} to {rows.numbers[-1]} is none"
        )
        result.last_time_us = None
        return
    before = [] if result.last_time_us is None else [result.last_time_us]
    numbers = [*([result.last_number] if before else []), *rows.numbers]
    for at in np.flatnonzero(np.diff(np.concatenate((np.array(before, np.int64), times))) < -CLOCK_BACK_US):
        findings.add("CLOCK_BACK", where, f"between records {numbers[at]} and {numbers[at + 1]}")
    result.last_time_us = int(times[-1])
    if rows.times is None or rows.principals is None or rows.dossiers is None:
        return
    for at in np.flatnonzero(times != np.array(rows.times, np.int64)):
        findings.add("COLUMN_DIFFERS", where, f"`at` of record {rows.numbers[at]}")
    columns: tuple[tuple[str, Sequence[str | None], list[str | None]], ...] = (
        ("principal", rows.principals, list(map(GET_PRINCIPAL, bodies))),
        ("dossier", rows.dossiers, [body.get("dossier") for body in bodies]),
    )
    for name, column, said in columns:
        if column != said:
            for number, one, other in zip(rows.numbers, column, said, strict=True):
                if one != other:
                    findings.add("COLUMN_DIFFERS", where, f"`{name}` of record {number}")


def _note_marks(result: SegmentResult, rows: RecordRows, bodies: list[dict[str, Any]]) -> None:
    kinds = list(map(GET_KIND, bodies))
    if not MARKS.isdisjoint(kinds):
        result.marks += [(rows.numbers[i], bodies[i]) for i, kind in enumerate(kinds) if kind in MARKS]
    result.operations.update([body["operation"] for body in bodies if "operation" in body])


def _sum_people(
    result: SegmentResult, rows: RecordRows, bodies: list[dict[str, Any]], place: Mapping[str, int], mixer: RowMixer
) -> None:
    """Add up who was disclosed, as the index should have it: each person once in a record, in the first of their roles."""
    try:
        subjects, numbers, roles = _list_people(rows, bodies, place)
        if not set(map(len, subjects)) <= {2 * PSEUDONYM_BYTES}:
            raise ValueError("length")
        raw = bytes.fromhex("".join(subjects))
        if len(raw) != PSEUDONYM_BYTES * len(subjects):
            raise ValueError("spaces")
    except (ValueError, TypeError, AttributeError):
        where = f"a subject among records {rows.numbers[0]} to {rows.numbers[-1]} is none"
        result.findings.add("RECORD_UNREADABLE", result.segment.where, where)
        return
    found = mixer.sum_people(result.segment.epoch, raw, np.array(numbers, np.int64), np.array(roles, np.int64))
    result.people += len(subjects)
    result.people_sum = add_sums(result.people_sum, found)


def _list_people(
    rows: RecordRows, bodies: list[dict[str, Any]], place: Mapping[str, int]
) -> tuple[list[str], list[int], list[int]]:
    """Pseudonyms, with the numbers of their records and of their roles. Raises TypeError or AttributeError if subjects are none."""
    subjects: list[str] = []
    numbers: list[int] = []
    role_numbers: list[int] = []
    for number, body in zip(rows.numbers, bodies, strict=True):
        said = body.get("subjects")
        if not said:
            continue
        if len(said) == 1:
            ((role, people),) = said.items()
        else:
            first: dict[str, str] = {}
            for one, members in said.items():
                for person in members:
                    first.setdefault(person, one)
            for person, one in first.items():
                subjects.append(person)
                numbers.append(number)
                role_numbers.append(place.get(one, -1))
            continue
        subjects += people
        numbers += [number] * len(people)
        role_numbers += [place.get(role, -1)] * len(people)
    return subjects, numbers, role_numbers


def _sum_heads(
    result: SegmentResult, rows: RecordRows, digests: list[bytes], claimed: NDArray[np.int64], mixer: RowMixer
) -> None:
    if not len(claimed):
        return
    numbers = np.array(rows.numbers, np.int64)
    at = np.searchsorted(numbers, claimed)
    at = at[(at < len(numbers)) & (numbers[np.minimum(at, len(numbers) - 1)] == claimed)]
    heads = b"".join(digests[i] for i in at.tolist())
    result.heads_sum = add_sums(result.heads_sum, mixer.sum_heads(heads, numbers[at]))
