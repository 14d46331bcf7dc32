"""Who may use a purpose, and in which way."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.access.principals import ClientKind, Principal, Role
from hub.access.purpose_declaration import PurposeUsers
from hub.access.purposes import Purpose, purposes
from hub.errors import OperationRefused
from hub.graph.callers import check_purpose

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
    found = purposes()["identify"]
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
