"""Connections to the store that write, for as long as a statement takes, and notice when the store has fallen silent.

A merge of millions of rows may take minutes, so no statement has a fixed deadline. Instead, whoever waits longer than
LOOK_AFTER_S has the server asked, by a connection of its own, whether it works on the statement. If it does not, or does not
answer, the socket is shut down: the statement ends as with a server that went away. A network that keeps connections open and
passes nothing would hold the statement, the transaction and every lock for good.
"""

import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.rows import TupleRow

SILENCE_TIMEOUTS: Mapping[str, str] = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""libpq parameters by which a server that went away without a word is noticed within half a minute (seconds; milliseconds)."""
LOOK_EVERY_S = 1.0
LOOK_AFTER_S = 15.0
"""How long a statement may take before the server is asked about it, and how long until it is asked again."""
ANSWER_WITHIN_S = 10
"""How long the server may take to answer that question."""
MAX_IDLE_ANSWERS = 2
"""Answers in a row, that it does not work on the statement, that end it: one may cross with the result."""
IS_WORKING = (
    "select coalesce(bool_or(state = 'active' and wait_event_type is distinct from 'Client'), false)"
    " from pg_stat_activity where pid = %s"
)


class StoreConnection(psycopg.Connection[TupleRow]):
    """A connection whose statements end if the store is silent."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.backend_pid = 0
        self.address = ""
        self.waiting_since: float | None = None
        self.strikes = 0
        self.asked_at = 0.0

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "StoreConnection":
        """Connect, with the SILENCE_TIMEOUTS that are not given. Raises psycopg.OperationalError."""
        given = {**psycopg.conninfo.conninfo_to_dict(conninfo), **options}
        connection = super().connect(conninfo, **{**SILENCE_TIMEOUTS, **given})
        # By its own word, since a pooler between gives connections numbers of its own.
        row = connection.execute("select pg_backend_pid()").fetchone()
        connection.rollback()
        assert row is not None  # a function
        connection.backend_pid = row[0]
        connection.address = psycopg.conninfo.make_conninfo(connection.info.dsn, password=connection.info.password)
        _STORE_WATCH.add(connection)
        return connection

    def wait(self, *arguments: Any, **options: Any) -> Any:
        """Every wait of the driver for the server goes through here."""
        self.strikes, self.waiting_since = 0, time.monotonic()
        self.asked_at = self.waiting_since
        try:
            return super().wait(*arguments, **options)
        finally:
            self.waiting_since = None

    def shut_down(self) -> None:
        """End its connection from another thread: who waits is told that the server went away."""
        with suppress(OSError, psycopg.Error):
            descriptor = socket.socket(fileno=os.dup(self.fileno()))
            try:
                descriptor.shutdown(socket.SHUT_RDWR)
            finally:
                descriptor.close()


class _StoreWatch:
    """Looks at every open connection once a second, in one thread for all."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[StoreConnection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, connection: StoreConnection) -> None:
        with self._lock:
            self._connections.add(connection)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="store", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            with self._lock:
                waiting = [c for c in self._connections if c.waiting_since is not None]
            for connection in waiting:
                if now - connection.asked_at >= LOOK_AFTER_S:
                    connection.asked_at = now
                    threading.Thread(target=_check_progress, args=(connection,), name="ask store", daemon=True).start()


_STORE_WATCH = _StoreWatch()


def _check_progress(connection: StoreConnection) -> None:
    """End a connection whose statement the server does not work on."""
    since = connection.waiting_since
    works = _works_on(connection)
    if since is None or connection.waiting_since != since or works is None:
        return
    connection.strikes = 0 if works else connection.strikes + 1
    if connection.strikes >= MAX_IDLE_ANSWERS:
        connection.shut_down()


def _works_on(connection: StoreConnection) -> bool | None:
    """Whether the server works on a connection's statement; None if it answers, but not to this."""
    try:
        asking = psycopg.connect(connection.address, autocommit=True, connect_timeout=ANSWER_WITHIN_S)
        with asking as other, _shut_down_after(other, ANSWER_WITHIN_S):
            row = other.execute(IS_WORKING, (connection.backend_pid,)).fetchone()
            return bool(row and row[0])
    except psycopg.Error as error:
        # One that has a code was sent by the server: too many connections, or it starts up.
        return None if error.sqlstate else False


@contextmanager
def _shut_down_after(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Shut a connection down if the block takes longer."""
    descriptor = socket.socket(fileno=os.dup(connection.fileno()))
    timer = threading.Timer(seconds, lambda: descriptor.shutdown(socket.SHUT_RDWR))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        descriptor.close()
