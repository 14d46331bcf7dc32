"""Push: deliveries that the hub's own endpoint took in and keeps in `hub.inbox`, in the order in which they came.

A delivery stays whole until its rows are committed. Then its body goes, and its id stays for KEPT_FOR, so that the endpoint
knows it when it is delivered again.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import StoreUnavailable
from hub.ingest.read.messages import Message, frame
from hub.ingest.read.reader import Batch, Context, Reader, State
from hub.sdk.streams import PushStream
from hub.store.connection import StoreConnection

BATCH_DELIVERIES = 1_000
BATCH_BYTES = 16_000_000
"""A batch is this long at most, or one delivery."""
POLL_S = 1.0
"""How long a reader that follows waits for a notification before it looks for itself."""
KEPT_FOR = "7 days"
TIDY_EVERY_S = 3_600.0

NEXT = """
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
"""By what is held and not by the last id seen: of two deliveries at once, the one with the lower id may be committed later."""

LATEST = "select coalesce(max(id), 0) from hub.inbox where connector = %(connector)s and stream = %(stream)s and body is not null"
FORGET = "update hub.inbox set body = null where id = any(%s)"
TIDY = f"delete from hub.inbox where connector = %s and body is null and received_at < now() - interval '{KEPT_FOR}'"  # noqa: S608 constants and quoted identifiers
NO_END = 2**63 - 1


class PushReader(Reader):
    """Reads what was delivered for one stream. Its tokens are lists of ids of `hub.inbox`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        # Both are used by the thread that reads and the one that acknowledges; psycopg's connections and sets bear that.
        self.connection: Connection[Any] | None = None
        self.held: set[int] = set()
        self.tidied_at: float | None = None

    def whole(self, state: State | None) -> bool:
        """Never: what is sent is what changed."""
        return False

    def read(self, state: State | None) -> Iterator[Batch]:
        """What waits in the inbox and, where it is followed, what comes. Raises StoreUnavailable."""
        stream = self.context.stream
        assert isinstance(stream, PushStream)
        try:
            for deliveries in self._deliveries():
                token = [number for number, _ in deliveries]
                messages = [Message(body) for _, body in deliveries]
                yield Batch(frame(messages, stream, stream.records), token=token, commit=True)
        except psycopg.OperationalError as error:
            raise _away(self.context.where, error) from None

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Forget the bodies; where it was not done for an hour, forget the oldest ids. Raises StoreUnavailable."""
        ids = list(itertools.chain.from_iterable(tokens))
        try:
            connection = self._connection()
            connection.execute(FORGET, (ids,))
            if self.tidied_at is None or time.monotonic() - self.tidied_at > TIDY_EVERY_S:
                connection.execute(TIDY, (self.context.manifest.name,))
                self.tidied_at = time.monotonic()
        except psycopg.OperationalError as error:
            raise _away(self.context.where, error) from None
        self.held.difference_update(ids)

    def close(self) -> None:
        """Close the connection that acknowledges."""
        if self.connection is not None:
            self.connection.close()

    def _deliveries(self) -> Iterator[list[tuple[int, bytes]]]:
        follow = self.context.follow
        asked = {"connector": self.context.manifest.name, "stream": self.context.name}
        limits = {"most": BATCH_DELIVERIES, "bytes": BATCH_BYTES, "last": NO_END}
        with self._connect() as connection:
            if follow is None:
                # What comes while it reads is for the next run, or this one might never end.
                (limits["last"],) = connection.execute(LATEST, asked).fetchone() or (0,)
            else:
                connection.execute("listen hub_inbox")
            while follow is None or not follow.is_set():
                found = connection.execute(NEXT, {**asked, **limits, "held": list(self.held)}).fetchall()
                if found:
                    self.held.update(number for number, _ in found)
                    yield found
                elif follow is None:
                    return
                else:
                    _wait(connection)

    def _connection(self) -> Connection[Any]:
        if self.connection is None or self.connection.closed:
            self.connection = self._connect()
        return self.connection

    def _connect(self) -> Connection[Any]:
        return StoreConnection.connect(self.context.store_url, autocommit=True, connect_timeout=10)


def _wait(connection: Connection[Any]) -> None:
    for _ in connection.notifies(timeout=POLL_S, stop_after=1):
        return


def _away(where: str, error: psycopg.OperationalError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{where}: the inbox cannot be read: {type(error).__name__}",
        next_step="check that the hub's database runs; deliveries wait in it",
    )
