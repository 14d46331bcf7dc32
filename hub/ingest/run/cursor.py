"""The place of a stream: its row in the store, with the cursor that moves in the transactions that write its records."""

from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg import Connection

from hub.ingest.drift.detect import Shape
from hub.ingest.read.reader import State, Taken
from hub.ingest.run.outcome import Interfered
from hub.store.query import fetch_row


class Place:
    """Where a stream is. Made from the store, where it is put when it is met for the first time."""

    def __init__(self, connection: Connection[Any], connector: str, name: str) -> None:
        self.connection = connection
        self.where = f"{connector}.{name}"
        connection.execute(
            "insert into hub.stream (connector, name) values (%s, %s) on conflict (connector, name) do nothing",
            (connector, name),
        )
        row = fetch_row(
            connection,
            "select id, cursor, confirmed_at, columns from hub.stream where connector = %s and name = %s",
            (connector, name),
        )
        self.stream_id: int = row[0]
        self.state: State | None = row[1]
        self.confirmed_at: datetime | None = row[2]
        """When all of its keys were last seen."""
        self.shape: Shape = row[3] or {}

    def lock(self) -> None:
        """Hold the stream for this transaction. Raises Interfered where another run has moved its cursor."""
        row = self.connection.execute(
            "select cursor from hub.stream where id = %s for no key update", (self.stream_id,)
        ).fetchone()
        if row is None or row[0] != self.state:
            raise Interfered(
                f"{self.where}: another run moved its cursor", next_step="run `hub sync` again; nothing was lost"
            )

    def hold(self, wait_s: float) -> None:
        """Hold the stream for this transaction, wherever its cursor is. Raises Interfered where a run keeps it longer."""
        try:
            self.connection.execute(f"set local lock_timeout = {int(wait_s * 1000)}")
            self.connection.execute("select from hub.stream where id = %s for no key update", (self.stream_id,))
        except psycopg.errors.LockNotAvailable:
            raise Interfered(
                f"{self.where}: a run of this stream is going on", next_step="try again when it is over"
            ) from None

    def move(self, state: State | None) -> None:
        """Move the cursor, in the transaction that writes the rows; None leaves it."""
        if state is None:
            return
        text = orjson.dumps(state).decode()
        self.connection.execute("update hub.stream set cursor = %s where id = %s", (text, self.stream_id))
        # As the store gives it back.
        self.state = orjson.loads(text)

    def confirm(self, at: datetime) -> None:
        """Every row that the source had at this time is in the store, and no other."""
        self.current(at)
        self.connection.execute("update hub.stream set confirmed_at = %s where id = %s", (at, self.stream_id))
        self.confirmed_at = at

    def doubt(self, at: datetime) -> None:
        """Every row that the source had at this time is in the store, and perhaps others: all keys are to be seen again."""
        self.current(at)
        self.connection.execute("update hub.stream set confirmed_at = null where id = %s", (self.stream_id,))
        self.confirmed_at = None

    def current(self, at: datetime) -> None:
        """Every change until this time is in the store."""
        self.connection.execute("update hub.stream set as_of = %s where id = %s", (at, self.stream_id))

    def reshape(self, shape: Shape) -> None:
        """Keep the columns that the next read is held against."""
        if shape != self.shape:
            self.shape = shape
            text = orjson.dumps(shape).decode()
            self.connection.execute("update hub.stream set columns = %s where id = %s", (text, self.stream_id))

    def take(self, file: Taken, run_id: int) -> None:
        """Note a file as taken."""
        self.connection.execute(
            "insert into hub.file (stream_id, digest, name, size, run_id) values (%s, %s, %s, %s, %s)"
            " on conflict do nothing",
            (self.stream_id, file.digest, file.name, file.size, run_id),
        )
