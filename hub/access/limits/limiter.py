"""The limiter: counts what each principal reads, and refuses more than its rates allow.

In one process the counts are exact. Every SYNC_S seconds a process tells the store what it has counted and hears what all have:
so a principal who reads through two servers at once can exceed a limit by what the other answered within SYNC_S seconds.
Before a principal is paused for the number of people it has read, the store is asked, so nobody is paused by mistake.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable

from hub.access.callers.principals import Principal
from hub.access.limits.rates import RateKind, RateTable
from hub.access.limits.reading_use import ReadingUse, ReadSubject
from hub.access.limits.refusals import COUNTED_CODES, refuse_reading
from hub.access.limits.use_store import UseStore
from hub.errors import StoreUnavailable
from hub.settings import Settings
from hub.store.engine import make_write_pool

LOG = logging.getLogger("hub.access")
SYNC_S = 2.0
CONNECTIONS = 2
"""One for the counts told every few seconds, one for principals who are new to this process."""
STORE_TIMEOUT_S = 5.0
CLEAN_S = 600.0
MAX_BYTES = 64_000_000
"""Of all principals together. Those who have not read for longest are forgotten first: the store still has them."""


def make_limiter(settings: Settings, url: str) -> "ReadingLimiter":
    """A limiter by the settings that shares its counts in the database at `url`, to which it must be able to write.

    Raises HubMisconfigured if a setting is malformed.
    """
    pool = make_write_pool(url, size=CONNECTIONS, statement_timeout_s=STORE_TIMEOUT_S)
    return ReadingLimiter(RateTable(settings), UseStore(pool))


class ReadingLimiter:
    """Limits of one process. Used from one event loop; `open` starts what tells the store."""

    def __init__(
        self,
        rates: RateTable,
        store: UseStore,
        *,
        clock: Callable[[], float] = time.monotonic,
        sync_s: float = SYNC_S,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.met: Counter[RateKind] = Counter()
        """Alarms that this process has raised since it started, by limit."""
        self._rates = rates
        self._store = store
        self._clock = clock
        self._sync_s = sync_s
        self._max_bytes = max_bytes
        self._uses: dict[str, ReadingUse] = {}
        self._loading: dict[str, asyncio.Task[ReadingUse]] = {}
        self._waiting: list[ReadingUse] = []
        self._talking = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to tell the store every few seconds."""
        await self._store.pool.open(wait=False)
        self._background = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Tell the store the rest, and close the connections."""
        if self._background is not None:
            self._background.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._background
            with contextlib.suppress(StoreUnavailable):
                await self.sync()
        await self._store.pool.close()

    async def admit(self, principal: Principal, *, is_request: bool = True) -> None:
        """Count a request; an event of a subscription is none. Raises RateLimited, ReadingPaused.

        Raises StoreUnavailable if the principal is new to this process and its use cannot be read.
        """
        use = self._uses.get(principal.id)
        if use is None:
            use = await self._load(principal)
        now = self._clock()
        if now >= use.next_turn:
            use.start_windows(now)
        if use.paused_by is not None:
            raise refuse_reading(use.paused_by, use.rates.most(use.paused_by), use.hour_ends - now)
        if not is_request:
            return
        if use.reads >= use.rates.reads:
            self._meet(use, RateKind.READS)
            raise refuse_reading(RateKind.READS, use.rates.reads, use.minute_ends - now)
        use.reads += 1
        if not use.is_waiting:
            self._wait(use)

    def admit_known(self, principal: Principal) -> bool:
        """Count a request of somebody who reads already; False, and nothing is counted, if `admit` has more to do than that."""
        use = self._uses.get(principal.id)
        if use is None or use.paused_by is not None or use.reads >= use.rates.reads or self._clock() >= use.next_turn:
            return False
        use.reads += 1
        if not use.is_waiting:
            self._wait(use)
        return True

    def count_refusal(self, principal: Principal, code: str) -> None:
        """Count a refused read, if its code is one of COUNTED_CODES."""
        use = self._uses.get(principal.id)
        if use is None or code not in COUNTED_CODES:
            return
        use.refusals += 1
        use.unsent.refusals += 1
        self._recheck(use)

    def count_misses(self, principal: Principal, number: int) -> None:
        """Count look-ups that found nobody."""
        use = self._uses.get(principal.id)
        if use is None or not number:
            return
        use.misses += number
        use.unsent.misses += number
        self._recheck(use)

    async def count_subjects(self, principal: Principal, people: frozenset[ReadSubject]) -> None:
        """Count the people of an answer before it leaves.

        Raises ReadingPaused if there are too many: then the answer must not leave. Raises StoreUnavailable.
        """
        use = self._uses.get(principal.id)
        if use is None:
            use = await self._load(principal)
        if people <= use.seen:
            return
        use.add_subjects(people)
        self._wait_again(use)
        if use.subjects <= use.rates.subjects:
            return
        await self.sync()  # it may be that another process has counted them already
        if use.paused_by is not None:
            raise refuse_reading(use.paused_by, use.rates.most(use.paused_by), use.hour_ends - self._clock())

    async def count_look_up(self, principal: Principal, people: frozenset[ReadSubject], missing: int) -> None:
        """Count people who were looked up by identifiers that the caller gave, and how many of these nobody has, before that is told.

        Raises ReadingPaused if there are too many of either: then nothing may be told. Raises StoreUnavailable.
        """
        if principal.id not in self._uses:
            await self._load(principal)
        self.count_misses(principal, missing)
        if people:
            await self.count_subjects(principal, people)
        use = self._uses.get(principal.id)
        if use is not None and use.paused_by is not None:
            raise refuse_reading(use.paused_by, use.rates.most(use.paused_by), use.hour_ends - self._clock())

    async def sync(self) -> None:
        """Tell the store the counts, and learn its own. Raises StoreUnavailable; then it is told the next time."""
        async with self._talking:
            uses, self._waiting = self._waiting, []
            taken = {use.principal: use.take_unsent() for use in uses}
            for use in uses:
                use.is_waiting, use.used_at = False, self._clock()
            try:
                shared = await self._store.add(taken) if taken else ()
            except BaseException:
                for use in uses:
                    use.give_back(taken[use.principal])
                    self._wait(use)
                raise
            now = self._clock()
            for one in shared:
                known = self._uses.get(one.principal)
                if known is not None:
                    known.merge(one, now)
            await self._raise_alarms(uses)
        self._forget_idle()

    def _recheck(self, use: ReadingUse) -> None:
        use.check_pause()
        self._wait_again(use)

    def _meet(self, use: ReadingUse, kind: RateKind) -> None:
        if kind not in use.alarmed:
            use.met.add(kind)
        self._wait_again(use)

    def _wait(self, use: ReadingUse) -> None:
        use.is_waiting = True
        self._waiting.append(use)

    def _wait_again(self, use: ReadingUse) -> None:
        if not use.is_waiting:
            self._wait(use)

    async def _load(self, principal: Principal) -> ReadingUse:
        """What the store holds of a principal who is new here; several requests at once share one look-up."""
        task = self._loading.get(principal.id)
        if task is None:
            task = self._loading[principal.id] = asyncio.create_task(self._load_once(principal))
            task.add_done_callback(lambda _: self._loading.pop(principal.id, None))
        return await asyncio.shield(task)

    async def _load_once(self, principal: Principal) -> ReadingUse:
        use = ReadingUse(principal.id, self._rates.find(principal))
        (shared,) = await self._store.add({principal.id: use.take_unsent()})
        use.merge(shared, self._clock())
        return self._uses.setdefault(principal.id, use)

    async def _raise_alarms(self, uses: Iterable[ReadingUse]) -> None:
        for use in uses:
            for kind in sorted(use.met):
                try:
                    is_new = await self._store.raise_alarm(use.principal, kind, use.rates.most(kind))
                except StoreUnavailable:
                    self._wait_again(use)
                    raise
                use.met.discard(kind)
                use.alarmed.add(kind)
                if is_new:
                    LOG.warning("a caller met the limit %s", kind.value)
                    self.met[kind] += 1

    def _forget_idle(self) -> None:
        excess = sum(use.size for use in self._uses.values()) - self._max_bytes
        if excess <= 0:
            return
        for use in sorted(self._uses.values(), key=lambda use: use.used_at):
            if excess <= 0:
                return
            if not use.is_waiting:
                excess -= use.size
                del self._uses[use.principal]

    async def _run(self) -> None:
        cleaned = self._clock()
        while True:
            await asyncio.sleep(self._sync_s)
            # Who is paused sends nothing that is counted, and must hear that the operator has lifted it.
            for use in self._uses.values():
                if use.paused_by is not None:
                    self._wait_again(use)
            try:
                await self.sync()
                if self._clock() - cleaned > CLEAN_S:
                    cleaned = self._clock()
                    await self._store.delete_old()
            except StoreUnavailable:
                LOG.warning(
                    "limits of reading: the store was not told; each process counts on its own until it answers"
                )
