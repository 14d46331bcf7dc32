"""Run blocking work from an event loop, in a thread that does not keep the process alive."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def run_in_thread(work: Callable[[], T]) -> T:
    """Run work in a thread of its own. If this call is cancelled, the thread continues unobserved until it or the
    process ends.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(deliver: Callable[[], None]) -> None:
        if not future.done():
            deliver()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            failure = error
            _call_in_loop(loop, lambda: settle(lambda: future.set_exception(failure)))
        else:
            _call_in_loop(loop, lambda: settle(lambda: future.set_result(result)))

    threading.Thread(target=run, daemon=True).start()
    return await future


def _call_in_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    # A closed loop has nobody left to tell.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
