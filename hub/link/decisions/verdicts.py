"""A person's verdict on one pair and its stored form: values, and the checks that need no store."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from hub.errors import OperationRefused

Word = Literal["SAME", "DIFFERENT"]
WORDS: tuple[Word, ...] = ("SAME", "DIFFERENT")
LONGEST_REVIEWER = 100
LONGEST_REASON = 1_000


@dataclass(frozen=True)
class Verdict:
    """A verdict to be kept: a record of `field` and a subject are the SAME, or DIFFERENT.

    Of a merge (`Citizen.duplicate`) both are rows of the register, in either order. `second_of` makes it a second opinion on
    that decision: it is counted and changes nothing.
    """

    field: str
    record_id: int
    subject_id: int
    verdict: Word
    reviewer: str
    reason: str
    second_of: int | None = None


@dataclass(frozen=True)
class Decision:
    """A row of `link.decision`. `subject_id` is the row of the register that was meant, not what it was merged into.

    `weight` and `evidence` are as they were shown when it was decided; `reason` may hold what a person wrote of a person.
    """

    id: int
    field: str
    record_id: int
    subject_id: int
    verdict: Word
    reviewer: str
    reason: str
    decided_at: datetime
    weight: float | None
    evidence: list[dict[str, Any]] | None
    second_of: int | None
    undone_at: datetime | None
    undone_by: str | None
    undone_reason: str | None

    @property
    def binds(self) -> bool:
        """Whether runs are held to it."""
        return self.second_of is None and self.undone_at is None


DECISION = (
    "d.id, d.field, d.record_id, d.subject_id, d.verdict, d.reviewer, d.reason, d.decided_at, d.weight, d.evidence,"
    " d.second_of, d.undone_at, d.undone_by, d.undone_reason"
)
"""The columns of a Decision, of `link.decision d`."""
BINDING = "d.undone_at is null and d.second_of is null"


def check_verdict(verdict: Verdict) -> Verdict:
    """The verdict with its words trimmed. Raises OperationRefused if one is missing, too long, or no word at all."""
    if verdict.verdict not in WORDS:
        raise OperationRefused(
            "a verdict is SAME or DIFFERENT", next_step="give one of the two", code="VERDICT_INVALID"
        )
    return replace(verdict, reviewer=reviewer_of(verdict.reviewer), reason=reason_of(verdict.reason))


def reviewer_of(text: str) -> str:
    """The name under which somebody decides, trimmed. Raises OperationRefused."""
    name = text.strip()
    if not name or len(name) > LONGEST_REVIEWER or any(unicodedata.category(c) == "Cc" for c in name):
        raise OperationRefused(
            f"the reviewer is missing, has a control character, or is longer than {LONGEST_REVIEWER} characters",
            next_step="say who decides: --reviewer, or HUB_REVIEWER",
            code="REVIEWER_INVALID",
        )
    return name


def reason_of(text: str) -> str:
    """The reason of a decision, trimmed. Raises OperationRefused."""
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON or "\0" in reason:
        raise OperationRefused(
            f"the reason is missing, or longer than {LONGEST_REASON:,} characters",
            next_step="say in a sentence what decided it",
            code="REASON_INVALID",
        )
    return reason
