"""A database as source of a verification. Every process reads the same snapshot, so a ledger can be verified while it is written to."""

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import psycopg

from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.verify.multiset import RowMixer
from hub.ledger.verify.segments import RecordRows, Segment
from hub.ledger.verify.source import EpochRow, LedgerIndex, MonthRow, PeopleRange
from hub.store.engine import SESSION, add_silence_timeouts

SEGMENT_RECORDS = 20_000
"""About 20 MB of memory for each process."""
BLOCKS = 4_000
COPY_HEADER_BYTES, COPY_END = 19, b"\xff\xff"
POSTGRESQL_EPOCH_US = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
FIXED = struct.Struct(">hiqiqi")
LENGTH = struct.Struct(">i")
PERSON = np.dtype(
    [("fields", ">i2"), ("n1", ">i4"), ("number", ">i8"), ("n2", ">i4"), ("role", ">i8"), ("n3", ">i4"), ("s1", ">u8"), ("s2", ">u8"), ("n4", ">i4"), ("e1", ">u8"), ("e2", ">u8")]
)  # fmt: skip
FIRST_OF_CHAIN = """
select epoch, number from ledger.record where month = %(month)s and (%(after)s::uuid is null or epoch > %(after)s)
order by epoch, number limit 1"""
LAST_OF_CHAIN = "select max(number) from ledger.record where month = %s and epoch = %s"
MONTHS_STORED = """
select to_date(substring(c.relname from '[0-9]{4}_[0-9]{2}$'), 'YYYY_MM') from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'ledger.record'::regclass"""
RECORDS = """
copy (select number, at, hash, record, principal, dossier from ledger.record
      where month = {} and epoch = {} and number between {} and {} order by number) to stdout (format binary)"""
PEOPLE = """
copy (select number, coalesce(array_position({}::text[], role), 0)::int8 - 1, subject, epoch from ledger.disclosure
      where month = {} and ctid >= {}::tid and ctid < {}::tid) to stdout (format binary)"""
CHECKPOINTS = """
select c.number, c.document, c.heads, c.signature, t.token from ledger.checkpoint c left join ledger.timestamp_token t using (number)
order by c.number"""
DIFFERING_PEOPLE = """
with said as (
    select r.epoch, r.number, decode(p.person, 'hex') as subject
    from ledger.record r
    cross join lateral jsonb_each(convert_from(substring(r.record from 41), 'UTF8')::jsonb -> 'subjects') s(role, people)
    cross join lateral jsonb_array_elements_text(s.people) p(person)
    where r.month = %(month)s
), stored as (select epoch, number, subject from ledger.disclosure where month = %(month)s)
(select 'missing', epoch, number from (select * from said except select * from stored) m order by 2, 3 limit 20)
union all
(select 'of no record', epoch, number from (select * from stored except select * from said) m order by 2, 3 limit 20)"""


class DatabaseSource:
    """The ledger at `url`, a login in the role `hub_auditor` or the owner of the tables."""

    has_index = True

    def __init__(self, url: str) -> None:
        self._url = add_silence_timeouts(url)
        self._snapshot: str | None = None
        self._connection: psycopg.Connection[Any] | None = None

    def __getstate__(self) -> tuple[str, str | None]:
        return self._url, self._snapshot

    def __setstate__(self, state: tuple[str, str | None]) -> None:
        (self._url, self._snapshot), self._connection = state, None

    def read_index(self) -> LedgerIndex:
        connection = self._connect()
        self._snapshot = connection.execute("select pg_export_snapshot()").fetchone()[0]  # type: ignore[index]  # a function
        epochs = connection.execute("select id, month, ended_at from ledger.epoch order by month, id").fetchall()
        months = connection.execute(
            "select first_day, subject_key is not null, dropped_at from ledger.month order by first_day"
        ).fetchall()
        stored = [row[0] for row in connection.execute(MONTHS_STORED) if row[0] is not None]
        segments = [segment for month in sorted(stored) for segment in self._list_segments(month)]
        roles = [row[0] for row in connection.execute("select distinct role from ledger.disclosure order by role")]
        return LedgerIndex(
            tuple(EpochRow(*row) for row in epochs),
            tuple(MonthRow(*row) for row in months),
            tuple(segments),
            tuple(roles),
        )

    def read_checkpoints(self) -> Iterator[tuple[Checkpoint, bytes | None]]:
        with self._connect().cursor("checkpoints") as cursor:
            cursor.itersize = 5_000
            for *columns, token in cursor.execute(CHECKPOINTS):
                yield Checkpoint(*columns), token

    def read_operations(self) -> Iterator[tuple[bytes, bytes]]:
        with self._connect().cursor("operations") as cursor:
            for row in cursor.execute("select hash, paths from ledger.operation"):
                yield row[0], row[1]

    def read_rows(self, segment: Segment) -> RecordRows:
        values = (segment.month, segment.epoch, segment.first, segment.last)
        rows = RecordRows(hashes=[], times=[], principals=[], dossiers=[])
        assert rows.hashes is not None
        assert rows.times is not None
        assert rows.principals is not None
        assert rows.dossiers is not None
        data = self._copy(RECORDS, values)
        at, unpack, length = COPY_HEADER_BYTES, FIXED.unpack_from, LENGTH.unpack_from
        while data[at : at + 2] != COPY_END:
            _, _, number, _, time, size = unpack(data, at)
            at += FIXED.size
            rows.numbers.append(number)
            rows.times.append(time + POSTGRESQL_EPOCH_US)
            rows.hashes.append(data[at : at + size])
            at += size
            (size,) = length(data, at)
            rows.records.append(data[at + 4 : at + 4 + size])
            at += 4 + size
            (size,) = length(data, at)
            rows.principals.append(data[at + 4 : at + 4 + size].decode())
            at += 4 + size
            (size,) = length(data, at)
            if size < 0:
                rows.dossiers.append(None)
                at += 4
            else:
                rows.dossiers.append(data[at + 4 : at + 4 + size].decode())
                at += 4 + size
        return rows

    def list_people_ranges(self, month: date) -> list[PeopleRange]:
        row = (
            self._connect()
            .execute(
                "select pg_relation_size(to_regclass(%s)) / current_setting('block_size')::bigint",
                (f"ledger.disclosure_{month:%Y_%m}",),
            )
            .fetchone()
        )
        blocks = int(row[0] or 0) if row else 0
        return [PeopleRange(month, first, first + BLOCKS) for first in range(0, blocks, BLOCKS)]

    def sum_people(self, part: PeopleRange, roles: tuple[str, ...], mixer: RowMixer) -> int:
        values = (list(roles), part.month, f"({part.first_block},0)", f"({part.last_block},0)")
        data = self._copy(PEOPLE, values)[COPY_HEADER_BYTES : -len(COPY_END)]
        if len(data) % PERSON.itemsize:
            return -1  # a pseudonym of another length: no record has it
        rows = np.frombuffer(data, PERSON)
        native = [rows[name].astype(np.uint64) for name in ("s1", "s2", "e1", "e2")]
        native += [rows[name].astype(np.int64).view(np.uint64) for name in ("number", "role")]
        return mixer.sum_rows(list(native))

    def find_differing_people(self, month: date) -> list[str]:
        try:
            with psycopg.connect(self._url, autocommit=True, options=SESSION) as connection:
                rows = connection.execute(DIFFERING_PEOPLE, {"month": month}).fetchall()
        except psycopg.DataError:
            return []  # records that are none: they are found by themselves
        return [f"record {number} of chain {epoch}: a row is {what}" for what, epoch, number in rows]

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _list_segments(self, month: date) -> Iterator[Segment]:
        connection, after = self._connect(), None
        while row := connection.execute(FIRST_OF_CHAIN, {"month": month, "after": after}).fetchone():
            epoch, first = row
            found = connection.execute(LAST_OF_CHAIN, (month, epoch)).fetchone()
            assert found is not None
            for start in range(first, found[0] + 1, SEGMENT_RECORDS):
                yield Segment(month, epoch, start, min(start + SEGMENT_RECORDS - 1, found[0]))
            after = epoch

    def _copy(self, statement: str, values: tuple[Any, ...]) -> bytes:
        query = psycopg.sql.SQL(statement).format(*map(psycopg.sql.Literal, values))
        with self._connect().cursor() as cursor, cursor.copy(query) as copy:
            return b"".join(bytes(part) for part in copy)

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = psycopg.connect(self._url, options=SESSION)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            if self._snapshot is not None:
                connection.execute(psycopg.sql.SQL("set transaction snapshot {}").format(self._snapshot))
            self._connection = connection
        return self._connection
