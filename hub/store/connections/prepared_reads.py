"""One prepared statement, one value: the shortest way through libpq that psycopg opens (`psycopg.pq`).

A cursor converts queries, keeps results and waits in steps; for a keyed read that is half of the work of the process
(docs/decisions/0006). Preparing, connecting and cancelling stay with psycopg's own connection.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from hub.store.connections.result_waiter import ResultWaiter

MAX_PREPARED = 500
MAX_PREPARED_CHARS = 2_000_000
"""Characters of the statements that one connection keeps prepared; PostgreSQL keeps some ten times as many bytes of plans."""
CANCEL_WITHIN_S = 5.0


class _PreparedSession:
    """What is known of one connection: the statements that are prepared on it, least used first, and how its results are awaited."""

    __slots__ = ("prepared", "transformer", "waiter")

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.prepared: OrderedDict[str, bytes] = OrderedDict()
        self.transformer = Transformer.from_context(connection)
        self.waiter = ResultWaiter(connection.pgconn)


class PreparedReads:
    """Statements on the connections of one pool. Prepared statements are tracked for each connection.

    Without `prepares` each statement is sent whole and planned anew, for a pooler behind which the next one meets another session.
    """

    def __init__(self, *, prepares: bool = True) -> None:
        self._prepares = prepares
        self._sessions: WeakKeyDictionary[AsyncConnection[Any], _PreparedSession] = WeakKeyDictionary()
        self._numbers = count(1)

    async def value(self, connection: AsyncConnection[Any], sql: str, parameters: Sequence[Any]) -> bytes | None:
        """Run a statement that gives one value, as the text that PostgreSQL sends; None is null.

        The connection is in autocommit and nobody else's meanwhile. Raises psycopg.Error; a cancelled caller cancels the
        statement.
        """
        session = self._sessions.get(connection)
        if session is None:
            session = self._sessions[connection] = _PreparedSession(connection)
        pgconn = connection.pgconn
        dumped = session.transformer.dump_sequence(parameters, [PyFormat.TEXT] * len(parameters))
        if self._prepares:
            name = session.prepared.get(sql)
            if name is None:
                name = await self._prepare(connection, session, sql)
            else:
                session.prepared.move_to_end(sql)
            pgconn.send_query_prepared(name, dumped)
        else:
            pgconn.send_query_params(sql.encode(), dumped)
        try:
            while pgconn.flush():
                await session.waiter.wait_to_send()
            await session.waiter.wait()
        except asyncio.CancelledError:
            await _cancel(connection, session.waiter)
            raise
        return _read_result(pgconn)

    async def _prepare(self, connection: AsyncConnection[Any], session: _PreparedSession, sql: str) -> bytes:
        """Prepare a statement on a connection, which forgets the least used ones. Returns its name."""
        prepared = session.prepared
        while prepared and (len(prepared) >= MAX_PREPARED or sum(map(len, prepared)) + len(sql) > MAX_PREPARED_CHARS):
            _, oldest = prepared.popitem(last=False)
            await connection.execute(b"deallocate " + oldest)
        name = f"read_{next(self._numbers)}".encode()
        await connection.execute(b"prepare " + name + b" as " + sql.encode())
        prepared[sql] = name
        return name


def _read_result(pgconn: PGconn) -> bytes | None:
    found = pgconn.get_result()
    while pgconn.get_result() is not None:
        pass  # libpq says with a null that the statement is over
    if found is None:
        raise psycopg.OperationalError("the connection was lost")
    if found.status != ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(found)
    return found.get_value(0, 0)


async def _cancel(connection: AsyncConnection[Any], waiter: ResultWaiter) -> None:
    """Cancel the running statement and take its end off the connection; if that fails, the pool closes it."""
    try:
        async with asyncio.timeout(CANCEL_WITHIN_S):
            await connection.cancel_safe(timeout=CANCEL_WITHIN_S)
            await waiter.wait()
            _read_result(connection.pgconn)
    except (psycopg.Error, TimeoutError):
        pass
