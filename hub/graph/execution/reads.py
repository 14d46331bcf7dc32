"""Reads: the statement of a plan to the database and its JSON back. The only place where a plan meets PostgreSQL."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg_pool import PoolTimeout

from hub.errors import HubError, OperationRefused, StoreUnavailable
from hub.store.connections.prepared_reads import PreparedReads
from hub.store.connections.read_pool import ReadPool
from hub.store.connections.silence import Silence
from hub.store.revision import READ_STORED_REVISION, StoreRevision
from hub.tracing.spans import open_span

LOG = logging.getLogger("hub.graph")
Read = Callable[[AsyncConnection[Any], str, Sequence[Any]], Awaitable[Any]]

DATABASE_GONE = StoreUnavailable(
    "the database does not answer", next_step="try again shortly; if it lasts, the operator looks at `hub doctor`"
)
OTHER_REVISION = StoreUnavailable(
    "the database is at a different revision than this program", next_step="the operator runs `hub migrate`"
)
TOO_SLOW = OperationRefused(
    "the read took too long and was stopped",
    code="TIMEOUT",
    next_step="ask for smaller pages or fewer levels, or filter by an identifier",
)
BAD_VALUE = OperationRefused("a value cannot be compared with its field", next_step="check dates, numbers and cursors")
TOO_COMPLEX = OperationRefused(
    "the operation is too large for one SQL statement",
    code="OPERATION_TOO_LARGE",
    next_step="split the operation, or ask for fewer fields",
)
TOO_LONG = OperationRefused(
    "the result is longer than HUB_MAX_RESULT_BYTES", code="RESULT_TOO_LARGE", next_step="ask for smaller pages"
)


TIMED_OUT = OperationRefused(
    "the database did not answer in time",
    code="TIMEOUT",
    next_step="try again shortly; the operator looks at `/readyz`",
)
ALL_BUSY = OperationRefused(
    "every database connection was in use for too long",
    code="TIMEOUT",
    next_step="try again shortly; the operator may raise HUB_POOL_SIZE, or look at `/readyz`",
)
GRACE_S = 2.0
"""How long after its own timeout a statement may still be silent: then its connection is taken for dead."""


class Reads:
    """Runs statements on the read pool, each of them for `deadline_s` at most, whatever the database or the network does."""

    def __init__(self, pool: ReadPool, *, deadline_s: float, prepares: bool = True) -> None:
        self.pool = pool
        self.deadline_s = deadline_s
        self._wire = PreparedReads(prepares=prepares)
        self.running = 0
        """Statements that run now."""
        self._answered_at = float("-inf")
        """When the database last answered, by the loop's clock."""

    async def json(self, sql: str, parameters: Sequence[Any], *, tries: int = 2) -> bytes:
        """Execute a statement. Returns its JSON text, in UTF-8. Tried again if the connection was lost: statements only read.

        If the caller is cancelled, so is the statement. Raises OperationRefused for bad values and for reads that take
        too long or give too much, StoreUnavailable.
        """
        with open_span("sql"):
            text: bytes | None = await self._try(self._wire.value, sql, parameters, tries)
        if text is None:
            raise TOO_LONG
        return text

    async def estimate(self, sql: str, parameters: Sequence[Any]) -> dict[str, Any]:
        """What PostgreSQL expects of a statement: its plan, with estimated cost and rows. Raises as `json` does."""
        (plan,) = await self._try(_first_value, f"explain (format json) {sql}", parameters, 2)
        described: dict[str, Any] = plan["Plan"]
        return described

    async def revision(self, *, deadline_s: float) -> StoreRevision | None:
        """The revision of the store; None if it has none. Raises StoreUnavailable, or OperationRefused for silence."""
        try:
            found = await self._once(_first_value, READ_STORED_REVISION, (), deadline_s)
        except psycopg.Error as error:
            raise explain_failure(error) from None
        return StoreRevision.parse(found)

    async def _try(self, read: Read, sql: str, parameters: Sequence[Any], tries: int) -> Any:
        for left in reversed(range(tries)):
            try:
                return await self._once(read, sql, parameters, self.deadline_s)
            except psycopg.Error as error:
                clean = explain_failure(error)
                if clean is not DATABASE_GONE or not left:
                    raise clean from None
                # After a restart every kept connection is broken, not only this one.
                await self.pool.drain()
        raise AssertionError("unreachable")

    async def _once(self, read: Read, sql: str, parameters: Sequence[Any], deadline_s: float) -> Any:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            connection = await self.pool.take(min(deadline_s, self.pool.timeout))
        except PoolTimeout:
            # A database that is read from now, or answered others while this one waited, is there: there are too few connections.
            is_there = self.running or self._answered_at >= began
            raise (ALL_BUSY if is_there else DATABASE_GONE) from None
        silence = Silence(connection, deadline_s)
        # Without the pool's own context, whose commit has nothing to do: these connections are in autocommit.
        self.running += 1
        try:
            answer = await read(connection, sql, parameters)
            self._answered_at = clock()
            return answer
        except psycopg.Error:
            if silence.ended:
                raise TIMED_OUT from None
            raise
        finally:
            self.running -= 1
            silence.cancel()
            await self.pool.give_back(connection)


async def _first_value(connection: AsyncConnection[Any], sql: str, parameters: Sequence[Any]) -> Any:
    cursor = AsyncRawCursor(connection)
    await cursor.execute(sql, parameters)
    row = await cursor.fetchone()
    assert row is not None  # every statement gives one row
    return row[0]


def explain_failure(error: psycopg.Error) -> HubError:
    """The clean error for one of PostgreSQL's."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return TOO_SLOW
    if isinstance(error, psycopg.DataError):
        return BAD_VALUE
    if isinstance(
        error, psycopg.errors.ProgramLimitExceeded | psycopg.errors.StatementTooComplex | psycopg.errors.TooManyColumns
    ):
        return TOO_COMPLEX
    if isinstance(
        error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn | psycopg.errors.InvalidSchemaName
    ):
        return OTHER_REVISION
    if isinstance(error, psycopg.OperationalError):
        return DATABASE_GONE
    # A plan that PostgreSQL refuses is our fault; its message may quote values, so the kind is all we log.
    LOG.error("statement refused: %s", type(error).__name__)
    return HubError("internal error", next_step="tell the operator; the log says when")
