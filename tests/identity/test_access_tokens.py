"""Access tokens of a real provider, and the provider's failures: down, rotated keys, wrong audience, slow, too large."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub.access.callers.principals import ClientKind, IdentityProviderUnavailable, Principal, TokenInvalid
from hub.access.oidc.access_tokens import TokenChecker, TokenRules
from hub.access.oidc.claims import ClaimNames
from hub.access.oidc.provider import (
    KEYS_FRESH_S,
    KEYS_USABLE_S,
    MAX_ANSWER_BYTES,
    REFETCH_S,
    RETRY_S,
    IdentityProvider,
    check_provider_url,
    read_keys,
)
from hub.access.service import describe_access
from hub.errors import HubMisconfigured
from hub.settings import load_settings
from tests.identity.conftest import RunningProvider

RS256 = frozenset({"RS256"})


@dataclass
class Subject:
    """A hub's view of a provider, with a clock that stands until it is moved."""

    issuer: str
    now: float = 1_000.0
    provider: IdentityProvider = field(init=False)
    checker: TokenChecker = field(init=False)

    def __post_init__(self) -> None:
        self.provider = IdentityProvider(self.issuer, clock=lambda: self.now)
        self.checker = TokenChecker(TokenRules(self.issuer, "cross-sector-hub", RS256), self.provider)

    async def principal(self, token: str, names: ClaimNames | None = None) -> Principal:
        return await self.checker.principal(token.encode(), names or ClaimNames())


def with_subject(issuer: str, work: Callable[[Subject], Awaitable[None]]) -> None:
    async def run() -> None:
        subject = Subject(issuer)
        try:
            await work(subject)
        finally:
            await subject.provider.close()

    asyncio.run(run())


def get_token(provider: RunningProvider, resource: str = "urn:hub") -> str:
    """A token for an app, by client credentials."""
    form = {"grant_type": "client_credentials", "resource": resource, "scope": "dossier:open"}
    answer = httpx2.post(f"{provider.issuer}/token", data=form, auth=("portal", "portal-secret"), timeout=20)
    token: str = answer.raise_for_status().json()["access_token"]
    return token


def test_an_app_is_known_by_its_client_credentials(provider: RunningProvider) -> None:
    async def work(subject: Subject) -> None:
        found = await subject.principal(get_token(provider))
        assert (found.id, found.is_person, found.client_kind) == (f"{provider.issuer}|portal", False, ClientKind.APP)
        assert (found.scopes, found.roles) == ({"dossier:open"}, frozenset())
        explorer = await subject.principal(get_token(provider), ClaimNames(explorer_clients=frozenset({"portal"})))
        assert explorer.client_kind is ClientKind.EXPLORER
        assert subject.provider.fetches == 1

    with_subject(provider.issuer, work)


def test_a_token_for_another_service_is_refused(provider: RunningProvider) -> None:
    async def work(subject: Subject) -> None:
        with pytest.raises(TokenInvalid, match="aud must name cross-sector-hub"):
            await subject.principal(get_token(provider, "urn:other"))

    with_subject(provider.issuer, work)


def test_rotated_keys_are_fetched_and_old_ones_are_no_longer_accepted(stopped_provider: RunningProvider) -> None:
    provider = stopped_provider
    provider.start()

    async def work(subject: Subject) -> None:
        old = get_token(provider)
        await subject.principal(old)
        provider.stop()
        await asyncio.to_thread(provider.start)
        new = get_token(provider)
        with pytest.raises(TokenInvalid, match="does not publish"):
            await subject.principal(new)  # the keys are fresh, and unknown ones are fetched for every 30 s only
        await subject.principal(old)
        subject.now += REFETCH_S
        await subject.principal(new)
        with pytest.raises(TokenInvalid, match="does not publish"):
            await subject.principal(old)

    with_subject(provider.issuer, work)


def test_a_provider_that_goes_down_is_missed_only_by_new_keys(stopped_provider: RunningProvider) -> None:
    provider = stopped_provider

    async def work(subject: Subject) -> None:
        for _ in range(3):
            with pytest.raises(IdentityProviderUnavailable) as refused:
                await subject.principal(f"{UNKNOWN_KEY}.e30.c2ln")
            assert (refused.value.status, refused.value.headers) == (503, {"retry-after": "10"})
        assert subject.provider.fetches == 1
        await asyncio.to_thread(provider.start)
        token = get_token(provider)
        subject.now += RETRY_S
        await subject.principal(token)
        provider.stop()
        subject.now += KEYS_FRESH_S + 1
        await subject.principal(token)  # from the keys at hand, while new ones are asked for
        await asyncio.sleep(0.2)
        await subject.principal(token)
        assert subject.provider.fetches == 3
        with pytest.raises(IdentityProviderUnavailable):
            await subject.principal(f"{UNKNOWN_KEY}.e30.c2ln")  # it may be new
        subject.now += KEYS_USABLE_S
        with pytest.raises(IdentityProviderUnavailable):
            await subject.principal(token)
        assert subject.provider.fetches == 4

    with_subject(provider.issuer, work)


UNKNOWN_KEY = "eyJhbGciOiJSUzI1NiIsImtpZCI6InVua25vd24ifQ"


def test_unknown_keys_cause_one_fetch_in_30_s_however_many_ask(provider: RunningProvider) -> None:
    async def ask(subject: Subject, number: int) -> None:
        with pytest.raises(TokenInvalid):
            await subject.principal(f"{UNKNOWN_KEY}.e30.{'c2ln' * (number + 1)}")

    async def work(subject: Subject) -> None:
        await asyncio.gather(*(ask(subject, number) for number in range(200)))
        assert subject.provider.fetches == 1
        subject.now += REFETCH_S - 0.001
        await asyncio.gather(*(ask(subject, number) for number in range(200)))
        assert subject.provider.fetches == 1
        subject.now += 0.001
        await asyncio.gather(*(ask(subject, number) for number in range(200)))
        assert subject.provider.fetches == 2

    with_subject(provider.issuer, work)


@contextmanager
def odd_provider(answers: dict[str, Any]) -> Iterator[str]:
    """A server with these answers by path: a JSON value, bytes, a status, or seconds to say nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path, 404)
            if isinstance(answer, float):
                stopping.wait(answer)
                return
            status = answer if isinstance(answer, int) else 200
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("location", "/.well-known/openid-configuration2")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    stopping = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    for path, answer in answers.items():
        if isinstance(answer, dict):
            answers[path] = json.loads(json.dumps(answer).replace("SELF", url))
    try:
        yield url
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()


DISCOVERY = "/.well-known/openid-configuration"
GOOD = {"issuer": "SELF", "jwks_uri": "SELF/jwks"}


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {DISCOVERY: 500},
        {DISCOVERY: 302, f"{DISCOVERY}2": GOOD, "/jwks": {"keys": []}},
        {DISCOVERY: b"<html>"},
        {DISCOVERY: [1]},
        {DISCOVERY: b" " * (MAX_ANSWER_BYTES + 1)},
        {DISCOVERY: b"[" * 100_000},
        {DISCOVERY: {**GOOD, "issuer": "https://evil.example"}, "/jwks": {"keys": []}},
        {DISCOVERY: {**GOOD, "issuer": "SELF/"}, "/jwks": {"keys": []}},
        {DISCOVERY: {"issuer": "SELF"}},
        {DISCOVERY: {**GOOD, "jwks_uri": "http://169.254.169.254/latest"}},
        {DISCOVERY: {**GOOD, "jwks_uri": "file:///etc/passwd"}},
        {DISCOVERY: {**GOOD, "token_endpoint": 7}, "/jwks": {"keys": []}},
        {DISCOVERY: GOOD},
        {DISCOVERY: GOOD, "/jwks": {"keys": "none"}},
        {DISCOVERY: GOOD, "/jwks": {"keys": [{}] * 101}},
        {DISCOVERY: GOOD, "/jwks": b"{" + b" " * MAX_ANSWER_BYTES + b"}"},
    ],
)
def test_odd_answers_of_a_provider_are_not_taken(answers: dict[str, Any]) -> None:
    async def work(subject: Subject) -> None:
        with pytest.raises(IdentityProviderUnavailable):
            await subject.principal(f"{UNKNOWN_KEY}.e30.c2ln")

    with odd_provider(dict(answers)) as url:
        with_subject(url, work)


def test_a_provider_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.access.oidc.provider.FETCH_TIMEOUT_S", 0.3)

    async def work(subject: Subject) -> None:
        with pytest.raises(IdentityProviderUnavailable):
            await subject.principal(f"{UNKNOWN_KEY}.e30.c2ln")

    with odd_provider({DISCOVERY: GOOD, "/jwks": 60.0}) as url:
        with_subject(url, work)


def test_only_keys_that_can_verify_are_taken() -> None:
    rsa = RSAKey.generate_key(2048, parameters={"kid": "good"})
    good = rsa.as_dict(private=False)
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024, parameters={"kid": "short"}).as_dict(private=False)
    given = [
        good,
        {**rsa.as_dict(private=True), "kid": "private"},
        {**good, "kid": "encryption", "use": "enc"},
        {**good, "kid": "signing", "key_ops": ["sign"]},
        {**good, "kid": "broken", "n": "AQAB"},
        {"kty": "RSA", "kid": "empty"},
        {"kty": "RSA", "kid": "odd", "n": 7, "e": []},
        OctKey.generate_key(256, parameters={"kid": "symmetric"}).as_dict(private=True),
        short,
        {"kty": "unknown"},
        "text",
        None,
    ]
    taken = {key.kid: key for key in read_keys({"keys": given})}
    assert set(taken) == {"good", "private"}
    assert not any(key.is_private for key in taken.values())


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-384", parameters={"kid": "k"}), "ES256"),
        (OKPKey.generate_key("X25519", parameters={"kid": "k"}), "EdDSA"),
        (OKPKey.generate_key("Ed448", parameters={"kid": "k"}), "EdDSA"),
        (ECKey.generate_key("P-256", parameters={"kid": "k"}), "RS256"),
        (RSAKey.generate_key(2048, parameters={"kid": "k", "alg": "PS256"}), "RS256"),
    ],
)
def test_a_key_of_another_kind_than_the_algorithm_is_not_found(key: Any, algorithm: str) -> None:
    async def work(subject: Subject) -> None:
        assert await subject.provider.find_key("k", algorithm) is None

    with odd_provider({DISCOVERY: GOOD, "/jwks": {"keys": [key.as_dict(private=False)]}}) as url:
        with_subject(url, work)


def test_a_token_without_key_id_needs_a_single_key() -> None:
    keys = [RSAKey.generate_key(2048, parameters={"kid": kid}).as_dict(private=False) for kid in ("a", "b")]

    async def one(subject: Subject) -> None:
        assert await subject.provider.find_key(None, "RS256") is not None

    async def two(subject: Subject) -> None:
        assert await subject.provider.find_key(None, "RS256") is None
        assert await subject.provider.find_key("b", "RS256") is not None

    for count, work in ((1, one), (2, two)):
        with odd_provider({DISCOVERY: GOOD, "/jwks": {"keys": keys[:count]}}) as url:
            with_subject(url, work)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "id.example",
        "http://id.example",
        "ftp://id.example",
        "https://",
        "https://a:b@id.example",
        "https://i.e?x=1",
    ],
)
def test_the_issuer_must_be_an_https_url(url: str) -> None:
    with pytest.raises(HubMisconfigured, match="HUB_OIDC_ISSUER"):
        IdentityProvider(url)
    for good in ("https://id.example.gov.vn/realms/hub", "http://127.0.0.1:8080/realms/hub", "http://[::1]:1"):
        check_provider_url("HUB_OIDC_ISSUER", good)


def test_the_doctor_asks_the_provider(provider: RunningProvider) -> None:
    def describe(**changed: Any) -> str:
        given = {"oidc_issuer": provider.issuer, "oidc_audience": "cross-sector-hub", **changed}
        return asyncio.run(describe_access(load_settings(access="on", **given)))

    assert describe(oidc_algorithms="RS256,EdDSA") == (
        f"on: tokens of {provider.issuer} for cross-sector-hub, RS256; nobody signs in to pages"
    )
    assert "client hub-pages" in describe(oidc_client_id="hub-pages")
    assert "API keys alone" in describe(oidc_issuer=None)
    with pytest.raises(HubMisconfigured, match="no key for EdDSA"):
        describe(oidc_algorithms="EdDSA")
    with pytest.raises(IdentityProviderUnavailable):
        describe(oidc_issuer=f"{provider.issuer}/other")
    assert asyncio.run(describe_access(load_settings(access="off"))).startswith("off")
