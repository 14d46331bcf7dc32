"""CORS over HTTP: pages of the origins that are set may ask, with a token of their own; no others, and none by default."""

from collections.abc import Iterator

import httpx2
import pytest

from hub.errors import HubMisconfigured
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from hub.web.cors import read_origins
from tests.serving import served

PORTAL, STRANGER = "https://portal.example.gov.vn", "https://evil.example"
BODY = {"query": "{ __typename }"}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-hub-purpose"}


@pytest.fixture(scope="module")
def url(module_database_url: str) -> Iterator[str]:
    with served(create_app(load_settings(cors_origins=f"{PORTAL}, http://localhost:3000"), Logins.one(module_database_url))) as url:  # fmt: skip
        yield f"{url}/graphql"


@pytest.fixture(scope="module")
def closed(module_database_url: str) -> Iterator[str]:
    with served(create_app(load_settings(), Logins.one(module_database_url))) as url:
        yield f"{url}/graphql"


@pytest.mark.parametrize("origin", [PORTAL, "http://localhost:3000"])
def test_a_page_of_an_allowed_origin_may_ask(url: str, origin: str) -> None:
    permission = httpx2.options(url, headers={"origin": origin, **PREFLIGHT})
    assert permission.status_code == 200
    assert permission.headers["access-control-allow-origin"] == origin
    assert {"authorization", "x-hub-purpose"} <= set(permission.headers["access-control-allow-headers"].lower().split(", "))  # fmt: skip
    answer = httpx2.post(url, json=BODY, headers={"origin": origin})
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    for headers in (permission.headers, answer.headers):
        assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", [STRANGER, f"{PORTAL}.evil.example", PORTAL.replace("https", "http"), "null"])
def test_a_page_of_another_origin_may_not(url: str, origin: str) -> None:
    permission = httpx2.options(url, headers={"origin": origin, **PREFLIGHT})
    assert permission.status_code == 400
    assert "access-control-allow-origin" not in permission.headers
    assert "access-control-allow-origin" not in httpx2.post(url, json=BODY, headers={"origin": origin}).headers


def test_by_default_there_is_no_origin(closed: str) -> None:
    assert httpx2.options(closed, headers={"origin": PORTAL, **PREFLIGHT}).status_code == 405
    assert "access-control-allow-origin" not in httpx2.post(closed, json=BODY, headers={"origin": PORTAL}).headers


@pytest.mark.parametrize("text", ["*", "portal.example", "https://portal.example/", "https://*.example", "https://A.example", "null"])  # fmt: skip
def test_what_is_no_origin_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(HubMisconfigured, match="HUB_CORS_ORIGINS"):
        read_origins(text)
