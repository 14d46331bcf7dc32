"""The ends of the chains that this process writes, until a checkpoint has them. Pure.

Which chains need a checkpoint stands in a table, and whoever owns it can take a chain out: then its end could be cut off unseen. The process
that has committed a record knows better.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from hub.ledger.checkpoints.document import ChainHead

MAX_CHAINS = 1_000
"""Chains that are waited for, about 200 bytes each: a process begins a new one only each month, and after a lost connection."""
REMEMBERED_CHECKPOINTS = 16


class HiddenHead(NamedTuple):
    """The end of a chain that this process has committed, and the last number that was found of it, if any."""

    head: ChainHead
    found: int | None


class OwnHeads:
    """Not safe for use by several threads. Times are of a clock that only goes forward, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, ChainHead] = {}
        self._since: dict[UUID, float] = {}
        self._covered: dict[UUID, int] = {}
        self._told: set[UUID] = set()
        self._recent: deque[dict[UUID, ChainHead]] = deque(maxlen=REMEMBERED_CHECKPOINTS)

    @property
    def waiting(self) -> tuple[ChainHead, ...]:
        """Ends that no checkpoint has, as far as is known."""
        return tuple(self._waiting.values())

    def note_committed(self, head: ChainHead, now: float) -> None:
        """A record was committed. It may be in a checkpoint already: the server answers one connection before another."""
        if any(_covers(heads.get(head.epoch), head) for heads in self._recent):
            return
        self._waiting[head.epoch] = head
        self._since.setdefault(head.epoch, now)
        if len(self._waiting) > MAX_CHAINS:
            self._forget(next(iter(self._waiting)))

    def note_covered(self, heads: Iterable[ChainHead], now: float) -> None:
        """A checkpoint has these heads."""
        by_epoch = {head.epoch: head for head in heads}
        self._recent.append(by_epoch)
        for epoch in by_epoch.keys() & self._waiting.keys():
            head = by_epoch[epoch]
            if _covers(head, self._waiting[epoch]):
                self._forget(epoch)
            elif head.number > self._covered.get(epoch, -1):
                self._covered[epoch], self._since[epoch] = head.number, now

    def list_overdue(self, now: float, within_s: float) -> list[HiddenHead]:
        """Chains whose end has waited for longer than this. Each chain is listed once."""
        found = [
            HiddenHead(head, self._covered.get(epoch))
            for epoch, head in self._waiting.items()
            if now - self._since[epoch] > within_s and epoch not in self._told
        ]
        self._told.update(hidden.head.epoch for hidden in found)
        return found

    def list_untold(self, hidden: Iterable[HiddenHead]) -> list[HiddenHead]:
        """Those of chains that were not listed before."""
        found = [one for one in hidden if one.head.epoch not in self._told]
        self._told.update(one.head.epoch for one in found)
        return found

    def _forget(self, epoch: UUID) -> None:
        del self._waiting[epoch], self._since[epoch]
        self._covered.pop(epoch, None)


def merge_heads(stored: Sequence[ChainHead], own: Iterable[ChainHead]) -> tuple[list[ChainHead], list[HiddenHead]]:
    """The heads that a checkpoint must have, and those of them that the tables hide or have otherwise.

    `own` must have been committed before `stored` was read.
    """
    heads, hidden = {head.epoch: head for head in stored}, []
    for head in own:
        found = heads.get(head.epoch)
        if not _covers(found, head):
            hidden.append(HiddenHead(head, None if found is None else found.number))
            heads[head.epoch] = head
    return list(heads.values()), hidden


def _covers(found: ChainHead | None, head: ChainHead) -> bool:
    return found is not None and (found.number > head.number or found == head)
