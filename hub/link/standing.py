"""Standing: what sure links of some records say of the subjects of others. Those fields are linked before all others.

A household says who lives together, a certificate who holds a parcel, a register of roles who stands for a business. What is so
known of a subject is evidence where another record means it. Likeness is no evidence for likeness: of people only what
a rule or a person has joined counts. Temporary tables, made anew when the fields they rest on have been linked.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hub.link.sql import KNOWN_BY_RULE


@dataclass(frozen=True)
class Standing:
    """What is known of subjects of one kind: `select` gives found_id, a row of theirs, and the value; it is kept in `table`.

    `subjects` gives the ids of the subjects of which it may be otherwise by the rows `l` of the field's link table.
    """

    field: str
    kind: str
    table: str
    select: str
    subjects: str = "l.found_id as id from {links} l"


RESIDENTS = Standing(
    "HouseholdMembership.member",
    "Citizen",
    "household_of",
    "select distinct l.found_id, m.household_code from link.household_membership_member l"
    f" join data.household_membership m on m.id = l.record_id where {KNOWN_BY_RULE.format(l='l')}",
)
"""Citizen → code of a household."""

REPRESENTED = Standing(
    "BusinessRole.person",
    "Business",
    "business_of",
    "select distinct l.found_id as person_id, b.id as found_id from link.business_role_person l"
    " join data.business_role t on t.id = l.record_id"
    f" join data.business b on b.registration_number = t.business_registration_number where {KNOWN_BY_RULE.format(l='l')}",
    subjects=(
        "b.id from {links} l join (select id, business_registration_number from data.business_role union all"
        " select id, business_registration_number from history.business_role) t on t.id = l.record_id"
        " join data.business b on b.registration_number = t.business_registration_number"
    ),
)
"""Business → the person who stands for it."""

HOLDERS = Standing(
    "LandUseRight.parcel",
    "Parcel",
    "holder_of",
    "select distinct l.found_id, t.holder_name as name from link.land_use_right_parcel l"
    " join data.land_use_right t on t.id = l.record_id where l.status <> 'UNCONFIRMED' and t.holder_name is not null"
    """ and l.evidence @> '[{"comparison": "holder", "outcome": "agrees"}]' is not true""",
)
"""Parcel → the name of a holder, as written. Parcels are linked by rule alone, so what is PROBABLE counts, unless it rests on a
holder itself: evidence must not go in a circle."""

STANDINGS = (RESIDENTS, REPRESENTED, HOLDERS)
FIRST = tuple(standing.field for standing in STANDINGS)
"""The linked fields that others rest on."""


def known(fields: Collection[str] = FIRST) -> Iterator[str]:
    """Statements that make the temporary tables, by the links that these fields have now."""
    for standing in STANDINGS:
        if standing.field not in fields:
            continue
        yield f"drop table if exists {standing.table}"
        yield f"create temporary table {standing.table} as {standing.select}"
        yield f"create index on {standing.table} (found_id)"
        yield f"analyze {standing.table}"
