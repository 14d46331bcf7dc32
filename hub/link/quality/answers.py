"""Questions of the sample, and what reviewers answer: blind, each for themselves.

A reviewer sees the record beside the rows of a register that it may be, in an order that tells nothing: no status, no weight,
no verdict. The answer is one of these rows, none of them, or that it cannot be told. An answer that agrees with linking changes
nothing. One that differs becomes a decision, as any of the review queue does, and binds until it is undone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection

from hub.errors import OperationRefused
from hub.link.decisions.agreement import SHARES
from hub.link.decisions.decisions import keep_decision
from hub.link.decisions.verdicts import Verdict, reason_of, reviewer_of
from hub.link.field import field_named
from hub.link.quality.bands import REVIEW
from hub.link.quality.draw import count_populations
from hub.link.quality.thresholds import Raise, raise_if_short
from hub.link.review.item import Item, blind_item
from hub.store.query import fetch_value

Choice = int | Literal["none", "unsure"]
MOST_OPINIONS = 4
"""Opinions on one question at most: where reviewers keep differing, nobody can tell."""
LOTTERY = (
    "('x' || encode(substring(sha256(convert_to('sample:' || s.id, 'UTF8')) from 1 for 4), 'hex'))::bit(32)::bigint"
)
"""Where a question falls in the lottery of second opinions: a number below SHARES, of its id."""
PASSED_BY = ("ALREADY_DECIDED", "DECISION_CONFLICT", "RECORD_NOT_FOUND", "WRONG_KIND")
"""Why an answer becomes no decision: somebody decided already, or the row has gone. The answer counts all the same."""


@dataclass(frozen=True)
class WaitingQuestion:
    """A question that waits for an answer. `opinions` is how many were given."""

    sample_id: int
    field: str
    drawn_at: datetime
    opinions: int


@dataclass(frozen=True)
class Answer:
    """A reviewer's answer: the id of a row that was shown, `none` of them, or `unsure`."""

    sample_id: int
    choice: Choice
    reviewer: str
    reason: str


@dataclass(frozen=True)
class Answered:
    """What an answer led to: decisions by number, and the threshold that it raised."""

    decisions: tuple[int, ...]
    raised: Raise | None


def list_questions(
    connection: Connection[Any], *, reviewer: str, share: float, first: int = 50
) -> tuple[WaitingQuestion, ...]:
    """Questions that wait for this reviewer, in an order that tells nothing of the links. `share` of them, chosen by a hash, get a
    second opinion; so does every one in which a reviewer says that a link is wrong, or cannot tell."""
    rows = connection.execute(
        f"select s.id, s.field, s.drawn_at, v.given from link.sample s {_TALLY} where {_DUE}"
        " order by v.given, hashint8extended(s.id, 0), s.id limit %(first)s",
        {"reviewer": reviewer.strip(), "due": round(share * SHARES), "first": first},
    ).fetchall()
    return tuple(WaitingQuestion(*row) for row in rows)


def count_questions(connection: Connection[Any], *, share: float) -> int:
    """How many questions wait for anybody."""
    found: int = fetch_value(
        connection,
        f"select count(*) from link.sample s {_TALLY} where {_DUE}",
        {"reviewer": "", "due": round(share * SHARES)},
    )
    return found


def read_sample_question(connection: Connection[Any], sample_id: int) -> Item:
    """A question as a reviewer sees it: both sides, which are personal data, and nothing of what linking made of them.

    Raises OperationRefused: SAMPLE_NOT_FOUND, SAMPLE_VOID, RECORD_NOT_FOUND.
    """
    field, record, shown, *_ = _sample(connection, sample_id)
    return blind_item(connection, field, record, shown)


def keep_sample_answer(connection: Connection[Any], given: Answer, *, target: float) -> Answered:
    """Keep an answer, and let it take effect if it differs from what linking found. `target` is the precision that a band must have.

    Raises OperationRefused: SAMPLE_NOT_FOUND, SAMPLE_VOID, ALREADY_ANSWERED, ANSWER_INVALID, REVIEWER_INVALID, REASON_INVALID,
    LINKING_IN_PROGRESS.
    """
    reviewer, reason = reviewer_of(given.reviewer), reason_of(given.reason)
    with connection.transaction():
        field, record, shown, offered, band = _sample(connection, given.sample_id, hold_it=True)
        _refuse(connection, given, reviewer, shown)
        verdict = _verdict(given.choice, offered)
        decisions: list[int] = []
        if verdict != "UNSURE" and not _has_decided(connection, given.sample_id):
            for subject, word in _decisions(given.choice, verdict, band, offered):
                made = _decide(connection, Verdict(field, record, subject, word, reviewer, reason))
                decisions += [made] if made else []
        connection.execute(
            "insert into link.sample_answer (sample_id, reviewer, chosen_id, verdict, reason, answered_at, decision_ids)"
            " values (%s, %s, %s, %s, %s, clock_timestamp(), %s)",
            (
                given.sample_id, reviewer, given.choice if isinstance(given.choice, int) else None, verdict, reason, decisions,
            ),
        )  # fmt: skip
        links = count_populations(connection, field_named(field)).get(band, 0) if verdict == "DIFFERENT" else 0
        raised = (
            raise_if_short(connection, given.sample_id, target=target, links=links, by=reviewer)
            if verdict == "DIFFERENT"
            else None
        )
    return Answered(tuple(decisions), raised)


_TALLY = (
    "cross join lateral (select count(*) as given, count(*) filter (where a.verdict = 'SAME') as same,"
    " count(*) filter (where a.verdict = 'DIFFERENT') as different,"
    " coalesce(bool_or(lower(a.reviewer) = lower(%(reviewer)s)), false) as mine"
    " from link.sample_answer a where a.sample_id = s.id) v"
)
_DUE = (
    f"s.void_at is null and not v.mine and v.given < {MOST_OPINIONS} and (v.same = v.different or (v.given = 1 and"
    f" ({LOTTERY} < %(due)s or (v.different = 1 and s.band <> '{REVIEW.name}'))))"
)
"""Nobody has answered; or opinions are even; or one is given and a second is due."""


def _sample(
    connection: Connection[Any], sample_id: int, *, hold_it: bool = False
) -> tuple[str, int, list[int], list[int], str]:
    row = connection.execute(
        "select s.field, s.record_id, s.shown, s.offered, s.band, s.void_at from link.sample s where s.id = %s"
        + (" for update" if hold_it else ""),
        (sample_id,),
    ).fetchone()
    if row is None:
        raise OperationRefused(
            f"there is no question {sample_id}", next_step="see `hub review sample`", code="SAMPLE_NOT_FOUND"
        )
    *found, void_at = row
    if void_at is not None:
        raise OperationRefused(
            f"question {sample_id} is void: its link was gone before anybody answered",
            next_step="take another: `hub review sample`",
            code="SAMPLE_VOID",
        )
    field, record, shown, offered, band = found
    return field, record, shown, offered, band


def _refuse(connection: Connection[Any], given: Answer, reviewer: str, shown: list[int]) -> None:
    if isinstance(given.choice, int) and given.choice not in shown:
        raise OperationRefused(
            "the answer names a row that was not shown",
            next_step=f"answer with one of {', '.join(map(str, shown))}, none or unsure",
            code="ANSWER_INVALID",
        )
    names = connection.execute(
        "select a.reviewer from link.sample_answer a where a.sample_id = %s", (given.sample_id,)
    ).fetchall()
    if reviewer.casefold() in {name.casefold() for (name,) in names}:
        raise OperationRefused(
            f"this reviewer has answered question {given.sample_id} already",
            next_step="another person gives the second opinion",
            code="ALREADY_ANSWERED",
        )


def _verdict(choice: Choice, offered: list[int]) -> Literal["SAME", "DIFFERENT", "UNSURE"]:
    """What the choice says of what linking found."""
    if choice == "unsure":
        return "UNSURE"
    return "SAME" if choice in offered else "DIFFERENT"


def _decisions(
    choice: Choice, verdict: str, band: str, offered: list[int]
) -> list[tuple[int, Literal["SAME", "DIFFERENT"]]]:
    """The decisions that an answer becomes. An accepted link that is right needs none; in review the right candidate is decided."""
    if verdict == "SAME":
        return [(choice, "SAME")] if band == REVIEW.name and isinstance(choice, int) else []
    refused: list[tuple[int, Literal["SAME", "DIFFERENT"]]] = [(found, "DIFFERENT") for found in offered]
    return [*refused, (choice, "SAME")] if isinstance(choice, int) else refused


def _decide(connection: Connection[Any], verdict: Verdict) -> int | None:
    try:
        with connection.transaction():
            return keep_decision(connection, verdict).id
    except OperationRefused as refused:
        if refused.code not in PASSED_BY:
            raise
        return None


def _has_decided(connection: Connection[Any], sample_id: int) -> bool:
    """Whether an earlier opinion has become a decision: a later one changes nothing, whoever is right."""
    row = connection.execute(
        "select exists (select from link.sample_answer a where a.sample_id = %s and cardinality(a.decision_ids) > 0)",
        (sample_id,),
    ).fetchone()
    return row == (True,)
