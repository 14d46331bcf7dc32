"""Statements that append to the ledger, and their parameters. Shared by the server's writer and by commands."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from hub.ledger.chain import ChainedRecord
from hub.ledger.months import LedgerMonth
from hub.ledger.records import hash_paths

LOCK_CLASS = 7_022_019
"""Advisory locks of this class are held by the writers of chains, each by the number of its epoch."""

INSERT_RECORDS = """
with appended as (
    insert into ledger.record (month, epoch, number, record, hash, at, principal, dossier)
    select %(month)s, %(epoch)s, r.number, r.record, r.hash, r.at, r.principal, r.dossier
    from unnest(
        %(numbers)s::bigint[], %(records)b::bytea[], %(hashes)b::bytea[], %(times)s::timestamptz[], %(principals)s::text[],
        %(dossiers)s::text[]
    ) r(number, record, hash, at, principal, dossier)
), operations as (
    insert into ledger.operation (hash, paths)
    select o.hash, o.paths from unnest(%(operations)b::bytea[], %(paths)b::bytea[]) o(hash, paths)
    on conflict do nothing
)
insert into ledger.disclosure (month, subject, epoch, number, role)
select %(month)s, d.subject, %(epoch)s, d.number, d.role
from unnest(%(subjects)b::bytea[], %(subject_numbers)s::bigint[], %(roles)s::text[]) d(subject, number, role)
on conflict do nothing"""
"""One round trip. Someone who has two roles in one record is disclosed once: the record has both."""

INSERT_EPOCH = "insert into ledger.epoch (id, month, host) values (%s, %s, %s)"
END_EPOCH = "update ledger.epoch set ended_at = now() where id = %s"
LOCK_EPOCH = f"select pg_try_advisory_lock({LOCK_CLASS}, hashtext(%s::text))"
UNLOCK_EPOCH = f"select pg_advisory_unlock({LOCK_CLASS}, hashtext(%s::text))"
OPEN_EPOCHS = "select id, month from ledger.epoch where ended_at is null and id <> %s order by begun_at limit 100"
CHAIN_HEAD = "select number, hash from ledger.chain_head(%s, %s)"


def record_parameters(
    month: LedgerMonth, epoch: UUID, records: Sequence[ChainedRecord], known_operations: set[bytes]
) -> dict[str, Any]:
    """The parameters of INSERT_RECORDS. `known_operations` are the hashes that are stored already."""
    people = [
        (bytes.fromhex(subject), made.stored.number, role)
        for made in records
        for role, subjects in made.subjects.items()
        for subject in subjects
    ]
    operations = {hash_paths(made.entry.paths): made.entry.paths for made in records if made.entry.paths}
    fresh = {key: paths for key, paths in operations.items() if key not in known_operations}
    return {
        "month": month.first_day,
        "epoch": epoch,
        "numbers": [made.stored.number for made in records],
        "records": [made.stored.record for made in records],
        "hashes": [made.stored.hash for made in records],
        "times": [made.entry.at for made in records],
        "principals": [made.entry.principal for made in records],
        "dossiers": [made.entry.dossier for made in records],
        "operations": list(fresh),
        "paths": [orjson.dumps(paths) for paths in fresh.values()],
        "subjects": [subject for subject, _, _ in people],
        "subject_numbers": [number for _, number, _ in people],
        "roles": [role for _, _, role in people],
    }
