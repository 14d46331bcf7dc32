"""Push: read deliveries that the hub's own endpoint received and keeps in `hub.inbox`, in order of arrival.

A delivery is kept whole until its rows are committed. Then its body is deleted, and its id is kept for KEPT_FOR, so
that the endpoint recognises a repeated delivery.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import StoreUnavailable
from hub.ingest.read.messages import JsonMessage, build_message_frame
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.sdk.streams import PushStream
from hub.store.connections.connection import StoreConnection

BATCH_DELIVERIES = 1_000
BATCH_BYTES = 16_000_000
"""Maximum size of a batch, unless it is a single delivery."""
POLL_S = 1.0
"""How long a following reader waits for a notification before it checks for itself."""
KEEP_IDS_FOR = "7 days"
DELETE_OLD_EVERY_S = 3_600.0

SELECT_NEXT = """
select id, body
from (
    select id, body, sum(octet_length(body)) over (order by id) as bytes, row_number() over (order by id) as position
    from (
        select id, body from hub.inbox
        where connector = %(connector)s and stream = %(stream)s and body is not null
            and id <= %(last)s and id <> all(%(held)s)
        order by id limit %(most)s
    ) t0
) t1
where bytes <= %(bytes)s or position = 1
order by id"""
"""Excludes deliveries in progress rather than those up to the last id: of two concurrent deliveries, the one with the
lower id may commit later.
"""

SELECT_LATEST = "select coalesce(max(id), 0) from hub.inbox where connector = %(connector)s and stream = %(stream)s and body is not null"
CLEAR_BODIES = "update hub.inbox set body = null where id = any(%s)"
DELETE_OLD = (
    f"delete from hub.inbox where connector = %s and body is null and received_at < now() - interval '{KEEP_IDS_FOR}'"  # noqa: S608 constants and quoted identifiers
)
NO_LAST_ID = 2**63 - 1


class PushReader(Reader):
    """Reads the rows pushed to one stream. Its tokens are lists of `hub.inbox` ids."""

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        # Both are used by the reading and the acknowledging thread; psycopg connections and sets allow that.
        self.connection: Connection[Any] | None = None
        self.held: set[int] = set()
        self.tidied_at: float | None = None

    def whole(self, state: ReadState | None) -> bool:
        """Return False: a delivery contains only what changed."""
        return False

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield the rows of the inbox and, when following, new arrivals. Raises StoreUnavailable."""
        stream = self.context.stream
        assert isinstance(stream, PushStream)
        try:
            for deliveries in self._list_deliveries():
                token = [number for number, _ in deliveries]
                messages = [JsonMessage(body) for _, body in deliveries]
                yield ReadBatch(build_message_frame(messages, stream, stream.records), token=token, commit=True)
        except psycopg.OperationalError as error:
            raise _describe_failure(self.context.where, error) from None

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Delete the bodies and, at most once per hour, the oldest ids. Raises StoreUnavailable."""
        ids = list(itertools.chain.from_iterable(tokens))
        try:
            connection = self._get_connection()
            connection.execute(CLEAR_BODIES, (ids,))
            if self.tidied_at is None or time.monotonic() - self.tidied_at > DELETE_OLD_EVERY_S:
                connection.execute(DELETE_OLD, (self.context.manifest.name,))
                self.tidied_at = time.monotonic()
        except psycopg.OperationalError as error:
            raise _describe_failure(self.context.where, error) from None
        self.held.difference_update(ids)

    def close(self) -> None:
        """Close the connection that acknowledges."""
        if self.connection is not None:
            self.connection.close()

    def _list_deliveries(self) -> Iterator[list[tuple[int, bytes]]]:
        follow = self.context.follow
        asked = {"connector": self.context.manifest.name, "stream": self.context.name}
        limits = {"most": BATCH_DELIVERIES, "bytes": BATCH_BYTES, "last": NO_LAST_ID}
        with self._connect() as connection:
            if follow is None:
                # Deliveries that arrive during this run are left to the next one, otherwise this run might never end.
                (limits["last"],) = connection.execute(SELECT_LATEST, asked).fetchone() or (0,)
            else:
                connection.execute("listen hub_inbox")
            while follow is None or not follow.is_set():
                found = connection.execute(SELECT_NEXT, {**asked, **limits, "held": list(self.held)}).fetchall()
                if found:
                    self.held.update(number for number, _ in found)
                    yield found
                elif follow is None:
                    return
                else:
                    _wait_for_delivery(connection)

    def _get_connection(self) -> Connection[Any]:
        if self.connection is None or self.connection.closed:
            self.connection = self._connect()
        return self.connection

    def _connect(self) -> Connection[Any]:
        return StoreConnection.connect(self.context.store_url, autocommit=True, connect_timeout=10)


def _wait_for_delivery(connection: Connection[Any]) -> None:
    for _ in connection.notifies(timeout=POLL_S, stop_after=1):
        return


def _describe_failure(where: str, error: psycopg.OperationalError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{where}: the inbox cannot be read: {type(error).__name__}",
        next_step="check that the hub's database is running; deliveries wait in it",
    )
