"""A value of the store that every request needs, read again when it is too old: by one request for all that ask meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
AHEAD_SHARE = 0.2
"""In the last part of its time a value that is asked for is read again, and given meanwhile: nobody waits for it."""


class KeptValue(Generic[T]):
    """The value that `load` gives, as it was at most `kept_s` seconds ago. Used from one event loop."""

    def __init__(
        self, load: Callable[[], Awaitable[T]], *, kept_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load, self._kept_s, self._clock = load, kept_s, clock
        self._value: tuple[T] | None = None
        self._until = float("-inf")
        self._loading: asyncio.Task[T] | None = None

    async def current(self) -> T:
        """The value. Raises as `load` does: an older value is not given then."""
        left_s = self._until - self._clock()
        if self._loading is None and left_s <= AHEAD_SHARE * self._kept_s:
            self._loading = asyncio.create_task(self._load_once())
            self._loading.add_done_callback(self._forget_task)
        if self._value is not None and left_s > 0:
            return self._value[0]
        assert self._loading is not None  # begun above, or by another request
        return await asyncio.shield(self._loading)  # who goes away does not take the value from the others

    def forget(self) -> None:
        """Read it anew the next time, also if it is being read: that may be from before the change."""
        self._until, self._loading = float("-inf"), None

    async def _load_once(self) -> T:
        asked_at = self._clock()
        found = await self._load()
        if self._loading is asyncio.current_task():
            self._value, self._until = (found,), asked_at + self._kept_s
        return found

    def _forget_task(self, task: "asyncio.Task[T]") -> None:
        if self._loading is task:
            self._loading = None
        if not task.cancelled():
            task.exception()  # everyone who waited may have gone: nobody is told then, and that is no fault
