"""Changes as they happen: the feed of `hub.change`, read from where a subscriber stands.

One connection of the process listens for notifications, and one task looks how far the feed can be read, however many subscribers there
are. It wakes them when there is more. Each subscriber then reads the feed itself, page by page, as fast as its client takes events, so a
slow one holds up nobody and keeps nothing in memory. When the database was away the feed is read on from the same place.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import OperationRefused, StoreUnavailable
from hub.graph.events.listener import NotificationListener
from hub.graph.execution.reads import ALL_BUSY, TIMED_OUT, Reads
from hub.model.names import quote_identifier
from hub.model.registry import Registry
from hub.model.tables import ACCEPTED
from hub.store.change_feed import CHANNEL

LOG = logging.getLogger("hub.graph")
PAGE_ROWS = 200
LOOK_AGAIN_S = 5.0
"""A notification can be lost with its connection: so look now and then."""
WAITING_S = (0.05, 0.1, 0.2, 0.5, 1.0)
"""After how long to look again while changes wait for an older transaction to end."""
STALL_WARNING_S = 30.0
"""After how long of waiting the operator is told."""
RETRY_S = 1.0

HORIZON = """
select coalesce(min(one::text::bigint) filter (where not exists (
           select from pg_locks held join pg_stat_activity session on session.pid = held.pid
           where held.locktype = 'transactionid' and held.transactionid::text = (one::text::bigint & 4294967295)::text
             and session.datid <> here.oid)),
         pg_snapshot_xmax(pg_current_snapshot())::text::bigint) as horizon
from (select oid from pg_database where datname = current_database()) here
left join lateral pg_snapshot_xip(pg_current_snapshot()) one on true"""
"""The oldest transaction of this database that is still running; every one before it has ended. `pg_snapshot_xmin` is that of the whole
cluster: one forgotten transaction in another database would hold back all events. A transaction whose database is not seen counts as ours.
"""

READABLE = f"""
with h as materialized ({HORIZON})
select json_build_object(
    'last', (select json_build_array(c.transaction, c.id) from hub.change c where c.transaction < (select horizon from h)
             order by c.transaction desc, c.id desc limit 1),
    'waiting', exists (select from hub.change c where c.transaction >= (select horizon from h)))::text"""  # noqa: S608 a constant
"""How far the feed can be read, and whether there are changes behind that, which wait for an older transaction to end."""

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
        self.listener = NotificationListener(url)
        self.most_subscribers = most_subscribers
        self.subscribers: set[asyncio.Event] = set()
        self.is_ending = False
        """Whether the process stops: then every stream ends."""
        self._tasks: list[asyncio.Task[None]] = []
        self._notified = self.listener.add(CHANNEL)
        self._waiting_since: float | None = None
        self._has_warned = False
        self._page = page_sql(registry)

    @property
    def waiting_s(self) -> float:
        """For how long changes have been waiting for an older transaction to end, in seconds; 0 if none waits."""
        return 0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since

    def end_streams(self) -> None:
        """End every subscription now, in order, since the process stops. Call it on the event loop."""
        self.is_ending = True
        self._wake()

    async def close(self) -> None:
        """Stop listening."""
        await self.listener.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def follow(self, wanted: ChangeWatch) -> AsyncGenerator[Change]:
        """Changes from now on, each at least once, in order of their transactions; until the caller or the process stops.

        Raises OperationRefused if there are too many subscribers already.
        """
        with self.claim_slot() as woken:
            if not self._tasks:
                self._tasks = [asyncio.create_task(self._watch())]
            self._notified.set()
            place = await self.find_end()
            while not self.is_ending:
                woken.clear()
                page = await self._read(wanted, place)
                for row in page:
                    place = (row["transaction"], row["id"])
                    yield Change(row["entity"], row["recordId"], row["action"], row["source"], row["at"])
                if len(page) < PAGE_ROWS and not self.is_ending:
                    await woken.wait()

    @contextlib.contextmanager
    def claim_slot(self) -> Iterator[asyncio.Event]:
        """A place among the subscribers of the process, of whichever feed: an event that is set when there is more, and at the end.

        Raises OperationRefused if there are too many subscribers already.
        """
        if len(self.subscribers) >= self.most_subscribers:
            raise OperationRefused(
                f"{self.most_subscribers} subscriptions are open already",
                code="TOO_MANY_SUBSCRIPTIONS",
                next_step="close some, or try again later; the operator can raise HUB_MAX_SUBSCRIPTIONS",
            )
        self.listener.start()
        woken = asyncio.Event()
        self.subscribers.add(woken)
        try:
            yield woken
        finally:
            self.subscribers.discard(woken)

    async def find_end(self) -> Place:
        """Where a reader begins who wants what comes from now on. Raises as `Reads.json` does."""
        (horizon,) = orjson.loads(
            await self.reads.json(f"select json_build_array(horizon)::text from ({HORIZON}) h", ())  # noqa: S608 a constant
        )
        return horizon, 0

    async def _watch(self) -> None:
        """Wake the subscribers whenever the feed can be read further than before: one statement for all of them."""
        last, waited = [0, 0], 0
        while True:
            self._notified.clear()
            found = await self.ask(READABLE, ())
            if found["last"] is not None and found["last"] > last:
                last = found["last"]
                self._wake()
            waited = waited + 1 if found["waiting"] else 0
            self._note_waiting(is_waiting=bool(waited))
            rest_s = WAITING_S[min(waited, len(WAITING_S)) - 1] if waited else LOOK_AGAIN_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._notified.wait(), rest_s if self.subscribers else None)

    def _note_waiting(self, *, is_waiting: bool) -> None:
        if not is_waiting:
            self._waiting_since, self._has_warned = None, False
            return
        self._waiting_since = self._waiting_since or time.monotonic()
        if self.waiting_s > STALL_WARNING_S and not self._has_warned:
            self._has_warned = True
            LOG.warning(
                "subscribers have waited %.0f s for a transaction that is still open in this database."
                " Next step: look in pg_stat_activity for the oldest xact_start, and end what holds it",
                self.waiting_s,
            )

    async def _read(self, wanted: ChangeWatch, place: Place) -> list[dict[str, Any]]:
        types = None if wanted.types is None else list(wanted.types)
        page: list[dict[str, Any]] = await self.ask(self._page, (*place, types, wanted.source, wanted.subject))
        return page

    async def ask(self, statement: str, parameters: tuple[Any, ...]) -> Any:
        """What a statement answers, as soon as the database does: places are kept, so what happens meanwhile is read then."""
        while True:
            try:
                return orjson.loads(await self.reads.json(statement, parameters))
            except (StoreUnavailable, OperationRefused) as error:
                if isinstance(error, OperationRefused) and error not in (TIMED_OUT, ALL_BUSY):
                    raise
                await asyncio.sleep(RETRY_S)

    def _wake(self) -> None:
        for woken in self.subscribers:
            woken.set()


def page_sql(registry: Registry) -> str:
    """The next page of the feed: $1, $2 the place, $3 types, $4 source, $5 subject.

    Only transactions older than every one of this database that is still running are read: a change can then never turn up behind the place.
    """
    # Who follows a row that is merged meanwhile follows what it was merged into: links lead there.
    heir = "coalesce((select h.heir_id from link.heir h where h.subject_id = $5::bigint), $5::bigint)"
    related = " or ".join(
        f"exists (select from link.{quote_identifier(linked.table)} l where l.record_id = c.record_id and l.subject_id = {heir} and l.{ACCEPTED})"
        for entity in registry
        for linked in entity.linked
    )
    beyond = "(c.transaction, c.id) > ($1::bigint, $2::bigint)"
    wanted = (
        "($3::text[] is null or c.entity = any($3::text[])) and ($4::text is null or s.connector = $4::text)"
        f" and ($5::bigint is null or c.record_id in ($5::bigint, {heir}) or c.subject_id in ($5::bigint, {heir}) or {related})"
    )
    return (
        f"with h as materialized ({HORIZON})"  # noqa: S608 constants and quoted identifiers
        " select coalesce(json_agg(json_build_object('transaction', p.transaction, 'id', p.id, 'entity', p.entity,"
        " 'recordId', p.record_id, 'action', p.action, 'source', p.connector, 'at', p.at)"
        " order by p.transaction, p.id), '[]'::json)::text"
        " from (select c.*, s.connector from hub.change c left join hub.stream s on s.id = c.stream_id"
        f" where {beyond} and c.transaction < (select horizon from h) and {wanted}"
        f" order by c.transaction, c.id limit {PAGE_ROWS}) p"
    )
