"""Chains of records: numbers without a gap, hashes that hold, and nothing personal in a record."""

import struct
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.months import LedgerMonth, month_of
from hub.ledger.writing.append_sql import record_parameters
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.records import (
    HASH_BYTES,
    NO_RECORD,
    PSEUDONYM_BYTES,
    DisclosedSubject,
    LedgerEntry,
    ReadOutcome,
    RecordKind,
    hash_record,
)

MONTH = LedgerMonth(date(2026, 11, 1), bytes(range(32)))
EPOCH = UUID("00000000-0000-4000-8000-000000000001")
NOW = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
SUBJECTS = st.lists(
    st.builds(
        DisclosedSubject,
        st.sampled_from(["Citizen", "Household"]),
        st.integers(1, 2**62),
        st.sampled_from(["transferor", "incidental"]),
    ),
    max_size=5,
)


def entry(subjects: tuple[DisclosedSubject, ...] = (), **more: str) -> LedgerEntry:
    return LedgerEntry(NOW, RecordKind.READ, "issuer|an", ReadOutcome.ANSWERED, subjects=subjects, **more)


@given(st.lists(st.lists(SUBJECTS, max_size=4), max_size=5))
def test_a_chain_is_the_same_in_whatever_batches_it_is_written(batches: list[list[list[DisclosedSubject]]]) -> None:
    chain, written = Chain(EPOCH, MONTH), []
    for batch in batches:
        chain, made = chain.append(entry(tuple(subjects)) for subjects in batch)
        written += made
    _, at_once = Chain(EPOCH, MONTH).append(entry(tuple(subjects)) for batch in batches for subjects in batch)
    assert written == at_once
    previous = NO_RECORD
    for number, record in enumerate(made.stored for made in written):
        assert (record.number, record.previous) == (number, previous)
        assert int.from_bytes(record.record[HASH_BYTES : HASH_BYTES + 8]) == number
        assert record.hash == hash_record(record.record)
        previous = record.hash
    assert (chain.number, chain.previous) == (len(written), previous)


@given(SUBJECTS)
def test_the_order_of_pseudonyms_tells_nothing(subjects: list[DisclosedSubject]) -> None:
    _, (one,) = Chain(EPOCH, MONTH).append([entry(tuple(subjects))])
    _, (other,) = Chain(EPOCH, MONTH).append([entry(tuple(reversed(subjects)))])
    assert one.stored == other.stored
    assert all(len(bytes.fromhex(p)) == PSEUDONYM_BYTES for found in one.subjects.values() for p in found)


@given(st.lists(SUBJECTS, max_size=4))
def test_each_person_of_a_record_is_disclosed_once(batch: list[list[DisclosedSubject]]) -> None:
    """As PostgreSQL reads the arrays: of a person with two roles, the first."""
    chain, records = Chain(EPOCH, MONTH).append(entry(tuple(subjects)) for subjects in batch)
    parameters, _ = record_parameters(MONTH, chain.epoch, records, ())
    columns = [read_array(one) for one in parameters[-3:]]  # subjects, their numbers, roles
    told = sorted((s, int.from_bytes(n), r.decode()) for s, n, r in zip(*columns, strict=True))
    assert told == sorted(
        (MONTH.pseudonym(entity, number), place, min(s.role for s in subjects if s[:2] == (entity, number)))
        for place, subjects in enumerate(batch)
        for entity, number in {s[:2] for s in subjects}
    )


def read_array(array: bytes) -> list[bytes]:
    """The elements of an array of one dimension in PostgreSQL's binary form."""
    dimensions, has_null, _ = struct.unpack_from(">iii", array)
    if dimensions == 0:
        assert len(array) == 12
        return []
    length, lower = struct.unpack_from(">ii", array, 12)
    assert (dimensions, has_null, lower) == (1, 0, 1)
    found, place = [], 20
    for _ in range(length):
        (size,) = struct.unpack_from(">i", array, place)
        found.append(array[place + 4 : place + 4 + size])
        place += 4 + size
    assert place == len(array)
    return found


def test_a_pseudonym_is_of_the_month_the_entity_and_the_number() -> None:
    other_month = LedgerMonth(date(2026, 12, 1), bytes(32))
    found = {
        month.pseudonym(entity, number)
        for month in (MONTH, other_month)
        for entity in ("Citizen", "Household")
        for number in (1, 11)
    }
    assert len(found) == 8


def test_a_record_says_what_was_asked_and_leaves_out_what_there_was_not() -> None:
    _, (made,) = Chain(EPOCH, MONTH).append(
        [entry((DisclosedSubject("Citizen", 7, "transferor"),), purpose="identify")]
    )
    assert made.stored.body == {
        "at": "2026-11-28T08:30:00.000000+00:00",
        "kind": "READ",
        "principal": "issuer|an",
        "purpose": "identify",
        "subjects": {"transferor": [MONTH.pseudonym("Citizen", 7).hex()]},
        "outcome": "ANSWERED",
    }


@pytest.mark.parametrize(
    ("instant", "first_day"),
    [
        ("2026-11-30T23:59:59+00:00", date(2026, 11, 1)),
        ("2026-12-01T00:00:00+00:00", date(2026, 12, 1)),
        ("2026-12-01T06:59:59+07:00", date(2026, 11, 1)),
    ],
)
def test_a_month_is_that_of_utc(instant: str, first_day: date) -> None:
    assert month_of(datetime.fromisoformat(instant)) == first_day
