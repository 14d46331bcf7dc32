"""A hub with access on and the officer's pages, over a store of its own, and a browser without scripts."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import psycopg
import pytest

from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.ingest.connectors import load_manifests
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.conftest import LinkedProvince, copy_database
from tests.identity.conftest import free_port
from tests.serving import served
from tests.system.access.test_access import ISSUER, UNLIMITED

MOST_BYTES = 100_000
NAME = "console"


@dataclass
class PageReader:
    """A browser without scripts: it keeps cookies, sends forms as they stand, and follows redirects one by one."""

    url: str
    client: httpx2.Client = field(init=False)
    page: httpx2.Response = field(init=False)

    def __post_init__(self) -> None:
        # No connection stays open: nobody closes the browser.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.client = httpx2.Client(base_url=self.url, timeout=60, headers={"accept": "text/html"}, limits=limits)

    def sign_in(self, who: str, path: str = "/console") -> "PageReader":
        answer = self.send("/sign-in", {"identity": who, "next": path})
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        return self

    def send(self, path: str, fields: dict[str, str]) -> httpx2.Response:
        return self.client.post(path, data=fields, headers={"origin": self.url})

    def open(self, path: str) -> "PageReader":
        self.page = self.client.get(path)
        assert len(self.page.content) < MOST_BYTES
        if "text/html" in self.page.headers.get("content-type", ""):
            assert "default-src 'none'" in self.page.headers["content-security-policy"]
            assert self.page.headers["cache-control"] == "no-store"
        return self

    def submit(self, fields: dict[str, str], path: str | None = None) -> "PageReader":
        """Send a form of this page, and open what it leads to."""
        (token, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', self.page.text)
        answer = self.send(path or str(self.page.url.raw_path.decode()), {"csrf_token": token, **fields})
        if answer.status_code == 303:
            return self.open(answer.headers["location"])
        self.page = answer
        return self

    def end_session(self) -> "PageReader":
        """Lose the cookie of the session, as when its time is over; what pages keep stays."""
        for name in [name for name in self.client.cookies if "session" in name]:
            self.client.cookies.delete(name)
        return self

    def search(self, text: str) -> "PageReader":
        return self.open("/console").submit({"text": text}, "/console")

    @property
    def text(self) -> str:
        return html.unescape(self.page.text)

    @property
    def heading(self) -> str:
        found = re.search(r"<h1[^>]*>([^<]*)", self.text)
        assert found is not None
        return found[1].strip()

    @property
    def errors(self) -> list[str]:
        return [text.strip() for text in re.findall(r'class="error"[^>]*>([^<]*)', self.text)]


@dataclass(frozen=True)
class ConsoleSite:
    """A hub with access on and pages; the person who sells, and who buys."""

    url: str
    database: str
    seller: str
    buyer: str
    name: str
    born: str

    def officer(self, who: str = "an") -> PageReader:
        return PageReader(self.url).sign_in(who)


ServePages = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def store(linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> Iterator[str]:
    """A database of its own: what is opened, corrected and sealed here is nobody else's."""
    yield copy_database(postgres_server, linked_province.database, NAME)
    postgres_server.drop_database(NAME)


@pytest.fixture(scope="module")
def serve_pages(store: str, linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> ServePages:
    """Serves the store with changed settings, or with other logins for some roles."""

    citizen = frozenset({linked_province.showcase_personal_id})
    issuer = LocalIssuer(
        "127.0.0.1",
        (
            *ISSUER.identities,
            LocalIdentity("kiem", "Trần Kiểm", frozenset({Role.AUDITOR})),
            LocalIdentity("citizen", "Công dân", client_kind=ClientKind.APP, personal_ids=citizen),
        ),
        _key=ISSUER._key,  # tokens of either are good here
    )

    def serve(other_logins: Mapping[str, str] | None = None, **changed: Any) -> AbstractContextManager[str]:
        port = free_port()
        settings = load_settings(access="on", port=port, **(UNLIMITED | changed))
        logins = Logins.by_role(lambda role: (other_logins or {}).get(role) or postgres_server.login_url(role, NAME))
        return served(create_app(settings, logins, local_issuer=issuer, connectors=load_manifests()), port)

    return serve


@pytest.fixture(scope="module")
def site(store: str, linked_province: LinkedProvince, serve_pages: ServePages) -> Iterator[ConsoleSite]:
    personal_id = linked_province.showcase_personal_id
    with psycopg.connect(store) as connection:
        query = "select full_name, birth_date from data.citizen where personal_id = %s"
        seller = connection.execute(query, (personal_id,)).fetchone()
        buyer = connection.execute(
            "select personal_id from data.citizen where personal_id <> %s and death_date is null and birth_date < '1990'"
            " order by id limit 1",
            (personal_id,),
        ).fetchone()
    assert seller is not None
    assert buyer is not None
    with serve_pages() as url:
        yield ConsoleSite(url, store, personal_id, buyer[0], *seller)
