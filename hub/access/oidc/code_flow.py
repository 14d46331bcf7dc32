"""Signing people in: the authorization code flow with PKCE, state and nonce.

Sources: OpenID Connect Core §3.1, RFC 7636 (PKCE), RFC 9207 (issuer in the answer), RP-Initiated Logout 1.0, Back-Channel Logout 1.0.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import orjson

from hub.access.callers.principals import ClientKind, IdentityProviderUnavailable, Principal
from hub.access.oidc.access_tokens import ID_TOKEN_TYPES, LOGOUT_TOKEN_TYPES, TokenChecker, TokenRules
from hub.access.oidc.claims import ClaimNames, read_principal
from hub.access.oidc.provider import FETCH_TIMEOUT_S, MAX_ANSWER_BYTES, UNAVAILABLE_STEP, IdentityProvider
from hub.errors import OperationRefused

LOG = logging.getLogger("hub.access")
PENDING_S = 600
"""How long a person may take to sign in at the provider."""
RANDOM_BYTES = 32
RANDOM_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")
LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,499}")
"""A path of our own to return to: `//host` and `/\\host` would leave the site."""
MAX_CODE_CHARS = 2_000
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
ERROR_CODE = re.compile(r"[a-z_]{1,60}")


class SignInFailed(OperationRefused):
    """Signing in failed."""

    code = "SIGN_IN_FAILED"


class SignOutRefused(OperationRefused):
    """The provider's message that a person signed out cannot be read."""

    code = "SIGN_OUT_REFUSED"


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """What the browser keeps, in a cookie that scripts cannot read, while the person is at the provider."""

    state: str
    nonce: str
    verifier: str
    return_to: str

    @classmethod
    def new(cls, return_to: str) -> "PendingSignIn":
        """Return new random values. A path that is not our own becomes `/`."""
        path = return_to if LOCAL_PATH.fullmatch(return_to) else "/"
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        return cls(state, nonce, verifier, path)

    @classmethod
    def from_cookie(cls, cookie: str) -> "PendingSignIn | None":
        """Return what a cookie holds; None if it is malformed."""
        parts = cookie.split("~", 3)
        if len(parts) != 4 or not all(RANDOM_TEXT.fullmatch(part) for part in parts[:3]):
            return None
        path = _unquote_path(parts[3])
        return cls(parts[0], parts[1], parts[2], path if LOCAL_PATH.fullmatch(path) else "/")

    def to_cookie(self) -> str:
        """Return the value of the cookie."""
        path = base64.urlsafe_b64encode(self.return_to.encode()).decode().rstrip("=")
        return "~".join((self.state, self.nonce, self.verifier, path))


@dataclass(frozen=True, slots=True)
class VerifiedSignIn:
    """Who signed in, and the token that says so."""

    principal: Principal
    id_token: str


@dataclass(frozen=True, slots=True)
class WebClient:
    """How the hub's pages are registered at the provider."""

    client_id: str
    client_secret: str | None
    redirect_uri: str
    scopes: str


class CodeFlow:
    """Signs people in at one provider."""

    def __init__(
        self, provider: IdentityProvider, client: WebClient, names: ClaimNames, algorithms: frozenset[str]
    ) -> None:
        self.provider = provider
        self.client = client
        self.names = names
        rules = TokenRules(provider.issuer, client.client_id, algorithms, ID_TOKEN_TYPES, max_lifetime_s=None)
        self.id_tokens = TokenChecker(rules, provider)
        self.logout_tokens = TokenChecker(replace(rules, types=LOGOUT_TOKEN_TYPES), provider)

    async def begin(self, pending: PendingSignIn) -> str:
        """Return the provider's address to send the browser to. Raises IdentityProviderUnavailable, SignInFailed."""
        metadata = await self.provider.metadata()
        if metadata.authorization_endpoint is None or metadata.token_endpoint is None:
            raise SignInFailed(
                "the identity provider does not offer the authorization code flow",
                next_step="the operator turns on the standard flow of the hub's client",
            )
        challenge = hashlib.sha256(pending.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{metadata.authorization_endpoint}?{urlencode(parameters)}"

    async def finish(self, pending: PendingSignIn, answer: Mapping[str, str]) -> VerifiedSignIn:
        """Exchange the code of an authorization answer. Raises SignInFailed, AuthenticationRefused."""
        metadata = await self.provider.metadata()
        if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise SignInFailed("the answer is not to a sign-in that this browser began", next_step="sign in again")
        if ("iss" in answer or metadata.sends_issuer) and answer.get("iss") != self.provider.issuer:
            raise SignInFailed("the answer is from another identity provider", next_step="sign in again")
        if "error" in answer:
            raise SignInFailed(
                f"the identity provider refused: {_read_error(answer['error'])}",
                next_step="sign in again, or ask the operator whether your account may use the hub",
            )
        code = answer.get("code", "")
        if not 0 < len(code) <= MAX_CODE_CHARS:
            raise SignInFailed("the answer has no code", next_step="sign in again")
        assert metadata.token_endpoint is not None
        return await self._read_id_token(await self._exchange(metadata.token_endpoint, code, pending), pending)

    async def sign_out_url(self, id_token: str | None, return_to: str) -> str | None:
        """Return where the browser goes to end the provider's session too; None if the provider has no such page."""
        endpoint = (await self.provider.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        parameters = {"client_id": self.client.client_id, "post_logout_redirect_uri": return_to}
        if id_token is not None:
            parameters["id_token_hint"] = id_token
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(parameters)}"

    async def read_logout_token(self, token: bytes) -> str:
        """Return the id of the principal whom the provider signed out. Raises SignOutRefused, AuthenticationRefused.

        A token that is sent twice ends sessions that have ended, so it need not be remembered.
        """
        claims = await self.logout_tokens.claims(token)
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
            raise SignOutRefused(
                "the token does not say that a person signed out",
                next_step=f"send a logout token: events has {LOGOUT_EVENT}, and there is no nonce",
            )
        return f"{claims['iss']}|{claims['sub']}"

    async def _exchange(self, endpoint: str, code: str, pending: PendingSignIn) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": pending.verifier,
            "client_id": self.client.client_id,
        }
        auth = None
        if self.client.client_secret is not None:
            # RFC 6749 §2.3.1: both are form-encoded before they are joined.
            auth = httpx2.BasicAuth(quote(self.client.client_id, safe=""), quote(self.client.client_secret, safe=""))
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                request = self.provider.http.build_request("POST", endpoint, data=form)
                response = await self.provider.http.send(request, auth=auth, stream=True)
                try:
                    return await _read_answer(response)
                finally:
                    await response.aclose()
        except (httpx2.HTTPError, TimeoutError) as error:
            LOG.warning("identity provider: no token for a code: %s", type(error).__name__)
            raise IdentityProviderUnavailable(next_step=UNAVAILABLE_STEP) from None

    async def _read_id_token(self, answer: Mapping[str, Any], pending: PendingSignIn) -> VerifiedSignIn:
        id_token = answer.get("id_token")
        if not isinstance(id_token, str) or not id_token.isascii():
            raise SignInFailed("the identity provider sent no ID token", next_step="the operator adds the scope openid")
        claims = await self.id_tokens.claims(id_token.encode())
        if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(
            claims["nonce"].encode(), pending.nonce.encode()
        ):
            raise SignInFailed("the ID token is not for this sign-in", next_step="sign in again")
        if claims.get("azp", self.client.client_id) != self.client.client_id:
            raise SignInFailed("the ID token was issued to another client", next_step="sign in again")
        principal = read_principal(claims, self.names)
        if principal.client_kind is ClientKind.APP:
            raise SignInFailed("apps do not sign in to pages", next_step="send an access token with each request")
        return VerifiedSignIn(principal, id_token)


async def _read_answer(response: httpx2.Response) -> Mapping[str, Any]:
    """Return what the token endpoint answered. Raises SignInFailed, IdentityProviderUnavailable."""
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise IdentityProviderUnavailable(f"the token endpoint answered with more than {MAX_ANSWER_BYTES:,} bytes")
    try:
        found = orjson.loads(body)
    except ValueError:
        found = None
    if response.status_code >= 500 or not isinstance(found, dict):
        raise IdentityProviderUnavailable(next_step=UNAVAILABLE_STEP)
    if response.status_code != 200:
        raise SignInFailed(
            f"the identity provider did not accept the code: {_read_error(found.get('error'))}",
            next_step="sign in again; if it happens each time, the operator checks HUB_OIDC_CLIENT_ID and HUB_OIDC_CLIENT_SECRET",
        )
    return found


def _read_error(given: object) -> str:
    """Return an error code of RFC 6749, such as access_denied; the provider's own sentences may name people."""
    return given if isinstance(given, str) and ERROR_CODE.fullmatch(given) else "without a reason"


def _unquote_path(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return "/"
