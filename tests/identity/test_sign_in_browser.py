"""Signing in and out in a real browser: its rules on cookies, forms and redirects hold for the pages as they are."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from playwright.sync_api import Page, expect

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.browser.watched import WatchedPage
from tests.clients.conftest import NodeProject
from tests.identity.conftest import free_port, npm_provider, running
from tests.serving import served

ASK = """fetch('/graphql', {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({query: '{ __typename }'}),
}).then(answer => answer.json())"""


CONFIRM = """() => {
    const form = document.getElementById('op.logoutForm');
    form.insertAdjacentHTML('beforeend', '<input type="hidden" name="logout" value="yes">');
    form.submit();
}"""


@dataclass(frozen=True)
class SignInSite:
    """A hub that is really served, and the provider that it trusts."""

    url: str
    issuer: str


@pytest.fixture
def sign_in_site(identity_project: NodeProject, database_url: str) -> Iterator[SignInSite]:
    port = free_port()
    with running(npm_provider(identity_project, f"http://127.0.0.1:{port}")) as provider:
        provider.start()
        settings = load_settings(
            access="on",
            port=port,
            oidc_issuer=provider.issuer,
            oidc_audience="cross-sector-hub",
            oidc_client_id="hub-pages",
            oidc_client_secret="s3cret+/=&",
        )
        with served(create_app(settings, Logins.one(database_url)), port) as url:
            yield SignInSite(url, provider.issuer)


def sign_in(page: Page, site: SignInSite) -> None:
    page.goto(f"{site.url}/me")
    expect(page.get_by_role("heading", name="Bạn là ai · Who you are")).to_be_visible()
    expect(page.get_by_text("Nguyễn Thị Cán Bộ")).to_be_visible()


def test_a_person_signs_in_looks_around_and_signs_out(sign_in_site: SignInSite, watched: WatchedPage) -> None:
    page = watched.page
    sign_in(page, sign_in_site)
    assert page.evaluate("document.cookie") == ""
    page.goto(f"{sign_in_site.url}/graphql", wait_until="commit")
    assert page.evaluate(ASK) == {"data": {"__typename": "Query"}}
    page.goto(f"{sign_in_site.url}/me")
    page.get_by_role("button", name="Đăng xuất · Sign out").click()
    page.wait_for_url(f"{sign_in_site.issuer}/session/end**")
    assert not [cookie for cookie in page.context.cookies() if cookie["name"].startswith("hub")]
    page.evaluate(CONFIRM)
    page.wait_for_url(f"{sign_in_site.url}/")
    assert watched.outside == []


def test_who_is_signed_out_at_the_provider_is_signed_out_here(sign_in_site: SignInSite, watched: WatchedPage) -> None:
    page = watched.page
    sign_in(page, sign_in_site)
    cookies = page.context.cookies(sign_in_site.url)
    page.goto(f"{sign_in_site.issuer}/session/end")
    page.evaluate(CONFIRM)
    page.wait_for_url(f"{sign_in_site.issuer}/session/end/success**")
    sent = {cookie["name"]: cookie["value"] for cookie in cookies if cookie["name"] == "hub_session"}
    assert len(sent) == 1
    refused = httpx2.get(f"{sign_in_site.url}/me", cookies=sent)
    assert refused.json()["errors"][0]["extensions"]["code"] == "SESSION_EXPIRED"
