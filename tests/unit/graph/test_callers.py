"""Who may use a purpose, and in which way."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.purpose_declaration import PurposeUsers
from hub.access.purposes import Purpose, read_purposes
from hub.errors import OperationRefused
from hub.graph.execution.request_trace import REQUEST_ID
from hub.graph.permission.callers import Gate, check_purpose

COMMUNE, PROVINCE = "06820@2025-07-01", "22"


def principal(*offices: str, role: Role = Role.OFFICER, client: ClientKind | None = None) -> Principal:
    return Principal(
        id="x",
        display_name="x",
        is_person=client is None,
        client_kind=client,
        roles=frozenset() if client else frozenset({role}),
        offices=frozenset(offices),
        acting_app=None,
        scopes=frozenset(),
        expires_at=datetime.max.replace(tzinfo=UTC),
    )


def purpose_for(users: PurposeUsers) -> Purpose:
    found = read_purposes()["identify"]
    return replace(found, declaration=found.declaration.model_copy(update={"users": users}))


def is_refused(purpose: Purpose, who: Principal, *, has_dossier: bool = False) -> bool:
    try:
        check_purpose(purpose, who, "", has_dossier=has_dossier)
    except OperationRefused as error:
        return error.code == "PURPOSE_FORBIDDEN"
    return False


def test_a_purpose_for_offices_of_a_level_is_for_no_other() -> None:
    everywhere = purpose_for(PurposeUsers(roles=frozenset({Role.OFFICER})))
    communes = purpose_for(PurposeUsers(roles=frozenset({Role.OFFICER}), offices=frozenset({"COMMUNE"})))
    assert not is_refused(everywhere, principal())
    assert not is_refused(communes, principal(COMMUNE))
    assert not is_refused(communes, principal("nothing", COMMUNE))
    for elsewhere in ((), (PROVINCE,), ("nothing",)):
        assert is_refused(communes, principal(*elsewhere))
    assert not is_refused(communes, principal(), has_dossier=True), "its office was checked when it was opened"


@pytest.mark.parametrize("who", [principal(COMMUNE, role=Role.REVIEWER), principal(client=ClientKind.APP)])
def test_an_office_is_no_role(who: Principal) -> None:
    assert is_refused(purpose_for(PurposeUsers(roles=frozenset({Role.OFFICER}), offices=frozenset({"COMMUNE"}))), who)


class OfOnePrincipal:
    async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
        return principal(COMMUNE)


def test_admitting_a_request_reads_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them takes 10 ms, and another file would be another set of purposes than was compiled."""
    dossiers: Any = None
    gate = Gate(OfOnePrincipal(), dossiers, enforced=True)

    def refuse() -> None:
        raise AssertionError("the settings are those of the start")

    monkeypatch.setattr("hub.access.purposes.load_settings", refuse)
    caller = asyncio.run(gate.admit({b"x-hub-purpose": [b"identify"]}))
    assert caller.purpose is not None
    assert caller.purpose.code == "identify"


def test_what_is_remembered_of_a_purpose_is_that_of_the_purpose_asked_for() -> None:
    """A token and its principal are the same again; what the request asks for is not."""
    known = principal(COMMUNE)

    class OfTheSame:
        async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
            return known

    dossiers: Any = None
    gate = Gate(OfTheSame(), dossiers, enforced=True)

    async def admit(purpose: bytes, request: str) -> str | None:
        REQUEST_ID.set(request)
        caller = await gate.admit({b"x-hub-purpose": [purpose]})
        assert (caller.principal, caller.trace.request_id) == (known, request)
        return caller.purpose.code if caller.purpose else None

    for request in ("one", "two"):
        assert asyncio.run(admit(b"identify", request)) == "identify"
        with pytest.raises(OperationRefused) as refused:
            asyncio.run(admit(b"review", request))
        assert refused.value.code == "PURPOSE_FORBIDDEN"
