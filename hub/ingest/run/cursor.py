"""The cursor of a stream: its row in the store, updated in the transactions that write its records."""

from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg import Connection

from hub.ingest.drift.detect import StreamShape
from hub.ingest.read.reader import ReadState, TakenFile
from hub.ingest.run.outcome import CursorMoved
from hub.store.query import fetch_row


class StreamCursor:
    """The position of a stream. Loaded from the store, and inserted there on first use."""

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
        self.state: ReadState | None = row[1]
        self.confirmed_at: datetime | None = row[2]
        """When all of its keys were last seen."""
        self.shape: StreamShape = row[3] or {}

    def lock(self) -> None:
        """Lock the stream for this transaction. Raises CursorMoved if another run has moved the cursor."""
        row = self.connection.execute(
            "select cursor from hub.stream where id = %s for no key update", (self.stream_id,)
        ).fetchone()
        if row is None or row[0] != self.state:
            raise CursorMoved(
                f"{self.where}: another run moved its cursor", next_step="run `hub sync` again; nothing was lost"
            )

    def lock_within(self, wait_s: float) -> None:
        """Lock the stream for this transaction, wherever its cursor is. Raises CursorMoved if a run keeps it longer
        than `wait_s`.
        """
        try:
            self.connection.execute(f"set local lock_timeout = {int(wait_s * 1000)}")
            self.connection.execute("select from hub.stream where id = %s for no key update", (self.stream_id,))
        except psycopg.errors.LockNotAvailable:
            raise CursorMoved(
                f"{self.where}: another run of this stream is in progress", next_step="try again when it has ended"
            ) from None

    def advance(self, state: ReadState | None) -> None:
        """Move the cursor, in the transaction that writes the rows. None leaves it unchanged."""
        if state is None:
            return
        text = orjson.dumps(state).decode()
        self.connection.execute("update hub.stream set cursor = %s where id = %s", (text, self.stream_id))
        # As the store returns it.
        self.state = orjson.loads(text)

    def confirm_complete(self, at: datetime) -> None:
        """Record that the store has exactly the rows that the source had at this time."""
        self.set_as_of(at)
        self.connection.execute("update hub.stream set confirmed_at = %s where id = %s", (at, self.stream_id))
        self.confirmed_at = at

    def mark_unconfirmed(self, at: datetime) -> None:
        """Record that the store has every row of the source at this time, and perhaps others: all keys must be checked
        again.
        """
        self.set_as_of(at)
        self.connection.execute("update hub.stream set confirmed_at = null where id = %s", (self.stream_id,))
        self.confirmed_at = None

    def set_as_of(self, at: datetime) -> None:
        """Record that every change until this time is in the store."""
        self.connection.execute("update hub.stream set as_of = %s where id = %s", (at, self.stream_id))

    def save_shape(self, shape: StreamShape) -> None:
        """Save the columns that the next read is compared with."""
        if shape != self.shape:
            self.shape = shape
            text = orjson.dumps(shape).decode()
            self.connection.execute("update hub.stream set columns = %s where id = %s", (text, self.stream_id))

    def record_file(self, file: TakenFile, run_id: int) -> None:
        """Record a file as taken."""
        self.connection.execute(
            "insert into hub.file (stream_id, digest, name, size, run_id) values (%s, %s, %s, %s, %s)"
            " on conflict do nothing",
            (self.stream_id, file.digest, file.name, file.size, run_id),
        )
