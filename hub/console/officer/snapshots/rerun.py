"""Kept prefills, and how today differs from one of them, in words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.console import words
from hub.console.officer.sheet import SheetBlock, SheetNames
from schema.core import Label

SHOWN_OF_DIGEST = 16
UNCHANGED = "UNCHANGED"


@dataclass(frozen=True)
class KeptSheet:
    """A snapshot as the list shows it. `forgotten` is when its values were deleted; empty while they are there."""

    id: str
    at: str
    occasion: Label
    digest: str
    forgotten: str


@dataclass(frozen=True)
class ChangedAnswer:
    """An answer that differs. `before` and `now` are its statuses, None if there was or is no such answer."""

    label: Label
    party: Label | None
    items: tuple[str, ...]
    kind: str
    words: Label
    before: Label | None
    now: Label | None


@dataclass(frozen=True)
class SheetDifference:
    """How today differs from a snapshot. Unless `choices_hold`, what had been chosen is gone, and every item was answered."""

    at: str
    choices_hold: bool
    changes: tuple[ChangedAnswer, ...]
    unchanged: int
    new_blocks: tuple[SheetBlock, ...]
    ended_blocks: tuple[SheetBlock, ...]


def read_kept(node: Mapping[str, Any]) -> KeptSheet:
    """A node of `prefillSnapshots`."""
    return KeptSheet(
        node["id"],
        words.show_instant(node["at"]),
        words.OCCASION_WORDS[node["occasion"]],
        node["digest"][:SHOWN_OF_DIGEST],
        words.show_instant(node["forgottenAt"]),
    )


def read_difference(snapshot: Mapping[str, Any], names: SheetNames) -> SheetDifference:
    """The data of `prefillSnapshot` with its rerun."""
    rerun = snapshot["rerun"]
    changes = tuple(_read_change(one, names) for one in rerun["changes"] if one["kind"] != UNCHANGED)
    return SheetDifference(
        at=words.show_instant(snapshot["at"]),
        choices_hold=rerun["choicesHold"],
        changes=changes,
        unchanged=len(rerun["changes"]) - len(changes),
        new_blocks=tuple(_read_block(one, names) for one in rerun["newBlocks"]),
        ended_blocks=tuple(_read_block(one, names) for one in rerun["endedBlocks"]),
    )


def _read_change(change: Mapping[str, Any], names: SheetNames) -> ChangedAnswer:
    return ChangedAnswer(
        label=Label(change["label"]["vi"], change["label"]["en"]),
        party=names.role(change["role"]),
        items=tuple(change["items"]),
        kind=change["kind"],
        words=words.CHANGE_WORDS[change["kind"]],
        before=words.STATUS_WORDS.get(change["before"]),
        now=words.STATUS_WORDS.get(change["now"]),
    )


def _read_block(block: Mapping[str, Any], names: SheetNames) -> SheetBlock:
    return SheetBlock(Label(block["label"]["vi"], block["label"]["en"]), names.role(block["role"]), block["sure"])
