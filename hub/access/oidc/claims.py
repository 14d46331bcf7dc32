"""Reading a principal from the claims of a token whose signature has been verified."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.access.callers.principals import ClientKind, Principal, Role, TokenInvalid
from hub.errors import HubMisconfigured
from hub.settings import Settings

MAX_LIST_ITEMS = 500
"""Roles, offices or scopes of one token."""
MAX_TEXT_CHARS = 255
"""Length of a subject, an office code or a scope; OpenID Connect gives the same limit for `sub`."""
MAX_CLAIM_DEPTH = 8
"""Nesting of objects and lists. Keycloak's own claims are nested 3 deep."""
MAX_ACTORS = 4
"""Length of a chain of `act`: each app in it acted for the next."""
OFFICE_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@-]{0,39}")


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where a provider puts what the hub needs. A name is a dotted path, or a JSON pointer if it starts with a slash.

    `realm_access.roles` and `/realm_access/roles` are the same; `/https:~1~1hub.example~1roles` is one claim that has slashes.
    """

    roles: str = "roles"
    offices: str = "offices"
    client_kind: str = "client_kind"
    personal_ids: str = "personal_ids"
    role_names: Mapping[str, Role] = field(default_factory=lambda: {role.value: role for role in Role})
    """The provider's name of each role."""
    explorer_clients: frozenset[str] = frozenset()
    """Client ids whose own tokens are explorers if the token does not say what they are."""


def claim_names(settings: Settings) -> ClaimNames:
    """Return the claim names that the operator set. Raises HubMisconfigured."""
    return ClaimNames(
        roles=settings.oidc_roles_claim,
        offices=settings.oidc_offices_claim,
        client_kind=settings.oidc_client_kind_claim,
        personal_ids=settings.oidc_personal_ids_claim,
        role_names=_parse_role_names(settings.oidc_role_names),
        explorer_clients=frozenset(name.strip() for name in settings.oidc_explorer_clients.split(",") if name.strip()),
    )


def read_principal(claims: Mapping[str, Any], names: ClaimNames) -> Principal:
    """Return the principal of verified claims. `iss`, `sub` and `exp` must have been checked. Raises TokenInvalid."""
    check_depth(claims)
    subject = _check_text("sub", claims.get("sub"))
    kind = _read_client_kind(claims, names, subject)
    roles: frozenset[Role] = frozenset()
    if kind is None:  # an app or explorer has no roles, whatever the provider gives to each of its accounts
        given = _read_list(claims, names.roles)
        roles = frozenset(names.role_names[name] for name in given if name in names.role_names)
    return Principal(
        id=f"{claims['iss']}|{subject}",
        display_name=_read_display_name(claims, subject),
        is_person=kind is not ClientKind.APP and claims.get("client_id") != subject,
        client_kind=kind,
        roles=roles,
        offices=_read_offices(claims, names.offices),
        acting_app=_read_actor(claims.get("act")),
        scopes=_read_scopes(claims.get("scope")),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        personal_ids=frozenset(_read_list(claims, names.personal_ids)),
    )


def check_depth(value: object, *, most: int = MAX_CLAIM_DEPTH) -> None:
    """Raise TokenInvalid if objects and lists are nested deeper than `most`."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise TokenInvalid(f"the token's claims are nested more than {most} levels deep")


def find_claim(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim at a dotted path or JSON pointer; None if it is absent."""
    steps = _split_path(path)
    found: object = claims
    for step in steps:
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _split_path(path: str) -> list[str]:
    if path.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    return path.split(".")


def _parse_role_names(text: str) -> Mapping[str, Role]:
    """Parse `officer=land-officer, auditor=inspector`; a role that is not mentioned keeps its own name."""
    provider_names = {role: role.value for role in Role}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        role, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not name or role not in set(Role):
            raise HubMisconfigured(
                f"HUB_OIDC_ROLE_NAMES: {pair!r} is not a pair like officer=land-officer",
                next_step=f"write role=name pairs separated by commas; the roles are {', '.join(Role)}",
            )
        provider_names[Role(role)] = name
    if len(set(provider_names.values())) < len(provider_names):
        raise HubMisconfigured(
            "HUB_OIDC_ROLE_NAMES: two roles have the same name at the provider", next_step="give each role its own name"
        )
    return {name: role for role, name in provider_names.items()}


def _read_client_kind(claims: Mapping[str, Any], names: ClaimNames, subject: str) -> ClientKind | None:
    """Return what kind of client has this token: by its claim, else by RFC 9068 (an app's `sub` is its `client_id`)."""
    given = find_claim(claims, names.client_kind)
    if given is not None:
        if not isinstance(given, str) or given not in set(ClientKind):
            raise TokenInvalid(
                f"the token's claim {names.client_kind} must be one of: {', '.join(ClientKind)}",
                next_step="correct the mapper of this claim at the identity provider",
            )
        return ClientKind(given)
    if claims.get("client_id") != subject:
        return None
    return ClientKind.EXPLORER if subject in names.explorer_clients else ClientKind.APP


def _read_list(claims: Mapping[str, Any], path: str) -> list[str]:
    """Return a claim that is a list of texts, or one text. Absent means empty."""
    given = find_claim(claims, path)
    items = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(items, list) or len(items) > MAX_LIST_ITEMS or not all(isinstance(item, str) for item in items):
        raise TokenInvalid(
            f"the token's claim {path} must be a list of at most {MAX_LIST_ITEMS} texts",
            next_step="correct the mapper of this claim at the identity provider: multivalued, type String",
        )
    return items


def _read_offices(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    codes = frozenset(_read_list(claims, path))
    if not all(OFFICE_CODE.fullmatch(code) for code in codes):
        raise TokenInvalid(
            f"the token's claim {path} has a value that is not the code of an administrative unit, such as 26737",
            next_step="correct the user's offices at the identity provider",
        )
    return codes


def _read_scopes(given: object) -> frozenset[str]:
    """Read `scope` of RFC 8693: texts separated by spaces."""
    if given is None:
        return frozenset()
    if not isinstance(given, str):
        raise TokenInvalid("the token's claim scope must be one text, such as 'openid profile'")
    scopes = frozenset(given.split())
    if len(scopes) > MAX_LIST_ITEMS or any(len(scope) > MAX_TEXT_CHARS for scope in scopes):
        raise TokenInvalid(
            f"the token has more than {MAX_LIST_ITEMS} scopes, or a scope over {MAX_TEXT_CHARS} characters"
        )
    return scopes


def _read_actor(given: object) -> str | None:
    """Return the app that acts now: the outermost `act`. Those inside it acted before, and are only counted."""
    if given is None:
        return None
    actor = _actor_subject(given)
    inner = given
    for _ in range(MAX_ACTORS):
        assert isinstance(inner, dict)
        if (inner := inner.get("act")) is None:
            return actor
        _actor_subject(inner)
    raise TokenInvalid(f"the token's claim act names more than {MAX_ACTORS} apps, one inside the other")


def _actor_subject(given: object) -> str:
    if not isinstance(given, dict):
        raise TokenInvalid('the token\'s claim act must be an object such as {"sub": "one-stop-portal"}')
    return _check_text("act.sub", given.get("sub"))


def _read_display_name(claims: Mapping[str, Any], subject: str) -> str:
    """Return the name to show, without control characters: it ends up in pages and terminals."""
    for name in ("name", "preferred_username"):
        given = claims.get(name)
        if isinstance(given, str):
            shown = "".join(char for char in given if unicodedata.category(char)[0] != "C").strip()
            if shown:
                return shown[:MAX_TEXT_CHARS]
    return subject


def _check_text(name: str, given: object) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= MAX_TEXT_CHARS or not given.isprintable():
        raise TokenInvalid(f"the token's claim {name} must be a text of 1 to {MAX_TEXT_CHARS} printable characters")
    return given
