"""The difference between two prefills of a dossier, answer by answer. Pure: both are the JSON of prefills.

Two answers are the same one if requirement, role, subject and item agree. Subjects are told apart by their place among those of
their role, so that a merge, which gives a person another id, does not look like another person.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hub.snapshots.canonical import canonical_bytes

Json = Mapping[str, Any]
HELD = "HELD"
VALUE_ORIGIN = frozenset(
    {"recordId", "field", "source", "asOf", "linkStatus", "display", "losingValues", "corrections"}
)
"""Keys of a value that say where it is from. A value confirmed anew, or taken from another record, is the same value."""
AnswerKey = tuple[str, str | None, int, tuple[tuple[str, str], ...], int]
"""Requirement, role, number of the subject in the role, list and key of each item, and a count where all of these agree."""


class ChangeKind(Enum):
    """How an answer differs from the one before."""

    UNCHANGED = "UNCHANGED"
    CHANGED = "CHANGED"
    GAINED = "GAINED"
    LOST = "LOST"
    STATUS_CHANGED = "STATUS_CHANGED"


CHANGE_MEANINGS: Mapping[ChangeKind, str] = {
    ChangeKind.UNCHANGED: "Same status, reasons and values.",
    ChangeKind.CHANGED: "Same status, other values or reasons.",
    ChangeKind.GAINED: "Held now, and was not.",
    ChangeKind.LOST: "Was held, and is not any more.",
    ChangeKind.STATUS_CHANGED: "Another status, held neither then nor now. An answer that is only in one of them has no status in the other.",
}


@dataclass(frozen=True)
class AnswerChange:
    """How one answer differs. `before` and `now` are statuses, None if there was or is no such answer; `items` are keys of list items."""

    requirement: str
    label: Mapping[str, str]
    role: str | None
    items: tuple[str, ...]
    kind: ChangeKind
    before: str | None
    now: str | None


@dataclass(frozen=True)
class PrefillDifference:
    """Every answer of both prefills once, in the order of the form; and the blocking facts that are in one of them only."""

    changes: tuple[AnswerChange, ...]
    new_blocks: tuple[Json, ...]
    ended_blocks: tuple[Json, ...]

    def count(self) -> Mapping[str, int]:
        """How many answers there are of each kind of change."""
        found = Counter(change.kind.value for change in self.changes)
        return {kind.value: found[kind.value] for kind in ChangeKind}


def compare_prefills(before: Json, now: Json) -> PrefillDifference:
    """The difference. Both have `subjects`, `answers` and `blockedBy` as `as_json` gives them."""
    earlier, later = dict(_key_answers(before)), dict(_key_answers(now))
    keys = [*later, *(key for key in earlier if key not in later)]
    old_blocks, new_blocks = _key_blocks(before), _key_blocks(now)
    return PrefillDifference(
        tuple(_compare(earlier.get(key), later.get(key)) for key in keys),
        tuple(block for key, block in new_blocks.items() if key not in old_blocks),
        tuple(block for key, block in old_blocks.items() if key not in new_blocks),
    )


def classify_change(before: Json | None, now: Json | None) -> ChangeKind:
    """How an answer differs from the one before; None if there is none."""
    was, is_now = None if before is None else before["status"], None if now is None else now["status"]
    if was != is_now:
        if is_now == HELD:
            return ChangeKind.GAINED
        return ChangeKind.LOST if was == HELD else ChangeKind.STATUS_CHANGED
    if before is None or now is None or _content(before) == _content(now):
        return ChangeKind.UNCHANGED
    return ChangeKind.CHANGED


def _compare(before: Json | None, now: Json | None) -> AnswerChange:
    shown = now or before
    assert shown is not None  # a key is one of an answer
    return AnswerChange(
        requirement=shown["requirement"]["code"],
        label=shown["requirement"]["label"],
        role=shown["role"],
        items=tuple(item["key"] for item in shown["items"]),
        kind=classify_change(before, now),
        before=None if before is None else before["status"],
        now=None if now is None else now["status"],
    )


def _content(answer: Json) -> tuple[Any, ...]:
    """What an answer says, without where and when it was read. The order of values says nothing."""
    values = sorted(
        canonical_bytes({k: v for k, v in value.items() if k not in VALUE_ORIGIN}) for value in answer["values"]
    )
    lost = sorted((one["kind"], one["text"]) for value in answer["values"] for one in value["losingValues"])
    none = answer["none"] and answer["none"]["label"]
    return tuple(answer["reasons"]), values, lost, none


def _key_answers(prefill: Json) -> Iterator[tuple[AnswerKey, Json]]:
    places = _number_subjects(prefill["subjects"])
    seen: Counter[Any] = Counter()
    for answer in prefill["answers"]:
        role = answer["role"]
        items = tuple((item["requirement"], item["key"]) for item in answer["items"])
        key = (answer["requirement"]["code"], role, places.get((role, answer["subjectId"]), 0), items)
        yield (*key, seen[key]), answer
        seen[key] += 1


def _number_subjects(subjects: Sequence[Json]) -> Mapping[tuple[str | None, str | None], int]:
    """Role and id of each subject → its number among the subjects of the role, in the order of the dossier."""
    counted: Counter[str] = Counter()
    found: dict[tuple[str | None, str | None], int] = {}
    for subject in subjects:
        found.setdefault((subject["role"], subject["id"]), counted[subject["role"]])
        counted[subject["role"]] += 1
    return found


def _key_blocks(prefill: Json) -> Mapping[tuple[Any, ...], Json]:
    return {
        (block["code"], block["role"], block["requirement"], tuple(item["key"] for item in block["items"])): block
        for block in prefill["blockedBy"]
    }
