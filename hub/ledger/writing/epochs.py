"""Epochs: the time from the start to the end of one chain, on one connection that holds its lock.

A process that dies leaves an epoch without an end. The next writer finds it, since nobody holds its lock any more, and writes down in
its own chain where the other stopped: its last records may be of answers that never left.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from hub.ledger.months import OPEN_MONTH, LedgerMonth, month_of
from hub.ledger.writing import append_sql
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.chain_begin import KEEPER_PRINCIPAL, make_begin, name_host, read_month
from hub.ledger.writing.records import ABANDONED, LedgerEntry, ReadOutcome, RecordKind
from hub.store.connections.prepared_writes import PreparedWrite

KNOWN_OPERATIONS = 10_000
"""Operations that a process remembers having stored, 32 bytes each."""

OnAppend = Callable[[int, Chain], None]
"""Called with how many records were committed, and with the chain that they end."""


class Epoch:
    """A chain that is being written. Not safe for use by several tasks at once."""

    def __init__(self, connection: AsyncConnection[Any], chain: Chain, on_append: OnAppend | None = None) -> None:
        self._connection = connection
        self._on_append = on_append
        self._insert = PreparedWrite(connection, append_sql.INSERT_RECORDS)
        self._known_operations: set[bytes] = set()
        self.chain = chain

    @property
    def month(self) -> LedgerMonth:
        """The month that its records are in, whatever the clock says meanwhile."""
        return self.chain.month

    async def append(self, entries: Sequence[LedgerEntry]) -> None:
        """Commit the records of these entries. Raises psycopg.Error; then it is not known whether they are stored."""
        await self.store_records(entries)
        self.note_committed(len(entries))

    def note_committed(self, records: int) -> None:
        """Tell whoever listens how many records were committed since the last time."""
        if self._on_append is not None:
            self._on_append(records, self.chain)

    async def store_records(self, entries: Sequence[LedgerEntry]) -> None:
        """Store the records of these entries, within a transaction that somebody else commits. Raises psycopg.Error."""
        chain, records = self.chain.append(entries)
        known = self._known_operations
        parameters, fresh = append_sql.record_parameters(chain.month, chain.epoch, records, known)
        await self._insert.run(parameters)
        self.chain = chain
        if len(self._known_operations) > KNOWN_OPERATIONS:
            self._known_operations.clear()
        self._known_operations.update(fresh)

    async def end(self, now: datetime) -> None:
        """Commit EPOCH_END, and give the lock back. Raises psycopg.Error."""
        await self.append([_keeping(now, RecordKind.EPOCH_END)])
        await self._connection.execute(append_sql.END_EPOCH, (self.chain.epoch,))
        await self._connection.execute(append_sql.UNLOCK_EPOCH, (self.chain.epoch,))


async def begin_epoch(
    connection: AsyncConnection[Any],
    clock: Callable[[], datetime],
    version: str,
    on_append: OnAppend | None = None,
) -> Epoch:
    """Begin a chain on an autocommit connection, and write down which chains were found without an end.

    Raises psycopg.Error, and LedgerUnavailable if the month has no key.
    """
    now, identifier = clock(), uuid4()
    month, opened_at = read_month(now, await (await connection.execute(OPEN_MONTH, (month_of(now),))).fetchone())
    epoch = Epoch(connection, Chain(identifier, month), on_append)
    await connection.execute(append_sql.LOCK_EPOCH, (identifier,))
    async with connection.transaction():
        await connection.execute(append_sql.INSERT_EPOCH, (identifier, month.first_day, name_host()))
        await epoch.store_records([make_begin(now, identifier, month, opened_at, version)])
    epoch.note_committed(1)
    await _note_abandoned(connection, epoch, now)
    return epoch


async def _note_abandoned(connection: AsyncConnection[Any], epoch: Epoch, now: datetime) -> None:
    cursor = await connection.execute(append_sql.OPEN_EPOCHS, (epoch.chain.epoch,))
    for identifier, first_day in await cursor.fetchall():
        if not await _fetch(connection, append_sql.LOCK_EPOCH, identifier):
            continue  # its writer lives
        head = await (await connection.execute(append_sql.CHAIN_HEAD, (identifier, first_day))).fetchone()
        number, last = head if head is not None else (None, None)
        details = {"epoch": str(identifier), "number": number, "hash": last.hex() if last else None}
        async with connection.transaction():
            await epoch.store_records([_keeping(now, RecordKind.KEEPING, action=ABANDONED, **details)])
            await connection.execute(append_sql.END_EPOCH, (identifier,))
        epoch.note_committed(1)
        await connection.execute(append_sql.UNLOCK_EPOCH, (identifier,))


async def _fetch(connection: AsyncConnection[Any], sql: str, identifier: UUID) -> Any:
    row = await (await connection.execute(sql, (identifier,))).fetchone()
    return row[0] if row else None


def _keeping(at: datetime, kind: RecordKind, **details: Any) -> LedgerEntry:
    return LedgerEntry(at, kind, KEEPER_PRINCIPAL, ReadOutcome.ANSWERED, details=details or None)
