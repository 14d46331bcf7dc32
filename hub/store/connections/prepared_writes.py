"""A statement that writes and gives no rows, with parameters that are binary already: as near to libpq as `prepared_reads` is.

For the ledger, which commits hundreds of times a second beside the reads: over a cursor, sending alone cost the process 230 µs a commit
(on a busy machine).
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from hub.store.connections.result_waiter import ResultWaiter

_NUMBERS = count(1)


class PreparedWrite:
    """One statement on one connection, which is in autocommit or in a transaction of its owner, and nobody else's meanwhile."""

    def __init__(self, connection: AsyncConnection[Any], sql: str) -> None:
        self._connection = connection
        self._sql = sql
        self._name = b"write_%d" % next(_NUMBERS)
        self._is_prepared = False
        self._waiter = ResultWaiter(connection.pgconn)

    async def run(self, parameters: Sequence[bytes]) -> None:
        """Run it. Raises psycopg.Error; then, and if the caller is cancelled, it is not known whether it was done."""
        if not self._is_prepared:
            await self._connection.execute(b"prepare " + self._name + b" as " + self._sql.encode(), prepare=False)
            self._is_prepared = True
        pgconn = self._connection.pgconn
        pgconn.send_query_prepared(self._name, parameters, [Format.BINARY] * len(parameters))
        # A batch may be larger than what the socket takes at once.
        while pgconn.flush():
            await self._waiter.wait_to_send()
        # The statement is complete before its transaction is: an error of the commit, such as a full disk, is a second result.
        results = []
        while True:
            await self._waiter.wait()
            found = pgconn.get_result()
            if found is None:
                break
            results.append(found)
        _check(results)


def run_once(connection: Connection[Any], sql: str, parameters: Sequence[bytes]) -> None:
    """Run a statement of this kind on a connection of a command. Raises psycopg.Error."""
    # Unlike the loop above, libpq gives the last result here, and so the error of a commit.
    _check([connection.pgconn.exec_params(sql.encode(), parameters, param_formats=[Format.BINARY] * len(parameters))])


def _check(results: Sequence[PGresult]) -> None:
    if not results:
        raise psycopg.OperationalError("the connection was lost")
    for found in results:
        if found.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(found)
