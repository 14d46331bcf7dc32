"""A database as source of a verification. Every process reads the same snapshot, so a ledger can be verified while it is written to."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import orjson
import psycopg

from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.months import COMMITMENT_PREFIX, OPENED_AT
from hub.ledger.verify.multiset import RowMixer
from hub.ledger.verify.segments import PART_RECORDS, RecordRows, Segment
from hub.ledger.verify.source import EpochRow, LedgerIndex, MonthRow, PeopleRange
from hub.store.engine import SESSION, add_silence_timeouts

SEGMENT_RECORDS = 20_000
"""What one process checks before it takes more."""
BLOCKS = 4_000
MAX_BIGINT = 2**63 - 1
BOUNDED_DAY = "least(greatest({0}, '0002-01-01'::date), '9998-01-01'::date)"
BOUNDED_TIME = "case when {0} is not null then least(greatest({0}, '0002-01-01 UTC'::timestamptz), '9998-01-01 UTC'::timestamptz) end"
"""PostgreSQL has days that Python has not. Such a row must give a finding, not an error."""
POSTGRESQL_EPOCH_US = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
EPOCHS = f"""
select id, {BOUNDED_DAY.format("month")}, {BOUNDED_TIME.format("ended_at")} from ledger.epoch order by month, id"""  # noqa: S608 constants
MONTHS = f"""
select {BOUNDED_DAY.format("first_day")}, subject_key is not null, {BOUNDED_TIME.format("dropped_at")},
    sha256(%(prefix)s::bytea || subject_key), coalesce({OPENED_AT}, 'never')
from ledger.month order by first_day"""  # noqa: S608 constants
"""The key stays in the database."""
FIRST_OF_CHAIN = """
select epoch, number from ledger.record where month = %(month)s and (%(after)s::uuid is null or epoch > %(after)s)
order by epoch, number limit 1"""
AROUND_IN_CHAIN = """
select
    (select max(number) from ledger.record where month = %(month)s and epoch = %(epoch)s and number <= %(last)s),
    (select min(number) from ledger.record where month = %(month)s and epoch = %(epoch)s and number > %(last)s)"""
"""The last record up to a number, and the first one after it."""
MONTHS_STORED = """
select to_date(substring(c.relname from '[1-9][0-9]{3}_(?:0[1-9]|1[0-2])$'), 'YYYY_MM') from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'ledger.record'::regclass"""
RECORDS = """
select
    string_agg(int8send(r.number), ''),
    string_agg(int4send(octet_length(r.record)), ''),
    string_agg(r.record, ''),
    string_agg(int4send(octet_length(r.hash)), ''),
    string_agg(r.hash, ''),
    string_agg(timestamptz_send(r.at), ''),
    json_agg(json_build_array(r.principal, r.dossier))::text
from (
    select number, at, hash, record, principal, dossier from ledger.record
    where month = %s and epoch = %s and number between %s and %s
    order by number
) r"""
"""One row for many records: by the row, the server and this process would each work longer on the protocol than on the records."""
PEOPLE = """
select
    string_agg(int8send(number), ''),
    string_agg(int8send(coalesce(array_position(%s::text[], role), 0)::int8 - 1), ''),
    string_agg(subject, ''),
    string_agg(uuid_send(epoch), ''),
    coalesce(bool_and(octet_length(subject) = 16), true)
from ledger.disclosure
where month = %s and ctid >= %s::tid and ctid < %s::tid"""
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
        epochs = connection.execute(EPOCHS).fetchall()
        months = connection.execute(MONTHS, {"prefix": COMMITMENT_PREFIX}).fetchall()
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

    def read_rows(self, segment: Segment) -> Iterator[RecordRows]:
        for first in range(segment.first, segment.last + 1, PART_RECORDS):
            last = min(first + PART_RECORDS - 1, segment.last)
            found = self._fetch(RECORDS, (segment.month, segment.epoch, first, last))
            if found[0] is not None:
                yield _read_part(*found)

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
        blocks = (f"({part.first_block},0)", f"({part.last_block},0)")
        *columns, is_whole = self._fetch(PEOPLE, (list(roles), part.month, *blocks))
        if not is_whole:
            return -1  # a pseudonym of another length: no record has it
        number, role, subject, epoch = (np.frombuffer(column or b"", ">u8").astype(np.uint64) for column in columns)
        return mixer.sum_rows([subject[0::2], subject[1::2], epoch[0::2], epoch[1::2], number, role])

    def find_differing_people(self, month: date) -> list[str]:
        try:
            with psycopg.connect(self._url, autocommit=True, options=SESSION) as connection:
                rows = connection.execute(DIFFERING_PEOPLE, {"month": month}).fetchall()
        except psycopg.Error:
            return []  # records that PostgreSQL cannot read as JSON: they are found by themselves, and so is that the sums differ
        return [f"record {number} of chain {epoch}: a row is {what}" for what, epoch, number in rows]

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _list_segments(self, month: date) -> Iterator[Segment]:
        connection, after = self._connect(), None
        while row := connection.execute(FIRST_OF_CHAIN, {"month": month, "after": after}).fetchone():
            epoch, first = row
            # By the records that are there, not by their numbers: one record with a great number must not cost a segment for each 20,000
            # below it.
            while first is not None:
                place = {"month": month, "epoch": epoch, "last": min(first + SEGMENT_RECORDS - 1, MAX_BIGINT)}
                last, following = connection.execute(AROUND_IN_CHAIN, place).fetchone() or (first, None)
                yield Segment(month, epoch, first, last)
                first = following
            after = epoch

    def _fetch(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connect().execute(statement, values, prepare=True, binary=True).fetchone()
        assert row is not None  # an aggregate
        return row

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = psycopg.connect(self._url, options=SESSION)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            if self._snapshot is not None:
                connection.execute(psycopg.sql.SQL("set transaction snapshot {}").format(self._snapshot))
            self._connection = connection
        return self._connection


def _read_part(
    numbers: bytes, record_sizes: bytes, records: bytes, hash_sizes: bytes, hashes: bytes, times: bytes, names: str
) -> RecordRows:
    """The records of one row of RECORDS."""
    pairs = orjson.loads(names)
    return RecordRows(
        np.frombuffer(numbers, ">i8").tolist(),
        _split_values(records, record_sizes),
        _split_values(hashes, hash_sizes),
        (np.frombuffer(times, ">i8") + POSTGRESQL_EPOCH_US).tolist(),
        [principal for principal, _ in pairs],
        [dossier for _, dossier in pairs],
    )


def _split_values(joined: bytes, sizes: bytes) -> list[bytes]:
    """Values that were joined, by their sizes of 4 bytes each."""
    ends = np.cumsum(np.frombuffer(sizes, ">i4"), dtype=np.int64).tolist()
    return [joined[start:end] for start, end in zip([0, *ends], ends, strict=False)]
