"""The demonstration's identities: chosen on a page, used through a session or a token, on this machine only."""

import re

import pytest

from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIssuer
from hub.demo.identities import IDENTITIES, make_local_issuer
from hub.errors import HubMisconfigured
from schema import units
from tests.identity.agents import FORM, PAGE, Browser, with_browser

QUERY = {"query": "{ __typename }"}


def test_someone_chooses_who_to_be(database_url: str) -> None:
    async def work(browser: Browser) -> None:
        assert (await browser.get("/me")).headers["location"] == "/sign-in?next=/me"
        page = await browser.get("/sign-in?next=/graphql")
        offered = re.findall(r'name="identity" value="([^"]+)"', page.text)
        assert offered == [identity.id for identity in IDENTITIES]
        for identity in IDENTITIES:
            chosen = {"identity": identity.id, "next": "/graphql"}
            answer = await browser.hub.post("/sign-in", data=chosen, headers=FORM)
            assert (answer.status_code, answer.headers["location"]) == (303, "/graphql")
            me = await browser.me()
            assert me["displayName"] == identity.display_name
            assert (me["roles"], me["clientKind"]) == (sorted(identity.roles), identity.client_kind)
            assert me["csrfToken"]
        answer = await browser.hub.post("/graphql", json=QUERY)
        assert answer.json() == {"data": {"__typename": "Query"}}
        foreign = await browser.hub.post("/graphql", json=QUERY, headers={"origin": "https://evil.example"})
        assert foreign.status_code == 401

    with_browser(database_url, work, local_issuer=make_local_issuer("127.0.0.1"))


def test_a_page_of_another_site_cannot_choose(database_url: str) -> None:
    async def work(browser: Browser) -> None:
        chosen = {"identity": "auditor", "next": "//evil.example"}
        foreign = await browser.hub.post("/sign-in", data=chosen, headers=FORM | {"origin": "https://evil.example"})
        assert foreign.status_code == 403
        unknown = await browser.hub.post("/sign-in", data={"identity": "<b>"}, headers=FORM)
        assert unknown.status_code == 400
        assert "<b>" not in unknown.text
        assert (await browser.hub.post("/sign-in", data=chosen, headers=FORM)).headers["location"] == "/"

    with_browser(database_url, work, local_issuer=make_local_issuer("127.0.0.1"))


def test_tokens_are_checked_by_the_key_of_this_start(database_url: str) -> None:
    issuer, other = make_local_issuer("localhost"), make_local_issuer("::1")

    async def work(browser: Browser) -> None:
        def send(token: str) -> dict[str, str]:
            return {"authorization": f"Bearer {token}"}

        good = await browser.hub.get("/me", headers=send(issuer.sign_token(IDENTITIES[0])))
        assert good.json()["id"] == "urn:hub:demo|land-officer"
        assert good.json()["csrfToken"] is None
        shown = await browser.hub.get("/me", headers=PAGE | send(issuer.sign_token(IDENTITIES[0])))
        assert "/sign-out" not in shown.text
        refused = await browser.hub.get("/me", headers=send(other.sign_token(IDENTITIES[0])))
        assert refused.json()["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
        assert "www-authenticate" in refused.headers

    with_browser(database_url, work, local_issuer=issuer)


def test_the_identities_are_those_that_the_demonstration_needs() -> None:
    officers = [identity for identity in IDENTITIES if Role.OFFICER in identity.roles]
    assert len(officers) == 2
    assert officers[0].offices.isdisjoint(officers[1].offices)
    assert {role for identity in IDENTITIES for role in identity.roles} == set(Role)
    assert [i.client_kind for i in IDENTITIES if not i.roles] == [ClientKind.EXPLORER]
    *_, citizen = make_local_issuer("127.0.0.1", citizen="022080683727").identities
    assert (citizen.personal_ids, citizen.roles) == ({"022080683727"}, frozenset())
    assert all(units.canonicalise_code(f"{code}@2026-01-01") for identity in IDENTITIES for code in identity.offices)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "hub.example.gov.vn", "::", "127.0.0.1.evil.example"])
def test_they_are_offered_on_this_machine_only(host: str) -> None:
    with pytest.raises(HubMisconfigured, match="not offered"):
        LocalIssuer(host, IDENTITIES)


def test_the_names_of_the_pages_are_vietnamese_first(database_url: str) -> None:
    async def work(browser: Browser) -> None:
        page = (await browser.get("/sign-in")).text
        assert '<html lang="vi">' in page
        assert "<h1>Đăng nhập · Sign in</h1>" in page
        assert "<script" not in page

    with_browser(database_url, work, local_issuer=make_local_issuer("127.0.0.1"))
