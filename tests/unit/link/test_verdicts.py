"""What a verdict must say before the store is asked."""

import pytest

from hub.errors import OperationRefused
from hub.link.decisions.verdicts import Verdict, check_verdict


def test_words_are_trimmed() -> None:
    given = check_verdict(Verdict("TaxObligation.debtor", 1, 2, "SAME", "  an ", " cùng giấy tờ\n"))
    assert (given.reviewer, given.reason) == ("an", "cùng giấy tờ")


@pytest.mark.parametrize(
    ("verdict", "reviewer", "reason", "code"),
    [
        ("MAYBE", "an", "x", "VERDICT_INVALID"),
        ("SAME", " ", "x", "REVIEWER_INVALID"),
        ("SAME", "a" * 101, "x", "REVIEWER_INVALID"),
        ("SAME", "an\nbinh", "x", "REVIEWER_INVALID"),
        ("SAME", "an", "\t", "REASON_INVALID"),
        ("SAME", "an", "x" * 1_001, "REASON_INVALID"),
        ("SAME", "an", "\0", "REASON_INVALID"),
    ],
)
def test_words_that_are_missing_or_too_long_are_refused(verdict: str, reviewer: str, reason: str, code: str) -> None:
    with pytest.raises(OperationRefused) as caught:
        check_verdict(Verdict("TaxObligation.debtor", 1, 2, verdict, reviewer, reason))  # type: ignore[arg-type]  # the test
    assert caught.value.code == code
