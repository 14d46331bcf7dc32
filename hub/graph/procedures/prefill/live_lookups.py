"""Live look-ups: before a procedure reads, has records asked of their sources if they are older than the procedure allows.

Nothing but a procedure calls it, so no client can drive load onto a sector system. Requests of one process that need the same row at
once share one look-up (Strawberry's DataLoader), and so do processes (the primary key of `hub.lookup`). A worker asks the source and
merges; this side only waits for it, so it holds no secret of a source and no right to write data.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout
from strawberry.dataloader import DataLoader

from hub.model.names import quote_identifier
from hub.model.registry import load_registry
from hub.refresh import lookup_statements as sql
from hub.refresh.refresh_types import RefreshNeed, RefreshOutcome, RefreshStatus
from hub.sdk.lookup_keys import build_lookup_key, promises_lookup
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream
from hub.settings import Settings
from hub.store.engine import make_write_pool

LOG = logging.getLogger("hub.graph")
MAX_NEEDS = 200
"""Records that one procedure may have looked up; those beyond are as if the source's allowance were used up."""
MAX_IN_FLIGHT = 2_000
"""Rows that one process waits for."""
CONNECTIONS = 4
STATEMENT_TIMEOUT_S = 5.0
GRACE_S = 0.5
"""How much longer than the source a procedure waits: for the merge, and for the worker to say that the source was too slow."""
FIRST_POLL_S, LONGEST_POLL_S = 0.01, 0.1
RecordId = tuple[str, int]
"""Name of an entity, and id of a row."""


@dataclass(frozen=True)
class _StoredRecord:
    """A record in the store: its stream, the key to look it up by, and when its source last confirmed it.

    `at` is the database's time of this. `stream` is None if the source cannot look up rows.
    """

    stream_id: int
    connector: str
    stream: Stream | None
    lookup_key: str
    as_of: datetime | None
    at: datetime

    def is_older_than(self, age: timedelta) -> bool:
        """Whether the source confirmed it longer ago, or never."""
        return self.as_of is None or self.at - self.as_of > age


@dataclass(frozen=True)
class _WantedRow:
    """A row to look up. Two requests for one row are one, whenever each found it too old."""

    source_key: str
    since: datetime = field(compare=False)


@dataclass(frozen=True)
class _SettledRow:
    """How a look-up ended, and when the source confirmed the row."""

    status: RefreshStatus
    confirmed_at: datetime | None = None


class Refresher:
    """Has stale records refreshed. One for a process."""

    def __init__(self, settings: Settings, url: str, connectors: Mapping[str, Manifest]) -> None:
        self.timeout_s = settings.lookup_timeout_s
        self.remember = timedelta(seconds=settings.lookup_absent_s)
        self.connectors = connectors
        self.outcomes: Counter[RefreshStatus] = Counter()
        """How each record that a procedure needed fresh ended."""
        self._pool = make_write_pool(url, size=CONNECTIONS, statement_timeout_s=STATEMENT_TIMEOUT_S)
        self._opened = False
        self._records: DataLoader[RecordId, _StoredRecord | None] = DataLoader(self._load_records)
        self._rows: dict[int, DataLoader[_WantedRow, _SettledRow]] = {}
        self._in_flight = 0

    async def close(self) -> None:
        """Close the connections."""
        if self._opened:
            await self._pool.close()

    async def refresh_before_reading(self, needs: Iterable[RefreshNeed]) -> Mapping[RefreshNeed, RefreshOutcome]:
        """Refresh the records that are older than allowed, and say how that ended for each need.

        It takes HUB_LOOKUP_TIMEOUT_S at most, and half a second. If it fails, the store is as it was: read it all the same. Raises nothing:
        what fails is an outcome.
        """
        wanted = list(dict.fromkeys(needs))
        try:
            records = await asyncio.gather(*(self._find_record((need.entity, need.record_id)) for need in wanted))
            tasks = [
                self._refresh(n, need, record) for n, (need, record) in enumerate(zip(wanted, records, strict=True))
            ]
            outcomes: Sequence[RefreshOutcome] = await asyncio.gather(*tasks)
        except (psycopg.Error, PoolTimeout) as error:
            # The kind only: PostgreSQL's message may quote a key.
            LOG.warning("records were not refreshed: %s", type(error).__name__)
            outcomes = [RefreshOutcome(RefreshStatus.NOT_SERVED)] * len(wanted)
        self.outcomes.update(outcome.status for outcome in outcomes)
        return dict(zip(wanted, outcomes, strict=True))

    async def _refresh(self, number: int, need: RefreshNeed, record: _StoredRecord | None) -> RefreshOutcome:
        """Refresh one record if it is too old."""
        if record is None:
            return RefreshOutcome(RefreshStatus.UNKNOWN_RECORD)
        known = RefreshOutcome(RefreshStatus.FRESH, record.connector, record.as_of)
        if not record.is_older_than(need.max_age):
            return known
        if record.stream is None:
            return replace(known, status=RefreshStatus.NOT_PROMISED)
        if not self.timeout_s:
            return replace(known, status=RefreshStatus.NOT_SERVED)
        if number >= MAX_NEEDS or self._in_flight >= MAX_IN_FLIGHT:
            return replace(known, status=RefreshStatus.QUOTA_SPENT)
        settled = await self._look_up(record)
        return RefreshOutcome(settled.status, record.connector, settled.confirmed_at or record.as_of)

    async def _find_record(self, record: RecordId) -> _StoredRecord | None:
        # Shielded: a caller who leaves must not cancel what others wait for.
        return await asyncio.shield(self._records.load(record))

    async def _look_up(self, record: _StoredRecord) -> _SettledRow:
        rows = self._rows.get(record.stream_id)
        if rows is None:
            stream_id = record.stream_id
            rows = DataLoader(lambda wanted: self._load_rows(stream_id, wanted))
            self._rows[stream_id] = rows
        return await asyncio.shield(rows.load(_WantedRow(record.lookup_key, record.at)))

    async def _load_records(self, records: list[RecordId]) -> list[_StoredRecord | None]:
        """Find records in the store, and what look-ups have confirmed of them. Nothing is kept: the next caller finds them anew."""
        try:
            async with await self._connect() as connection:
                found = await self._select_records(connection, records)
                return [found.get(record) for record in records]
        finally:
            self._records.clear_many(records)

    async def _select_records(
        self, connection: AsyncConnection[Any], records: Sequence[RecordId]
    ) -> dict[RecordId, _StoredRecord]:
        found: dict[RecordId, _StoredRecord] = {}
        for entity in load_registry():
            ids = [number for name, number in records if name == entity.name]
            if ids:
                cursor = await connection.execute(find_records_sql(entity.table), (ids,))
                found |= {(entity.name, number): self._describe(*facts) for number, *facts in await cursor.fetchall()}
        for stream_id in {record.stream_id for record in found.values() if record.stream is not None}:
            await self._add_confirmations(connection, stream_id, found)
        return found

    def _describe(
        self, stream_id: int, connector: str, name: str, source_key: str, as_of: datetime | None, at: datetime
    ) -> _StoredRecord:
        manifest = self.connectors.get(connector)
        stream = manifest.streams.get(name) if manifest else None
        if stream is None or not promises_lookup(stream):
            return _StoredRecord(stream_id, connector, None, source_key, as_of, at)
        return _StoredRecord(stream_id, connector, stream, build_lookup_key(stream, source_key), as_of, at)

    async def _add_confirmations(
        self, connection: AsyncConnection[Any], stream_id: int, found: dict[RecordId, _StoredRecord]
    ) -> None:
        """Add to the records of a stream what look-ups have confirmed since its last sync."""
        keys = sorted({record.lookup_key for record in found.values() if record.stream_id == stream_id})
        cursor = await connection.execute(sql.FIND_CONFIRMED, {"stream": stream_id, "keys": keys})
        confirmed: dict[str, datetime] = dict(await cursor.fetchall())
        for name, record in found.items():
            at = confirmed.get(record.lookup_key) if record.stream_id == stream_id else None
            if at is not None and (record.as_of is None or at > record.as_of):
                found[name] = replace(record, as_of=at)

    async def _load_rows(self, stream_id: int, wanted: list[_WantedRow]) -> list[_SettledRow]:
        """Request rows of their source and wait. Whoever asks for one of them meanwhile waits for the same look-up."""
        self._in_flight += len(wanted)
        try:
            asked = _RowsAsked(stream_id, sorted(row.source_key for row in wanted), min(row.since for row in wanted))
            settled = await self._ask(asked)
            return [settled.get(row.source_key, _SettledRow(RefreshStatus.TIMED_OUT)) for row in wanted]
        finally:
            self._in_flight -= len(wanted)
            self._rows[stream_id].clear_many(wanted)

    async def _ask(self, rows: "_RowsAsked") -> dict[str, _SettledRow]:
        """Request rows and return those that were settled in time."""
        deadline = time.monotonic() + self.timeout_s + GRACE_S
        given = {
            **vars(rows),
            "abandoned": 2 * timedelta(seconds=self.timeout_s + GRACE_S),
            "remember": self.remember,
        }
        async with await self._connect() as connection:
            await connection.execute(sql.ASK, given)
            settled = await self._find_settled(connection, rows)
            if len(settled) < len(rows.keys):
                cursor = await connection.execute(sql.IS_SERVED)
                if await cursor.fetchone() == (False,):
                    return dict.fromkeys(rows.keys, _SettledRow(RefreshStatus.NOT_SERVED)) | settled
                await connection.execute(sql.ANNOUNCE)
        wait_s = FIRST_POLL_S
        while len(settled) < len(rows.keys) and time.monotonic() < deadline:
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.5, LONGEST_POLL_S)
            async with await self._connect() as connection:
                settled = await self._find_settled(connection, rows)
        return settled

    async def _find_settled(self, connection: AsyncConnection[Any], rows: "_RowsAsked") -> dict[str, _SettledRow]:
        cursor = await connection.execute(sql.FIND_SETTLED, vars(rows))
        return {key: _SettledRow(RefreshStatus(status), at) for key, status, at in await cursor.fetchall()}

    async def _connect(self) -> Any:
        """Return a connection of the pool, as a context. The pool is opened on first use: most processes never need it."""
        if not self._opened:
            self._opened = True
            await self._pool.open(wait=False)
        return self._pool.connection()


@dataclass(frozen=True)
class _RowsAsked:
    """Rows of one stream that are requested together; `since`: a look-up that ended later is theirs as well."""

    stream: int
    keys: list[str]
    since: datetime


def find_records_sql(table: str) -> str:
    """The statement that finds rows of an entity by id, each with its stream and when a sync last confirmed it."""
    return (
        "select d.id, s.id, s.connector, s.name, d.source_key, s.as_of, clock_timestamp()"  # noqa: S608 quoted identifiers
        f" from data.{quote_identifier(table)} d join hub.stream s on s.id = d.stream_id where d.id = any(%s)"
    )
