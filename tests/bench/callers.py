"""What it costs to know who is calling: a token, API key or session that was seen before, and one that is new."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from hub.access.callers.api_keys import NewApiKey, create_key
from hub.access.callers.authenticator import RequestAuthenticator
from hub.access.callers.principals import ClientKind, Principal
from hub.access.limits.limiter import make_limiter
from hub.access.oidc.access_tokens import TokenChecker, TokenRules
from hub.access.oidc.claims import ClaimNames, read_principal
from hub.access.service import make_access
from hub.settings import load_settings
from hub.store.engine import connect_for_run, make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target
from tests.unit.access.token_maker import AUDIENCE, ISSUER, PublishedKeys, signed

NAME = "bench_callers"
TABLE = "Who is calling"
CACHED_AT_MOST_US = 15.0
LIMITS_AT_MOST_US = 2.0
ROUNDS = 30
CACHED_EACH_ROUND, NEW_EACH_ROUND = 5_000, 200
METHOD = (
    "Who is calling: `authenticate` of one process, called in turn, without HTTP; the best of 30 rounds of 5,000 (new tokens: 200)."
    " The token is one of Keycloak's size, signed by RS256 with 2,048 bits. Limits: `admit` and, with five people of an answer that"
    " were seen before, `count_subjects`, while the store is told every 2 s."
)


def measure(bench: Bench, server: EmbeddedServer) -> None:
    """Measure over an empty store with one key and one session."""
    server.create_database(NAME)
    store = make_engine(server.url(NAME))
    migrate_store(store)
    store.dispose()
    asyncio.run(_measure(bench, server.url(NAME)))
    bench.method.append(METHOD)


async def _measure(bench: Bench, url: str) -> None:
    with connect_for_run(url) as connection:
        ends = datetime.now(UTC) + timedelta(days=1)
        key = create_key(connection, NewApiKey("bench", ClientKind.APP, (), (), ends)).encode()
    access = make_access(load_settings(access="on"), url)
    await access.open()
    try:
        checker = TokenChecker(TokenRules(ISSUER, AUDIENCE, frozenset({"RS256"})), PublishedKeys())
        made = access.authenticator
        assert isinstance(made, RequestAuthenticator)
        made._tokens = (checker, ClaimNames())
        token = _token(int(time.time()))
        session = await access.sessions.start(read_principal(await checker.claims(token), ClaimNames()), None)
        cookie = f"{made._cookie}={session.cookie}".encode()
        told = f"of {len(token):,} bytes"
        for name, credential, note in (
            ("access token, seen before", {b"authorization": [b"Bearer " + token]}, told),
            ("API key, seen before", {b"authorization": [b"Bearer " + key]}, ""),
            ("session, seen before", {b"cookie": [cookie]}, ""),
        ):
            us = await _best_us(_ask(made, credential), CACHED_EACH_ROUND)
            bench.rows.append(Row(TABLE, name, "µs", us, {}, (Target(CACHED_AT_MOST_US, at_most=True),), note))
        digest = hashlib.sha256(token).digest()
        us = await _best_us(lambda: made._check_credential(token, digest), NEW_EACH_ROUND)
        bench.rows.append(Row(TABLE, "access token, new", "µs", us, {}, (), told))
        await _measure_limits(bench, url, await checker.principal(token, ClaimNames()))
    finally:
        await access.close()


async def _measure_limits(bench: Bench, url: str, principal: Principal) -> None:
    """What it costs to count a request and five people of its answer."""
    unlimited = "officer=off,reviewer=off,operator=off,app=off,explorer=off"
    limiter = make_limiter(load_settings(reads_per_minute=unlimited), url)
    people = frozenset(("Citizen", number) for number in range(5))

    async def read() -> None:
        await limiter.admit(principal)
        await limiter.count_subjects(principal, people)

    await limiter.open()
    try:
        us = await _best_us(read, CACHED_EACH_ROUND)
    finally:
        await limiter.close()
    bench.rows.append(Row(TABLE, "limits of reading", "µs", us, {}, (Target(LIMITS_AT_MOST_US, at_most=True),)))


def _ask(
    authenticator: RequestAuthenticator, credential: Mapping[bytes, list[bytes]]
) -> Callable[[], Awaitable[object]]:
    headers = {
        b"host": [b"127.0.0.1:8000"],
        b"accept": [b"application/graphql-response+json"],
        b"content-type": [b"application/json"],
        b"content-length": [b"300"],
        **credential,
    }
    return lambda: authenticator.authenticate(headers, b"")


async def _best_us(ask: Callable[[], Awaitable[object]], times: int) -> float:
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(times):
            await ask()
        rounds.append((time.perf_counter() - started) / times * 1e6)
    return round(min(rounds), 1)


def _token(now: int) -> bytes:
    """A token with what Keycloak puts into one."""
    keycloak = {
        "jti": "onrtac:5f2c8a6e-0d1b-4f2e-9a57-6d1f0c9f3b11",
        "typ": "Bearer",
        "azp": "one-stop-portal",
        "sid": "0b6a1f1e-8d5b-4c8e-a2a3-3f8a0c3cbd77",
        "allowed-origins": ["https://portal.example.gov.vn"],
        "realm_access": {"roles": ["officer", "offline_access", "uma_authorization", "default-roles-hub"]},
        "resource_access": {"account": {"roles": ["manage-account", "manage-account-links", "view-profile"]}},
        "scope": "openid profile email hub",
        "roles": ["officer", "offline_access", "uma_authorization"],
        "offices": ["26734"],
        "name": "Nguyễn Thị Cán Bộ",
        "preferred_username": "canbo",
        "email": "canbo@example.gov.vn",
    }
    return signed(sub="6b1a0c9f-3b11-4f2e-9a57-0d1b5f2c8a6e", iat=now, exp=now + 300, **keycloak)
