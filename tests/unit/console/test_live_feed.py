"""The feed of changes: one task looks for all listeners of a process, and ends when nobody listens."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from hub.console.operator import live_feed
from hub.console.operator.live_feed import LiveFeed

PATIENCE_S = 30


def test_one_task_looks_for_all_listeners_and_ends_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_feed, "LOOK_EVERY_S", 0.01)
    lookers: set[asyncio.Task[Any] | None] = set()
    looks = 0

    async def read(_: Callable[[Connection[Any]], str]) -> str:
        nonlocal looks
        looks += 1
        lookers.add(asyncio.current_task())
        return str(looks)  # every look finds something new

    async def hear(feed: LiveFeed) -> None:
        listener = feed.listen()
        while await anext(listener) != b"event: change\ndata:\n\n":
            pass
        await listener.aclose()  # type: ignore[attr-defined]  # it is a generator

    async def listen_twice() -> None:
        feed = LiveFeed(read, lambda: False)
        await asyncio.gather(hear(feed), hear(feed))
        assert len(lookers) == 1
        assert feed.listeners == set()
        (looker,) = lookers
        assert looker is not None
        await looker

    asyncio.run(asyncio.wait_for(listen_twice(), PATIENCE_S))
