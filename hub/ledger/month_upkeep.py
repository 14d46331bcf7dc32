"""Upkeep of the ledger's months by operators: destroy a key, drop a month after its retention, and the record of each such action.

Each is written down as a KEEPING record before it is done, so `verify` can tell it from tampering.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from hub.errors import OperationRefused
from hub.ledger.checkpoints.checkpointer import OPTIONS
from hub.ledger.months import month_of
from hub.ledger.retention import RETENTION_DETAIL, end_of_month, find_due_day, find_longest_retention
from hub.ledger.writing.epochs import begin_epoch
from hub.ledger.writing.records import (
    HEADER_BYTES,
    KEY_DESTROYED,
    MONTH_DROPPED,
    LedgerEntry,
    ReadOutcome,
    RecordKind,
)
from hub.ledger.writing.writer import utc_now
from hub.store.engine import SESSION, add_silence_timeouts

MONTHS = f"""
select m.first_day, m.subject_key is not null, m.key_destroyed_at, m.dropped_at, c.number,
    (select count(*) from ledger.epoch e where e.month = m.first_day),
    exists (select from ledger.epoch e where e.month = m.first_day and e.ended_at is null),
    (
        select max(substring(encode(substring(r.record from {HEADER_BYTES + 1}), 'escape') from '"{RETENTION_DETAIL}":([0-9]{{1,9}})[,}}]')::integer)
        from ledger.epoch e join ledger.record r on r.month = e.month and r.epoch = e.id and r.number = 0
        where e.month = m.first_day
    ),
    pg_total_relation_size(to_regclass('ledger.record_' || to_char(m.first_day, 'YYYY_MM'))),
    pg_total_relation_size(to_regclass('ledger.disclosure_' || to_char(m.first_day, 'YYYY_MM')))
from ledger.month m left join ledger.checkpoint c on c.closes = m.first_day
order by m.first_day"""  # noqa: S608 constants
"""The retention is not read as JSON: a first record that was edited must not stop who looks at the months."""
DESTROY_KEY = "update ledger.month set subject_key = null, key_destroyed_at = now() where first_day = %s"
MARK_DROPPED = "update ledger.month set dropped_at = now(), subject_key = null where first_day = %s"
CLEAR_TRACES = (
    # To its own type: no row is written anew, and PostgreSQL removes the column's statistics, in which the key can stand. The migration
    # that keeps none may be newer than they are.
    "alter table ledger.month alter column subject_key type bytea, alter column subject_key set statistics 0",
    "vacuum full ledger.month",  # the row's old version has the key
    "vacuum pg_catalog.pg_statistic",  # and so may a row of statistics that was removed; only a warning for who may not
)
SEE_MONTHS = "see `hub ledger months`"


@dataclass(frozen=True)
class LedgerMonthState:
    """A month as an operator sees it. `closing` is the number of its closing checkpoint, sizes are in bytes."""

    first_day: date
    has_key: bool
    key_destroyed_at: datetime | None
    dropped_at: datetime | None
    closing: int | None
    chains: int
    is_open: bool
    retention_days: int | None
    """The longest retention of the purposes that its chains were written under; None if none of them says."""
    record_bytes: int | None
    disclosure_bytes: int | None

    def keep_until(self, days: int) -> date:
        """The day until which its records are kept at least: so many days after its last."""
        return end_of_month(self.first_day) + timedelta(days=days)

    def find_due_day(self, least_days: int) -> date:
        """The first day on which its key may be destroyed: never sooner than any rule that was in force then, or is now."""
        return find_due_day(self.first_day, self.retention_days, find_longest_retention(), least_days)

    def is_due(self, today: date, least_days: int) -> bool:
        """Whether its key is there, and should be destroyed by now."""
        return self.has_key and self.find_due_day(least_days) <= today


def list_months(connection: psycopg.Connection[Any]) -> list[LedgerMonthState]:
    """Months of the ledger, oldest first."""
    return [LedgerMonthState(*row) for row in connection.execute(MONTHS).fetchall()]


def destroy_month_key(
    url: str, month: date, by: str, *, least_days: int, clock: Callable[[], datetime] = utc_now
) -> None:
    """Destroy a month's key for good: its pseudonyms can be linked to nobody any more. `by` is who does it.

    `least_days` is how long the operator keeps a month at least, after its end. Raises OperationRefused if a retention is not over, the month
    has open chains, or it has no key.
    """
    with _connect(url) as connection:
        state = _find_month(list_months(connection), month)
        if month >= month_of(clock()) or state.is_open:
            raise OperationRefused(
                f"the month {month:%Y-%m} is not over, or a server still writes to it", next_step=SEE_MONTHS
            )
        if not state.has_key:
            raise OperationRefused(f"the key of {month:%Y-%m} is destroyed already", next_step=SEE_MONTHS)
        due = state.find_due_day(least_days)
        if clock().date() < due:
            raise OperationRefused(
                f"people of {month:%Y-%m} can ask who read their data until {due}, the longest retention of its purposes",
                next_step=SEE_MONTHS,
            )
        record_keeping(url, KEY_DESTROYED, {"month": str(month)}, by)
        connection.execute(DESTROY_KEY, (month,))
        _clear_traces(connection)


def destroy_due_keys(url: str, by: str, *, least_days: int, clock: Callable[[], datetime] = utc_now) -> list[date]:
    """Destroy the keys of all months whose retention is over, oldest first. Returns these months. Raises OperationRefused as for one."""
    with _connect(url) as connection:
        today = clock().date()
        due = [state.first_day for state in list_months(connection) if state.is_due(today, least_days)]
    for month in due:
        destroy_month_key(url, month, by, least_days=least_days, clock=clock)
    return due


def drop_month(
    url: str, month: date, by: str, *, keep_days: int, least_days: int, clock: Callable[[], datetime] = utc_now
) -> None:
    """Drop a month's records and index of people after its retention. Its closing checkpoint and its chains' rows are kept.

    Its key goes with it, so the retentions of its purposes must be over too.

    Raises OperationRefused if the retention is not over, the month is not closed, or an older one is still there.
    """
    with _connect(url) as connection:
        months = list_months(connection)
        state = _find_month(months, month)
        until = max(state.keep_until(keep_days), state.find_due_day(least_days))
        if clock().date() <= until:
            raise OperationRefused(f"the records of {month:%Y-%m} are kept until {until}", next_step=SEE_MONTHS)
        if state.dropped_at is not None or state.closing is None:
            raise OperationRefused(
                f"the month {month:%Y-%m} is dropped already, or is not closed", next_step=SEE_MONTHS
            )
        if any(one.dropped_at is None for one in months if one.first_day < month):
            raise OperationRefused("an older month is still there", next_step="drop the oldest month first")
        dropped = [str(one.first_day) for one in months if one.dropped_at is not None or one.first_day == month]
        record_keeping(url, MONTH_DROPPED, {"months": dropped, "closing": state.closing}, by)
        with connection.transaction():
            for table in ("record", "disclosure"):
                name = sql.Identifier("ledger", f"{table}_{month:%Y_%m}")
                connection.execute(sql.SQL("drop table if exists {}").format(name))
            connection.execute(MARK_DROPPED, (month,))
        if state.has_key:
            _clear_traces(connection)


def record_keeping(url: str, action: str, details: Mapping[str, Any], by: str) -> None:
    """Record actions on the ledger itself, in a chain of their own. Raises psycopg.Error."""

    async def run() -> None:
        async with await AsyncConnection.connect(
            add_silence_timeouts(url), autocommit=True, options=OPTIONS
        ) as connection:
            await _record(connection, action, details, by)

    asyncio.run(run())


async def _record(connection: AsyncConnection[Any], action: str, details: Mapping[str, Any], by: str) -> None:
    epoch = await begin_epoch(connection, utc_now, version("cross-sector-hub"))
    said = {"action": action, **details}
    await epoch.append([LedgerEntry(utc_now(), RecordKind.KEEPING, by, ReadOutcome.ANSWERED, details=said)])
    await epoch.end(utc_now())


def _clear_traces(connection: psycopg.Connection[Any]) -> None:
    """Remove what the tables still have of a key that is gone."""
    for statement in CLEAR_TRACES:
        connection.execute(statement)


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(add_silence_timeouts(url), autocommit=True, options=SESSION)


def _find_month(months: list[LedgerMonthState], month: date) -> LedgerMonthState:
    for one in months:
        if one.first_day == month:
            return one
    raise OperationRefused(f"the ledger has no month {month:%Y-%m}", next_step=SEE_MONTHS)
