"""A GraphQL server of a few fields behind the real GraphiQL page, so that the page is tested without a database."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from hub.web.pages.graphiql_page import PAGE_HEADERS, StarterQuery, graphiql_routes, render_graphiql_page

PERSONAL_ID = "022190001234"

STARTERS = (
    StarterQuery(
        "Công dân theo số định danh",
        "A citizen by personal identifier",
        "query Citizen($personalId: String!) {\n  citizen(personalId: $personalId) {\n    fullName\n"
        "    parcels {\n      parcelNumber\n      area\n    }\n  }\n}",
        {"personalId": PERSONAL_ID},
    ),
    StarterQuery("Các xã, phường", "Communes and wards", "query Communes {\n  communes\n}"),
    StarterQuery("Theo dõi thay đổi", "Follow changes", "subscription Changes {\n  changes\n}"),
)


@strawberry.type
class Parcel:
    """A piece of land held under one set of rights."""

    parcel_number: str
    area: float


@strawberry.type
class Citizen:
    """A person known to the population register."""

    full_name: str
    parcels: list[Parcel]


@strawberry.type
class Query:
    @strawberry.field(description="The citizen with this personal identifier.")
    def citizen(self, personal_id: str) -> Citizen | None:
        if personal_id != PERSONAL_ID:
            return None
        return Citizen(full_name="Nguyễn Thị Hòa Đường", parcels=[Parcel(parcel_number="06820-12-345", area=120.5)])

    @strawberry.field(description="Names of communes and wards.")
    def communes(self) -> list[str]:
        return ["Phường Vàng Danh", "Phường Hạ Long", "Đặc khu Cô Tô"]


@strawberry.type
class Subscription:
    @strawberry.subscription(description="Counts changes as they come.")
    async def changes(self) -> AsyncGenerator[int, None]:
        for count in (1, 2, 3):
            yield count


def make_app(starters: tuple[StarterQuery, ...] = STARTERS) -> Starlette:
    """Make the application: the page at GET /graphql, the endpoint at POST, subscriptions on its WebSocket."""
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    graphql = GraphQL[None, None](
        schema, graphql_ide=None, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL], allow_queries_via_get=False
    )

    async def page(request: Request) -> Response:
        return HTMLResponse(render_graphiql_page("/graphql", starters, "/graphql"), headers=dict(PAGE_HEADERS))

    routes: list[BaseRoute] = [
        Route("/graphql", page, methods=["GET"]),
        Route("/graphql", graphql, methods=["POST"]),
        WebSocketRoute("/graphql", graphql),
        *graphiql_routes(),
    ]
    return Starlette(routes=routes)


@contextmanager
def serve(app: Starlette) -> Iterator[str]:
    """Serve `app` on a free loopback port from a thread; yield its address; stop it at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
