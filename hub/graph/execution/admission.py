"""Which read gets a database connection next: small ones first, and one caller's many do not keep out another's few.

Without it, 64 pages of 4 MB each took every connection: small reads waited 5.5 s beside them, and half of all ended with "the database does
not answer", though it did. A large read may use half of the connections, so a small one always finds one that is free soon.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any

from hub.errors import StoreUnavailable

LARGE_ROWS = 5_000
"""Estimated rows from which a read is large: it takes tens of milliseconds, and a small one two."""
WAIT_WITHIN_S = 5.0
MAX_WAITING = 500
"""Reads of each size that may wait; a request has 200 kB at most."""
TURN_OF_LARGE = 8
"""So many small reads may pass a large one that waits."""


class Overloaded(StoreUnavailable):
    """So many reads wait that this one could not be begun in time."""

    code = "OVERLOADED"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            next_step=f"try again in {retry_after_s} s; if it lasts, the operator looks at `hub_reads_waiting`"
        )
        self.retry_after_s = retry_after_s

    @property
    def extensions(self) -> Mapping[str, Any]:
        """With the seconds that `Retry-After` has."""
        return {"code": self.code, "retryAfterS": self.retry_after_s}


class _WaitedTooLong(Exception):
    """No turn was given in time."""


def _refuse_turn(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_exception(_WaitedTooLong())


class FairQueue:
    """Waiting turns by caller: who has waited longest without a turn is next, however many turns others wait for."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.length = 0

    def put(self, caller: str, turn: "asyncio.Future[None]") -> None:
        """Wait for a turn."""
        self._callers.setdefault(caller, deque()).append(turn)
        self.length += 1

    def give_next(self) -> bool:
        """Give one turn to who is next. False if nobody waits."""
        while self._callers:
            caller, turns = self._callers.popitem(last=False)
            turn = turns.popleft()
            self.length -= 1
            if turns:
                self._callers[caller] = turns  # behind the others
            if not turn.done():
                turn.set_result(None)
                return True
        return False

    def remove(self, caller: str, turn: "asyncio.Future[None]") -> None:
        """Wait no longer."""
        turns = self._callers.get(caller)
        if turns is not None and turn in turns:
            turns.remove(turn)
            self.length -= 1
            if not turns:
                del self._callers[caller]


class ReadAdmission:
    """Turns for `slots` reads at once, at most half of them large. Used from one event loop; the lengths may be read from any thread."""

    def __init__(self, slots: int, *, wait_within_s: float = WAIT_WITHIN_S, max_waiting: int = MAX_WAITING) -> None:
        self._free = slots
        self._free_for_large = max(1, slots // 2)
        self._wait_within_s = wait_within_s
        self._max_waiting = max_waiting
        self._passed = 0
        self.small = FairQueue()
        self.large = FairQueue()
        self.refused = 0
        """Reads that did not get a turn in time."""

    async def take_turn(self, rows: int, caller: str) -> bool:
        """Wait for a turn, which `end_turn` gives back. Returns whether it is one of a large read. Raises Overloaded."""
        is_large = rows >= LARGE_ROWS
        queue = self.large if is_large else self.small
        if self._free > 0 and not queue.length and (not is_large or self._free_for_large > 0):
            self._take(is_large)
            return is_large
        if queue.length >= self._max_waiting:
            self.refused += 1
            raise Overloaded(self._guess_wait_s())
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        queue.put(caller, turn)
        timer = loop.call_later(self._wait_within_s, _refuse_turn, turn)
        try:
            await turn
        except _WaitedTooLong:
            queue.remove(caller, turn)
            self.refused += 1
            raise Overloaded(self._guess_wait_s()) from None
        except asyncio.CancelledError:
            if turn.cancelled():
                queue.remove(caller, turn)
            else:
                self.end_turn(is_large)  # it was given just as the caller went away
            raise
        finally:
            timer.cancel()
        return is_large

    def end_turn(self, is_large: bool) -> None:
        """Give back a turn, to whoever waits."""
        self._free += 1
        self._free_for_large += is_large
        if self.small.length or self.large.length:
            self._give_turns()

    def _take(self, is_large: bool) -> None:
        self._free -= 1
        self._free_for_large -= is_large

    def _give_turns(self) -> None:
        while self._free > 0:
            may_be_large = self._free_for_large > 0 and self.large.length > 0
            if not may_be_large and not self.small.length:
                return
            if may_be_large and (self._passed >= TURN_OF_LARGE or not self.small.length):
                self._passed = 0
                is_large, is_given = True, self.large.give_next()
            else:
                self._passed += may_be_large
                is_large, is_given = False, self.small.give_next()
            if is_given:
                self._take(is_large)

    def _guess_wait_s(self) -> int:
        """What `Retry-After` says: longer, the more wait."""
        return 1 + (self.small.length + self.large.length) // 100
