"""One prepared statement, one value: the shortest way through libpq that psycopg opens (`psycopg.pq`).

A cursor converts queries, keeps results and waits in steps; for a keyed read that is half of the work of the process
(docs/decisions/0006). Preparing, connecting and cancelling stay with psycopg's own connection.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

MAX_PREPARED = 500
MAX_PREPARED_CHARS = 2_000_000
"""Characters of the statements that one connection keeps prepared; PostgreSQL keeps some ten times as many bytes of plans."""
CANCEL_WITHIN_S = 5.0


class PreparedReads:
    """Statements on the connections of one pool. Prepared statements are tracked for each connection.

    Without `prepares` each statement is sent whole and planned anew, for a pooler behind which the next one meets another session.
    """

    def __init__(self, *, prepares: bool = True) -> None:
        self._prepares = prepares
        self._prepared: WeakKeyDictionary[AsyncConnection[Any], OrderedDict[str, bytes]] = WeakKeyDictionary()
        self._numbers = count(1)

    async def value(self, connection: AsyncConnection[Any], sql: str, parameters: Sequence[Any]) -> bytes | None:
        """Run a statement that gives one value, as the text that PostgreSQL sends; None is null.

        The connection is in autocommit and nobody else's meanwhile. Raises psycopg.Error; a cancelled caller cancels the
        statement.
        """
        name = await self._name(connection, sql) if self._prepares else b""
        dumped = Transformer.from_context(connection).dump_sequence(parameters, [PyFormat.TEXT] * len(parameters))
        pgconn = connection.pgconn
        if self._prepares:
            pgconn.send_query_prepared(name, dumped)
        else:
            pgconn.send_query_params(sql.encode(), dumped)
        try:
            while pgconn.flush():
                await wait_for_result(pgconn, writable=True)
            await wait_for_result(pgconn)
        except asyncio.CancelledError:
            await _cancel(connection)
            raise
        return _read_result(pgconn)

    async def _name(self, connection: AsyncConnection[Any], sql: str) -> bytes:
        """The name under which the statement is prepared on this connection, the least used forgotten."""
        prepared = self._prepared.setdefault(connection, OrderedDict())
        name = prepared.get(sql)
        if name is not None:
            prepared.move_to_end(sql)
            return name
        while prepared and (len(prepared) >= MAX_PREPARED or sum(map(len, prepared)) + len(sql) > MAX_PREPARED_CHARS):
            _, oldest = prepared.popitem(last=False)
            await connection.execute(b"deallocate " + oldest)
        name = f"read_{next(self._numbers)}".encode()
        await connection.execute(b"prepare " + name + b" as " + sql.encode())
        prepared[sql] = name
        return name


async def wait_for_result(pgconn: PGconn, *, writable: bool = False) -> None:
    """Wait until all of the result is there, or until more can be sent."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def look() -> None:
        if done.done():
            return
        try:
            pgconn.consume_input()
            busy = not writable and pgconn.is_busy()
        except psycopg.Error as error:
            done.set_exception(error)
        else:
            if not busy:
                done.set_result(None)

    descriptor = pgconn.socket
    stop: list[Callable[[int], bool]] = [loop.remove_reader]
    loop.add_reader(descriptor, look)
    if writable:
        loop.add_writer(descriptor, look)
        stop.append(loop.remove_writer)
    try:
        await done
    finally:
        for remove in stop:
            remove(descriptor)


def _read_result(pgconn: PGconn) -> bytes | None:
    found = pgconn.get_result()
    while pgconn.get_result() is not None:
        pass  # libpq says with a null that the statement is over
    if found is None:
        raise psycopg.OperationalError("the connection was lost")
    if found.status != ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(found)
    return found.get_value(0, 0)


async def _cancel(connection: AsyncConnection[Any]) -> None:
    """Cancel the running statement and take its end off the connection; if that fails, the pool closes it."""
    try:
        async with asyncio.timeout(CANCEL_WITHIN_S):
            await connection.cancel_safe(timeout=CANCEL_WITHIN_S)
            await wait_for_result(connection.pgconn)
            _read_result(connection.pgconn)
    except (psycopg.Error, TimeoutError):
        pass
