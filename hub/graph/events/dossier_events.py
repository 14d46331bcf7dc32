"""Dossiers as they change: the outbox of events, read by one task of the process and handed to every subscriber whose office it concerns.

The task reads the outbox once, however many subscribers there are, and ends with the last of them. Each subscriber has a queue; one whose
client takes no events until the queue is full is ended, so that it holds up nobody and keeps no memory.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_rules import EMERGENCY_AGENCY
from hub.access.dossiers.offices import covers_office
from hub.access.purposes import find_purpose
from hub.errors import HubError, OperationRefused
from hub.graph.events.changes import HORIZON, LOOK_AGAIN_S, PAGE_ROWS, WAITING_S, ChangeReader, Place
from hub.graph.permission.callers import Caller, may_use
from hub.store.event_outbox import DOSSIER_CHANGED, EVENT_CHANNEL

MAX_QUEUED = 1_000
"""Events that a subscriber may be behind."""
SELECT_EVENTS = f"""
with h as materialized ({HORIZON})
select json_build_object(
    'events', coalesce((
        select json_agg(json_build_object(
            'transaction', p.transaction, 'id', p.id, 'code', p.dossier_code, 'purpose', p.procedure, 'office', p.office,
            'state', p.state, 'at', p.at) order by p.transaction, p.id)
        from (
            select e.* from hub.event e
            where (e.transaction, e.id) > ($1::bigint, $2::bigint) and e.transaction < (select horizon from h)
                and e.kind = '{DOSSIER_CHANGED}'
            order by e.transaction, e.id
            limit {PAGE_ROWS}
        ) p), '[]'::json),
    'waiting', exists (select from hub.event e where e.transaction >= (select horizon from h)))::text"""  # noqa: S608 constants
TOO_SLOW = OperationRefused(
    f"the subscriber is more than {MAX_QUEUED:,} events behind",
    code="SUBSCRIBER_TOO_SLOW",
    next_step="subscribe again, and read `dossiers` for what changed meanwhile",
)


@dataclass(frozen=True)
class DossierWatch:
    """Which dossiers a subscriber wants; None does not restrict."""

    code: str | None = None
    purposes: frozenset[str] | None = None


@dataclass(frozen=True)
class DossierEvent:
    """A dossier that was opened, extended or ended. `state` is that after the change. No value of any subject."""

    code: str
    purpose: str
    office: str
    state: str
    at: str


@dataclass(eq=False)
class DossierSubscriber:
    """One subscriber: its caller as it was last admitted, and what it has not taken yet."""

    wanted: DossierWatch
    get_caller: Callable[[], Caller]
    woken: asyncio.Event
    queue: deque[DossierEvent] = field(default_factory=deque)
    is_too_slow: bool = False

    def offer(self, event: DossierEvent) -> None:
        """Queue an event, if the subscriber may see it and wants it."""
        if not is_wanted(self.wanted, event) or not may_see(event, self.get_caller()):
            return
        if len(self.queue) >= MAX_QUEUED:
            self.is_too_slow = True
        else:
            self.queue.append(event)
        self.woken.set()


class DossierEventReader:
    """The outbox of one process. `changes` has the listening connection and the limit of subscribers, which both feeds share."""

    def __init__(self, changes: ChangeReader) -> None:
        self._changes = changes
        self._notified = changes.listener.add(EVENT_CHANNEL)
        self._subscribers: set[DossierSubscriber] = set()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, wanted: DossierWatch, get_caller: Callable[[], Caller]) -> AsyncGenerator[DossierEvent]:
        """Events from now on of dossiers that the caller may see, each at least once; until the caller or the process stops.

        `get_caller` gives the caller as it was last admitted: offices and roles may change meanwhile. Raises OperationRefused with
        TOO_MANY_SUBSCRIPTIONS, and with SUBSCRIBER_TOO_SLOW if the client takes no events.
        """
        with self._changes.claim_slot() as woken:
            subscriber = DossierSubscriber(wanted, get_caller, woken)
            self._subscribers.add(subscriber)
            try:
                await self._begin()
                while not self._changes.is_ending:
                    woken.clear()
                    while subscriber.queue:
                        event = subscriber.queue.popleft()
                        if may_see(event, get_caller()):  # it waited: the caller may have lost the office since
                            yield event
                    if subscriber.is_too_slow:
                        raise TOO_SLOW
                    if not self._changes.is_ending:
                        await woken.wait()
            finally:
                self._subscribers.discard(subscriber)
                self._end_if_unused()

    async def close(self) -> None:
        """Stop reading."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _begin(self) -> None:
        if self._task is None or self._task.done():
            place = await self._changes.find_end()
            if self._task is None or self._task.done():  # another subscriber may have begun meanwhile, further back
                self._task = asyncio.create_task(self._read(place))

    def _end_if_unused(self) -> None:
        if not self._subscribers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _read(self, place: Place) -> None:
        """Read the outbox from a place on, and offer each event to every subscriber."""
        waited = 0
        while True:
            self._notified.clear()
            page: dict[str, Any] = await self._changes.ask(SELECT_EVENTS, place)
            for row in page["events"]:
                place = (row.pop("transaction"), row.pop("id"))
                event = DossierEvent(**row)
                for subscriber in self._subscribers:
                    subscriber.offer(event)
            if len(page["events"]) == PAGE_ROWS:
                continue
            waited = waited + 1 if page["waiting"] else 0
            rest_s = WAITING_S[min(waited, len(WAITING_S)) - 1] if waited else LOOK_AGAIN_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._notified.wait(), rest_s)


def is_wanted(wanted: DossierWatch, event: DossierEvent) -> bool:
    """Whether an event is one of those that a subscriber asked for."""
    return wanted.code in (None, event.code) and (wanted.purposes is None or event.purpose in wanted.purposes)


def may_see(event: DossierEvent, caller: Caller) -> bool:
    """Whether a caller may know of the dossier: it is of one of the caller's offices, and of a purpose that the caller may use.

    Nobody is told of emergency access by an event: the list does not show it to colleagues, and the outbox has none of it.
    """
    principal: Principal | None = caller.principal
    if event.code.startswith(EMERGENCY_AGENCY):
        return False
    if principal is None or not covers_office(principal.offices, event.office):
        return False
    if caller.dossier is not None and caller.dossier.code != event.code:
        return False
    try:
        return may_use(find_purpose(event.purpose), principal)
    except HubError:  # a procedure that is not installed any more
        return False
