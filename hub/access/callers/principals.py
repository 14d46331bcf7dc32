"""Principals: the people and apps that call the hub, and the refusals of callers that it cannot identify."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from hub.errors import OperationRefused

SOURCE_SCOPE = "source:"
"""What the scopes begin with by which the app of a sector reads its own copies: `source:land`."""


class Role(StrEnum):
    """What a person may do. A principal can have several."""

    OFFICER = "officer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class ClientKind(StrEnum):
    """APP: software of an office. EXPLORER: software, or a person in GraphiQL, that sees masked data only."""

    APP = "app"
    EXPLORER = "explorer"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller: a person, or an app that acts for nobody."""

    id: str
    """Stable: `<issuer>|<sub>` for a token, `key:<prefix>` for an API key."""
    display_name: str
    is_person: bool
    client_kind: ClientKind | None
    """None for a person with at least one role."""
    roles: frozenset[Role]
    offices: frozenset[str]
    """Codes of administrative units that the principal works for."""
    acting_app: str | None
    """The app that acts on behalf of the person: `act.sub` of RFC 8693."""
    scopes: frozenset[str]
    expires_at: datetime
    """Aware, UTC. The hub asks for a new token from then on."""
    personal_ids: frozenset[str] = frozenset()
    """Identifiers of the citizen for whom the caller asks: a portal that has signed the citizen in."""


class AuthenticationRefused(OperationRefused):
    """The hub does not know who is calling."""

    code = "UNAUTHENTICATED"
    status = 401
    """HTTP status of the answer."""
    challenge_error: str | None = None
    """`error` of RFC 6750 in WWW-Authenticate; None if the request had no credentials at all."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer: the challenge that says how to authenticate."""
        error = f', error="{self.challenge_error}"' if self.challenge_error else ""
        return {"www-authenticate": f'Bearer realm="hub"{error}'}


class Unauthenticated(AuthenticationRefused):
    """The request has no credentials that the hub accepts."""


class NoCredentials(Unauthenticated):
    """The request has no access token, API key or session."""


class AmbiguousCredentials(AuthenticationRefused):
    """The request has several credentials, or one in a place where the hub does not accept it."""

    code = "CREDENTIALS_AMBIGUOUS"
    challenge_error = "invalid_request"


class CredentialsInUrl(AuthenticationRefused):
    """The request has a credential in its query string, which ends up in logs and browser histories."""

    code = "CREDENTIALS_IN_URL"
    challenge_error = "invalid_request"


class TokenExpired(AuthenticationRefused):
    """The access token has expired."""

    code = "TOKEN_EXPIRED"
    challenge_error = "invalid_token"


class TokenInvalid(AuthenticationRefused):
    """The access token is not one that the hub accepts."""

    code = "TOKEN_INVALID"
    challenge_error = "invalid_token"


class KeyInvalid(AuthenticationRefused):
    """The API key is unknown, expired or revoked."""

    code = "KEY_INVALID"
    challenge_error = "invalid_token"


class SessionExpired(AuthenticationRefused):
    """The browser session is unknown or has ended."""

    code = "SESSION_EXPIRED"
    challenge_error = "invalid_token"


class IdentityProviderUnavailable(AuthenticationRefused):
    """The identity provider does not answer, so a token cannot be checked."""

    code = "IDENTITY_PROVIDER_UNAVAILABLE"
    status = 503

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer: when to try again."""
        return {"retry-after": "10"}


class Authenticator(Protocol):
    """Finds out who sent a request."""

    async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
        """Return the caller. `headers` has lower-case names, and every value of each name, in order.

        Raises AuthenticationRefused: its `code`, `status` and `headers` are those of the answer.
        """
        ...

    def recall_principal(self, authorization: bytes) -> Principal | None:
        """The caller of a request with this one credential, if it was checked a moment ago; None if it has to be checked."""
        ...
