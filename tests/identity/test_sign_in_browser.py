"""Signing in and out in a real browser: its rules on cookies, forms and redirects hold for the pages as they are."""

from playwright.sync_api import expect

from hub.settings import load_settings
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


def test_a_person_signs_in_looks_around_and_signs_out(
    identity_project: NodeProject, database_url: str, watched: WatchedPage
) -> None:
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
        page = watched.page
        with served(create_app(settings, database_url), port) as url:
            page.goto(f"{url}/me")
            expect(page.get_by_role("heading", name="Bạn là ai · Who you are")).to_be_visible()
            expect(page.get_by_text("Nguyễn Thị Cán Bộ")).to_be_visible()
            assert page.evaluate("document.cookie") == ""
            page.goto(f"{url}/graphql", wait_until="commit")
            told = page.evaluate(ASK)
            assert told == {"data": {"__typename": "Query"}}
            page.goto(f"{url}/me")
            page.get_by_role("button", name="Đăng xuất · Sign out").click()
            page.wait_for_url(f"{provider.issuer}/session/end**")
            page.goto(f"{url}/me", wait_until="commit")
            expect(
                page.get_by_text("Nguyễn Thị Cán Bộ")
            ).to_be_visible()  # the provider was not asked to confirm: it still knows them
            names = {cookie["name"] for cookie in page.context.cookies() if cookie["name"].startswith("hub")}
            assert names == {"hub_session"}
    assert watched.outside == []
