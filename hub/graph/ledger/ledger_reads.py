"""Reads of the ledger, over connections of a login in the role `hub_auditor`: the pool that answers requests cannot see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.errors import StoreUnavailable
from hub.graph.execution.reads import DATABASE_GONE, explain_failure
from hub.graph.link_review.review_runner import ReviewRunner
from hub.ledger.log.entries import LogEntry, LogPosition, read_entry
from hub.ledger.log.people import PersonKey, build_people_query, read_people
from hub.ledger.log.query import MONTHS, LogFilter, ToldPurposes, build_log_query, make_pseudonyms
from hub.ledger.months import LedgerMonth
from hub.model.registry import Registry
from hub.plan.data_subjects import DataSubject
from hub.store.engine import make_read_pool

T = TypeVar("T")
CONNECTIONS = 4
CANNOT_READ = StoreUnavailable(
    "the hub cannot read its ledger",
    code="LEDGER_UNREADABLE",
    next_step="the operator sets HUB_AUDITOR_URL to a login in the role hub_auditor",
)


@dataclass(frozen=True)
class LogPage:
    """A page of the log, newest first. `has_next` is whether there are older entries."""

    entries: tuple[LogEntry, ...]
    has_next: bool


@dataclass(frozen=True)
class MonthState:
    """A month of the ledger; `key` is None once it was destroyed."""

    first_day: date
    opened_at: datetime
    key: bytes | None

    @property
    def month(self) -> LedgerMonth | None:
        """The month as pseudonyms are made with it, if that is still possible."""
        return None if self.key is None else LedgerMonth(self.first_day, self.key)


class LedgerReads:
    """Reads the ledger at `url`. Every statement has a timeout; all of this raises StoreUnavailable and OperationRefused."""

    def __init__(self, url: str, registry: Registry, *, statement_timeout_s: float) -> None:
        self._pool = make_read_pool(url, size=CONNECTIONS, statement_timeout_s=statement_timeout_s, kept=0)
        self._registry = registry
        self._runner = ReviewRunner(url, CANNOT_READ)

    async def open(self) -> None:
        """Let the pool connect when it is first used."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    @property
    def pool(self) -> AsyncConnectionPool[AsyncConnection[Any]]:
        """The connections."""
        return self._pool

    async def run(self, work: Callable[[Connection[Any]], T]) -> T:
        """What a function gives that reads much of it, in a thread on a connection of its own."""
        return await self._runner.run(work)

    async def list_months(self) -> tuple[MonthState, ...]:
        """Every month, the oldest first."""
        return tuple(
            MonthState(first_day, opened_at, None if key is None else bytes(key))
            for first_day, opened_at, key in await self._rows(MONTHS, {})
        )

    async def find_person(self, key: PersonKey) -> tuple[DataSubject, ...]:
        """All rows that are one person. Raises OperationRefused with SUBJECT_UNKNOWN."""
        query = build_people_query(self._registry, key)
        return read_people(key.entity, await self._rows(query.sql, query.parameters))

    async def read_page(
        self,
        wanted: LogFilter,
        *,
        size: int,
        after: LogPosition | None = None,
        whose: Sequence[DataSubject] | None = None,
        months: Sequence[MonthState] = (),
        told: ToldPurposes | None = None,
    ) -> LogPage:
        """One page; of one person's entries if `whose` has their rows, by the pseudonyms of `months`.

        `told` leaves out what a citizen may not be told of.
        """
        people = None
        if whose is not None:
            keyed = [state.month for state in months if state.month is not None]
            people = make_pseudonyms(keyed, whose, wanted)
        query = build_log_query(wanted, rows=size + 1, after=after, whose=people, told=told)
        found = [read_entry(row) for row in await self._rows(query.sql, query.parameters)]
        return LogPage(tuple(found[:size]), len(found) > size)

    async def _rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(sql, parameters)
                return await cursor.fetchall()
        except PoolTimeout:
            raise DATABASE_GONE from None
        except psycopg.errors.InsufficientPrivilege:
            raise CANNOT_READ from None
        except psycopg.Error as error:
            raise explain_failure(error) from None
