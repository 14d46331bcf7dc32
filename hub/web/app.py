"""The Starlette application. `create_app(settings, url)` wires it; nothing is global."""

import contextlib
import logging
from collections.abc import AsyncIterator

import psycopg
from psycopg_pool import PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from hub.graph.reads import Pool
from hub.graph.service import make_executor, make_pool
from hub.settings import Settings
from hub.store.migrate import head
from hub.web import graphiql_page, negotiate
from hub.web.edge import Edge
from hub.web.endpoint import GraphQLEndpoint, Headers
from hub.web.starters import starter_queries
from hub.web.websocket import WebSocketEndpoint

LOG = logging.getLogger("hub.web")


def create_app(settings: Settings, url: str, *, example_personal_id: str = "") -> Starlette:
    """The application over the database at `url`. `example_personal_id` goes into the starter queries of a demonstration."""
    pool = make_pool(settings, url)
    executor = make_executor(settings, pool)
    web = _Web(pool)
    page = graphiql_page.render("/graphql", starter_queries(example_personal_id)).encode()
    headers: Headers = [(b"content-type", b"text/html; charset=utf-8"), (b"vary", b"Accept")]
    headers += [(name.lower().encode(), value.encode()) for name, value in graphiql_page.PAGE_HEADERS.items()]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The pool fills itself in the background: the process starts, and says so in /readyz, when the database is away.
        await pool.open(wait=False)
        yield
        await executor.changes.close()
        await pool.close()

    return Starlette(
        routes=[
            Route("/", web.home, methods=["GET"]),
            Route("/graphql", GraphQLEndpoint(executor, settings, lambda: (page, headers))),
            WebSocketRoute("/graphql", WebSocketEndpoint(executor, settings).__call__),
            Route("/healthz", web.healthz, methods=["GET"]),
            Route("/readyz", web.readyz, methods=["GET"]),
            *graphiql_page.graphiql_routes(),
        ],
        # GraphQL answers are small and the way to an office app is short: only the page's parts are worth the time.
        middleware=[Middleware(Edge, settings), Middleware(GZipMiddleware, minimum_size=20_000, compresslevel=4)],
        exception_handlers={HTTPException: _http_error, 500: _server_error},
        lifespan=lifespan,
    )


class _Web:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def home(self, request: Request) -> Response:
        return RedirectResponse("/graphql")

    async def healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Ready where the database answers and is at this program's revision."""
        try:
            async with self.pool.connection(timeout=2) as connection:
                cursor = await connection.execute("select version_num from hub.alembic_version")
                row = await cursor.fetchone()
        except (psycopg.Error, PoolTimeout):
            return JSONResponse(
                {"status": "not ready", "reason": "the database does not answer or is not migrated"}, 503
            )
        if row is None or row[0] != head():
            return JSONResponse(
                {"status": "not ready", "reason": "the database is at another revision; run `hub migrate`"}, 503
            )
        return JSONResponse({"status": "ready"})


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = negotiate.refused_body("HTTP", f"{error.detail}: {request.method} {request.url.path}")
    return Response(body, error.status_code, error.headers, media_type=negotiate.JSON)


async def _server_error(request: Request, error: Exception) -> Response:
    # The kind only: a message may quote a value, and values are personal data.
    LOG.error("request failed: %s at %s", type(error).__name__, request.url.path)
    return Response(negotiate.refused_body("INTERNAL", "internal error"), 500, media_type=negotiate.JSON)
