"""Statements that append to the ledger, and their parameters. Shared by the server's writer and by commands."""

import struct
from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from hub.ledger.months import LedgerMonth
from hub.ledger.writing.chain import ChainedRecord
from hub.ledger.writing.records import PSEUDONYM_BYTES
from hub.store.advisory_locks import LockKey

INSERT_RECORDS = """
with appended as (
    insert into ledger.record (month, epoch, number, record, hash, at, principal, dossier)
    select $1::date, $2::uuid, r.number, r.record, r.hash, r.at, r.principal, r.dossier
    from unnest(
        $3::bigint[], $4::bytea[], $5::bytea[], $6::timestamptz[], $7::text[], $8::text[]
    ) r(number, record, hash, at, principal, dossier)
), operations as (
    insert into ledger.operation (hash, paths)
    select o.hash, o.paths from unnest($9::bytea[], $10::bytea[]) o(hash, paths)
    on conflict do nothing
)
insert into ledger.disclosure (month, subject, epoch, number, role)
select $1::date, d.subject, $2::uuid, d.number, d.role
from unnest($11::bytea[], $12::bigint[], $13::text[]) d(subject, number, role)"""
"""One round trip. Its parameters are those of `record_parameters`, in binary."""

INSERT_EPOCH = "insert into ledger.epoch (id, month, host) values (%s, %s, %s)"
END_EPOCH = "update ledger.epoch set ended_at = now() where id = %s"
LOCK_EPOCH = f"select pg_try_advisory_lock({LockKey.LEDGER_EPOCH}, hashtext(%s::text))"
UNLOCK_EPOCH = f"select pg_advisory_unlock({LockKey.LEDGER_EPOCH}, hashtext(%s::text))"
OPEN_EPOCHS = "select id, month from ledger.epoch where ended_at is null and id <> %s order by begun_at limit 100"
CHAIN_HEAD = "select number, hash from ledger.chain_head(%s, %s)"


BYTEA_OID, INT8_OID, TEXT_OID, TIMESTAMPTZ_OID = 17, 20, 25, 1184
POSTGRESQL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EMPTY_ARRAY = struct.Struct(">iii")
ARRAY_HEAD = struct.Struct(">iiiii")
ELEMENT_INT8 = struct.Struct(">iq")
LENGTH = DATE = struct.Struct(">i")


def make_array(oid: int, values: Sequence[bytes | None]) -> bytes:
    """An array of byteas or, in UTF-8, of texts."""
    parts = [ARRAY_HEAD.pack(1, int(None in values), oid, len(values), 1)] if values else [EMPTY_ARRAY.pack(0, 0, oid)]
    for value in values:
        parts += (LENGTH.pack(-1),) if value is None else (LENGTH.pack(len(value)), value)
    return b"".join(parts)


def make_int8_array(oid: int, values: Sequence[int]) -> bytes:
    """An array of bigints, or of instants in microseconds since POSTGRESQL_EPOCH."""
    head = ARRAY_HEAD.pack(1, 0, oid, len(values), 1) if values else EMPTY_ARRAY.pack(0, 0, oid)
    pack = ELEMENT_INT8.pack
    return head + b"".join([pack(8, value) for value in values])


def record_parameters(
    month: LedgerMonth, epoch: UUID, records: Sequence[ChainedRecord], known_operations: Container[bytes]
) -> tuple[list[bytes], list[bytes]]:
    """The parameters of INSERT_RECORDS as PostgreSQL takes them in binary, and the hashes of operations among them.

    `known_operations` are the hashes that are stored already. Someone who has two roles in one record is disclosed once, in the first:
    the record has both.
    """
    disclosed = _list_disclosures(records)
    fresh = {
        made.operation: made.entry.paths
        for made in records
        if made.operation is not None and made.operation not in known_operations
    }
    parameters = [
        DATE.pack((month.first_day - POSTGRESQL_EPOCH.date()).days),
        epoch.bytes,
        make_int8_array(INT8_OID, [made.stored.number for made in records]),
        make_array(BYTEA_OID, [made.stored.record for made in records]),
        make_array(BYTEA_OID, [made.stored.hash for made in records]),
        make_int8_array(TIMESTAMPTZ_OID, [(made.entry.at - POSTGRESQL_EPOCH) // MICROSECOND for made in records]),
        make_array(TEXT_OID, [made.entry.principal.encode() for made in records]),
        make_array(TEXT_OID, [d.encode() if (d := made.entry.dossier) else None for made in records]),
        make_array(BYTEA_OID, list(fresh)),
        make_array(BYTEA_OID, [orjson.dumps(paths) for paths in fresh.values()]),
        _make_pseudonym_array([one for members, _, _ in disclosed for one in members]),
        _make_repeated_array(INT8_OID, [(number.to_bytes(8, "big"), len(members)) for members, number, _ in disclosed]),
        _make_repeated_array(TEXT_OID, [(role.encode(), len(members)) for members, _, role in disclosed]),
    ]
    return parameters, list(fresh)


def _list_disclosures(records: Sequence[ChainedRecord]) -> list[tuple[Sequence[str], int, str]]:
    """Pseudonyms of one role, with the record's number and the role."""
    found: list[tuple[Sequence[str], int, str]] = []
    for made in records:
        seen: set[str] = set()
        for role, members in made.subjects.items():
            fresh = [one for one in members if one not in seen] if seen else members
            if len(made.subjects) > 1:
                seen.update(members)
            if fresh:
                found.append((fresh, made.stored.number, role))
    return found


def _make_pseudonym_array(pseudonyms: Sequence[str]) -> bytes:
    """An array of byteas, of pseudonyms in hexadecimal: all are of one length, so one conversion makes them all."""
    if not pseudonyms:
        return make_array(BYTEA_OID, ())
    head = ARRAY_HEAD.pack(1, 0, BYTEA_OID, len(pseudonyms), 1)
    length = LENGTH.pack(PSEUDONYM_BYTES).hex()
    return head + bytes.fromhex(length + length.join(pseudonyms))


def _make_repeated_array(oid: int, runs: Sequence[tuple[bytes, int]]) -> bytes:
    """An array of values, each so many times in a row."""
    if not runs:
        return make_array(oid, ())
    head = ARRAY_HEAD.pack(1, 0, oid, sum(times for _, times in runs), 1)
    return head + b"".join([(LENGTH.pack(len(value)) + value) * times for value, times in runs])
