"""Where a developer starts: the graph drawn, purposes, samples and errors at /developers, and the SDL at /schema.graphql.

It needs nobody signed in: the schema and the purposes are public, the data is not.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.purposes import read_purposes
from hub.console.developer.code_samples import list_samples
from hub.console.developer.entity_graph import BOX_HEIGHT, BOX_WIDTH, draw_graph
from hub.console.developer.readable import ReadablePurpose, list_readable
from hub.console.layout.page_base import PageGroup, PageParts
from hub.console.layout.refusals import REFUSALS
from hub.errors import HubError
from hub.graph.schema import get_core_schema, load_schema
from hub.model.registry import load_registry

START_PATH = "/developers"
SDL_PATH = "/schema.graphql"
SDL_AGE_S = 300
"""How long a client may use the SDL without asking again: it changes with releases."""


@dataclass(frozen=True)
class SchemaText:
    """The SDL, and the entity tag of it."""

    body: bytes
    tag: str


class DeveloperPages(PageGroup):
    """The start page and the schema."""

    home = START_PATH

    def __init__(self, parts: PageParts, graphql_path: str) -> None:
        super().__init__(parts)
        self.graphql_path = graphql_path

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(START_PATH, self.start_page, methods=["GET"]),
            Route(SDL_PATH, self.serve_sdl, methods=["GET"]),
        ]

    async def start_page(self, request: Request) -> Response:
        """The page. Who is signed in is shown, and nobody has to be."""
        try:
            person = await self.parts.find_signed_in(request)
        except HubError:
            person = None
        versions = tuple(purpose.version for purpose in read_purposes().values())
        purposes = await asyncio.to_thread(load_readable, versions)
        values = {
            "home": START_PATH,
            "graph": draw_graph(load_registry()),
            "box": {"width": BOX_WIDTH, "height": BOX_HEIGHT},
            "purposes": purposes,
            "samples": list_samples(f"{self.parts.access.public_url.rstrip('/')}{self.graphql_path}"),
            "refusals": REFUSALS,
            "graphql_path": self.graphql_path,
            "sdl_path": SDL_PATH,
        }
        response = self.render("developer/start.html", person, values)
        response.headers["vary"] = "cookie"
        return response

    async def serve_sdl(self, request: Request) -> Response:
        """The schema as text. A client that has it already is told so."""
        sdl = await asyncio.to_thread(load_sdl)
        headers = {
            "cache-control": f"public, max-age={SDL_AGE_S}",
            "etag": sdl.tag,
            "x-content-type-options": "nosniff",
        }
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if sdl.tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(sdl.body, headers=headers, media_type="text/plain")


@lru_cache(maxsize=2)
def load_readable(versions: tuple[str, ...]) -> tuple[ReadablePurpose, ...]:
    """What the purposes may read. `versions` are there for the cache: reading all documents takes a tenth of a second."""
    return list_readable(read_purposes(), get_core_schema(load_schema()))


@cache
def load_sdl() -> SchemaText:
    """The SDL of this program."""
    body = f"{load_schema().as_str()}\n".encode()
    return SchemaText(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
