"""Whatever a source can be held up by is told in Vietnamese: every rule of rejected rows, kind and grade of drift, and kind of approval."""

from typing import get_args

from hub.console.operator.rejected_groups import DRIFT_WORDS, GRADE_WORDS, KIND_WORDS, RULE_WORDS
from hub.ingest.drift.detect import DriftGrade, DriftKind
from hub.ingest.guards.approvals import ApprovalKind
from hub.ingest.quarantine.rejections import DUPLICATE_RULES
from hub.ingest.transform.check import RULE_MESSAGES, UNREADABLE_RULE


def test_every_rule_that_rejects_a_row_is_told() -> None:
    assert RULE_WORDS.keys() == {*RULE_MESSAGES, UNREADABLE_RULE, *DUPLICATE_RULES}


def test_every_kind_and_grade_of_drift_is_told() -> None:
    assert DRIFT_WORDS.keys() == set(get_args(DriftKind))
    assert GRADE_WORDS.keys() == set(get_args(DriftGrade))


def test_every_kind_of_what_waits_has_a_name() -> None:
    assert KIND_WORDS.keys() == {*get_args(DriftKind), *get_args(ApprovalKind)}
