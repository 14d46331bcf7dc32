"""Statistics of procedures: how much of each requirement is held, why the rest is not, and how often papers were asked for.

They are made of statuses and counts, which stay when values are forgotten. No personal data.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

HELD, NOT_APPLICABLE = "HELD", "NOT_APPLICABLE"
SELECT_KEPT = """
select procedure, count(*), count(distinct dossier_id)
from hub.prefill_snapshot
where %(procedure)s::text is null or procedure = %(procedure)s
group by procedure
order by procedure"""
SELECT_OUTCOMES = """
with newest as (
    select distinct on (dossier_id) dossier_id, procedure, outcomes
    from hub.prefill_snapshot
    where %(procedure)s::text is null or procedure = %(procedure)s
    order by dossier_id, id desc
), outcome as (
    select n.dossier_id, n.procedure, o.value ->> 'requirement' as requirement, o.value ->> 'status' as status,
        o.value -> 'reasons' ->> 0 as reason
    from newest n cross join lateral jsonb_array_elements(n.outcomes) o
)
select procedure, requirement, status, reason, count(*) as answers, grouping(status) = 1 as is_total,
    count(distinct dossier_id) filter (where status <> 'NOT_APPLICABLE') as dossiers
from outcome
group by grouping sets ((procedure, requirement), (procedure, requirement, status, reason))
order by procedure, requirement, is_total, answers desc, status, reason"""
SELECT_PAPERS = """
select procedure, requirement, granted, count(*)
from hub.paper_request
where %(procedure)s::text is null or procedure = %(procedure)s
group by 1, 2, 3
order by 1, 2, 3"""


@dataclass
class RequirementStatistics:
    """Of one requirement: answers that apply, those held, the others by status and strongest reason, and papers asked for.

    `dossiers` is how many dossiers the answers are of: one dossier can have many.
    """

    code: str
    answers: int = 0
    held: int = 0
    not_held: Counter[str] = field(default_factory=Counter)
    asks_refused: int = 0
    asks_granted: int = 0
    dossiers: int = 0

    @property
    def share_held(self) -> float | None:
        """From 0 to 1; None if it never applied."""
        return self.held / self.answers if self.answers else None


@dataclass
class ProcedureStatistics:
    """Of one procedure: snapshots, the dossiers that have them, and each requirement by the newest snapshot of each dossier."""

    code: str
    snapshots: int
    dossiers: int
    requirements: dict[str, RequirementStatistics] = field(default_factory=dict)

    def find(self, code: str) -> RequirementStatistics:
        """The statistics of a requirement."""
        return self.requirements.setdefault(code, RequirementStatistics(code))

    def sum_up(self) -> RequirementStatistics:
        """All requirements together."""
        whole = RequirementStatistics("", dossiers=self.dossiers)
        for one in self.requirements.values():
            whole.answers += one.answers
            whole.held += one.held
            whole.not_held += one.not_held
            whole.asks_refused += one.asks_refused
            whole.asks_granted += one.asks_granted
        return whole


def load_statistics(connection: Connection[Any], procedure: str | None = None) -> list[ProcedureStatistics]:
    """The statistics of a procedure, or of every one that has snapshots, by code."""
    given = {"procedure": procedure}
    found = {code: ProcedureStatistics(code, *counts) for code, *counts in connection.execute(SELECT_KEPT, given)}
    count_outcomes(found, connection.execute(SELECT_OUTCOMES, given))
    for code, requirement, granted, number in connection.execute(SELECT_PAPERS, given):
        one = found[code].find(requirement)
        if granted:
            one.asks_granted += number
        else:
            one.asks_refused += number
    return list(found.values())


def count_outcomes(found: dict[str, ProcedureStatistics], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows of procedure, requirement, status, strongest reason, count, whether it is of all statuses, and dossiers."""
    for code, requirement, status, reason, number, is_total, dossiers in rows:
        if status == NOT_APPLICABLE or (is_total and not dossiers):
            continue
        one = found[code].find(requirement)
        if is_total:
            one.dossiers = dossiers
            continue
        one.answers += number
        if status == HELD:
            one.held += number
        else:
            one.not_held[f"{status}: {reason}" if reason else status] += number
