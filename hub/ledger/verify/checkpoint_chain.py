"""Checking the checkpoints: numbers, links, roots, signatures, and which heads they have."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from hub.ledger.checkpoints.checkpointer import HEARTBEAT
from hub.ledger.checkpoints.document import (
    HEAD_BYTES,
    SIGNED_PREFIX,
    ChainHead,
    Checkpoint,
    CheckpointKind,
    LastCheckpoint,
    decode_head,
)
from hub.ledger.checkpoints.merkle import merkle_root
from hub.ledger.checkpoints.signing_keys import ENDORSED_PREFIX, is_signed_by, key_id
from hub.ledger.verify.findings import Findings
from hub.ledger.verify.multiset import RowMixer, add_sums

SILENT_AFTER = 3 * HEARTBEAT
MIXED_AT_ONCE = 4_096


@dataclass(frozen=True)
class TrustedKeys:
    """Public keys by id that the verifier was given from outside, and keys that were stolen: id → last checkpoint that is trusted."""

    public: Mapping[str, bytes] = field(default_factory=dict)
    revoked: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RevokedKey:
    """A key that a record of the ledger says was stolen, by its id. `said_by` is that record, in words."""

    key: str
    last_trusted: int
    said_by: str


@dataclass
class MonthClosing:
    """The checkpoint that closed a month. `key` is the one that signed it, if any."""

    number: int
    epochs: list[UUID]
    key: str | None
    is_trusted: bool
    """Whether its signature is of a trusted key. A ledger without a key signs nothing: then its place among the checkpoints must do."""


@dataclass
class ClaimedHeads:
    """Heads of one chain that checkpoints have, each number once: 8 bytes of memory for each, and a sum over their hashes."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    last: ChainHead | None = None
    sum: int = 0
    _waiting: list[ChainHead] = field(default_factory=list)

    def add(self, head: ChainHead, mixer: RowMixer) -> None:
        """Take a head that is further on than the last one."""
        self.numbers.append(head.number)
        self._waiting.append(head)
        self.last = head
        if len(self._waiting) >= MIXED_AT_ONCE:
            self.settle(mixer)

    def settle(self, mixer: RowMixer) -> None:
        """Add up the accepted entries."""
        if self._waiting:
            numbers = np.array([head.number for head in self._waiting], np.int64)
            self.sum = add_sums(self.sum, mixer.sum_heads(b"".join(head.hash for head in self._waiting), numbers))
            self._waiting.clear()


class CheckpointCheck:
    """Goes over the checkpoints of a source, in order."""

    def __init__(self, trusted: TrustedKeys, mixer: RowMixer, wanted: Iterable[int] = ()) -> None:
        self.findings = Findings()
        self.claims: dict[UUID, ClaimedHeads] = {}
        self.months: dict[date, MonthClosing] = {}
        """Months that were closed."""
        self.lost: list[range] = []
        """Numbers that were lost by restoring a backup, as checkpoints say."""
        self.last = LastCheckpoint()
        self.last_at: datetime | None = None
        self.count = 0
        self.checked_signatures = 0
        self.hashes: dict[int, bytes] = {}
        """Hashes of the checkpoints that were asked for."""
        self._trusted, self._mixer, self._wanted = trusted, mixer, frozenset(wanted)
        self._keys = dict(trusted.public)
        self._signing = False
        self._signed: dict[str, list[int]] = {}
        """First and last number of each run of checkpoints that a key signed, one after the other."""
        self._endorsed: list[tuple[int, str, str]] = []
        """Numbers at which a key was introduced by one before it: the new one and that one."""

    def check(self, checkpoint: Checkpoint) -> None:
        """Check the next one."""
        self.count += 1
        where, digest = f"checkpoint {checkpoint.number}", checkpoint.hash
        if checkpoint.number in self._wanted:
            self.hashes[checkpoint.number] = digest
        try:
            body, at = checkpoint.body, datetime.fromisoformat(checkpoint.body["at"])
            if at.tzinfo is None:
                raise ValueError("no zone")
            self._check_place(checkpoint, body, where)
            is_trusted = self._check_signature(checkpoint, body, where)
            if (
                merkle_root(checkpoint.leaves).hex() != body["root"]
                or len(checkpoint.heads) != HEAD_BYTES * body["chains"]
            ):
                self.findings.add("ROOT_DIFFERS", where, "its heads do not have its root")
            elif body["kind"] == CheckpointKind.MONTH:
                self._close_month(checkpoint, body, is_trusted)
            else:
                self._claim(checkpoint, where)
            if self.last_at is not None and at - self.last_at > SILENT_AFTER:
                found = f"none was made from {self.last_at:%Y-%m-%d %H:%M} to {at:%Y-%m-%d %H:%M} UTC"
                self.findings.add("SILENCE", where, found)
            self.last_at = at
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            self.findings.add("CHECKPOINT_BROKEN", where, "it is none that the hub makes")
        self.last = LastCheckpoint(checkpoint.number, digest)

    def settle(self) -> None:
        """Add up the claims, after the last one."""
        for claimed in self.claims.values():
            claimed.settle(self._mixer)

    def _check_place(self, checkpoint: Checkpoint, body: dict[str, Any], where: str) -> None:
        if body["number"] != checkpoint.number:
            self.findings.add("CHECKPOINT_BROKEN", where, f"it says that it is number {body['number']}")
        if bytes.fromhex(body["previous"]) != self.last.hash:
            self.findings.add("CHECKPOINT_BROKEN", where, f"it does not follow checkpoint {self.last.number}")
        missing = range(self.last.number + 1, checkpoint.number)
        if not missing:
            return
        named = f"checkpoints {missing.start} to {missing.stop - 1}"
        details = body.get("details") or {}
        if body["kind"] == CheckpointKind.RESTORED and (details["lostFrom"], details["lostTo"]) == (
            missing.start,
            missing.stop - 1,
        ):
            self.lost.append(missing)
            self.findings.add("LOST_BY_RESTORE", where, f"{named} are lost")
        else:
            self.findings.add("CHECKPOINT_MISSING", where, f"{named} are missing")

    def _check_signature(self, checkpoint: Checkpoint, body: dict[str, Any], where: str) -> bool:
        """Whether it is signed by a trusted key, or by none in a ledger that signs nothing so far."""
        if body["kind"] == CheckpointKind.KEY:
            self._introduce_key(checkpoint.number, body, where)
        if body["key"] is None or checkpoint.signature is None:
            kind = "SIGNATURE_WRONG" if self._signing else "UNSIGNED"
            self.findings.add(kind, where, "it has no signature")
            return not self._signing
        self._signing = True
        public = self._keys.get(body["key"])
        if public is None:
            self.findings.add("SIGNATURE_WRONG", where, f"the key {body['key']} is not trusted")
        elif not is_signed_by(public, SIGNED_PREFIX + checkpoint.document, checkpoint.signature):
            self.findings.add("SIGNATURE_WRONG", where, f"the signature is not of the key {body['key']}")
        elif not self._is_trusted_at(body["key"], checkpoint.number):
            self.findings.add("KEY_REVOKED", where, f"the key {body['key']} was stolen")
        else:
            self.checked_signatures += 1
            runs = self._signed.setdefault(body["key"], [])
            if runs and runs[-1] == checkpoint.number - 1:
                runs[-1] = checkpoint.number
            else:
                runs += (checkpoint.number, checkpoint.number)
            return True
        return False

    def apply_revocation(self, revoked: RevokedKey) -> None:
        """Find what a stolen key signed after the last checkpoint that is trusted. Call it after the last checkpoint."""
        runs, after = self._signed.get(revoked.key, []), revoked.last_trusted
        for first, last in zip(runs[::2], runs[1::2], strict=True):
            if last > after:
                where = f"checkpoints {max(first, after + 1)} to {last}"
                self.checked_signatures -= last - max(first, after + 1) + 1
                self.findings.add("KEY_REVOKED", where, f"the key {revoked.key} was stolen, says {revoked.said_by}")
        for closing in self.months.values():
            if closing.key == revoked.key and closing.number > after:
                closing.is_trusted = False
        for number, new, before in self._endorsed:
            if before == revoked.key and number > after and new not in self._trusted.public:
                self.findings.add(
                    "KEY_NOT_ENDORSED", f"checkpoint {number}", f"the key {new} follows {before}, which was stolen"
                )

    def _introduce_key(self, number: int, body: dict[str, Any], where: str) -> None:
        details = body["details"]
        public, after = bytes.fromhex(details["public"]), details["after"]
        new = key_id(public)
        before = self._keys.get(after) if after else None
        endorsed = (
            before is not None
            and self._is_trusted_at(after, number)
            and is_signed_by(before, ENDORSED_PREFIX + public, bytes.fromhex(details.get("endorsement", "")))
        )
        if after and endorsed:
            self._endorsed.append((number, new, after))
        if new not in self._keys and (endorsed or not self._trusted.public):
            self._keys[new] = public
        if after and not endorsed and new in self._keys:
            self.findings.add("KEY_NOT_ENDORSED", where, f"the key {new} follows {after}")

    def _is_trusted_at(self, key: str, number: int) -> bool:
        return number <= self._trusted.revoked.get(key, number)

    def _close_month(self, checkpoint: Checkpoint, body: dict[str, Any], is_trusted: bool) -> None:
        heads = [decode_head(leaf) for leaf in checkpoint.leaves]
        month, known = date.fromisoformat(body["details"]["month"]), self.months
        if month not in known or (is_trusted and not known[month].is_trusted):
            epochs = [head.epoch for head in heads]
            known[month] = MonthClosing(checkpoint.number, epochs, body["key"], is_trusted)
        self._claim(checkpoint, f"checkpoint {checkpoint.number}")

    def _claim(self, checkpoint: Checkpoint, where: str) -> None:
        for head in map(decode_head, checkpoint.leaves):
            claimed = self.claims.setdefault(head.epoch, ClaimedHeads())
            last = claimed.last
            if last is not None and head.number == last.number and head.hash != last.hash:
                self.findings.add(
                    "HEAD_DIFFERS",
                    f"chain {head.epoch}",
                    f"{where} has another record {head.number} than one before it",
                )
            elif last is not None and head.number < last.number:
                self.findings.add("TAIL_MISSING", f"chain {head.epoch}", f"at {where} it was shorter than before")
            elif last is None or head.number > last.number:
                claimed.add(head, self._mixer)


def list_claims(checkpoints: Iterable[Checkpoint], epoch: UUID) -> Iterator[tuple[int, ChainHead]]:
    """Every head of one chain, with the number of its checkpoint."""
    for checkpoint in checkpoints:
        for leaf in checkpoint.leaves:
            if leaf.startswith(epoch.bytes) and len(leaf) == HEAD_BYTES:
                yield checkpoint.number, decode_head(leaf)


UNCOVERED_AFTER = timedelta(seconds=60)
"""Older records than this, when the last checkpoint was made, should be covered by one."""
