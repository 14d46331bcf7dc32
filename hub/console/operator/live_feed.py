"""The feed of changes that live pages listen to: one reader for each process tells every listener that something has changed.

An event has no data, and so needs no permission of its own: a page that hears it reads itself again, under its reader's permission and ledger.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from hub.errors import HubError
from hub.store.query import fetch_value

LOOK_EVERY_S = 2.0
KEEP_ALIVE_S = 20.0
"""A proxy ends a connection that is silent for longer."""
ENDS_AFTER_S = 600.0
"""Then the browser connects again, and is looked at again."""
MAX_LISTENERS = 100
RETRY_MS = 5_000
DIGEST = """
select md5(concat_ws('|',
    (select string_agg(concat(id, status, ended_at), ',' order by id) from (select id, status, ended_at from hub.run order by id desc limit 20) r),
    (select string_agg(concat(connector, failures, open_until), ',' order by connector) from hub.circuit),
    (select concat(count(*), max(decided_at)) from (select decided_at from hub.approval order by id desc limit 200) a),
    (select count(*) from (select from hub.drift where resolved_at is null limit 1000) d),
    (select concat(count(*), max(id)) from (select id from hub.quarantine where resolved_at is null limit 10000) q),
    case when exists (select from hub.run where status = 'RUNNING') then floor(extract(epoch from now()) / 10) end))"""
"""Changes if something on the page of sources does; every ten seconds while a run goes on, for its timings."""

RunRead = Callable[[Callable[[Connection[Any]], str]], Awaitable[str]]


def read_digest(connection: Connection[Any]) -> str:
    """What tells one state of the sources from another."""
    return str(fetch_value(connection, DIGEST))


@dataclass
class LiveFeed:
    """Listeners of one process, and the task that looks for them. `read` runs a function on a connection; `is_ending` says that the
    process stops.
    """

    read: RunRead
    is_ending: Callable[[], bool]
    listeners: set[asyncio.Event] = field(default_factory=set)
    _looking: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether nobody more may listen."""
        return len(self.listeners) >= MAX_LISTENERS

    async def listen(self) -> AsyncIterator[bytes]:
        """Server-Sent Events: `change` for each change, and comments in between. Ends after ENDS_AFTER_S, or when the process stops."""
        heard = asyncio.Event()
        self.listeners.add(heard)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        loop = asyncio.get_running_loop()
        ends_at, spoke_at = loop.time() + ENDS_AFTER_S, loop.time()
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while loop.time() < ends_at and not self.is_ending():
                with suppress(TimeoutError):
                    await asyncio.wait_for(heard.wait(), 1.0)
                if heard.is_set():
                    heard.clear()
                    spoke_at = loop.time()
                    yield b"event: change\ndata:\n\n"
                elif loop.time() - spoke_at > KEEP_ALIVE_S:
                    spoke_at = loop.time()
                    yield b": here\n\n"
        finally:
            self.listeners.discard(heard)

    async def _look(self) -> None:
        """Look while somebody listens. A database that is away is a state like any other: the page says it."""
        before: str | None = None
        while self.listeners and not self.is_ending():
            try:
                now = await self.read(read_digest)
            except HubError as error:
                now = error.code
            if before is not None and now != before:
                for heard in self.listeners:
                    heard.set()
            before = now
            await asyncio.sleep(LOOK_EVERY_S)
