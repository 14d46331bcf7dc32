"""What stewards and operators do from the graph beyond reading: look at rejected rows, answer them, and queue jobs.

It has a login of its own, in the role `hub_steward`: the connections that answer other requests cannot see a rejected row.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg import Connection

from hub.errors import StoreUnavailable
from hub.graph.link_review.review_runner import ReviewRunner
from hub.sdk.manifest import Manifest

if TYPE_CHECKING:
    from hub.jobs.queue import QueuedJob

T = TypeVar("T")
NO_STEWARD = StoreUnavailable(
    "the hub may not read rejected rows here",
    code="STEWARD_UNREADABLE",
    next_step="the operator sets HUB_STEWARD_URL to a login in the role hub_steward; until then use `hub quarantine` on the server",
)


class StewardDesk:
    """Runs functions at `url`, for which `manifests` say how rows are read. Without a `url` everything is refused."""

    def __init__(self, url: str | None, manifests: Mapping[str, Manifest]) -> None:
        self.url = url
        self.manifests = manifests
        self._runner = None if url is None else ReviewRunner(url, NO_STEWARD)

    async def run(self, work: Callable[[Connection[Any]], T]) -> T:
        """What a function gives. Raises what it does, and StoreUnavailable."""
        if self._runner is None:
            raise NO_STEWARD
        return await self._runner.run(work)

    async def queue(self, jobs: Sequence["QueuedJob"]) -> list[bool]:
        """For each job whether it was queued: False if the same one is already waiting. Raises StoreUnavailable."""
        if self.url is None:
            raise NO_STEWARD
        from hub.jobs.queue import queue_jobs  # the queue's library, which most processes never need

        return await asyncio.to_thread(queue_jobs, self.url, jobs)
