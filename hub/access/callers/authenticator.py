"""Finding out who sent a request, from exactly one credential: an access token, an API key or the cookie of a session.

Identities in other headers (X-Forwarded-User, X-Remote-User …) are never read, whoever sets them.
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from hub.access.callers.api_keys import KEY_CACHED_S, KEY_START, ApiKeyChecker
from hub.access.callers.principal_cache import PrincipalCache
from hub.access.callers.principals import (
    AmbiguousCredentials,
    CredentialsInUrl,
    NoCredentials,
    Principal,
    Role,
    TokenInvalid,
    Unauthenticated,
)
from hub.access.callers.sessions import LOOPBACK_COOKIE, SECURE_COOKIE, SESSION_CACHED_S, SessionStore, cookie_digest
from hub.access.oidc.access_tokens import CLOCK_SKEW_S, MAX_TOKEN_BYTES, TokenChecker
from hub.access.oidc.claims import ClaimNames

SEND_TOKEN = "send `Authorization: Bearer <access token or API key>`"
IN_URL = re.compile(
    rb"(?:^|[&;])(?:access_token|id_token|api[_-]?key|token|key|authorization)=|hub_[a-z2-7]{8}_|eyJ[\w-]{10,}\.eyJ",
    re.IGNORECASE,
)
"""A parameter that is named like a credential, or a value that looks like an API key or a token."""
OTHER_HEADERS = frozenset({b"x-api-key", b"x-access-token", b"x-auth-token"})
"""Headers in which clients send credentials elsewhere: with `Authorization` beside them, a proxy and the hub could disagree."""
LAST_EXPIRY = datetime(9999, 12, 31, tzinfo=UTC)


class RequestAuthenticator:
    """Authenticates requests while access is on. A repeated credential is answered from a cache."""

    def __init__(
        self,
        *,
        tokens: tuple[TokenChecker, ClaimNames] | None,
        keys: ApiKeyChecker,
        sessions: SessionStore,
        public_origin: bytes | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.cache = PrincipalCache(clock=clock)
        self._tokens = tokens
        self._keys = keys
        self._sessions = sessions
        self._origin = public_origin
        self._cookie = SECURE_COOKIE if (public_origin or b"").startswith(b"https:") else LOOPBACK_COOKIE
        self._cookie_start = f"{self._cookie}=".encode()
        self._clock = clock

    async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
        """Return the caller. `headers` has lower-case names, and every value of each name, in order.

        Raises AuthenticationRefused; StoreUnavailable if a key or session cannot be looked up.
        """
        if query_string and IN_URL.search(query_string):
            raise CredentialsInUrl(next_step=f"{SEND_TOKEN}, and replace this one: it may be in logs by now")
        authorization = headers.get(b"authorization")
        cookie = self.find_cookie(headers)
        if authorization is None:
            if cookie is None:
                raise NoCredentials(next_step=f"{SEND_TOKEN}, or sign in at /sign-in")
            self._check_origin(headers)
            return await self._check_session(cookie)
        if len(authorization) > 1 or cookie is not None or not OTHER_HEADERS.isdisjoint(headers):
            raise AmbiguousCredentials(
                next_step=f"{SEND_TOKEN} once, and no other credential or session cookie beside it"
            )
        credential = _read_bearer(authorization[0])
        digest = hashlib.sha256(credential).digest()
        return self.cache.get(digest) or await self._check_credential(credential, digest)

    def recall_principal(self, authorization: bytes) -> Principal | None:
        """The caller of a request with this one credential, if it was checked a moment ago and written as usual; None if it has to be checked."""
        if authorization[:7] != b"Bearer ":
            return None
        return self.cache.get(hashlib.sha256(authorization[7:]).digest())

    def find_cookie(self, headers: Mapping[bytes, list[bytes]]) -> bytes | None:
        """Return the session's cookie; None if there is none. Raises AmbiguousCredentials if there are several."""
        cookies = headers.get(b"cookie")
        if cookies is None:
            return None
        found = None
        for header in cookies:
            if self._cookie_start not in header:
                continue
            for pair in header.split(b";"):
                pair = pair.strip()
                if not pair.startswith(self._cookie_start):
                    continue
                if found is not None:
                    raise AmbiguousCredentials(next_step="delete the cookies of this site, and sign in again")
                found = pair[len(self._cookie_start) :]
        return found or None

    def forget_session(self, digest: bytes) -> None:
        """Forget a session that was ended, by the digest of its cookie."""
        self.cache.discard(digest)

    async def _check_credential(self, credential: bytes, digest: bytes) -> Principal:
        if credential.startswith(KEY_START):
            principal = await self._keys.principal(credential)
            until = min(self._clock() + KEY_CACHED_S, principal.expires_at.timestamp())
        elif self._tokens is None:
            raise TokenInvalid(
                "the hub has no identity provider, so it accepts API keys only",
                next_step="send an API key, or ask the operator to set HUB_OIDC_ISSUER and HUB_OIDC_AUDIENCE",
            )
        else:
            checker, names = self._tokens
            principal = await checker.principal(credential, names)
            until = principal.expires_at.timestamp() + CLOCK_SKEW_S
        self.cache.put(digest, principal, until)
        return principal

    async def _check_session(self, cookie: bytes) -> Principal:
        digest = cookie_digest(cookie)
        found = self.cache.get(digest)
        if found is None:
            found = (await self._sessions.find(cookie)).principal
            self.cache.put(digest, found, min(self._clock() + SESSION_CACHED_S, found.expires_at.timestamp()))
        return found

    def _check_origin(self, headers: Mapping[bytes, list[bytes]]) -> None:
        """Refuse a request that a page of another site made with this browser's cookie, except following a link.

        Raises Unauthenticated: to that page, the person is a stranger. Browsers set these headers, pages cannot.
        """
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        is_link = headers.get(b"sec-fetch-mode") == [b"navigate"] and headers.get(b"sec-fetch-dest") == [b"document"]
        is_foreign = (origin is not None and origin != [self._origin]) or (
            site is not None and site not in ([b"same-origin"], [b"none"]) and not (is_link and origin is None)
        )
        if is_foreign:
            raise Unauthenticated(
                "the session's cookie was sent by a page of another site",
                next_step="open the hub's own page; the operator checks that HUB_PUBLIC_URL is the address people use",
            )


class OpenAuthenticator:
    """Takes every caller for one principal with every role: HUB_ACCESS=off, on a loopback address only."""

    def __init__(self) -> None:
        self.everyone = Principal(
            id="local|anyone",
            display_name="anyone on this machine",
            is_person=True,
            client_kind=None,
            roles=frozenset(Role),
            offices=frozenset(),
            acting_app=None,
            scopes=frozenset(),
            expires_at=LAST_EXPIRY,
        )

    async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
        """Return the one principal."""
        return self.everyone

    def recall_principal(self, authorization: bytes) -> Principal | None:
        """None: there is nothing to check."""
        return None


def _read_bearer(value: bytes) -> bytes:
    """Return the credential of an Authorization header. Raises Unauthenticated, AmbiguousCredentials, TokenInvalid."""
    if value[:7].lower() != b"bearer ":
        raise Unauthenticated("the Authorization header has another scheme than Bearer", next_step=SEND_TOKEN)
    credential = value[7:].strip(b" ")
    if b"," in credential or b" " in credential:
        raise AmbiguousCredentials("the Authorization header has more than one token", next_step=SEND_TOKEN)
    if not credential:
        raise Unauthenticated("the Authorization header has no token", next_step=SEND_TOKEN)
    if len(credential) > MAX_TOKEN_BYTES:
        raise TokenInvalid(
            f"the token has more than {MAX_TOKEN_BYTES:,} bytes",
            next_step="reduce the roles and claims that the identity provider puts into it",
        )
    return credential
