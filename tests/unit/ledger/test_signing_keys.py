"""Signing keys: files that others may read are refused, and a key is followed by one that it signed."""

import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.document import SIGNED_PREFIX, ChainHead, CheckpointKind, LastCheckpoint, make_checkpoint
from hub.ledger.checkpoints.signing_keys import (
    ENDORSED_PREFIX,
    create_signing_key,
    is_signed_by,
    key_id,
    load_public_keys,
    load_signing_key,
)


def test_a_key_is_for_its_owner_alone_and_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    made = create_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_signing_key(path).id == made.id == key_id(made.public)
    assert load_public_keys([tmp_path / "ledger.pem.pub"]) == {made.id: made.public}
    assert str(made.public.hex()) not in repr(made)


def test_openssl_makes_a_key_too(tmp_path: Path) -> None:
    path = tmp_path / "openssl.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True, timeout=30)
    path.chmod(0o600)
    assert len(load_signing_key(path).public) == 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ledger.pem"
    create_signing_key(path)
    path.chmod(mode)
    with pytest.raises(HubMisconfigured, match="chmod 600"):
        load_signing_key(path)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    with pytest.raises(HubMisconfigured, match="hub ledger keys new"):
        load_signing_key(path)
    path.write_text("-----BEGIN PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(HubMisconfigured, match="Ed25519"):
        load_signing_key(path)
    with pytest.raises(HubMisconfigured, match="public key"):
        load_public_keys([path])
    with pytest.raises(HubMisconfigured, match="does not exist"):
        create_signing_key(path)


def test_the_next_key_is_endorsed_by_the_one_before(tmp_path: Path) -> None:
    first = create_signing_key(tmp_path / "first.pem")
    create_signing_key(tmp_path / "second.pem", endorsed_by=first)
    second = load_signing_key(tmp_path / "second.pem")
    assert second.endorsement is not None
    assert (second.endorsement.by, second.endorsement.public) == (first.id, second.public)
    assert is_signed_by(first.public, ENDORSED_PREFIX + second.public, second.endorsement.signature)
    assert not is_signed_by(second.public, ENDORSED_PREFIX + second.public, second.endorsement.signature)


def test_a_checkpoint_is_signed_with_its_prefix(tmp_path: Path) -> None:
    key = create_signing_key(tmp_path / "ledger.pem")
    head = ChainHead(UUID(int=7), 3, bytes(32))
    made = make_checkpoint(LastCheckpoint(), datetime(2026, 11, 28, tzinfo=UTC), CheckpointKind.HEADS, [head], key)
    assert made.signature is not None
    assert is_signed_by(key.public, SIGNED_PREFIX + made.document, made.signature)
    assert not is_signed_by(key.public, made.document, made.signature)
    assert (made.number, made.body["previous"], made.body["key"]) == (0, "00" * 32, key.id)
