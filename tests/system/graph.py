"""A graph for tests: operations on a database, without HTTP."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import orjson

from hub.access.callers.principals import Role
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.permission.callers import LOCAL, Caller
from hub.graph.service import make_executor, make_pool
from hub.settings import Settings


def caller_named(name: str) -> Caller:
    """A reviewer of this name; with the empty name, someone without any role."""
    assert LOCAL.principal is not None
    roles = frozenset({Role.REVIEWER}) if name else frozenset()
    return Caller(replace(LOCAL.principal, id=name or "nobody", roles=roles))


class Graph:
    """Runs operations on a database, in an event loop of its own thread: the browser tests leave theirs running in this one."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.pool = self.run(self._pool(settings, url))
        self.executor = make_executor(settings, self.pool)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(300)

    async def _pool(self, settings: Settings, url: str) -> Any:
        pool = make_pool(settings, url)
        await pool.open()
        return pool

    def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str = "", **options: Any
    ) -> dict[str, Any]:
        request = GraphQLRequest(query, variables=variables, **options)
        response = self.run(self.executor.respond(request, caller_named(by)))
        answer: dict[str, Any] = orjson.loads(response.body)
        return answer

    def data(self, query: str, variables: dict[str, Any] | None = None, *, by: str = "") -> dict[str, Any]:
        answer = self.ask(query, variables, by=by)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def code(self, query: str, variables: dict[str, Any] | None = None, *, by: str = "") -> tuple[str, str]:
        (error,) = self.ask(query, variables, by=by)["errors"]
        return error["extensions"]["code"], error["message"]

    def close(self) -> None:
        self.run(self.executor.refresher.close())
        self.run(self.pool.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
