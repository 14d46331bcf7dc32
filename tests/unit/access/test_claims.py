"""Reading a principal from verified claims: wherever the provider puts them, and never more than they say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.callers.principals import ClientKind, Principal, Role, TokenInvalid
from hub.access.oidc.claims import MAX_ACTORS, MAX_LIST_ITEMS, ClaimNames, claim_names, find_claim, read_principal
from hub.errors import HubMisconfigured
from hub.settings import load_settings
from tests.unit.access.token_maker import NOW, claims

NAMES = ClaimNames()


def read(names: ClaimNames = NAMES, **changed: Any) -> Principal:
    return read_principal(claims(**changed), names)


def test_a_person_has_the_roles_and_offices_of_the_token() -> None:
    found = read(
        name="Nguyễn\x00 Văn\u202e A",
        preferred_username="a",
        roles=["officer", "auditor", "offline_access"],
        offices=["26734", "06820@2025-07-01"],
        scope="openid dossier:open",
    )
    assert found == Principal(
        id="https://id.example/realms/hub|u1",
        display_name="Nguyễn Văn A",
        is_person=True,
        client_kind=None,
        roles=frozenset({Role.OFFICER, Role.AUDITOR}),
        offices=frozenset({"26734", "06820@2025-07-01"}),
        acting_app=None,
        scopes=frozenset({"openid", "dossier:open"}),
        expires_at=datetime.fromtimestamp(NOW + 300, UTC),
    )


def test_a_bare_token_gives_no_rights() -> None:
    found = read()
    assert (found.display_name, found.is_person, found.client_kind) == ("u1", True, None)
    assert (found.roles, found.offices, found.scopes) == (frozenset(), frozenset(), frozenset())


def test_an_app_has_no_roles_whatever_its_account_has() -> None:
    for changed, kind in (
        ({"client_kind": "app"}, ClientKind.APP),
        ({"client_id": "u1"}, ClientKind.APP),
        ({"client_kind": "explorer"}, ClientKind.EXPLORER),
    ):
        found = read(roles=["officer", "auditor"], **changed)
        assert (found.client_kind, found.roles) == (kind, frozenset())
    assert not read(client_kind="app").is_person
    assert not read(client_id="u1").is_person
    assert read(client_kind="explorer").is_person
    assert read(client_id="portal", roles=["officer"]).roles == {Role.OFFICER}
    assert read(ClaimNames(explorer_clients=frozenset({"u1"})), client_id="u1").client_kind is ClientKind.EXPLORER
    assert read(ClaimNames(explorer_clients=frozenset({"u1"}))).client_kind is None


def test_the_outermost_actor_acts() -> None:
    assert read(act={"sub": "portal", "iss": "x"}).acting_app == "portal"
    assert read(act={"sub": "portal", "act": {"sub": "gateway"}}).acting_app == "portal"


def chain(length: int) -> dict[str, Any]:
    act: dict[str, Any] = {"sub": "last"}
    for number in range(length - 1):
        act = {"sub": f"app{number}", "act": act}
    return act


def test_a_chain_of_actors_has_an_end() -> None:
    assert read(act=chain(MAX_ACTORS)).acting_app == f"app{MAX_ACTORS - 2}"
    with pytest.raises(TokenInvalid, match="more than 4 apps"):
        read(act=chain(MAX_ACTORS + 1))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": 7}, "sub"),
        ({"roles": {"officer": True}}, "roles"),
        ({"roles": [1]}, "roles"),
        ({"roles": ["r"] * (MAX_LIST_ITEMS + 1)}, "roles"),
        ({"offices": ["26734'; drop table"]}, "offices"),
        ({"offices": [""]}, "offices"),
        ({"offices": 26734}, "offices"),
        ({"scope": ["openid"]}, "scope"),
        ({"scope": "s" * 256}, "scope"),
        ({"client_kind": "admin"}, "client_kind"),
        ({"client_kind": ["app"]}, "client_kind"),
        ({"act": "p0rtal"}, "act"),
        ({"act": {}}, "act.sub"),
        ({"act": {"sub": "a", "act": {"sub": None}}}, "act.sub"),
        ({"act": chain(12)}, "nested"),
    ],
)
def test_malformed_claims_are_refused_without_their_value(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(TokenInvalid, match=says) as refused:
        read(**changed)
    assert not any(value in str(refused.value) for value in changed.values() if isinstance(value, str) and value)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("realm_access.roles", ["a"]),
        ("/realm_access/roles", ["a"]),
        ("/https:~1~1hub.example~1roles", ["b"]),
        ("/a.b/c~d", ["c"]),
        ("realm_access", {"roles": ["a"]}),
        ("realm_access.roles.x", None),
        ("missing.roles", None),
        ("", None),
    ],
)
def test_a_claim_is_found_by_its_path(path: str, found: object) -> None:
    given = {"realm_access": {"roles": ["a"]}, "https://hub.example/roles": ["b"], "a.b": {"c~d": ["c"]}}
    assert find_claim(given, path.replace("c~d", "c~0d")) == found


def test_the_operator_says_where_the_claims_are_and_how_roles_are_called() -> None:
    settings = load_settings(
        oidc_roles_claim="realm_access.roles",
        oidc_role_names="officer = land-officer, auditor=inspector",
        oidc_offices_claim="unit",
        oidc_client_kind_claim="kind",
        oidc_explorer_clients="graphiql, other",
    )
    names = claim_names(settings)
    given = {"realm_access": {"roles": ["land-officer", "auditor", "officer", "reviewer"]}, "unit": "22"}
    found = read(names, **given)
    assert (found.roles, found.offices) == ({Role.OFFICER, Role.REVIEWER}, {"22"})
    assert names.explorer_clients == {"graphiql", "other"}


@pytest.mark.parametrize("text", ["officer", "officer=", "boss=b", "officer=auditor", "officer=x,auditor=x"])
def test_role_names_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(HubMisconfigured, match="HUB_OIDC_ROLE_NAMES"):
        claim_names(load_settings(oidc_role_names=text))
