"""Whatever bytes the records of a ledger have, its verification comes to a verdict, and does not take what is none for a record."""

import io
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.ledger.checkpoints.document import ChainHead, Checkpoint, CheckpointKind, LastCheckpoint, make_checkpoint
from hub.ledger.months import LedgerMonth
from hub.ledger.verify.export_file import ExportSource, write_export
from hub.ledger.verify.findings import LedgerVerdict
from hub.ledger.verify.multiset import RowMixer
from hub.ledger.verify.segments import MAX_NUMBER, NO_NUMBER, RecordRows, Segment, check_segment, read_numbers
from hub.ledger.verify.source import EpochRow, LedgerIndex, MonthRow, PeopleRange
from hub.ledger.verify.verify import VerifyOptions, VerifyReport, verify_ledger
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.chain_begin import make_begin
from hub.ledger.writing.records import (
    HEADER_BYTES,
    MONTH_KEY_DETAIL,
    MONTH_OPENED_DETAIL,
    NO_RECORD,
    DisclosedSubject,
    LedgerEntry,
    ReadOutcome,
    RecordKind,
    hash_record,
)

MONTH = LedgerMonth(date(2026, 11, 1), bytes(range(32)))
OPENED_AT = "2026-11-01T00:00:00.000000+00:00"
EPOCH, OTHER = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)


def make_entry(kind: RecordKind, principal: str = "issuer|an", **details: Any) -> LedgerEntry:
    people = (DisclosedSubject("Citizen", 1, "requested"), DisclosedSubject("Citizen", 2, "incidental"))
    is_read = kind is RecordKind.READ
    return LedgerEntry(
        NOW,
        kind,
        principal,
        ReadOutcome.ANSWERED,
        paths=("citizen.fullName",) if is_read else (),
        subjects=people if is_read else (),
        details=details or None,
    )


ENTRIES = (
    make_begin(NOW, EPOCH, MONTH, OPENED_AT, "test"),
    make_entry(RecordKind.READ),
    make_entry(RecordKind.KEEPING, action="EPOCH_ABANDONED", epoch=str(OTHER), number=4, hash="ab" * 32),
    make_entry(RecordKind.KEEPING, action="MONTH_DROPPED", months=["2026-01-01"], closing=3),
    make_entry(RecordKind.KEEPING, action="KEY_DESTROYED", month="2026-02-01"),
    make_entry(RecordKind.KEEPING, action="KEY_REVOKED", key="ab" * 16, after=3),
    make_entry(RecordKind.KEEPING, action="RESTORED", outside=3),
    make_entry(RecordKind.READ),
    make_entry(RecordKind.EPOCH_END),
)
_, MADE = Chain(EPOCH, MONTH).append(ENTRIES)
BODIES = [made.stored.record[HEADER_BYTES:] for made in MADE]


def chain_bodies(bodies: list[bytes]) -> list[bytes]:
    """Records with these bodies, with all their hashes: what who owns the tables can write."""
    records, previous = [], NO_RECORD
    for number, body in enumerate(bodies):
        records.append(previous + number.to_bytes(8, "big") + body)
        previous = hash_record(records[-1])
    return records


@dataclass
class MemorySource:
    """A ledger of one chain. `with_columns`: as a database has it, with the columns for searching."""

    records: list[bytes]
    with_columns: bool = False
    checkpoint: Checkpoint | None = None
    has_index = False

    def read_index(self) -> LedgerIndex:
        month = MonthRow(MONTH.first_day, True, None, MONTH.commitment, OPENED_AT)
        segment = Segment(MONTH.first_day, EPOCH, 0, len(self.records) - 1)
        return LedgerIndex((EpochRow(EPOCH, MONTH.first_day, NOW),), (month,), (segment,), ("incidental", "requested"))

    def read_checkpoints(self) -> Iterator[tuple[Checkpoint, bytes | None]]:
        head = ChainHead(EPOCH, len(self.records) - 1, hash_record(self.records[-1]))
        made = self.checkpoint or make_checkpoint(LastCheckpoint(), NOW, CheckpointKind.HEADS, [head], None)
        yield made, None

    def read_operations(self) -> Iterator[tuple[bytes, bytes]]:
        yield MADE[1].operation, json.dumps(["citizen.fullName"], separators=(",", ":")).encode()

    def read_rows(self, segment: Segment) -> Iterator[RecordRows]:
        count = len(self.records)
        rows = RecordRows(read_numbers(self.records), self.records)
        if self.with_columns:
            rows = RecordRows(
                list(range(count)),
                self.records,
                [hash_record(record) for record in self.records],
                [int(NOW.timestamp()) * 1_000_000] * count,
                [entry.principal for entry in ENTRIES[:count]],
                [None] * count,
            )
        yield rows

    def list_people_ranges(self, month: date) -> list[PeopleRange]:
        return []

    def sum_people(self, part: PeopleRange, roles: tuple[str, ...], mixer: RowMixer) -> int:
        return 0

    def find_differing_people(self, month: date) -> list[str]:
        return []

    def close(self) -> None:
        """Nothing is open."""


def verify(source: Any) -> VerifyReport:
    return verify_ledger(source, VerifyOptions(processes=1))


def broken(report: VerifyReport) -> set[str]:
    return {found.code for found in report.findings if found.kind.weight == "BROKEN"}


@pytest.mark.parametrize("with_columns", [False, True])
def test_what_the_hub_writes_has_nothing_against_it(with_columns: bool) -> None:
    report = verify(MemorySource(chain_bodies(BODIES), with_columns))
    assert (broken(report), report.integrity) == (set(), LedgerVerdict.UNPROVEN), report.findings


def test_a_chain_of_an_older_hub_is_noted_and_not_broken() -> None:
    body = json.loads(BODIES[0])
    for detail in (MONTH_KEY_DETAIL, MONTH_OPENED_DETAIL):
        del body["details"][detail]
    report = verify(MemorySource(chain_bodies([json.dumps(body).encode(), *BODIES[1:]])))
    assert (broken(report), report.counts["KEY_NOT_COMPARED"]) == (set(), 1), report.findings


def test_a_commitment_is_of_the_key_alone_and_says_nothing_of_people() -> None:
    assert len(MONTH.commitment) == 32
    assert MONTH.commitment == LedgerMonth(date(2026, 12, 1), MONTH.subject_key).commitment
    assert MONTH.commitment != LedgerMonth(MONTH.first_day, bytes(32)).commitment
    assert MONTH.commitment[:16] != MONTH.pseudonym("", 0)
    assert MONTH.subject_key.hex() not in json.dumps(json.loads(BODIES[0]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = [(n, key) for n, body in enumerate(BODIES) for key in json.loads(body)]
DETAILS = [(n, key) for n, body in enumerate(BODIES) for key in json.loads(body).get("details", ())]


def put(number: int, key: str, value: Any, *, in_details: bool = False) -> list[bytes]:
    bodies = [json.loads(body) for body in BODIES]
    (bodies[number]["details"] if in_details else bodies[number])[key] = value
    return [json.dumps(body).encode() for body in bodies]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(PLACES), JSON, st.booleans())
def test_any_value_of_a_member_gives_a_verdict(place: tuple[int, str], value: Any, with_columns: bool) -> None:
    verify(MemorySource(chain_bodies(put(*place, value)), with_columns))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(DETAILS), JSON | st.just("missing"), st.booleans())
def test_any_detail_gives_a_verdict(place: tuple[int, str], value: Any, with_columns: bool) -> None:
    verify(MemorySource(chain_bodies(put(*place, value, in_details=True)), with_columns))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.integers(0, len(BODIES) - 1),
    st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
    st.booleans(),
)
def test_any_body_gives_a_verdict(number: int, body: bytes, with_columns: bool) -> None:
    report = verify(MemorySource(chain_bodies([*BODIES[:number], body, *BODIES[number + 1 :]]), with_columns))
    assert "RECORD_UNREADABLE" in broken(report)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, len(BODIES) - 1), st.binary(max_size=60), st.booleans())
def test_any_record_gives_a_verdict_and_so_does_an_export_of_it(
    tmp_path_factory: pytest.TempPathFactory, number: int, record: bytes, with_columns: bool
) -> None:
    records = chain_bodies(BODIES)
    records[number] = record
    source = MemorySource(records, with_columns)
    assert broken(verify(source))
    path = tmp_path_factory.getbasetemp() / "any.export"
    with path.open("wb") as file:
        write_export(source, file)
    assert broken(verify(ExportSource(path)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("subjects", ["ab"]), ("subjects", {"a": None}), ("subjects", {"a": "ab" * 16}), ("subjects", {"a": [["ab"]]}),
        ("subjects", {"a": ["ab" * 15, "ab" * 17]}), ("subjects", {"a": ["ab " * 10 + "ab"]}), ("operation", ["x"]),
        ("operation", 5), ("kind", []), ("at", 5), ("at", ["2026-11-28T08:30:00"]), ("principal", None),
    ],
)  # fmt: skip
def test_a_read_with_a_member_that_is_none_is_named(key: str, value: Any) -> None:
    report = verify(MemorySource(chain_bodies(put(1, key, value))))
    assert "RECORD_UNREADABLE" in broken(report), report.findings


@pytest.mark.parametrize(
    ("number", "key", "value"),
    [
        (2, "epoch", None), (2, "epoch", "x"), (2, "number", "4"), (2, "number", True), (2, "hash", 5), (3, "months", "2026-01"),
        (3, "months", {}), (3, "months", ["x"]), (3, "months", [5]), (4, "month", None), (4, "month", "x"), (5, "after", None),
        (5, "after", "3"), (5, "after", 1.5), (5, "key", []), (6, "action", []),
    ],
)  # fmt: skip
def test_a_record_about_keeping_with_a_detail_that_is_none_is_named(number: int, key: str, value: Any) -> None:
    report = verify(MemorySource(chain_bodies(put(number, key, value, in_details=True))))
    assert "RECORD_UNREADABLE" in broken(report), report.findings


HEADS = [ChainHead(EPOCH, len(BODIES) - 1, MADE[-1].stored.hash)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(sorted(make_checkpoint(LastCheckpoint(), NOW, CheckpointKind.HEADS, HEADS, None).body)), JSON)
def test_any_checkpoint_gives_a_verdict(key: str, value: Any) -> None:
    body = make_checkpoint(LastCheckpoint(), NOW, CheckpointKind.HEADS, HEADS, None).body | {key: value}
    made = Checkpoint(0, json.dumps(body).encode(), HEADS[0].encode(), None)
    verify(MemorySource(chain_bodies(BODIES), checkpoint=made))


@pytest.mark.parametrize("at", ["2026-11-28T08:30:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00"])
@pytest.mark.parametrize("where", ["record", "checkpoint"])
def test_any_time_gives_a_verdict(at: str, where: str) -> None:
    bodies = put(len(BODIES) - 1, "at", at) if where == "record" else BODIES
    heads = [ChainHead(EPOCH, 1, bytes(32))]
    body = make_checkpoint(LastCheckpoint(), NOW, CheckpointKind.HEADS, heads, None).body
    body |= {"at": at} if where == "checkpoint" else {}
    made = Checkpoint(0, json.dumps(body).encode(), heads[0].encode(), None)
    assert broken(verify(MemorySource(chain_bodies(bodies), checkpoint=made)))


def test_a_head_with_a_number_that_cannot_be_stored_gives_a_verdict() -> None:
    made = make_checkpoint(LastCheckpoint(), NOW, CheckpointKind.HEADS, [ChainHead(EPOCH, 2**64 - 1, bytes(32))], None)
    assert "CHECKPOINT_BROKEN" in broken(verify(MemorySource(chain_bodies(BODIES), checkpoint=made)))


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_numbers_are_those_that_could_be_stored(records: list[bytes]) -> None:
    for record, number in zip(records, read_numbers(records), strict=True):
        said = int.from_bytes(record[32:40], "big")
        assert number == (said if len(record) >= 40 and said <= MAX_NUMBER else NO_NUMBER)


@pytest.mark.parametrize("first", [-(2**63), -5, 2**63 - 2])
def test_a_segment_may_stand_anywhere(first: int) -> None:
    segment = Segment(MONTH.first_day, EPOCH, first, first + 1)
    rows = RecordRows([first, first + 1], chain_bodies(BODIES[:2]))
    result = check_segment(segment, [rows], np.array([], np.int64), (), RowMixer.draw())
    assert result.findings.counts["NUMBER_DIFFERS"] == 2


def test_an_export_with_a_frame_of_another_length_is_said_to_be_none(tmp_path: Path) -> None:
    file = io.BytesIO()
    write_export(MemorySource(chain_bodies(BODIES)), file)
    content, path = file.getvalue(), tmp_path / "cut.export"
    place = content.index(MONTH.first_day.isoformat().encode() + EPOCH.bytes)
    for _ in range(50):
        changed = bytearray(content)
        changed[place + 26 + secrets.randbelow(4)] ^= 1 << secrets.randbelow(8)  # the length of the first record
        path.write_bytes(changed)
        try:
            assert broken(verify(ExportSource(path)))
        except Exception as error:
            assert "no export of the ledger" in str(error)  # noqa: PT017 either is right
