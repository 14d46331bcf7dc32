"""Tokens for tests: good ones, and ones with anything wrong, signed by real keys."""

import base64
import hmac
import json
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from hub.access.oidc.access_tokens import TokenChecker, TokenRules
from hub.access.oidc.provider import read_keys

ISSUER, AUDIENCE = "https://id.example/realms/hub", "hub"
NOW = 1_800_000_000
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
EC = ECKey.generate_key("P-256", parameters={"kid": "ec"})
OKP = OKPKey.generate_key("Ed25519", parameters={"kid": "okp"})
KEYS: dict[str, tuple[str, Any]] = {"RS256": ("rsa", RSA), "ES256": ("ec", EC), "EdDSA": ("okp", OKP)}


class PublishedKeys:
    """The public keys of the three, as a provider publishes them."""

    def __init__(self) -> None:
        self.keys = read_keys({"keys": [key.as_dict(private=False) for _, key in KEYS.values()]})

    async def find_key(self, kid: str | None, algorithm: str) -> Key | None:
        """The key of this id, whatever the algorithm: the checker has to hold against that too."""
        return next((key for key in self.keys if key.kid == kid), None)


RULES = TokenRules(ISSUER, AUDIENCE, frozenset(KEYS))
CHECKER = TokenChecker(RULES, PublishedKeys(), clock=lambda: NOW)


def claims(**changed: object) -> dict[str, Any]:
    """Claims of a good token. A value of None leaves the claim out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "iat": NOW, "exp": NOW + 300, **changed}
    return {name: value for name, value in good.items() if value is not None}


def signed(algorithm: str = "RS256", header: dict[str, Any] | None = None, **changed: object) -> bytes:
    """A token that is good but for what is changed."""
    kid, key = KEYS[algorithm]
    full = {"alg": algorithm, "kid": kid, **(header or {})}
    return encode({k: v for k, v in full.items() if v is not None}, claims(**changed), algorithm, key)


def encode(header: object, payload: object, algorithm: str, key: Any) -> bytes:
    """A token signed by an algorithm, whatever its header says. HS256 takes a secret of bytes."""
    start = b".".join(encode_part(json.dumps(part).encode()) for part in (header, payload))
    if algorithm == "HS256":
        return start + b"." + encode_part(hmac.digest(key, start, "sha256"))
    return start + b"." + encode_part(JWSRegistry.algorithms[algorithm].sign(start, key))


def encode_part(part: bytes) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=")
