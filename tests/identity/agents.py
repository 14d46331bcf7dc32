"""A hub that is asked in this process, and a browser that goes between it and a provider."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2

from hub.access.oidc.local_issuer import LocalIssuer
from hub.settings import Settings, load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app

HUB = "http://127.0.0.1:8000"
PAGE = {"accept": "text/html"}
FORM = {"accept": "text/html", "origin": HUB}


@dataclass
class Browser:
    """Keeps the cookies of both sides, and follows no redirect by itself."""

    hub: httpx2.AsyncClient
    web: httpx2.AsyncClient

    async def get(self, path: str) -> httpx2.Response:
        return await self.hub.get(path, headers=PAGE)

    async def answer_of_provider(self, where: str) -> str:
        """Follow the provider's redirects until it sends the browser back. Returns that address."""
        for _ in range(12):
            if where.startswith(f"{HUB}/"):
                return where
            response = await self.web.get(where)
            if response.status_code == 200 and "oauth2/authorize" in where:
                response = await self.web.post(where, data={"sub": "u1"})
            assert response.is_redirect, response.text
            where = urljoin(where, response.headers["location"])
        raise AssertionError("the provider sends the browser in circles")

    async def sign_in(self, next_path: str = "/me", who: str = "officer") -> httpx2.Response:
        """Go through the provider. Returns the hub's answer to the callback."""
        begun = await self.get(f"/sign-in?next={next_path}")
        assert begun.status_code == 303, begun.text
        self.web.cookies.set("who", who)
        return await self.get(await self.answer_of_provider(begun.headers["location"]))

    async def me(self) -> dict[str, object]:
        response = await self.hub.get("/me", headers={"accept": "application/json"})
        assert response.status_code == 200, response.text
        found: dict[str, object] = response.json()
        return found


@asynccontextmanager
async def hub_in_process(
    url: str, settings: Settings, local_issuer: LocalIssuer | None
) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings, Logins.one(url), local_issuer=local_issuer)
    rest = app.app
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=HUB)
    async with rest.router.lifespan_context(rest), client:  # type: ignore[attr-defined]  # it is a Starlette application
        yield client


def with_browser(
    url: str, work: Callable[[Browser], Awaitable[None]], local_issuer: LocalIssuer | None = None, **settings: object
) -> None:
    """Do something in a browser, with a hub over the store at `url`."""

    async def run() -> None:
        async with (
            hub_in_process(url, load_settings(access="on", **settings), local_issuer) as hub,
            httpx2.AsyncClient(timeout=20) as web,
        ):
            await work(Browser(hub, web))

    asyncio.run(run())
