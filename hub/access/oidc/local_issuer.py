"""A small issuer of tokens for demonstrations: its key is made at start, kept in memory, and trusted on this machine only."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from joserfc import jwt
from joserfc.jwk import ECKey, Key

from hub.access.callers.loopback import is_loopback
from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.oidc.access_tokens import MAX_LIFETIME_S, TokenChecker, TokenRules
from hub.access.oidc.claims import ClaimNames
from hub.errors import HubMisconfigured

LOCAL_ISSUER = "urn:hub:demo"
LOCAL_AUDIENCE = "hub-demo"
ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True)
class LocalIdentity:
    """Someone whom the local issuer can make tokens for."""

    id: str
    """`sub` of the tokens, such as `land-officer`."""
    display_name: str
    roles: frozenset[Role] = frozenset()
    offices: frozenset[str] = frozenset()
    client_kind: ClientKind | None = None
    acting_app: str | None = None
    personal_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LocalIssuer:
    """Signs tokens of a fixed list of identities, and is the source of the key that checks them.

    `host` is the address that the hub listens on: tokens are given to whoever asks. Raises HubMisconfigured unless it is loopback.
    """

    host: str
    identities: tuple[LocalIdentity, ...]
    clock: Callable[[], float] = time.time
    _key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", private=True, auto_kid=True), repr=False)

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise HubMisconfigured(
                f"the demonstration's identities are not offered on {self.host}: anyone there could be anybody",
                next_step="listen on 127.0.0.1, or use an identity provider (HUB_OIDC_ISSUER)",
            )

    @property
    def rules(self) -> TokenRules:
        """What the tokens say."""
        return TokenRules(LOCAL_ISSUER, LOCAL_AUDIENCE, frozenset({ALGORITHM}))

    async def find_key(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the issuer's one key."""
        return self._key if kid == self._key.kid and algorithm == ALGORITHM else None

    def find_identity(self, identity_id: str) -> LocalIdentity | None:
        """Return an identity by its id."""
        return next((identity for identity in self.identities if identity.id == identity_id), None)

    async def principal(self, identity: LocalIdentity) -> Principal:
        """Return who an identity is, as a request with one of its tokens would find."""
        checker = TokenChecker(self.rules, self, clock=self.clock)
        return await checker.principal(self.sign_token(identity).encode(), ClaimNames())

    def sign_token(self, identity: LocalIdentity, *, lifetime_s: int = MAX_LIFETIME_S) -> str:
        """Return an access token for an identity."""
        now = int(self.clock())
        claims: dict[str, object] = {
            "iss": LOCAL_ISSUER,
            "aud": LOCAL_AUDIENCE,
            "sub": identity.id,
            "name": identity.display_name,
            "iat": now,
            "exp": now + lifetime_s,
            "roles": sorted(identity.roles),
            "offices": sorted(identity.offices),
            "personal_ids": sorted(identity.personal_ids),
        }
        if identity.client_kind is not None:
            claims["client_kind"] = identity.client_kind.value
        if identity.acting_app is not None:
            claims["act"] = {"sub": identity.acting_app}
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._key, [ALGORITHM])
