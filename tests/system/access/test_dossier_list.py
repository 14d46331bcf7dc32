"""An officer's list of work: the dossiers of the own offices, over HTTP with access on, and their changes as they happen."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest
from websockets.sync.client import connect

from hub.access.callers import authenticator
from hub.access.callers.api_keys import KEY_CACHED_S, NewApiKey, create_key, revoke_key
from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.callers.sessions import SESSION_CACHED_S
from hub.graph.events import dossier_events
from hub.graph.execution import subscriptions
from hub.graph.permission.callers import Caller
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.serving import served, settled
from tests.system.access.test_access import END, ISSUER, OFFICE, AccessHub, code_of, hub, make_app
from tests.system.graphql.test_subscriptions import Socket, address
from tests.system.ledger.test_ledger import Ledger

__all__ = ["hub"]
LIST = """query ($state: DossierState, $mine: Boolean, $codePrefix: String, $purpose: String, $first: Int, $after: String) {
    dossiers(state: $state, mine: $mine, codePrefix: $codePrefix, purpose: $purpose, first: $first, after: $after) {
        totalCount nodes { code purpose office outcome endedAt subjects { role kind found } }
        edges { cursor node { code } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
FIRST = "H49.12-251118-0001"  # which the fixture opens


def listed(hub: AccessHub, who: str, **variables: Any) -> dict[str, Any]:
    answer = hub.ask(who, LIST, variables).json()
    assert "errors" not in answer, answer
    page: dict[str, Any] = answer["data"]["dossiers"]
    return page


def codes(page: dict[str, Any]) -> list[str]:
    return [node["code"] for node in page["nodes"]]


def test_an_office_lists_its_own_dossiers_newest_first(hub: AccessHub) -> None:
    for number, who in ((2, "an"), (3, "giang"), (4, "giang")):
        assert "errors" not in hub.open(who, f"H49.12-251118-100{number}").json()
    assert hub.ask("giang", END, {"input": {"code": "H49.12-251118-1003", "outcome": "WITHDRAWN", "reason": "thôi"}})
    page = listed(hub, "an")
    assert codes(page) == ["H49.12-251118-1004", "H49.12-251118-1003", "H49.12-251118-1002", FIRST]
    assert page["totalCount"] == 4
    assert page["nodes"][0]["subjects"] == [
        {"role": "transferor", "kind": "Citizen", "found": True}, {"role": "transferee", "kind": "Citizen", "found": True}
    ]  # fmt: skip
    assert [node["outcome"] for node in page["nodes"]] == [None, "WITHDRAWN", None, None]
    assert page["nodes"][1]["endedAt"] is not None
    assert codes(listed(hub, "an", mine=True)) == ["H49.12-251118-1002", FIRST]
    assert codes(listed(hub, "an", state="WITHDRAWN")) == ["H49.12-251118-1003"]
    assert codes(listed(hub, "an", state="OPEN", codePrefix=" h49.12-251118-10")) == [
        "H49.12-251118-1004",
        "H49.12-251118-1002",
    ]
    assert codes(listed(hub, "an", purpose="detached-house-permit")) == []
    assert codes(listed(hub, "an", codePrefix="%")) == [], "a prefix is no pattern"


def test_what_has_expired_is_not_open(hub: AccessHub, served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as store:
        store.execute("update hub.dossier set expires_at = now() - interval '1 s' where code = 'H49.12-251118-1004'")
    assert codes(listed(hub, "an", state="EXPIRED")) == ["H49.12-251118-1004"]
    assert "H49.12-251118-1004" not in codes(listed(hub, "an", state="OPEN"))


def test_another_office_and_who_has_none_see_nothing_of_it(hub: AccessHub) -> None:
    for who in ("binh", "chi", "explorer"):
        page = listed(hub, who)
        assert (codes(page), page["totalCount"]) == ([], 0), who
    assert code_of(hub.ask(None, LIST)) == "UNAUTHENTICATED"


def test_confirmed_emergency_access_is_listed_for_its_requester_alone(hub: AccessHub) -> None:
    subjects = [{"role": "person", "subject": {"citizen": {"personalId": hub.seller}}}]
    wanted = {
        "purpose": "emergency",
        "office": OFFICE,
        "subjects": subjects,
        "reason": "lũ cuốn giấy tờ, chờ di dời",
    }
    request = (
        "mutation ($input: RequestEmergencyAccessInput!) { requestEmergencyAccess(input: $input) { dossier { code } } }"
    )
    asked = hub.ask("an", request, {"input": wanted}).json()
    assert "errors" not in asked, asked
    code = asked["data"]["requestEmergencyAccess"]["dossier"]["code"]
    assert code in codes(listed(hub, "an"))
    assert code in codes(listed(hub, "giang")), "who may confirm it"
    confirm = (
        "mutation ($input: ConfirmEmergencyAccessInput!) { confirmEmergencyAccess(input: $input) { dossier { code } } }"
    )
    assert "errors" not in hub.ask("giang", confirm, {"input": {"code": code}}).json()
    assert code in codes(listed(hub, "an"))
    assert code not in codes(listed(hub, "giang"))


def test_pages_follow_each_other_without_gaps(hub: AccessHub, served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as store:  # opened in one instant, as a delivery of many is
        store.execute("update hub.dossier set opened_at = '2026-01-01T00:00:00.000001+00'")
    whole, found, after = codes(listed(hub, "an")), [], None
    for _ in range(len(whole)):
        page = listed(hub, "an", first=1, after=after)
        found += codes(page)
        after = page["pageInfo"]["endCursor"]
        assert page["edges"] == [{"cursor": after, "node": {"code": found[-1]}}]
    assert found == whole
    assert not page["pageInfo"]["hasNextPage"]


def test_bad_pages_are_refused(hub: AccessHub) -> None:
    def refused(**given: Any) -> httpx2.Response:
        return hub.ask("an", LIST, given)

    assert code_of(refused(first=0)) == code_of(refused(first=101)) == "BAD_PAGE_SIZE"
    for cursor in ("", "x", "MjAyNi0wMS0wMSAx", "MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCAtMQ=="):
        assert code_of(refused(after=cursor)) == "BAD_CURSOR", cursor


# --- dossierChanged ---------------------------------------------------------------------------------------------------

FOLLOW = "subscription ($code: String, $purposes: [String!]) { dossierChanged(code: $code, purposes: $purposes) { code purpose office state at } }"
WITHDRAW = {"outcome": "WITHDRAWN", "reason": "thôi"}


def token(who: str) -> str:
    identity = ISSUER.find_identity(who)
    assert identity is not None
    return ISSUER.sign_token(identity)


@contextmanager
def following(url: str, credential: str, **variables: Any) -> Iterator[Socket]:
    """A client that follows dossiers; nothing is awaited yet."""
    with connect(address(url), subprotocols=["graphql-transport-ws"]) as raw:
        socket = Socket(raw)
        socket.send(type="connection_init", payload={"Authorization": f"Bearer {credential}"})
        assert socket.receive() == {"type": "connection_ack"}
        yield socket.subscribe(FOLLOW, variables=variables)


@pytest.mark.parametrize("query", ["access_token=eyJhbGciOiJSUzI1NiJ9", "x=1&API_KEY=abc", "q=hub_abcdefgh_x"])
@pytest.mark.parametrize("has_header", [True, False])
def test_a_credential_in_the_url_of_a_websocket_is_refused_as_over_http(
    hub: AccessHub, query: str, has_header: bool
) -> None:
    sent = {"authorization": f"Bearer {token('an')}"}
    over_http = httpx2.post(f"{hub.url}/graphql?{query}", json={"query": "{ __typename }"}, headers=sent)
    assert code_of(over_http) == "CREDENTIALS_IN_URL"
    with connect(f"{address(hub.url)}?{query}", subprotocols=["graphql-transport-ws"]) as raw:
        socket = Socket(raw)
        socket.send(type="connection_init", payload={"Authorization": sent["authorization"]} if has_header else {})
        assert socket.closed() == 4401
        assert "CREDENTIALS_IN_URL" in str(raw.close_reason)


def test_no_event_tells_of_emergency_access(hub: AccessHub, served_hub: ServedHub) -> None:
    """The list does not show it to colleagues once it is confirmed, so neither may an event."""
    request = (
        "mutation ($input: RequestEmergencyAccessInput!) { requestEmergencyAccess(input: $input) { dossier { code } } }"
    )
    confirm = (
        "mutation ($input: ConfirmEmergencyAccessInput!) { confirmEmergencyAccess(input: $input) { dossier { code } } }"
    )
    end = "mutation ($input: EndEmergencyAccessInput!) { endEmergencyAccess(input: $input) { dossier { outcome } } }"
    subjects = [{"role": "person", "subject": {"citizen": {"personalId": hub.stranger}}}]
    given = {"purpose": "emergency", "office": OFFICE, "subjects": subjects, "reason": "lũ cuốn, nạn nhân bất tỉnh"}
    code = hub.ask("an", request, {"input": given}).json()["data"]["requestEmergencyAccess"]["dossier"]["code"]
    assert hub.ask("giang", confirm, {"input": {"code": code}}).json()["data"]
    assert code not in codes(listed(hub, "giang"))
    assert hub.ask("an", end, {"input": {"code": code, "reason": "xong"}}).json()["data"]
    with psycopg.connect(served_hub.database) as connection:
        assert connection.execute("select count(*) from hub.event where dossier_code = %s", (code,)).fetchone() == (0,)
    colleague = Principal(
        "urn:hub:demo|giang", "Hồ Giang", True, None, frozenset({Role.OFFICER}), frozenset({OFFICE}), None, frozenset(),
        datetime.now(UTC),
    )  # fmt: skip
    event = dossier_events.DossierEvent(code, "emergency", OFFICE, "CLOSED", "")
    assert not dossier_events.may_see(event, Caller(colleague))
    assert dossier_events.may_see(replace(event, code=FIRST, purpose="land-right-transfer"), Caller(colleague))


def told(socket: Socket) -> tuple[str, str]:
    """Code and state of the next event."""
    message = socket.receive()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    event = message["payload"]["data"]["dossierChanged"]
    assert event["office"] == OFFICE
    assert abs(datetime.fromisoformat(event["at"]) - datetime.now(UTC)) < timedelta(minutes=5)
    return event["code"], event["state"]


def make_key(database: str) -> str:
    """A key of an app that works for the office, and may use no procedure."""
    new = NewApiKey("one-stop", ClientKind.APP, (OFFICE,), (), datetime.now(UTC) + timedelta(days=1))
    with psycopg.connect(database, autocommit=True) as connection:
        return create_key(connection, new)


def test_officers_are_told_of_their_own_dossiers_and_each_event_is_written_down(
    hub: AccessHub, served_hub: ServedHub
) -> None:
    ledger = Ledger(served_hub.database)
    first, second = "H49.12-251118-2001", "H49.12-251118-2002"
    key = make_key(served_hub.database)
    with (
        following(hub.url, token("an")) as an,
        following(hub.url, token("giang"), code=second) as giang,
        following(hub.url, token("an"), purposes=["old-age-allowance"]) as other,
        following(hub.url, token("binh")) as binh,
        following(hub.url, key) as app,
    ):
        settled(hub.url, 5)
        for code in (first, second):
            assert "errors" not in hub.open("an", code).json()
        ended = hub.ask("giang", END, {"input": {"code": second, **WITHDRAW}})
        assert "errors" not in ended.json()
        assert [told(an) for _ in range(3)] == [(first, "OPEN"), (second, "OPEN"), (second, "WITHDRAWN")]
        assert [told(giang) for _ in range(2)] == [(second, "OPEN"), (second, "WITHDRAWN")]
        for silent in (giang, other, binh, app):
            with pytest.raises(TimeoutError):
                silent.receive(0.2)
    assert second not in codes(listed(hub, "binh"))
    by_key = httpx2.post(
        f"{hub.url}/graphql", json={"query": LIST}, headers={"authorization": f"Bearer {key}"}, timeout=30
    )
    assert codes(by_key.json()["data"]["dossiers"]) == [], "of its office, but it may use none of their purposes"
    events = ledger.bodies(kind="EVENT", dossier=second)
    assert sorted((e["principal"].rpartition("|")[2], e["outcome"]) for e in events) == [
        *[("an", "ANSWERED")] * 2,
        *[("giang", "ANSWERED")] * 2,
    ]
    assert {(e["purpose"], e["office"]) for e in events} == {("land-right-transfer", OFFICE)}
    assert not {e["principal"] for e in ledger.bodies(kind="EVENT")} & {"urn:hub:demo|binh"}


def test_a_stream_ends_soon_after_its_credential_is_revoked_though_nothing_happens(
    hub: AccessHub, served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subscriptions.RECHECK_S + max(KEY_CACHED_S, SESSION_CACHED_S) < 60, "the promise: within a minute"
    monkeypatch.setattr(subscriptions, "RECHECK_S", 0.1)
    monkeypatch.setattr(authenticator, "KEY_CACHED_S", 0.1)
    key = make_key(served_hub.database)
    with following(hub.url, key) as app:
        settled(hub.url)
        with psycopg.connect(served_hub.database, autocommit=True) as connection:
            revoke_key(connection, key.split("_")[1])
        message = app.receive()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "KEY_INVALID", message
        assert app.receive()["type"] == "complete"
    settled(hub.url, 0)


def test_a_subscriber_that_takes_nothing_is_ended_and_holds_up_nobody(
    served_hub: ServedHub, postgres_server: EmbeddedServer, hub: AccessHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event waits for the ledger: while that is slow, more events come than the queue takes."""
    monkeypatch.setattr(dossier_events, "MAX_QUEUED", 2)
    insert = (
        "insert into hub.event (kind, dossier_code, procedure, office, state)"
        " select 'dossierChanged', 'H49.12-251118-' || 3000 + n, 'land-right-transfer', %s, 'OPEN' from generate_series(1, %s) n"
    )
    with served(make_app(served_hub, postgres_server)) as url, following(url, token("an")) as an:
        settled(url)
        with psycopg.connect(served_hub.database, autocommit=True) as connection:
            connection.execute(insert, (OFFICE, 50))
            connection.execute("notify hub_events")
        received = []
        until = time.monotonic() + 60
        while (message := an.receive())["type"] == "next" and time.monotonic() < until:
            received.append(message["payload"])
        assert message["type"] == "complete"
        assert received[-1]["errors"][0]["extensions"]["code"] == "SUBSCRIBER_TOO_SLOW", json.dumps(received[-1])
        assert len(received) < 50


def test_what_cannot_be_followed_is_refused(hub: AccessHub) -> None:
    for variables, code in (
        ({"code": "Nguyễn Văn An"}, "DOSSIER_CODE_INVALID"),
        ({"purposes": ["x"] * 51}, "BAD_USER_INPUT"),
    ):
        with following(hub.url, token("an"), **variables) as socket:
            message = socket.receive()
            assert message["payload"]["errors"][0]["extensions"]["code"] == code, message
