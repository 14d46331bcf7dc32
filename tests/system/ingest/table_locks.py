"""Locks that a run of ingest waits for."""

import time

import psycopg

from hub.store.engine import store_url
from tests.system.trial import Trial

WITHIN_S = 60.0
WAITING = "select count(*) from pg_locks where relation = 'data.citizen'::regclass and mode = %s and not granted"


def await_lock(trial: Trial, mode: str) -> None:
    """Wait until a run waits for a lock of this mode on the citizens."""
    until = time.monotonic() + WITHIN_S
    with psycopg.connect(store_url(trial.engine), autocommit=True) as connection:
        while connection.execute(WAITING, (mode,)).fetchone() == (0,):
            assert time.monotonic() < until
            time.sleep(0.02)
