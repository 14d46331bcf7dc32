"""Execution: a request in, the bytes of a response out. The only place where a plan meets the database.

Two lanes give one answer. In the fast lane one statement answers the whole operation and its JSON is passed on untouched.
Everything else (introspection, prefill, operations that mix them with stored data) goes through Strawberry, whose stored
root fields run the same plan.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import strawberry
from graphql import GraphQLError
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from strawberry.types import Info

from hub.errors import HubError, OperationRefused, StoreUnavailable
from hub.graph.prepare import Preparer, Ready, Rejected, Request, refused
from hub.plan.planner import Plan

LOG = logging.getLogger("hub.graph")
DATABASE_GONE = StoreUnavailable(
    "the database does not answer", next_step="try again shortly; if it lasts, the operator looks at `hub doctor`"
)


@dataclass(frozen=True)
class Response:
    """The bytes of a response; `executed` is false where the request was refused before execution."""

    body: bytes
    executed: bool


@dataclass
class Context:
    """What resolvers of one request see."""

    executor: "Executor"
    ready: Ready
    statements: list[str] = field(default_factory=list)
    _stored: asyncio.Task[dict[str, Any]] | None = None

    async def stored(self, info: Info[Any, Any]) -> Any:
        """The value of a stored root field: one statement for all of them, run once."""
        if self._stored is None:
            self._stored = asyncio.ensure_future(self._run())
        return (await self._stored)[str(info.path.key)]

    async def _run(self) -> dict[str, Any]:
        planner = self.executor.preparer.planner
        read, fields = planner.root_fields(self.ready.document, self.ready.operation, self.ready.variables)
        plan = planner.plan(read, [f for f in fields if planner.catalog.is_stored(f.name)], typed=True)
        self.statements.append(plan.sql)
        text = await self.executor.run(plan.sql, plan.parameters(self.ready.variables))
        data: dict[str, Any] = orjson.loads(text)
        return data


class Executor:
    """Executes requests on a read pool."""

    def __init__(
        self,
        schema: strawberry.Schema,
        preparer: Preparer,
        pool: AsyncConnectionPool[AsyncConnection[Any]],
        *,
        explain: bool,
    ) -> None:
        self.schema = schema
        self.preparer = preparer
        self.pool = pool
        self.explain = explain

    async def respond(self, request: Request) -> Response:
        """The response to one request. Never raises: every failure is a GraphQL error with a code."""
        try:
            ready = self.preparer.ready(request)
            parameters = ready.plan.parameters(ready.variables) if ready.plan else ()
        except Rejected as error:
            return _errors(error.errors, executed=False)
        except OperationRefused as error:
            return _errors([refused(error)], executed=False)
        explain = request.explain and self.explain
        if ready.plan is None:
            return await self._graph_lane(request, ready, explain)
        return await self._fast_lane(ready.plan, parameters, explain)

    async def data(self, request: Request) -> tuple[dict[str, Any], str]:
        """The data of a request that one statement answers whole, and its SQL: for callers inside the hub."""
        ready = self.preparer.ready(request)
        assert ready.plan is not None  # the caller's document is stored data only, which its loader checks
        found: dict[str, Any] = orjson.loads(await self.run(ready.plan.sql, ready.plan.parameters(ready.variables)))
        return found, ready.plan.sql

    async def run(self, sql: str, parameters: Sequence[Any]) -> str:
        """Execute a plan's statement. Returns JSON text. Tried once more where the connection was lost: plans only read.

        Raises OperationRefused for bad values and for reads that take too long, StoreUnavailable.
        """
        for attempt in (1, 2):
            try:
                async with self.pool.connection() as connection, AsyncRawCursor(connection) as cursor:
                    await cursor.execute(sql, parameters)
                    row = await cursor.fetchone()
                    assert row is not None  # the statement is a bare select of one value
                    return str(row[0])
            except psycopg.errors.QueryCanceled:
                raise OperationRefused(
                    "the read took too long and was stopped",
                    code="TIMEOUT",
                    next_step="ask for smaller pages or fewer levels, or filter by an identifier",
                ) from None
            except psycopg.DataError:
                raise OperationRefused(
                    "a value cannot be compared with its field", next_step="check dates, numbers and cursors"
                ) from None
            except PoolTimeout:
                raise DATABASE_GONE from None
            except psycopg.OperationalError:
                if attempt == 2:
                    raise DATABASE_GONE from None
            except psycopg.Error as error:
                # A plan that PostgreSQL refuses is our fault; its message may quote values, so the kind is all we log.
                LOG.error("statement refused: %s", type(error).__name__)
                raise HubError("internal error", next_step="tell the operator; the log says when") from None
        raise AssertionError("unreachable")

    async def _fast_lane(self, plan: Plan, parameters: Sequence[Any], explain: bool) -> Response:
        try:
            text = await self.run(plan.sql, parameters)
        except HubError as error:
            return _errors([GraphQLError(str(error), extensions={"code": error.code})], executed=True, data=True)
        extensions = b',"extensions":' + orjson.dumps(_explained([plan.sql])) if explain else b""
        return Response(b'{"data":' + text.encode() + extensions + b"}", executed=True)

    async def _graph_lane(self, request: Request, ready: Ready, explain: bool) -> Response:
        context = Context(self, ready)
        result = await self.schema.execute(
            request.query,
            variable_values=dict(request.variables or {}),
            context_value=context,
            operation_name=request.operation_name,
        )
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [_shown(error) for error in result.errors]
        if explain:
            body["extensions"] = _explained(context.statements)
        return Response(orjson.dumps(body, default=str), executed=True)


def _explained(statements: Sequence[str]) -> dict[str, Any]:
    return {"explain": {"statements": len(statements), "sql": list(statements)}}


def _shown(error: GraphQLError) -> dict[str, Any]:
    """The error as a caller may see it: refusals with their code, everything unexpected as one clean line."""
    cause = error.original_error
    if isinstance(cause, HubError):
        return dict(GraphQLError(str(cause), error.nodes, path=error.path, extensions={"code": cause.code}).formatted)
    if cause is not None and not isinstance(cause, GraphQLError):
        LOG.error("resolver failed: %s at %s", type(cause).__name__, error.path)
        return dict(
            GraphQLError("internal error", error.nodes, path=error.path, extensions={"code": "INTERNAL"}).formatted
        )
    return dict(error.formatted)


def _errors(errors: Sequence[GraphQLError], *, executed: bool, data: bool = False) -> Response:
    body: dict[str, Any] = {"errors": [error.formatted for error in errors]}
    if data:
        body["data"] = None
    return Response(orjson.dumps(body), executed=executed)
