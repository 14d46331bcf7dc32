"""Signing people in through real providers, and everything that can be wrong with it."""

import asyncio
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from hub.access.callers.sessions import MAX_SESSIONS_EACH
from tests.identity.agents import FORM, HUB, PAGE, Browser, with_browser
from tests.identity.conftest import RunningProvider
from tests.system.trial import Trial

SECRET = "s3cret+/=&"


def npm_settings(provider: RunningProvider) -> dict[str, object]:
    return {
        "oidc_issuer": provider.issuer,
        "oidc_audience": "cross-sector-hub",
        "oidc_client_id": "hub-pages",
        "oidc_client_secret": SECRET,
    }


def code_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def sign_out(browser: Browser, token: str | None = None, **headers: str) -> httpx2.Response:
    page = (await browser.get("/me")).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return await browser.hub.post(
        "/sign-out", data={"csrf_token": found[1] if token is None else token}, headers=FORM | headers
    )


def test_a_person_signs_in_and_out(provider: RunningProvider, database_url: str, trial: Trial) -> None:
    async def work(browser: Browser) -> None:
        assert (await browser.get("/me")).headers["location"] == "/sign-in?next=/me"
        answer = await browser.sign_in()
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("hub_session="))
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        me = await browser.me()
        assert me["id"] == f"{provider.issuer}|officer"
        assert (me["displayName"], me["roles"], me["offices"]) == ("Nguyễn Thị Cán Bộ", ["officer"], ["26734"])
        page = await browser.get("/me")
        assert "Nguyễn Thị Cán Bộ" in page.text
        assert f"form-action 'self' {provider.issuer};" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        out = await sign_out(browser)
        assert out.status_code == 303
        where = code_of(out.headers["location"])
        assert out.headers["location"].startswith(f"{provider.issuer}/session/end?")
        assert where["post_logout_redirect_uri"] == f"{HUB}/"
        assert (await browser.web.get(out.headers["location"])).status_code == 200  # the provider takes the hint
        assert (await browser.get("/me")).headers["location"] == "/sign-in?next=/me"

    with_browser(database_url, work, **npm_settings(provider))
    assert trial.rows("select count(*) from hub.web_session") == [(0,)]


def test_the_other_provider_signs_people_in(mock_provider: RunningProvider, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        assert (await browser.sign_in()).headers["location"] == "/me"
        me = await browser.me()
        assert (me["id"], me["roles"], me["offices"]) == (f"{mock_provider.issuer}|u1", ["reviewer"], ["22"])

    with_browser(
        database_url,
        work,
        oidc_issuer=mock_provider.issuer,
        oidc_audience="cross-sector-hub",
        oidc_client_id="hub-pages",
        oidc_client_secret="any",
    )


def test_a_cookie_that_a_browser_still_has_is_worth_nothing_after_signing_out(
    provider: RunningProvider, database_url: str
) -> None:
    async def work(browser: Browser) -> None:
        await browser.sign_in()
        await browser.me()
        stolen = browser.hub.cookies["hub_session"]
        await sign_out(browser)
        browser.hub.cookies.set("hub_session", stolen, domain="127.0.0.1")
        refused = await browser.hub.get("/me")
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (401, "SESSION_EXPIRED")

    with_browser(database_url, work, **npm_settings(provider))


def test_answers_that_are_not_to_this_sign_in_are_refused(provider: RunningProvider, database_url: str) -> None:
    async def refused(browser: Browser, address: str, says: str) -> None:
        answer = await browser.hub.get(address, headers=PAGE)
        assert answer.status_code == 400, answer.headers
        assert says in answer.text
        assert "hub_session" not in browser.hub.cookies

    async def work(browser: Browser) -> None:
        begun = await browser.get("/sign-in")
        back = await browser.answer_of_provider(begun.headers["location"])
        parameters = code_of(back)
        callback = "/sign-in/callback?"
        state, code, issuer = parameters["state"], parameters["code"], provider.issuer
        await refused(browser, f"{callback}code={code}&state=other&iss={issuer}", "not to a sign-in")
        await refused(browser, f"{callback}code={code}&iss={issuer}", "not to a sign-in")
        await refused(browser, f"{callback}code={code}&state={state}", "another identity provider")
        await refused(browser, f"{callback}code={code}&state={state}&iss=http://evil.example", "another identity")
        await refused(browser, f"{callback}state={state}&iss={issuer}", "no code")
        await refused(browser, f"{callback}code=made-up&state={state}&iss={issuer}", "invalid_grant")
        await refused(browser, f"{callback}error=access_denied&state={state}&iss={issuer}", "access_denied")
        odd = f"{callback}error=%3Cscript%3E&error_description=secret&state={state}&iss={issuer}"
        await refused(browser, odd, "without a reason")
        other = Browser(browser.hub, browser.web)
        kept = browser.hub.cookies["hub_sign_in"]
        browser.hub.cookies.delete("hub_sign_in")
        await refused(other, back, "no sign-in under way")
        browser.hub.cookies.set("hub_sign_in", "a~b~c~d", domain="127.0.0.1")
        await refused(other, back, "no sign-in under way")
        browser.hub.cookies.clear()
        browser.hub.cookies.set("hub_sign_in", kept, domain="127.0.0.1")
        assert (await browser.get(back)).status_code == 303
        # The same answer once more, by someone who kept the cookie: the provider gives nothing for a used code.
        browser.hub.cookies.clear()
        browser.hub.cookies.set("hub_sign_in", kept, domain="127.0.0.1")
        await refused(browser, back, "invalid_grant")

    with_browser(database_url, work, **npm_settings(provider))


def test_a_stolen_code_is_worth_nothing_without_the_verifier(provider: RunningProvider, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        theirs = await browser.answer_of_provider((await browser.get("/sign-in")).headers["location"])
        browser.hub.cookies.clear()
        state = code_of((await browser.get("/sign-in")).headers["location"])["state"]
        stolen = code_of(theirs)["code"]
        answer = await browser.get(f"/sign-in/callback?code={stolen}&state={state}&iss={provider.issuer}")
        assert answer.status_code == 400
        assert "invalid_grant" in answer.text

    with_browser(database_url, work, **npm_settings(provider))


def test_an_id_token_with_another_nonce_is_refused(provider: RunningProvider, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        begun = (await browser.get("/sign-in")).headers["location"]
        nonce = code_of(begun)["nonce"]
        back = await browser.answer_of_provider(begun.replace(nonce, "n" * 43))
        answer = await browser.get(back)
        assert answer.status_code == 400
        assert "not for this sign-in" in answer.text

    with_browser(database_url, work, **npm_settings(provider))


def test_a_wrong_secret_of_the_client_is_said(provider: RunningProvider, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        answer = await browser.sign_in()
        assert answer.status_code == 400
        assert "invalid_client" in answer.text
        assert "HUB_OIDC_CLIENT_SECRET" in answer.text

    with_browser(database_url, work, **npm_settings(provider) | {"oidc_client_secret": "wrong"})


def test_a_person_may_refuse_at_the_provider(provider: RunningProvider, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        answer = await browser.sign_in(who="denied")
        assert answer.status_code == 400
        assert "access_denied" in answer.text

    with_browser(database_url, work, **npm_settings(provider))


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/graphql?x=1", "/graphql?x=1"),
        ("//evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("https://evil.example", "/"),
        ("/%0d%0aSet-Cookie:a=b", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_only_own_paths_are_opened(
    provider: RunningProvider, database_url: str, asked: str, led: str
) -> None:
    async def work(browser: Browser) -> None:
        answer = await browser.sign_in(asked.replace("?", "%3F"))
        assert answer.headers["location"] == led

    with_browser(database_url, work, **npm_settings(provider))


def test_signing_out_needs_the_token_of_the_session(provider: RunningProvider, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        await browser.sign_in()
        for token in ("", "x", "é"):
            refused = await sign_out(browser, token)
            assert refused.status_code == 403
            assert "CSRF_TOKEN_INVALID" in refused.text
        assert (await sign_out(browser, origin="https://evil.example")).status_code == 403
        plain = await browser.hub.post("/sign-out", content=b"x", headers=FORM | {"content-type": "text/plain"})
        assert plain.status_code == 400
        large = await browser.hub.post("/sign-out", data={"csrf_token": "x" * 5_000}, headers=FORM)
        assert large.status_code == 400
        assert (await browser.hub.get("/sign-out")).status_code == 405
        await browser.me()

    with_browser(database_url, work, **npm_settings(provider))


def test_signing_in_again_ends_the_session_before(provider: RunningProvider, trial: Trial, database_url: str) -> None:
    async def work(browser: Browser) -> None:
        await browser.sign_in()
        planted = browser.hub.cookies["hub_session"]
        await browser.sign_in(who="auditor")
        assert browser.hub.cookies["hub_session"] != planted
        assert (await browser.me())["id"] == f"{provider.issuer}|officer"  # the provider's own session goes on

    with_browser(database_url, work, **npm_settings(provider))
    assert trial.rows("select count(*) from hub.web_session") == [(1,)]


@pytest.mark.parametrize("limit", ["seen_at = now() - interval '61 seconds'", "expires_at = now()"])
def test_a_session_ends_by_both_limits(provider: RunningProvider, trial: Trial, database_url: str, limit: str) -> None:
    async def work(browser: Browser) -> None:
        await browser.sign_in()
        await asyncio.to_thread(_execute, trial, f"update hub.web_session set {limit}")
        refused = await browser.hub.get("/me")
        assert refused.json()["errors"][0]["extensions"]["code"] == "SESSION_EXPIRED"

    with_browser(database_url, work, **npm_settings(provider), session_idle_s=60)


def test_ended_sessions_are_deleted_and_a_person_has_only_so_many(
    provider: RunningProvider, trial: Trial, database_url: str
) -> None:
    copied = (
        "insert into hub.web_session select sha256(convert_to(n::text, 'UTF8')), csrf_token, principal_id, display_name,"
        " client_kind, roles, offices, scopes, id_token, started_at - n * interval '1 s', seen_at, expires_at"
        f" from hub.web_session, generate_series(1, {MAX_SESSIONS_EACH + 5}) n"
    )

    async def work(browser: Browser) -> None:
        await browser.sign_in()
        await asyncio.to_thread(_execute, trial, copied)
        browser.hub.cookies.clear()
        await browser.sign_in()
        assert trial.rows("select count(*) from hub.web_session") == [(MAX_SESSIONS_EACH,)]
        await asyncio.to_thread(_execute, trial, "update hub.web_session set expires_at = now()")
        browser.hub.cookies.clear()
        await browser.sign_in()
        assert trial.rows("select count(*) from hub.web_session") == [(1,)]
        await browser.me()

    with_browser(database_url, work, **npm_settings(provider))


def test_while_the_provider_is_down_signing_in_says_so_and_sessions_go_on(
    stopped_provider: RunningProvider, database_url: str
) -> None:
    provider = stopped_provider
    provider.start()

    async def work(browser: Browser) -> None:
        await browser.sign_in()
        provider.stop()
        await browser.me()
        begun = (await browser.get("/sign-in")).headers["location"]
        state = code_of(begun)["state"]
        answer = await browser.get(f"/sign-in/callback?code=c&state={state}&iss={provider.issuer}")
        assert answer.status_code == 503
        assert "IDENTITY_PROVIDER_UNAVAILABLE" in answer.text
        assert answer.headers["retry-after"] == "10"
        assert (await sign_out(browser)).status_code == 303

    with_browser(database_url, work, **npm_settings(provider))


def test_a_provider_that_is_down_at_the_start_is_used_once_it_is_up(
    stopped_provider: RunningProvider, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.access.oidc.provider.RETRY_S", 0.0)

    async def work(browser: Browser) -> None:
        down = await browser.get("/sign-in")
        assert down.status_code == 503
        assert "HUB_OIDC_ISSUER" in down.text
        await asyncio.to_thread(stopped_provider.start)
        assert (await browser.sign_in()).status_code == 303

    with_browser(database_url, work, **npm_settings(stopped_provider))


def test_without_a_provider_nobody_signs_in(database_url: str) -> None:
    async def work(browser: Browser) -> None:
        answer = await browser.get("/sign-in")
        assert answer.status_code == 400
        assert "HUB_OIDC_CLIENT_ID" in answer.text
        assert (await browser.get("/me")).status_code == 401
        assert (await browser.hub.post("/sign-in", data={"identity": "x"}, headers=FORM)).status_code == 400

    with_browser(database_url, work)


def test_another_name_of_this_machine_leads_to_the_one_that_is_set(
    provider: RunningProvider, database_url: str
) -> None:
    async def work(browser: Browser) -> None:
        answer = await browser.hub.get("http://localhost:8000/sign-in?next=/me", headers=PAGE)
        assert answer.headers["location"] == f"{HUB}/sign-in?next=/me"

    with_browser(database_url, work, **npm_settings(provider))


def test_only_logout_tokens_of_the_provider_end_sessions(
    provider: RunningProvider, trial: Trial, database_url: str
) -> None:
    async def work(browser: Browser) -> None:
        await browser.sign_in()
        ((id_token,),) = trial.rows("select id_token from hub.web_session")
        head, body, signature = id_token.split(".")
        for token, status, code in (
            ("", 401, "TOKEN_INVALID"),
            ("é", 400, "SIGN_OUT_REFUSED"),
            (f"{head}.{body}.", 401, "TOKEN_INVALID"),
            (f"{head}.{body}.{signature[:-4]}AAAA", 401, "TOKEN_INVALID"),
            (id_token, 400, "SIGN_OUT_REFUSED"),
            ("x" * 9_000, 400, "BAD_USER_INPUT"),
        ):
            answer = await browser.hub.post("/sign-out/back-channel", data={"logout_token": token})
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code), token
        await browser.me()

    with_browser(database_url, work, **npm_settings(provider))
    assert trial.rows("select count(*) from hub.web_session") == [(1,)]


def _execute(trial: Trial, statement: str) -> None:
    with trial.engine.begin() as connection:
        connection.exec_driver_sql(statement)
