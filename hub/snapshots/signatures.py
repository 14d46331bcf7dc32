"""Signatures of receipts and evidence: a detached JWS (RFC 7515, appendix F) with Ed25519 over the canonical content."""

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode

from hub.ledger.checkpoints.signing_keys import SigningKey

ALGORITHM = "Ed25519"
TYPE = "hub-receipt"
"""Stands in the signed header, so that no signature of the key over something else can pass for one of a receipt."""
MAX_SIGNATURE_CHARS = 2_000


def sign_detached(content: bytes, key: SigningKey, kind: str = TYPE) -> str:
    """The signature: protected header, nothing, signature. The same content and key give the same."""
    header = {"alg": ALGORITHM, "kid": key.id, "typ": kind}
    compact = jws.serialize_compact(header, content, key.as_jwk(), registry=_registry())
    return jws.detach_content(compact)


def is_signed_with(content: bytes, signature: str, public: bytes, kind: str = TYPE) -> bool:
    """Whether the owner of a public key of 32 bytes signed this content as a receipt, or as another `kind`."""
    if len(signature) > MAX_SIGNATURE_CHARS:
        return False
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(public).decode()})
    try:
        checked = jws.deserialize_compact(signature, key, registry=_registry(), payload=content)
    except (JoseError, ValueError):
        return False
    return checked.headers().get("typ") == kind


def _registry() -> JWSRegistry:
    return JWSRegistry(algorithms=[ALGORITHM])
