"""The difference of two prefills: every answer once, a mirror of itself, and blind to when a value was confirmed."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.snapshots.difference import ChangeKind, classify_change, compare_prefills

STATUSES = ("HELD", "MISSING", "STALE", "UNAVAILABLE", "NOT_APPLICABLE", "ASKED_OF_CITIZEN")
MIRROR = {ChangeKind.GAINED: ChangeKind.LOST, ChangeKind.LOST: ChangeKind.GAINED}
LABEL = {"vi": "Họ và tên", "en": "Name"}


def answer(code: str, role: str | None, subject: str | None, items: list[str], status: str, texts: list[str]) -> dict[str, Any]:  # fmt: skip
    origin = {"recordId": "x", "field": "fullName", "source": "residence", "asOf": "2026-01-01T00:00:00+00:00"}
    values = [{"type": "TextAnswer", "text": text, **origin, "linkStatus": None, "losingValues": []} for text in texts]
    return {
        "requirement": {"code": code, "label": LABEL},
        "role": role,
        "subjectId": subject,
        "items": [{"requirement": "certificates", "key": key, "recordId": None} for key in items],
        "status": status,
        "reasons": [] if status == "HELD" else ["NO_RECORD"],
        "values": values,
        "none": None,
    }


def prefill(answers: list[dict[str, Any]], subjects: list[tuple[str, str | None]]) -> dict[str, Any]:
    named = [{"role": role, "entity": "Citizen", "id": number, "merged": False} for role, number in subjects]
    return {"subjects": named, "answers": answers, "blockedBy": []}


ANSWERS = st.lists(
    st.builds(
        answer,
        st.sampled_from(["name", "area"]),
        st.sampled_from([None, "seller"]),
        st.sampled_from([None, "s1", "s2"]),
        st.lists(st.sampled_from(["CH 1", "CH 2"]), max_size=1),
        st.sampled_from(STATUSES),
        st.lists(st.sampled_from(["a", "b"]), max_size=2),
    ),
    max_size=8,
)
PREFILLS = ANSWERS.map(lambda answers: prefill(answers, [("seller", "s1"), ("seller", "s2")]))


@given(PREFILLS)
def test_a_prefill_does_not_differ_from_itself(one: dict[str, Any]) -> None:
    found = compare_prefills(one, copy.deepcopy(one))
    assert {change.kind for change in found.changes} <= {ChangeKind.UNCHANGED}
    assert len(found.changes) == len(one["answers"])


@given(PREFILLS, PREFILLS)
def test_every_answer_of_both_stands_in_the_difference_once(before: dict[str, Any], now: dict[str, Any]) -> None:
    changes = compare_prefills(before, now).changes
    for side, statuses in (("before", before), ("now", now)):
        found = sorted(status for change in changes if (status := getattr(change, side)) is not None)
        assert found == sorted(one["status"] for one in statuses["answers"])
    assert sum(compare_prefills(before, now).count().values()) == len(changes)


@given(PREFILLS, PREFILLS)
def test_back_is_the_mirror_of_forth(before: dict[str, Any], now: dict[str, Any]) -> None:
    def kinds(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[Any, ...]]:
        changes = compare_prefills(one, other).changes
        return sorted((c.requirement, c.role or "", c.items, c.before or "", c.now or "", c.kind.name) for c in changes)

    back = [(*rest, now_, was, MIRROR.get(ChangeKind[kind], ChangeKind[kind]).name) for *rest, was, now_, kind in kinds(before, now)]  # fmt: skip
    assert sorted(back) == kinds(now, before)


@given(PREFILLS)
def test_a_value_that_was_only_confirmed_anew_is_unchanged(one: dict[str, Any]) -> None:
    later = copy.deepcopy(one)
    for found in later["answers"]:
        found["values"].reverse()
        for value in found["values"]:
            value |= {"asOf": "2026-02-02T00:00:00+00:00", "recordId": "y", "linkStatus": "CONFIRMED"}
    assert {change.kind for change in compare_prefills(one, later).changes} <= {ChangeKind.UNCHANGED}


def test_held_is_gained_or_lost_and_other_statuses_change() -> None:
    held, other = answer("name", None, None, [], "HELD", ["a"]), answer("name", None, None, [], "HELD", ["b"])
    missing, stale = answer("name", None, None, [], "MISSING", []), answer("name", None, None, [], "STALE", ["a"])
    assert classify_change(held, other) is ChangeKind.CHANGED
    assert classify_change(missing, held) is ChangeKind.GAINED
    assert classify_change(None, held) is ChangeKind.GAINED
    assert classify_change(held, stale) is ChangeKind.LOST
    assert classify_change(held, None) is ChangeKind.LOST
    assert classify_change(missing, stale) is ChangeKind.STATUS_CHANGED
    assert classify_change(None, missing) is ChangeKind.STATUS_CHANGED
    assert classify_change(missing, {**missing, "reasons": ["NOT_LINKED"]}) is ChangeKind.CHANGED


def test_a_merge_of_a_subject_is_not_another_subject() -> None:
    before = prefill([answer("name", "seller", "old", [], "HELD", ["a"])], [("seller", "old")])
    now = prefill([answer("name", "seller", "heir", [], "HELD", ["a"])], [("seller", "heir")])
    assert [change.kind for change in compare_prefills(before, now).changes] == [ChangeKind.UNCHANGED]


def test_blocks_that_began_and_ended_are_told_apart() -> None:
    def block(code: str) -> dict[str, Any]:
        return {"code": code, "label": LABEL, "role": None, "requirement": None, "items": [], "sure": True}

    before, now = prefill([], []), prefill([], [])
    before["blockedBy"], now["blockedBy"] = [block("a"), block("b")], [block("b"), block("c")]
    found = compare_prefills(before, now)
    assert [one["code"] for one in found.new_blocks] == ["c"]
    assert [one["code"] for one in found.ended_blocks] == ["a"]
