"""The lock of linking: runs and decisions change the same rows, so one of them at a time.

A run holds it as long as its session; a decision holds it for its one transaction, and waits for a run only so long.
"""

from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import OperationRefused

LOCK = 7_022_002
WAIT_S = 10
"""A person waits for a decision. A run of the changed records alone is over within this."""


def hold(connection: Connection[Any], *, wait_s: float = WAIT_S) -> datetime:
    """Take the lock for the open transaction. Returns the instant of what the transaction changes, later than all before it.

    Raises OperationRefused where a run of linking keeps it.
    """
    connection.execute("select set_config('lock_timeout', %s, true)", (f"{int(wait_s * 1000)}ms",))
    try:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    except psycopg.errors.LockNotAvailable:
        raise OperationRefused(
            f"a run of linking is under way and was not over within {wait_s:g} s",
            next_step="decide again when it is over",
            code="LINKING_IN_PROGRESS",
        ) from None
    # Not now(): that is when the transaction began, before what was waited for was changed.
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    at: datetime = row[0]
    return at
