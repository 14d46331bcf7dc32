"""Changes as they happen: the feed of `hub.change`, read from where a subscriber stands.

One connection of the process listens for notifications; it only wakes subscribers. Each subscriber reads the feed itself,
page by page, as fast as its client takes events, so a slow one holds up nobody and keeps nothing in memory. When the
database was away the feed is read on from the same place.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection, sql

from hub.errors import OperationRefused, StoreUnavailable
from hub.graph.reads import ALL_BUSY, TIMED_OUT, Reads
from hub.model.names import quote_identifier
from hub.model.registry import Registry
from hub.model.tables import ACCEPTED
from hub.store.change_feed import CHANNEL
from hub.store.silence import end_silence

LOG = logging.getLogger("hub.graph")
PAGE_ROWS = 200
LOOK_AGAIN_S = 5.0
"""A notification can be lost with its connection, and a change can wait for an older transaction: so look now and then."""
HEARTBEAT_S, ANSWER_WITHIN_S = 30.0, 5.0
"""How long the listening connection may be without a word before it is asked for one, and how long the answer may take."""
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)

Place = tuple[int, int]
"""Where a reader stands in the feed: transaction and id."""


@dataclass(frozen=True)
class ChangeWatch:
    """Which changes a subscriber wants: None is all. `subject` is the number of a row."""

    types: tuple[str, ...] | None = None
    subject: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Change:
    """One change of one record."""

    type: str
    record_id: int
    action: str
    source: str | None
    at: str


class ChangeReader:
    """The feed of one process. Opened by the application, closed with it."""

    def __init__(self, reads: Reads, registry: Registry, url: str, *, most_subscribers: int) -> None:
        self.reads = reads
        self.url = url
        self.most_subscribers = most_subscribers
        self.subscribers: set[asyncio.Event] = set()
        self._listening: asyncio.Task[None] | None = None
        self._page = page_sql(registry)

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    async def follow(self, wanted: ChangeWatch) -> AsyncGenerator[Change]:
        """Changes from now on, each at least once, in order of their transactions; until the caller stops.

        Raises OperationRefused if there are too many subscribers already.
        """
        if len(self.subscribers) >= self.most_subscribers:
            raise OperationRefused(
                f"{self.most_subscribers} subscriptions are open already",
                code="TOO_MANY_SUBSCRIPTIONS",
                next_step="close some, or try again later; the operator can raise HUB_MAX_SUBSCRIPTIONS",
            )
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        woken = asyncio.Event()
        self.subscribers.add(woken)
        try:
            place = await self._now()
            while True:
                woken.clear()
                page = await self._read(wanted, place)
                for row in page["changes"]:
                    place = (row["transaction"], row["id"])
                    yield Change(row["entity"], row["recordId"], row["action"], row["source"], row["at"])
                if len(page["changes"]) < PAGE_ROWS:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), 0.2 if page["pending"] else LOOK_AGAIN_S)
        finally:
            self.subscribers.discard(woken)

    async def _now(self) -> Place:
        text = await self.reads.json(
            "select json_build_array(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::text", ()
        )
        (horizon,) = orjson.loads(text)
        return horizon, 0

    async def _read(self, wanted: ChangeWatch, place: Place) -> Mapping[str, Any]:
        types = None if wanted.types is None else list(wanted.types)
        while True:
            try:
                text = await self.reads.json(self._page, (*place, types, wanted.source, wanted.subject))
            except (StoreUnavailable, OperationRefused) as error:
                if isinstance(error, OperationRefused) and error not in (TIMED_OUT, ALL_BUSY):
                    raise
                await asyncio.sleep(1)  # the place is kept: what happens meanwhile is read when the database is back
            else:
                found: Mapping[str, Any] = orjson.loads(text)
                return found

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await AsyncConnection.connect(self.url, autocommit=True)
                async with connection:
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
                    failures = 0
                    self._wake()
                    while True:
                        async for _ in connection.notifies(timeout=HEARTBEAT_S):
                            self._wake()
                        # A connection that nothing comes over may be one that nothing can come over.
                        with end_silence(connection, ANSWER_WITHIN_S):
                            await connection.execute("select 1")
            except psycopg.Error as error:
                # The kind only: it says whether the server is away or refuses us.
                LOG.warning("listening for changes stopped: %s", type(error).__name__)
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1

    def _wake(self) -> None:
        for woken in self.subscribers:
            woken.set()


def page_sql(registry: Registry) -> str:
    """The next page of the feed: $1, $2 the place, $3 types, $4 source, $5 subject.

    Only transactions older than every one still running are read: a change can then never turn up behind the place.
    """
    # Who follows a row that is merged meanwhile follows what it was merged into: links lead there.
    heir = "coalesce((select h.heir_id from link.heir h where h.subject_id = $5::bigint), $5::bigint)"
    related = " or ".join(
        f"exists (select from link.{quote_identifier(linked.table)} l where l.record_id = c.record_id and l.subject_id = {heir} and l.{ACCEPTED})"
        for entity in registry
        for linked in entity.linked
    )
    beyond = "(c.transaction, c.id) > ($1::bigint, $2::bigint)"
    horizon = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    wanted = (
        "($3::text[] is null or c.entity = any($3::text[])) and ($4::text is null or s.connector = $4::text)"
        f" and ($5::bigint is null or c.record_id in ($5::bigint, {heir}) or c.subject_id in ($5::bigint, {heir}) or {related})"
    )
    return (
        "select json_build_object('changes', coalesce(json_agg(json_build_object('transaction', p.transaction, 'id', p.id,"  # noqa: S608 constants and quoted identifiers
        " 'entity', p.entity, 'recordId', p.record_id, 'action', p.action, 'source', p.connector, 'at', p.at)"
        " order by p.transaction, p.id), '[]'::json),"
        f" 'pending', exists (select from hub.change c where {beyond} and c.transaction >= {horizon}))::text"
        f" from (select c.*, s.connector from hub.change c left join hub.stream s on s.id = c.stream_id"
        f" where {beyond} and c.transaction < {horizon} and {wanted} order by c.transaction, c.id limit {PAGE_ROWS}) p"
    )
