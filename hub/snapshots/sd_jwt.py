"""SD-JWT (RFC 9901) as SD-JWT VC uses it: claims that their holder can leave out, signed by their digests. Flat claims, no key binding.

    <header>.<payload with _sd>.<signature>~<disclosure>~<disclosure>~

A disclosure is base64url of `[salt, name, value]`; the payload has its SHA-256. Without a salt of 128 bits a left-out value could be guessed.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from hub.ledger.checkpoints.signing_keys import SigningKey

ALGORITHM, TYPE = "Ed25519", "dc+sd-jwt"
SALT_BYTES = 16
MAX_DISCLOSURES = 1_000
RESERVED = frozenset({"_sd", "...", "_sd_alg"})


def issue_sd_jwt(claims: Mapping[str, Any], hidden: Mapping[str, Any], key: SigningKey) -> str:
    """A token with `claims` for everybody, and `hidden` ones that its holder can leave out."""
    disclosures = [_encode([_make_salt(), name, value]) for name, value in hidden.items()]
    payload = {**claims, "_sd": sorted(_digest(one) for one in disclosures), "_sd_alg": "sha-256"}
    header = {"alg": ALGORITHM, "kid": key.id, "typ": TYPE}
    token = jws.serialize_compact(header, orjson.dumps(payload), key.as_jwk(), registry=_registry())
    return "~".join([token, *disclosures, ""])


def read_sd_jwt(text: str, public: bytes) -> dict[str, Any] | None:
    """The claims, disclosed ones included; None if the owner of this public key has not signed them.

    Raises ValueError if it has not the form of one, or a disclosure is not among the signed digests, doubled, or takes a claim's name.
    """
    token, *disclosures = text.split("~")
    if not disclosures or disclosures.pop() != "" or len(disclosures) > MAX_DISCLOSURES:
        raise ValueError("not an SD-JWT")
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(public).decode()})
    try:
        signed = jws.deserialize_compact(token, key, registry=_registry())
    except (JoseError, ValueError):
        return None
    if signed.headers().get("typ") != TYPE:
        return None
    claims = orjson.loads(signed.payload)
    digests = set(claims.pop("_sd"))
    if claims.pop("_sd_alg") != "sha-256":
        raise ValueError("another digest")
    for one in disclosures:
        digest = _digest(one)
        if digest not in digests:
            raise ValueError("a disclosure that was not signed")
        digests.remove(digest)
        _, name, value = orjson.loads(urlsafe_b64decode(one.encode()))
        if name in claims or name in RESERVED:
            raise ValueError("a disclosure takes the name of a claim")
        claims[name] = value
    return dict(claims)


def _make_salt() -> str:
    return urlsafe_b64encode(secrets.token_bytes(SALT_BYTES)).decode()


def _encode(disclosure: list[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(disclosure)).decode()


def _digest(disclosure: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(disclosure.encode("ascii")).digest()).decode()


def _registry() -> JWSRegistry:
    return JWSRegistry(algorithms=[ALGORITHM])
