"""The locks of linking: runs and decisions change the same rows, so one transaction of them at a time.

A run looks for minutes and writes for seconds: it keeps other runs out all the while, and decisions only while it writes.
"""

from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import OperationRefused
from hub.store.advisory_locks import LockKey
from hub.store.query import fetch_value

WAIT_S = 10
"""A person waits for a decision, and a run that writes a large field for the first time takes some seconds."""

PATIENCE_S = 60
"""So long a run waits: a decision is over in milliseconds; what holds the lock for longer is another trouble."""


def hold_link_lock(connection: Connection[Any], *, wait_s: float = WAIT_S) -> datetime:
    """Take the lock for the open transaction. Returns the instant of what the transaction changes, later than all before it.

    Raises OperationRefused if a run of linking keeps it.
    """
    connection.execute("select set_config('lock_timeout', %s, true)", (f"{int(wait_s * 1000)}ms",))
    try:
        connection.execute("select pg_advisory_xact_lock(%s)", (LockKey.LINK_WRITE,))
    except psycopg.errors.LockNotAvailable:
        raise OperationRefused(
            f"a run of linking is under way and was not over within {wait_s:g} s",
            next_step="decide again when it is over",
            code="LINKING_IN_PROGRESS",
        ) from None
    # Not now(): the transaction began before the wait, so its time precedes the change it waited for.
    at: datetime = fetch_value(connection, "select clock_timestamp()")
    return at
