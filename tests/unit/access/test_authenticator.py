"""Which credential of a request counts, and which requests are refused for what they carry."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import pytest

from hub.access.callers.api_keys import ApiKeyChecker
from hub.access.callers.authenticator import RequestAuthenticator
from hub.access.callers.principals import (
    AmbiguousCredentials,
    AuthenticationRefused,
    ClientKind,
    CredentialsInUrl,
    KeyInvalid,
    Principal,
    Role,
    SessionExpired,
    TokenExpired,
    TokenInvalid,
    Unauthenticated,
)
from hub.access.callers.sessions import SessionStore, WebSession, cookie_digest
from hub.access.oidc.access_tokens import CLOCK_SKEW_S, TokenChecker
from hub.access.oidc.claims import ClaimNames
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer

OFFICER = LocalIdentity("officer", "Nguyễn Văn A", frozenset({Role.OFFICER}), frozenset({"26734"}))
APP_KEY = b"hub_abcdefgh_" + b"k" * 43
SESSION = b"s" * 43
PERSON = Principal(
    "urn|p",
    "P",
    True,
    None,
    frozenset({Role.AUDITOR}),
    frozenset(),
    None,
    frozenset(),
    datetime(2099, 1, 1, tzinfo=UTC),
)
APP = Principal(
    "key:abcdefgh",
    "app",
    False,
    ClientKind.APP,
    frozenset(),
    frozenset(),
    None,
    frozenset(),
    datetime(2099, 1, 1, tzinfo=UTC),
)


class OneKey:
    """Knows one key, as the store would."""

    async def principal(self, key: bytes) -> Principal:
        if key != APP_KEY:
            raise KeyInvalid
        return APP


class OneSession:
    """Knows one session."""

    async def find(self, cookie: bytes) -> WebSession:
        if cookie != SESSION:
            raise SessionExpired
        return WebSession(PERSON, "csrf")


class Setting:
    """An authenticator, and what it would take."""

    def __init__(self, origin: bytes = b"https://hub.example") -> None:
        self.now = time.time()
        clock = cast(Callable[[], float], lambda: self.now)
        self.issuer = LocalIssuer("127.0.0.1", (OFFICER,), clock)
        self.authenticator = RequestAuthenticator(
            tokens=(TokenChecker(self.issuer.rules, self.issuer, clock=clock), ClaimNames()),
            keys=cast(ApiKeyChecker, OneKey()),
            sessions=cast(SessionStore, OneSession()),
            public_origin=origin,
            clock=clock,
        )
        self.token = self.issuer.sign_token(OFFICER).encode()

    def send(self, query: bytes = b"", **headers: bytes | list[bytes]) -> Principal:
        """Authenticate a request; names of headers have _ for -."""
        given = {
            name.replace("_", "-").encode(): value if isinstance(value, list) else [value]
            for name, value in headers.items()
        }
        return asyncio.run(self.authenticator.authenticate(given, query))


@pytest.fixture
def hub() -> Setting:
    return Setting()


COOKIE = b"theme=dark; __Host-hub_session=" + SESSION


def test_a_token_a_key_and_a_session_are_each_enough(hub: Setting) -> None:
    officer = hub.send(authorization=b"Bearer " + hub.token)
    assert (officer.id, officer.display_name) == ("urn:hub:demo|officer", "Nguyễn Văn A")
    assert (officer.roles, officer.offices, officer.is_person) == ({Role.OFFICER}, {"26734"}, True)
    assert hub.send(authorization=b"bearer  " + APP_KEY) is APP
    assert hub.send(cookie=COOKIE) is PERSON
    assert hub.send(cookie=[b"a=b", COOKIE]) is PERSON


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": b"theme=dark"},
        {"cookie": b"__Host-hub_session="},
        {"cookie": b"hub_session=" + SESSION},
        {"authorization": b"Basic dTpw"},
        {"authorization": b"Bearer"},
        {"authorization": b"Bearer "},
        {"authorization": b""},
        {"x_api_key": APP_KEY},
        {"x_forwarded_user": b"admin"},
        {
            "x_remote_user": b"admin",
            "x_forwarded_email": b"a@b",
            "x_hub_admin_token": b"t",
            "x_auth_request_user": b"a",
        },
        {"x_forwarded_access_token": b"t"},
    ],
)
def test_requests_without_a_credential_are_refused(hub: Setting, headers: dict[str, bytes]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        hub.send(**headers)
    assert refused.value.code == "UNAUTHENTICATED"
    assert refused.value.headers == {"www-authenticate": 'Bearer realm="hub"'}
    assert "Authorization: Bearer" in (refused.value.next_step or "")


def test_identities_in_headers_change_nothing(hub: Setting) -> None:
    spoofed = {"x_forwarded_user": b"auditor", "x_remote_user": b"auditor", "remote_user": b"auditor"}
    found = hub.send(authorization=b"Bearer " + hub.token, **spoofed)
    assert found.id == "urn:hub:demo|officer"


def test_several_credentials_are_refused(hub: Setting) -> None:
    bearer = b"Bearer " + hub.token
    for headers in (
        {"authorization": [bearer, bearer]},
        {"authorization": [bearer, b"Bearer " + APP_KEY]},
        {"authorization": bearer + b", " + bearer},
        {"authorization": bearer + b" " + APP_KEY},
        {"authorization": bearer, "cookie": COOKIE},
        {"authorization": bearer, "x_api_key": APP_KEY},
        {"cookie": COOKIE + b"; " + COOKIE},
        {"cookie": [COOKIE, b"__Host-hub_session=other"]},
    ):
        with pytest.raises(AmbiguousCredentials) as refused:
            hub.send(**headers)
        assert refused.value.code == "CREDENTIALS_AMBIGUOUS"


@pytest.mark.parametrize(
    "query",
    [
        b"access_token=x",
        b"query=%7Ba%7D&access_token=x",
        b"API_KEY=x",
        b"api-key=x",
        b"query=%7Ba%7D&token=x",
        b"x=" + APP_KEY,
        b"x=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.x",
    ],
)
def test_credentials_in_the_url_are_refused_even_beside_a_good_one(hub: Setting, query: bytes) -> None:
    with pytest.raises(CredentialsInUrl) as refused:
        hub.send(query, authorization=b"Bearer " + hub.token)
    assert refused.value.code == "CREDENTIALS_IN_URL"
    hub.send(b"query=%7Bkeys%7D&variables=%7B%22token%22%3A1%7D", authorization=b"Bearer " + hub.token)


def test_a_cached_token_ends_when_it_expires(hub: Setting) -> None:
    bearer = b"Bearer " + hub.token
    first = hub.send(authorization=bearer)
    hub.now += 599
    assert hub.send(authorization=bearer) is first
    hub.now = first.expires_at.timestamp() + CLOCK_SKEW_S
    with pytest.raises(TokenExpired):
        hub.send(authorization=bearer)
    assert len(hub.authenticator.cache) == 0


def test_a_refused_token_is_not_cached(hub: Setting) -> None:
    for token in (hub.token[:-8], b"x" * 9_000, Setting().token):
        with pytest.raises(TokenInvalid):
            hub.send(authorization=b"Bearer " + token)
    assert len(hub.authenticator.cache) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": b"https://evil.example"},
        {"origin": b"null"},
        {"origin": b"http://hub.example"},
        {"origin": [b"https://hub.example", b"https://evil.example"]},
        {"sec_fetch_site": b"cross-site"},
        {"sec_fetch_site": b"same-site"},
        {"sec_fetch_site": b"cross-site", "sec_fetch_mode": b"navigate", "sec_fetch_dest": b"iframe"},
        {"sec_fetch_site": b"cross-site", "sec_fetch_mode": b"no-cors", "sec_fetch_dest": b"document"},
        {
            "sec_fetch_site": b"cross-site",
            "sec_fetch_mode": b"navigate",
            "sec_fetch_dest": b"document",
            "origin": b"null",
        },
    ],
)
def test_pages_of_other_sites_cannot_use_a_session(hub: Setting, headers: dict[str, bytes]) -> None:
    with pytest.raises(Unauthenticated, match="another site"):
        hub.send(cookie=COOKIE, **headers)


def test_own_pages_and_links_use_the_session(hub: Setting) -> None:
    link = {"sec_fetch_site": b"cross-site", "sec_fetch_mode": b"navigate", "sec_fetch_dest": b"document"}
    own = {"sec_fetch_site": b"same-origin", "origin": b"https://hub.example"}
    for headers in (link, own, {"sec_fetch_site": b"none"}):
        assert hub.send(cookie=COOKIE, **headers) is PERSON


def test_an_ended_session_is_refused(hub: Setting) -> None:
    with pytest.raises(SessionExpired) as refused:
        hub.send(cookie=b"__Host-hub_session=other")
    assert isinstance(refused.value, AuthenticationRefused)
    hub.send(cookie=COOKIE)
    hub.authenticator.forget_session(cookie_digest(SESSION))
    assert len(hub.authenticator.cache) == 0


def test_on_loopback_the_cookie_has_a_plain_name() -> None:
    assert Setting(b"http://127.0.0.1:8000").send(cookie=b"hub_session=" + SESSION) is PERSON
