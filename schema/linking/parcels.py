"""Linking parcels: by their identifier, or by their number through the changes of communes, with declared weights.

A weight is the rounded logarithm of how much likelier an outcome is for the parcel meant than for another one that merely has
the same sheet and number. None is learned: a record states at most an area and a holder, too little to learn from.

    exact    +8   Areas are surveyed to a tenth of a square metre: two parcels in some hundreds agree by chance.
    near     +3   Within 1 %: a new survey, but also every neighbour in a row of equal plots.
    similar  +1   Within 10 %.
    differs  -8   Another parcel, or one that was divided.
    holder   +8   One full name in some hundreds; -4 if the holders are others, since owners change.
    key     +20   The identifier, or the number under the code of its day: it names one parcel.
"""

from collections.abc import Mapping

from schema.linking.declarations import (
    NAME_KEY,
    DerivedRelation,
    Evidence,
    Family,
    Outcome,
    Rule,
    SectorLinking,
    Standing,
    SubjectLinking,
    SubjectMatchRule,
)

KEY_BITS = 20.0
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


PLACES_REACHED = "select substring(p.parcel_number from ':(.*)$') from version_of_parcel p"
"""Sheet and number of changed parcels, of whichever commune."""
PARCEL_FAMILY = Family(
    normalised={
        "identifier": "{t}.{parcel_identifier}",
        "number": "{t}.{parcel_number}",
        "unit": (
            r"(select u.unit_code from data.administrative_unit u where u.code = substring({t}.{parcel_number} from '^(\d{{5}})@')"
            # Days as text: ISO days sort as text does, and one that is no day of the calendar stops nothing.
            r" and case when {t}.{parcel_number} like '%@..:%' then u.valid_from is null else"
            r" coalesce(u.valid_from::text <= {day}, true) and coalesce({day} < u.valid_to::text, true) end)"
        ),
        "area": "{area}",
        "holder_key": NAME_KEY.format(name="{holder}"),
        "place": r"substring({t}.{parcel_number} from ':0*([1-9]\d*):') || ':' || substring({t}.{parcel_number} from ':0*([1-9]\d*)$')",
    },
    words={"day": r"substring({t}.{parcel_number} from '@(\d{{4}}-\d\d-\d\d):')"},
    stated={"area": "null::numeric", "holder": "null::text"},
    looked_up=("{identifier}", "{place}"),
)

PARCEL = SubjectMatchRule("Parcel")
AREA_AGREES = (
    "case when abs({r}.area - {s}.area) <= greatest(0.5, 0.01 * {s}.area) then true"
    " when abs({r}.area - {s}.area) > 0.1 * {s}.area then false end"
)
"""A certificate states the area that was surveyed; one in a hundred more or less is a new survey, one in ten another parcel."""
HOLDER = (
    f"(select bool_or(hub.names_agree({{r}}.holder_key, {NAME_KEY.format(name='h.name')})) from holder_of h"
    " where h.found_id = {s}.id)"
)
WEIGHED = (AREA, holder_evidence(HOLDER))
PARCEL_OF_NUMBER = SubjectMatchRule("Parcel", tests=(("area", AREA_AGREES),), weighed=WEIGHED)
"""Owners change, so another holder does not speak against the very number."""
PARCEL_BY_PLACE = SubjectMatchRule("Parcel", tests=(("area", AREA_AGREES), ("holder", HOLDER)), weighed=WEIGHED)
STATES_IT = f"coalesce({AREA_AGREES}, false) or coalesce({HOLDER}, false)"

COMMUNE_SUCCESSION = DerivedRelation(
    "commune_succession",
    """
with recursive step as (
    select c.predecessor_unit_code, c.successor_unit_code,
        c.kind = 'WHOLE' and count(*) over (partition by c.successor_unit_code) = 1 as keeps_numbers
    from data.administrative_unit_change c
), path as (
    select * from step
    union
    select p.predecessor_unit_code, s.successor_unit_code, p.keeps_numbers and s.keeps_numbers
    from path p join step s on s.predecessor_unit_code = p.successor_unit_code
)
select predecessor_unit_code, successor_unit_code, bool_and(keeps_numbers) as keeps_numbers
from path where predecessor_unit_code <> successor_unit_code group by predecessor_unit_code, successor_unit_code
""".strip(),
    unique=("predecessor_unit_code", "successor_unit_code"),
    index="successor_unit_code",
)
"""A commune and each one that it went into, whole or in part, through any number of changes: a commune that was merged in 2025 can be
merged again in 2026, and papers bear its first code, its second or its third. Found once a run, since to follow the changes for each
record anew would take a recursive query a record.

`keeps_numbers`: at every change on the way one commune became one other. Where several became one their sheets have the same numbers, and
a split one's sheets went to several: a parcel found there has to agree in something else."""

NO_OLDER_PARCEL = (
    "not exists (select from commune_succession o join data.parcel p"
    " on p.parcel_number = o.predecessor_unit_code || ':' || {r}.place where o.successor_unit_code = {r}.unit)"
)
"""A record may bear the commune's new code and still the old sheet and number: where a parcel of a former commune has these, it
is as likely meant."""

THE_ONLY_ONE = (
    "h.keeps_numbers and not exists (select from ("
    "select {r}.unit as unit_code"
    " union all select o.predecessor_unit_code from commune_succession o where o.successor_unit_code = {r}.unit"
    " union all select o.successor_unit_code from commune_succession o where o.predecessor_unit_code = {r}.unit"
    ") u join data.parcel p on p.parcel_number = u.unit_code || ':' || {r}.place where p.id <> {s}.id)"
)
"""No other parcel can be meant, under whichever code. Where one can, areas decide as they do after a merger: to beat a parcel that is sure
takes more than an exact area against a near one."""

RULES: tuple[Rule, ...] = (
    Rule(
        "parcel_identifier",
        "Parcel",
        subject=PARCEL,
        join="{s}.parcel_identifier = {r}.identifier",
        prior=f"{KEY_BITS}",
        about="The 12-character parcel identifier.",
        reached="select p.parcel_identifier from version_of_parcel p",
    ),
    Rule(
        "parcel_number",
        "Parcel",
        subject=PARCEL_OF_NUMBER,
        join="{s}.parcel_number = {r}.unit || ':' || {r}.place",
        about="Commune of that day, map sheet and parcel number; where a former commune has the same, area or holder must agree.",
        accept=f"{NO_OLDER_PARCEL} or {STATES_IT}",
        sure=NO_OLDER_PARCEL,
        prior=f"case when {NO_OLDER_PARCEL} then {KEY_BITS} else 0 end",
        reached=PLACES_REACHED,
    ),
    Rule(
        "parcel_number_in_successor",
        "Parcel",
        subject=PARCEL_BY_PLACE,
        through="join commune_succession h on h.predecessor_unit_code = {r}.unit",
        join="{s}.parcel_number = h.successor_unit_code || ':' || {r}.place",
        about="Sheet and number under a commune that the recorded one went into, by one change or several; where others did too, or one"
        " was split on the way, area or holder must agree.",
        accept=f"h.keeps_numbers or {STATES_IT}",
        sure=THE_ONLY_ONE,
        reached=PLACES_REACHED,
    ),
    Rule(
        "parcel_number_in_predecessor",
        "Parcel",
        subject=PARCEL_BY_PLACE,
        through="join commune_succession h on h.successor_unit_code = {r}.unit",
        join="{s}.parcel_number = h.predecessor_unit_code || ':' || {r}.place",
        about="Sheet and number under a commune that the recorded one was made from, by one change or several; where from several, area"
        " or holder must agree.",
        accept=f"h.keeps_numbers or {STATES_IT}",
        sure=THE_ONLY_ONE,
        reached=PLACES_REACHED,
    ),
)

HOLDERS = Standing(
    "LandUseRight.parcel",
    "Parcel",
    "holder_of",
    "name",
    "select distinct l.found_id, t.holder_name as name from link.land_use_right_parcel l"
    " join data.land_use_right t on t.id = l.record_id where l.status <> 'UNCONFIRMED' and t.holder_name is not null"
    """ and l.evidence @> '[{"comparison": "holder", "outcome": "agrees"}]' is not true""",
)
"""Parcel → the name of a holder, as written. Parcels are linked by rule alone, so a PROBABLE link counts, unless it rests on a
holder itself: evidence must not go in a circle."""

STATED: Mapping[str, Mapping[str, str]] = {
    "LandUseRight.parcel": {"area": "{t}.area"},
    # A tax is the holder's.
    "TaxObligation.parcel": {"holder": "{t}.debtor_name"},
    # Once a transfer is done, the register has the transferee.
    "LandTransferSlip.parcel": {
        "area": "{t}.area",
        "holder": "case {t}.status when 'FULFILLED' then {t}.transferee_name else {t}.transferor_name end",
    },
}
"""Linked field → what its records state of a parcel beside its number: an area in square metres, and the name of a holder."""
SUBJECTS = {
    "Parcel": SubjectLinking(
        shown={"parcel_number": "{s}.parcel_number", "parcel_identifier": "{s}.parcel_identifier"},
        alike=(
            "select s.id, abs(s.ordinal - f.ordinal) as unlike from data.parcel f join data.parcel s"
            " on s.commune_unit_code = f.commune_unit_code and s.map_sheet = f.map_sheet where f.id = d.found_id"
        ),
    ),
}

LINKING = SectorLinking(
    families={"Parcel": PARCEL_FAMILY},
    rules=RULES,
    subjects=SUBJECTS,
    standings=(HOLDERS,),
    relations=(COMMUNE_SUCCESSION,),
    stated=STATED,
)
