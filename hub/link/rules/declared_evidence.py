"""Declared evidence as SQL: weights in bits that a rule states, and how the candidates of one record compete by them."""

from collections.abc import Callable

from schema.linking.declarations import Evidence, Outcome

LEAD = 4.0
"""A candidate is accepted only if it leads every other by this much: the exact outcome beats the near one, near does not beat similar."""
SURE_LEAD = 12.0
"""What it takes to beat a candidate that would be CONFIRMED alone, and to stay CONFIRMED beside others."""


def render_evidence_bits(evidence: tuple[Evidence, ...]) -> str:
    """SQL for the sum of the weights."""
    return " + ".join(f"case {_whens(each, lambda o: str(o.bits))} else 0 end" for each in evidence) or "0"


def as_json(evidence: tuple[Evidence, ...]) -> str:
    """SQL for the evidence of a candidate as the store keeps it."""
    entries = (
        f"jsonb_build_object('comparison', '{each.comparison}', 'outcome',"
        f" case {_whens(each, lambda o: repr(o.name))} else 'missing' end,"
        f" 'bits', case {_whens(each, lambda o: str(o.bits))} end)"
        for each in evidence
    )
    return f"jsonb_build_array({', '.join(entries)})"


def render_contest(one: str) -> str:
    """Statement that takes back the acceptance of candidates in `one` that do not lead all others of their record."""
    return f"""
with ruled as (
    select mine.record_id, mine.subject_id, bool_and(mine.strength - other.strength >= {SURE_LEAD}) as stays_sure,
        bool_and(mine.strength - other.strength >= case when other.accepted and other.sure then {SURE_LEAD} else {LEAD} end) as leads
    from {one} mine join {one} other on other.record_id = mine.record_id and other.subject_id <> mine.subject_id
    where mine.accepted
    group by mine.record_id, mine.subject_id
)
update {one} o set accepted = r.leads, sure = o.sure and r.stays_sure from ruled r
where o.record_id = r.record_id and o.subject_id = r.subject_id and not (r.leads and r.stays_sure)
""".strip()


def _whens(evidence: Evidence, value: Callable[[Outcome], str]) -> str:
    return " ".join(f"when {each.condition} then {value(each)}" for each in evidence.outcomes)
