"""Evidence for parcels as a table of declared weights, in bits, and how the candidates of one record compete by it.

A weight is the rounded logarithm of how much likelier an outcome is for the parcel meant than for another one that merely has
the same sheet and number. None is learned: a record states at most an area and a holder, too little to learn from.

    exact    +8   Areas are surveyed to a tenth of a square metre: two parcels in some hundreds agree by chance.
    near     +3   Within 1 %: a new survey, but also every neighbour in a row of equal plots.
    similar  +1   Within 10 %.
    differs  -8   Another parcel, or one that was divided.
    holder   +8   One full name in some hundreds; -4 if the holders are others, since owners change.
    key     +20   The identifier, or the number under the code of its day: it names one parcel.
"""

from collections.abc import Callable
from dataclasses import dataclass

LEAD = 4.0
"""A candidate is accepted only if it leads every other by this much: exact area beats a near one, near does not beat similar."""
SURE_LEAD = 12.0
"""What it takes to beat a candidate that would be CONFIRMED alone, and to stay CONFIRMED beside others."""
KEY_BITS = 20.0


@dataclass(frozen=True)
class Outcome:
    """One outcome of a comparison: SQL that is true if it came out so, and its weight in bits. Outcomes are tried in order."""

    name: str
    condition: str
    bits: float


@dataclass(frozen=True)
class Evidence:
    """One comparison; none of its outcomes holds if a side states nothing."""

    comparison: str
    outcomes: tuple[Outcome, ...]


APART = "abs({r}.area - {s}.area)"
AREA = Evidence(
    "area",
    (
        Outcome("exact", f"{APART} < 0.05", 8.0),
        Outcome("near", f"{APART} <= greatest(0.5, 0.01 * {{s}}.area)", 3.0),
        Outcome("similar", f"{APART} <= 0.1 * {{s}}.area", 1.0),
        Outcome("differs", f"{APART} > 0.1 * {{s}}.area", -8.0),
    ),
)


def holder_evidence(agrees: str) -> Evidence:
    """Whether a holder of the parcel has the stated name, by `agrees`, SQL that is null if either is not known."""
    return Evidence("holder", (Outcome("agrees", agrees, 8.0), Outcome("differs", f"not {agrees}", -4.0)))


def bits(evidence: tuple[Evidence, ...]) -> str:
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


def contest(one: str) -> str:
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
