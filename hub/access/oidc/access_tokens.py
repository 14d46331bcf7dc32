"""Checking access tokens and ID tokens: JSON Web Tokens signed by the identity provider.

Sources: RFC 7519 (JWT), RFC 8725 (best current practices for JWT), RFC 9068 (access tokens), OpenID Connect Core §3.1.3.7.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from hub.access.callers.principals import Principal, TokenExpired, TokenInvalid
from hub.access.oidc.claims import ClaimNames, check_depth, read_principal
from hub.access.oidc.provider import ALGORITHM_KEYS, KeySource
from hub.errors import HubMisconfigured

MAX_TOKEN_BYTES = 8_192
"""Keycloak's tokens have about 1,200; servers in between often cut headers at 8 kB."""
MAX_HEADER_BYTES = 1_024
MAX_LIFETIME_S = 600
"""Longest `exp` − `iat` of an access token: nobody can take a token back, so it must end soon."""
CLOCK_SKEW_S = 30
"""How far the provider's clock may be from ours."""
MAX_KID_CHARS = 256
HEADER_NAMES = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""Header parameters that a token may have. Those that bring or point to a key (jwk, jku, x5c, x5u), nest tokens (cty) or change
how the signature is computed (crit, b64, zip) are refused."""
ACCESS_TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
ID_TOKEN_TYPES = frozenset({"jwt"})
LOGOUT_TOKEN_TYPES = frozenset({"jwt", "logout+jwt"})
EXAMPLE = "send a JWT that the identity provider signed: three parts of base64url, separated by dots"


class _SignatureRegistry(JWSRegistry):
    """joserfc's rules with our limits, and without its warning that `EdDSA` is an older name of `Ed25519`."""

    max_header_length = MAX_HEADER_BYTES
    max_payload_length = MAX_TOKEN_BYTES

    def get_alg(self, name: str) -> Any:
        """Return an allowed algorithm; the others do not exist here."""
        if not self.allowed or name not in self.allowed:
            raise TokenInvalid("the token's algorithm is not accepted")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say to be accepted here."""

    issuer: str
    audience: str
    algorithms: frozenset[str]
    types: frozenset[str] = ACCESS_TOKEN_TYPES
    max_lifetime_s: int | None = MAX_LIFETIME_S
    """None: any lifetime. An ID token is read once, when it arrives."""


class TokenChecker:
    """Checks tokens by the provider's keys. Holds no state of its own."""

    def __init__(self, rules: TokenRules, keys: KeySource, *, clock: Callable[[], float] = time.time) -> None:
        self.rules = rules
        self.keys = keys
        self._clock = clock
        self._registry = _SignatureRegistry(algorithms=sorted(rules.algorithms))

    async def principal(self, token: bytes, names: ClaimNames) -> Principal:
        """Return who a token stands for. Raises TokenInvalid, TokenExpired, IdentityProviderUnavailable."""
        return read_principal(await self.claims(token), names)

    async def claims(self, token: bytes) -> Mapping[str, Any]:
        """Return the claims of a valid token. Raises TokenInvalid, TokenExpired, IdentityProviderUnavailable."""
        header = read_header(token, self.rules)
        key = await self.keys.find_key(header.get("kid"), header["alg"])
        if key is None:
            raise TokenInvalid(
                "the token is signed with a key that the identity provider does not publish",
                next_step="get a new token; if it happens again, check that token and hub have the same issuer",
            )
        try:
            claims = jwt.decode(token, key, registry=self._registry).claims
        except (JoseError, ValueError, RecursionError):
            raise TokenInvalid("the token's signature does not match", next_step=EXAMPLE) from None
        check_depth(claims)
        self._check_claims(claims)
        return claims

    def _check_claims(self, claims: dict[str, Any]) -> None:
        rules = self.rules
        registry = JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=CLOCK_SKEW_S,
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True, "value": rules.audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise TokenExpired(next_step="get a new token from the identity provider") from None
        except ClaimError as error:
            raise _refuse_claim(error.claim, rules) from None
        lifetime_s = claims["exp"] - claims["iat"]
        if rules.max_lifetime_s is not None and not 0 < lifetime_s <= rules.max_lifetime_s:
            raise TokenInvalid(
                f"the token is valid for {lifetime_s:.0f} s, and at most {rules.max_lifetime_s} s are accepted",
                next_step="shorten the access token lifespan at the identity provider to 10 minutes or less",
            )


def read_header(token: bytes, rules: TokenRules) -> Mapping[str, Any]:
    """Return the header of a token, which is not verified yet. Raises TokenInvalid."""
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenInvalid(
            f"the token has more than {MAX_TOKEN_BYTES:,} bytes",
            next_step="reduce the roles and claims that the identity provider puts into it",
        )
    parts = token.split(b".")
    if len(parts) == 5:
        raise TokenInvalid("the token is encrypted (JWE)", next_step="set up the provider to sign tokens only")
    if len(parts) != 3 or not all(parts[:2]):
        raise TokenInvalid("the token is not a signed JWT", next_step=EXAMPLE)
    if len(parts[0]) > MAX_HEADER_BYTES:
        raise TokenInvalid(f"the token's header has more than {MAX_HEADER_BYTES:,} bytes", next_step=EXAMPLE)
    try:
        header = orjson.loads(urlsafe_b64decode(parts[0]))
    except ValueError:
        raise TokenInvalid("the token's header is not JSON in base64url", next_step=EXAMPLE) from None
    if not isinstance(header, dict):
        raise TokenInvalid("the token's header is not a JSON object", next_step=EXAMPLE)
    _check_header(header, rules)
    return header


def _check_header(header: Mapping[str, Any], rules: TokenRules) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        raise TokenInvalid(
            f"the token's algorithm is not one of {', '.join(sorted(rules.algorithms))}",
            next_step="set the signature algorithm of access tokens at the provider, or HUB_OIDC_ALGORITHMS",
        )
    if not header.keys() <= HEADER_NAMES:
        raise TokenInvalid(
            f"the token's header has other parameters than {', '.join(sorted(HEADER_NAMES))}",
            next_step="set up the provider to send none that carry or point to keys, or that are critical",
        )
    kid, token_type = header.get("kid"), header.get("typ", "jwt")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KID_CHARS):
        raise TokenInvalid(f"the token's kid must be a text of 1 to {MAX_KID_CHARS} characters", next_step=EXAMPLE)
    if not isinstance(token_type, str) or token_type.lower() not in rules.types:
        raise TokenInvalid(
            f"the token's typ is not one of {', '.join(sorted(rules.types))}",
            next_step="send the access token, not a refresh token or another kind",
        )


def _refuse_claim(claim: str, rules: TokenRules) -> TokenInvalid:
    expected = {
        "iss": (f"must be {rules.issuer}", "get the token from the issuer that HUB_OIDC_ISSUER names"),
        "aud": (f"must name {rules.audience}", "add the audience HUB_OIDC_AUDIENCE to the client at the provider"),
        "iat": ("is absent or in the future", "check the clocks of the provider and the hub"),
        "nbf": ("is in the future", "check the clocks of the provider and the hub"),
    }
    first = claim.split(",")[0]
    said, step = expected.get(first, ("is absent or malformed", "get a new token from the identity provider"))
    return TokenInvalid(f"the token's claim {first} {said}", next_step=step)


def parse_algorithms(text: str) -> frozenset[str]:
    """Return the algorithms of HUB_OIDC_ALGORITHMS. Raises HubMisconfigured for one that is unsafe or unknown."""
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    unknown: Collection[str] = sorted(names - ALGORITHM_KEYS.keys())
    if unknown or not names:
        raise HubMisconfigured(
            f"HUB_OIDC_ALGORITHMS: {', '.join(unknown) or 'no algorithm'} is not accepted",
            next_step=f"name those that the provider signs with, of {', '.join(ALGORITHM_KEYS)}",
        )
    return names
