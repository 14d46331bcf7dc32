"""Advisory locks of the store: every numbered key, so that no two uses share one, and a wait for one that ends."""

from enum import IntEnum, unique
from typing import Any

import psycopg
from psycopg import Connection


@unique
class LockKey(IntEnum):
    """What a lock is for. Locks by text, such as a connector's name, have keys of 64 bits, which do not meet these."""

    MIGRATE_STORE = 7_022_001
    """Two hubs that start at once migrate one after the other."""
    LINK_RUN = 7_022_002
    """One run of linking at a time, for as long as its session: two would each undo the other's difference."""
    LINK_WRITE = 7_022_003
    """Held by the transactions that write links: a run's, one for each field, and those of a person's decision."""
    MIGRATE_QUEUE = 7_022_004
    SERVE_LOOKUPS = 7_022_015
    """Held, shared, by workers that serve look-ups: whether one is held says whether anyone would answer."""
    LEDGER_EPOCH = 7_022_019
    """The first of two numbers; the second is of the epoch. Held by the writer of its chain."""
    MAKE_CHECKPOINTS = 7_022_020
    """One process at a time makes checkpoints and gives them to the witnesses."""
    MEASURE_QUALITY = 7_022_021


def wait_for_lock(connection: Connection[Any], key: LockKey, wait_s: float) -> bool:
    """Take a lock for the session, which is in no transaction. False if another session kept it for `wait_s` seconds."""
    connection.execute("select set_config('lock_timeout', %s, false)", (f"{int(wait_s * 1000)}ms",))
    try:
        connection.execute("select pg_advisory_lock(%s)", (key,))
    except psycopg.errors.LockNotAvailable:
        return False
    finally:
        connection.execute("reset lock_timeout")
    return True
