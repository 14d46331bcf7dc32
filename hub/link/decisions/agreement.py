"""Whether reviewers agree: decisions to be looked at again, and how often the second look says the same.

A fixed share of decisions is due for a second opinion, chosen by a hash of their number, so that nobody chooses. The second
reviewer is shown the pair without the verdict (`hub.link.review.item.asked_of`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection

from hub.link.decisions.verdicts import BINDING
from hub.link.field import list_decidable_fields

Why = Literal["DISAGREEMENT", "CHANGED", "SECOND"]
ALL = "all"
SHARES = 2**32
CHOSEN = (
    "('x' || encode(substring(sha256(convert_to('second:' || d.id, 'UTF8')) from 1 for 4), 'hex'))::bit(32)::bigint"
)
"""If a decision falls in the lottery of second opinions: a number below SHARES, of its id."""


@dataclass(frozen=True)
class DecisionToCheck:
    """A decision to be looked at again, and why: opinions differ (DISAGREEMENT), the record was read with other values after the
    last look (CHANGED), or it is of the sample (SECOND). The verdict is null for the sample: a second look is a look of one's own.
    """

    decision_id: int
    why: Why
    field: str
    record_id: int
    subject_id: int
    verdict: str | None
    decided_at: datetime
    changed_at: datetime | None


@dataclass(frozen=True)
class Agreement:
    """First and second opinions of one field, or of all: how many pairs, how many agree, the observed share, and Cohen's kappa
    (what is left of agreement once chance has had its part; null if all opinions are the same word, or there is no pair)."""

    field: str
    pairs: int
    agreed: int
    observed: float | None
    kappa: float | None


def list_decisions_to_check(
    connection: Connection[Any], *, share: float, first: int = 50
) -> tuple[DecisionToCheck, ...]:
    """Decisions to be looked at again, at most `first`: disagreements, then changed records, then the sample; the oldest first."""
    latest = "(select max(o.decided_at) from link.decision o where o.undone_at is null and (o.id = d.id or o.second_of = d.id))"
    opinions = "from link.decision o where o.second_of = d.id and o.undone_at is null"
    # A majority settles it: the first verdict has its own voice.
    differ = f"(select count(*) filter (where o.verdict <> d.verdict) > count(*) filter (where o.verdict = d.verdict) {opinions})"
    due = f"not exists (select {opinions}) and {CHOSEN} < %(due)s"
    rows = connection.execute(
        f"with binding as (select d.*, {_changed_sql()} as changed_at, {latest} as looked_at from link.decision d where {BINDING})"
        f" select d.id, case when {differ} then 'DISAGREEMENT' when d.changed_at > d.looked_at then 'CHANGED' else 'SECOND' end as why,"
        " d.field, d.record_id, d.subject_id, d.verdict, d.decided_at, d.changed_at"
        f" from binding d where {differ} or d.changed_at > d.looked_at or ({due})"
        f" order by {differ} desc, coalesce(d.changed_at > d.looked_at, false) desc, d.id limit %(first)s",
        {"due": round(share * SHARES), "first": first},
    ).fetchall()
    return tuple(
        DecisionToCheck(number, why, field, record, subject, None if why == "SECOND" else verdict, decided, changed)
        for number, why, field, record, subject, verdict, decided, changed in rows
    )


def measure_agreement(connection: Connection[Any]) -> tuple[Agreement, ...]:
    """Agreement by field, and over all fields last. An opinion that was undone in favour of a second one still counts as the
    first; a second opinion that was taken back does not count."""
    rows = connection.execute(
        "select d.field, d.verdict, o.verdict, count(*) from link.decision o join link.decision d on d.id = o.second_of"
        " where o.undone_at is null group by 1, 2, 3"
    ).fetchall()
    named = sorted({field for field, *_ in rows})
    found = [compute_agreement(field, [(a, b, n) for of, a, b, n in rows if of == field]) for field in named]
    return (*found, compute_agreement(ALL, [(a, b, n) for _, a, b, n in rows]))


def compute_agreement(field: str, counted: Iterable[tuple[str, str, int]]) -> Agreement:
    """Agreement of counted pairs: first verdict, second verdict, how often."""
    known = list(counted)
    pairs = sum(number for *_, number in known)
    if not pairs:
        return Agreement(field, 0, 0, None, None)
    agreed = sum(number for one, other, number in known if one == other)
    words = {word for one, other, _ in known for word in (one, other)}
    chance = sum(
        sum(n for one, _, n in known if one == word) * sum(n for _, other, n in known if other == word)
        for word in words
    )
    # Whole numbers until the last step: by chance all agree where both said one word throughout.
    kappa = None if chance == pairs**2 else (agreed * pairs - chance) / (pairs**2 - chance)
    return Agreement(field, pairs, agreed, agreed / pairs, kappa)


def _changed_sql() -> str:
    """Since when the record of a decision `d` has been as it is; of a merge, the later of both rows."""
    cases = []
    for field in list_decidable_fields().values():
        rows = "in (d.record_id, d.subject_id)" if field.merges else "= d.record_id"
        cases.append(
            f"when '{field.name}' then (select max(r.sys_from) from data.{field.entity.table} r where r.id {rows})"
        )
    return f"case d.field {' '.join(cases)} end"
