"""Keys that sign checkpoints: Ed25519, in PEM files outside of the database, so that who owns the database cannot sign.

A key is named by its fingerprint: the first 32 hex digits of SHA-256 over the public key's 32 bytes.
"""

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64encode

from hub.errors import HubMisconfigured

KEY_ID_CHARS = 32
MAX_KEY_FILE_BYTES = 10_000
PUBLIC_SUFFIX, ENDORSEMENT_SUFFIX = ".pub", ".endorsement"
ENDORSED_PREFIX = b"hub-ledger-key-change-1\n"
"""Stands before the new public key in what the old key signs."""
MAKE_ONE = "make one: hub ledger keys new FILE"


@dataclass(frozen=True)
class KeyEndorsement:
    """The signature of the key before, by its id, over this public key of 32 bytes."""

    by: str
    public: bytes
    signature: bytes


@dataclass(frozen=True)
class SigningKey:
    """A private key, with the endorsement that lies beside its file, if there is one."""

    _private: Ed25519PrivateKey = field(repr=False)
    endorsement: KeyEndorsement | None = None

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """The fingerprint of the public key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self._private.sign(message)

    def as_jwk(self) -> OKPKey:
        """The key as joserfc takes it, for signatures of other kinds than those of checkpoints."""
        private = urlsafe_b64encode(self._private.private_bytes_raw()).decode()
        public = urlsafe_b64encode(self.public).decode()
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": public, "d": private})

    def endorse(self, public: bytes) -> KeyEndorsement:
        """This key's word that another one follows it."""
        return KeyEndorsement(self.id, public, self.sign(ENDORSED_PREFIX + public))


def key_id(public: bytes) -> str:
    """The name of a public key of 32 bytes."""
    return hashlib.sha256(public).hexdigest()[:KEY_ID_CHARS]


def is_signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def create_signing_key(path: Path, *, endorsed_by: SigningKey | None = None) -> SigningKey:
    """Make a key: `path` has the private one, for its owner alone, and `path`.pub the public one.

    With `endorsed_by`, `path`.endorsement has the signature of the key that it follows. Raises HubMisconfigured if a file is there.
    """
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    endorsement = endorsed_by.endorse(private.public_key().public_bytes_raw()) if endorsed_by else None
    _write_new(path, pem, 0o600)
    _write_new(Path(f"{path}{PUBLIC_SUFFIX}"), public, 0o644)
    if endorsement is not None:
        said = {"by": endorsement.by, "public": endorsement.public.hex(), "signature": endorsement.signature.hex()}
        _write_new(Path(f"{path}{ENDORSEMENT_SUFFIX}"), orjson.dumps(said) + b"\n", 0o644)
    return SigningKey(private, endorsement)


def load_signing_key(path: Path) -> SigningKey:
    """The key of a file. Raises HubMisconfigured if others may read the file, or if it has no Ed25519 key."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = _read(path)
    except OSError as error:
        raise HubMisconfigured(f"the signing key {path} cannot be read: {error.strerror}", next_step=MAKE_ONE) from None
    if mode & 0o077:
        raise HubMisconfigured(
            f"the signing key {path} has mode {mode:04o}: others than its owner may read or write it",
            next_step=f"chmod 600 {path}; if somebody may have read it, make another: hub ledger keys new",
        )
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise HubMisconfigured(f"{path} is not an Ed25519 private key in PEM without a password", next_step=MAKE_ONE)
    return SigningKey(private, _load_endorsement(Path(f"{path}{ENDORSEMENT_SUFFIX}")))


def describe_revoked(key: str) -> HubMisconfigured:
    """The refusal to sign with a key that was stolen."""
    return HubMisconfigured(
        f"the signing key {key} of the ledger is revoked: what it signs proves nothing",
        code="LEDGER_KEY_REVOKED",
        next_step="make another with `hub ledger keys new FILE`, set HUB_LEDGER_SIGNING_KEY, start `hub serve` again",
    )


def load_public_keys(paths: Iterable[Path]) -> dict[str, bytes]:
    """Public keys by their ids. Raises HubMisconfigured if a file has none."""
    keys = {}
    for path in paths:
        try:
            public = load_pem_public_key(_read(path))
        except (OSError, ValueError):
            public = None
        if not isinstance(public, Ed25519PublicKey):
            raise HubMisconfigured(
                f"{path} is not an Ed25519 public key in PEM",
                next_step="give the file that ends in .pub and was made with the key",
            )
        keys[key_id(public.public_bytes_raw())] = public.public_bytes_raw()
    return keys


def _load_endorsement(path: Path) -> KeyEndorsement | None:
    if not path.exists():
        return None
    try:
        said = orjson.loads(_read(path))
        return KeyEndorsement(str(said["by"]), bytes.fromhex(said["public"]), bytes.fromhex(said["signature"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise HubMisconfigured(
            f"{path} is not the endorsement of a key", next_step="make the key again: hub ledger keys rotate"
        ) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_KEY_FILE_BYTES)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise HubMisconfigured(
            f"{path} cannot be made: {error.strerror}",
            next_step="name a file that does not exist, in a folder that does",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
