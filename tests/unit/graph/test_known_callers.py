"""Callers who were admitted a moment ago are known; whatever has changed since, they are looked at as any other."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from hub.access.callers.principals import Principal
from hub.graph.execution.request_trace import REQUEST_ID
from hub.graph.permission.callers import Caller, Gate
from hub.graph.permission.dossier_reads import AHEAD_S, KEPT_S, DossierReads, select_states
from hub.model.registry import load_registry
from tests.unit.graph.test_callers import COMMUNE, principal

SELECT_STATES = select_states(load_registry())
CODE = "H49.12-251118-0001"
HEADERS = {b"authorization": b"Bearer token", b"x-hub-dossier": CODE.encode(), b"host": b"localhost"}


class OneDossier:
    """A store that has one dossier."""

    def __init__(self) -> None:
        self.state = "open"
        self.expires_at = datetime.now(UTC) + timedelta(hours=1)

    async def json(self, sql: str, parameters: Sequence[Any]) -> bytes:
        if sql == SELECT_STATES:
            return orjson.dumps(dict.fromkeys(parameters[0], self.state))
        row = {
            "id": 1,
            "code": CODE,
            "purpose": "identify",
            "office": COMMUNE,
            "outcome": None,
            "subjects": [],
            "expires_at": self.expires_at.isoformat(),
            "opened_at": "2026-01-01T00:00:00+07:00",
            "opened_by": "x",
            "opened_via": "GRAPH",
            "confirmed_at": None,
        }
        return orjson.dumps({"dossier": row, "state": self.state})


class OneToken:
    """Knows one token, once it was checked."""

    def __init__(self) -> None:
        self.kept: Principal | None = None

    async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
        self.kept = self.kept or principal(COMMUNE)
        return self.kept

    def recall_principal(self, authorization: bytes) -> Principal | None:
        return self.kept if authorization == HEADERS[b"authorization"] else None


class Counter:
    """A limiter that counts."""

    def __init__(self) -> None:
        self.reads, self.is_met = 0, False

    async def admit(self, who: Principal, *, is_request: bool = True) -> None:
        self.reads += 1

    def admit_known(self, who: Principal) -> bool:
        self.reads += not self.is_met
        return not self.is_met


class Trial:
    """A gate, what it rests on, and a request that it has admitted."""

    def __init__(self) -> None:
        self.now = 100.0
        self.store, self.tokens, self.limiter = OneDossier(), OneToken(), Counter()
        store: Any = self.store
        limiter: Any = self.limiter
        self.dossiers = DossierReads(store, load_registry(), clock=lambda: self.now)
        self.gate = Gate(self.tokens, self.dossiers, enforced=True, limiter=limiter)
        self.admitted = self.admit(HEADERS)

    def admit(self, headers: Mapping[bytes, bytes]) -> Caller:
        return asyncio.run(self.gate.admit({name: [value] for name, value in headers.items()}))

    def find(self, changed: Mapping[bytes, bytes] | None = None, query: bytes = b"") -> Caller | None:
        return self.gate.find_known({**HEADERS, **(changed or {})}, query)


def test_the_same_request_again_is_known_and_counted() -> None:
    trial = Trial()
    REQUEST_ID.set("another")
    again = trial.find()
    assert again is not None
    assert again[:4] == trial.admitted[:4]
    assert again.dossier is trial.admitted.dossier
    assert (again.trace.request_id, trial.limiter.reads) == ("another", 2)


def test_only_the_same_request_is_known() -> None:
    trial = Trial()
    others: list[Mapping[bytes, bytes]] = [
        {b"x-hub-dossier": b"H49.12-251118-0002"},
        {b"x-hub-purpose": b"identify"},
        {b"authorization": b"Bearer other"},
        {b"cookie": b"a=b"},
        {b"x-api-key": b"k"},
    ]
    assert [trial.find(changed) for changed in others] == [None] * len(others)
    assert trial.find(query=b"token=1") is None
    assert trial.gate.find_known({b"host": b"localhost"}, b"") is None
    assert trial.limiter.reads == 1


def forget(trial: Trial) -> None:
    trial.dossiers.forget(CODE)


def expire(trial: Trial) -> None:
    assert trial.admitted.dossier is not None
    object.__setattr__(trial.admitted.dossier, "expires_at", datetime.now(UTC))


def wait(trial: Trial) -> None:
    trial.now += KEPT_S - AHEAD_S + 0.1


def meet_limit(trial: Trial) -> None:
    trial.limiter.is_met = True


def check_token_anew(trial: Trial) -> None:
    trial.tokens.kept = principal(COMMUNE)


def end_token(trial: Trial) -> None:
    trial.tokens.kept = None


def change_dossier(trial: Trial) -> None:
    """Another process ended it, and this one has just compared it with the store."""
    trial.store.state = "ended"
    asyncio.run(trial.dossiers._compare_used())


def read_dossier_anew(trial: Trial) -> None:
    asyncio.run(trial.dossiers._load(CODE))


@pytest.mark.parametrize(
    "change",
    [forget, expire, wait, meet_limit, check_token_anew, end_token, change_dossier, read_dossier_anew],
)
def test_nobody_is_known_after_a_change(change: Any) -> None:
    trial = Trial()
    assert trial.find() is not None
    change(trial)
    before = trial.limiter.reads
    assert trial.find() is None
    assert trial.limiter.reads == before


def test_a_dossier_that_is_used_by_known_callers_alone_goes_on_being_compared() -> None:
    trial = Trial()
    kept = trial.dossiers.recall_dossier(CODE)
    assert kept is not None
    trial.now += 1
    trial.find()
    assert kept.used_at == trial.now


def test_without_limits_or_access_nobody_is_remembered() -> None:
    dossiers: Any = None
    tokens = OneToken()
    gate = Gate(tokens, dossiers, enforced=False)
    asyncio.run(gate.admit({b"authorization": [HEADERS[b"authorization"]]}))
    assert gate.find_known({b"authorization": HEADERS[b"authorization"]}, b"") is None
