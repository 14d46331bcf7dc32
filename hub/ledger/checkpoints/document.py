"""The document of a checkpoint, as the bytes that are stored, hashed, signed and given to witnesses.

A document is JSON: its number, the hash of the document before it, and the Merkle root over the heads of the chains that are open or moved
since. The heads themselves are kept beside it. It names no person and nothing that was read.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson

from hub.ledger.checkpoints.merkle import merkle_root
from hub.ledger.checkpoints.signing_keys import SigningKey
from hub.ledger.writing.records import HASH_BYTES, NO_RECORD, NUMBER_BYTES

FORMAT = 1
EPOCH_BYTES = 16
HEAD_BYTES = EPOCH_BYTES + NUMBER_BYTES + HASH_BYTES
SIGNED_PREFIX = b"hub-ledger-checkpoint-1\n"
"""Prefix of the signed bytes, so that no other signature of the key can be passed off as one of a checkpoint."""


class CheckpointKind(StrEnum):
    """Why a checkpoint was made."""

    HEADS = "HEADS"
    """Chains have moved."""
    HEARTBEAT = "HEARTBEAT"
    """Nothing has moved for some time: the silence itself is written down."""
    KEY = "KEY"
    """A key signs for the first time. `details` has it, and the signature of the key before it."""
    MONTH = "MONTH"
    """A month is closed: the heads are the last of all its chains. `details` has the month."""
    RESTORED = "RESTORED"
    """A backup was restored: the numbers that are left out were of checkpoints that are lost."""


@dataclass(frozen=True, order=True)
class ChainHead:
    """The last record of a chain: its number, and its hash of 32 bytes."""

    epoch: UUID
    number: int
    hash: bytes

    def encode(self) -> bytes:
        """A leaf of the tree. HEAD_BYTES bytes."""
        return self.epoch.bytes + self.number.to_bytes(NUMBER_BYTES, "big") + self.hash


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it is stored. `signature` is None if the hub had no key."""

    number: int
    document: bytes
    heads: bytes
    signature: bytes | None

    @property
    def hash(self) -> bytes:
        """The hash of the document: the next one names it. 32 bytes."""
        return hashlib.sha256(self.document).digest()

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON. Raises ValueError if it is none."""
        found = orjson.loads(self.document)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        return found

    @property
    def leaves(self) -> list[bytes]:
        """The heads as leaves of the tree, in their order."""
        return [self.heads[start : start + HEAD_BYTES] for start in range(0, len(self.heads), HEAD_BYTES)]


@dataclass(frozen=True)
class LastCheckpoint:
    """What the next checkpoint follows: number and hash of the last one; -1 and zeros before the first."""

    number: int = -1
    hash: bytes = NO_RECORD


def make_checkpoint(
    after: LastCheckpoint,
    at: datetime,
    kind: CheckpointKind,
    heads: Iterable[ChainHead],
    key: SigningKey | None,
    *,
    details: Mapping[str, Any] | None = None,
    number: int | None = None,
) -> Checkpoint:
    """The checkpoint that follows. `number` is given only after a backup was restored: it leaves the lost numbers out."""
    leaves = [head.encode() for head in sorted(heads)]
    number = after.number + 1 if number is None else number
    body: dict[str, Any] = {
        "format": FORMAT,
        "number": number,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": kind.value,
        "previous": after.hash.hex(),
        "root": merkle_root(leaves).hex(),
        "chains": len(leaves),
        "key": key.id if key else None,
    }
    document = orjson.dumps(body | ({"details": dict(details)} if details else {}))
    signature = key.sign(SIGNED_PREFIX + document) if key else None
    return Checkpoint(number, document, b"".join(leaves), signature)


def decode_head(leaf: bytes) -> ChainHead:
    """The head that a leaf is of. Raises ValueError if it has another length."""
    if len(leaf) != HEAD_BYTES:
        raise ValueError("a head has 56 bytes")
    number = int.from_bytes(leaf[EPOCH_BYTES : EPOCH_BYTES + NUMBER_BYTES], "big")
    return ChainHead(UUID(bytes=leaf[:EPOCH_BYTES]), number, leaf[EPOCH_BYTES + NUMBER_BYTES :])
