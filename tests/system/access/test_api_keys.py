"""API keys: made, listed and revoked on the command line; checked by the web process."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from hub.access.callers import authenticator
from hub.access.callers.api_keys import KEY_CACHED_S, NewApiKey, create_key
from hub.access.callers.authenticator import RequestAuthenticator
from hub.access.callers.principals import ClientKind, KeyInvalid, Principal
from hub.access.purposes import find_purpose
from hub.access.service import make_access
from hub.errors import OperationRefused, StoreUnavailable
from hub.graph.execution import subscriptions
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import connect_for_run, store_url
from hub.web.app import create_app
from tests.serving import served
from tests.system.trial import Command, Trial


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def with_access(url: str, work: Callable[[RequestAuthenticator, Clock], Awaitable[None]]) -> None:
    """Do something with the authenticator of a web process over a store."""

    async def run() -> None:
        access = make_access(load_settings(access="on"), url)
        await access.open()
        clock = Clock()
        assert isinstance(access.authenticator, RequestAuthenticator)
        access.authenticator._clock = access.authenticator.cache._clock = clock
        try:
            await work(access.authenticator, clock)
        finally:
            await access.close()

    asyncio.run(run())


async def authenticate(authenticator: RequestAuthenticator, key: str) -> Principal:
    return await authenticator.authenticate({b"authorization": [f"Bearer {key}".encode()]}, b"")


def test_a_key_is_shown_once_and_kept_as_a_hash(trial: Trial, cli: Command) -> None:
    key = cli(
        "keys", "new", "one-stop portal", "--office", "26737", "--office", "06820@2025-07-01", "--scope", "dossier:open"
    ).strip()
    assert re.fullmatch(r"hub_[a-z2-7]{8}_[A-Za-z0-9_-]{43}", key)
    (row,) = trial.rows("select * from hub.api_key")
    secret = key.split("_", 2)[2]
    assert not any(secret in str(value) or secret.encode() in bytes(str(value), "utf-8") for value in row)
    listed = cli("keys", "list")
    assert key[4:12] in listed
    assert secret not in listed

    async def work(authenticator: RequestAuthenticator, clock: Clock) -> None:
        found = await authenticate(authenticator, key)
        assert found.id == f"key:{key[4:12]}"
        assert found.display_name == "one-stop portal"
        assert (found.is_person, found.client_kind, found.roles) == (False, ClientKind.APP, frozenset())
        assert found.offices == {"26737", "06820@2025-07-01"}
        assert found.scopes == {"dossier:open"}
        assert timedelta(days=89) < found.expires_at - datetime.now(UTC) < timedelta(days=91)

    with_access(store_url(trial.engine), work)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("--scope", "banana"), ("banana", "dossier:open", "source:<connector>")),
        (("--scope", "source:"), ("source:", "dossier:open")),
        (("--scope", "dossier:open", "--scope", "dossier:read"), ("dossier:read", "dossier:open")),
        (("--scope", "source:lnad"), ("lnad", "source:land")),
        (("--office", "99999"), ("99999", "06820@2025-07-01")),
        (("--office", "26737", "--office", "99999@2025-07-01"), ("99999@2025-07-01", "26737")),
    ],
)
def test_a_key_for_what_there_is_not_is_refused(
    trial: Trial, cli: Command, given: tuple[str, ...], named: tuple[str, ...]
) -> None:
    said = cli("keys", "new", "one-stop portal", *given, fails=64)
    assert all(word in " ".join(said.split()) for word in named), said
    assert trial.rows("select count(*) from hub.api_key") == [(0,)]


def test_a_revoked_key_stops_within_the_time_that_it_is_cached(trial: Trial, cli: Command) -> None:
    key = cli("keys", "new", "registry of benefits", "--kind", "explorer").strip()

    async def work(authenticator: RequestAuthenticator, clock: Clock) -> None:
        assert (await authenticate(authenticator, key)).client_kind is ClientKind.EXPLORER
        assert "revoked" in await asyncio.to_thread(cli, "keys", "revoke", key[4:12])
        clock.now += KEY_CACHED_S + 0.001
        with pytest.raises(KeyInvalid, match="revoked"):
            await authenticate(authenticator, key)

    with_access(store_url(trial.engine), work)
    assert KEY_CACHED_S <= 60
    assert json.loads(cli("keys", "list", "--json")) == []
    (shown,) = json.loads(cli("keys", "list", "--all", "--json"))
    assert shown["prefix"] == key[4:12]
    first = trial.rows("select revoked_at from hub.api_key")
    cli("keys", "revoke", key[4:12])
    assert trial.rows("select revoked_at from hub.api_key") == first


def test_a_subscription_ends_within_a_minute_of_its_keys_revocation(
    trial: Trial, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if there is no event: nobody waits at a hub that would not admit them."""
    assert KEY_CACHED_S + subscriptions.RECHECK_S <= 60
    monkeypatch.setattr(subscriptions, "RECHECK_S", 0.1)
    monkeypatch.setattr(authenticator, "KEY_CACHED_S", 0.1)
    monkeypatch.setattr("hub.cli.permission.keys.load_manifests", lambda: {"trial": None})
    key = cli("keys", "new", "registry of the sector", "--scope", "source:trial").strip()
    query = next(d.text for d in find_purpose("reconcile").documents if "subscription" in d.text)
    body = {"query": query, "operationName": "OwnRecords", "variables": {"source": "trial"}}
    headers = {"authorization": f"Bearer {key}", "x-hub-purpose": "reconcile", "accept": "text/event-stream"}
    app = create_app(load_settings(access="on"), Logins.one(store_url(trial.engine)))
    with served(app) as url:
        with httpx2.stream("POST", f"{url}/graphql", json=body, headers=headers, timeout=60) as answer:
            assert answer.status_code == 200
            time.sleep(0.5)  # some rechecks with a good key end nothing
            cli("keys", "revoke", key[4:12])
            said, deadline = [], time.monotonic() + 60
            for line in answer.iter_lines():
                assert time.monotonic() < deadline, "the stream goes on"
                said += [line] if line.startswith(("event:", "data:")) else []
        assert [line for line in said if line.startswith("event:")] == ["event: next", "event: complete"], said
        assert "KEY_INVALID" in said[1]
        assert httpx2.post(f"{url}/graphql", json=body, headers=headers, timeout=60).status_code == 401


def test_wrong_keys_are_refused(trial: Trial, cli: Command) -> None:
    key = cli("keys", "new", "portal").strip()
    changed = f"{key[:-1]}{'A' if key[-1] != 'A' else 'B'}"
    with connect_for_run(store_url(trial.engine)) as connection:
        old = create_key(
            connection, NewApiKey("old", ClientKind.APP, (), (), datetime.now(UTC) + timedelta(seconds=60))
        )
        connection.execute("update hub.api_key set expires_at = now() where prefix = %s", (old[4:12],))

    async def work(authenticator: RequestAuthenticator, clock: Clock) -> None:
        for wrong in (changed, key[:-1], key + "x", f"hub_aaaaaaaa_{key[13:]}", "hub_", old):
            with pytest.raises(KeyInvalid) as refused:
                await authenticate(authenticator, wrong)
            assert refused.value.status == 401
        await authenticate(authenticator, key)

    with_access(store_url(trial.engine), work)


def test_a_key_ends_while_it_is_cached(trial: Trial) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=20)
    with connect_for_run(store_url(trial.engine)) as connection:
        key = create_key(connection, NewApiKey("short", ClientKind.APP, (), (), ends))

    async def work(authenticator: RequestAuthenticator, clock: Clock) -> None:
        await authenticate(authenticator, key)
        clock.now = ends.timestamp()
        assert authenticator.cache.get(next(iter(authenticator.cache._entries))) is None

    with_access(store_url(trial.engine), work)


def test_keys_cannot_be_checked_while_the_store_is_away() -> None:
    async def work(authenticator: RequestAuthenticator, clock: Clock) -> None:
        with pytest.raises(StoreUnavailable, match="cannot be checked"):
            await authenticate(authenticator, f"hub_abcdefgh_{'a' * 43}")

    with_access("postgresql://127.0.0.1:1/none", work)


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", ""),
        ("new", "n" * 101),
        ("new", "a\nb"),
        ("new", "a", "--days", "0"),
        ("new", "a", "--days", "731"),
        ("new", "a", "--office", "../26734"),
        ("new", "a", "--scope", "Dossier open"),
        ("revoke", "zzzzzzzz"),
    ],
)
def test_malformed_arguments_are_refused(cli: Command, arguments: tuple[str, ...]) -> None:
    assert "next step" in cli("keys", *arguments, fails=OperationRefused.exit_code).lower()
