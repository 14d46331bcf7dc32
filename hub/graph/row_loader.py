"""Rows by global id that several items of a list ask for at once: read together, in as few statements as pages allow."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hub.model.derived_fields import MAX_PAGE


class RowLoader:
    """Gathers the ids that are asked for until the event loop comes round, and reads them. Of use once: `done` says so."""

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[list[Any]]], done: Callable[[], Any]) -> None:
        self._read = read
        self._done = done
        self._ids: dict[str, None] = {}
        self._found: asyncio.Task[dict[str, Any]] | None = None

    async def row(self, global_id: str) -> Any:
        """The row of this id; null if there is none."""
        self._ids[global_id] = None
        if self._found is None:
            self._found = asyncio.ensure_future(self._all())
        return (await self._found)[global_id]

    async def _all(self) -> dict[str, Any]:
        await asyncio.sleep(0)  # the other items of the list are about to ask
        self._done()
        ids = list(self._ids)
        found: dict[str, Any] = {}
        for start in range(0, len(ids), MAX_PAGE):
            some = ids[start : start + MAX_PAGE]
            found |= zip(some, await self._read(some), strict=True)
        return found
