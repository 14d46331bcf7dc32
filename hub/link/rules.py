"""The deterministic rules, as values. Each finds candidates for recorded subjects of one family by one identifier.

A rule names no value: `{r}` is the record as recorded and normalised (see NORMALISED), `{s}` the subject. What is found is
accepted only where the evidence does not speak against it, and only where it leads to one subject; see `hub.link.sql`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """A kind of subject as rules find it: the table `{s}`, and the SQL of the name key and birth year to hold against the
    recorded ones, where it has them; `beside` joins where they stand."""

    kind: str
    beside: str = ""
    name_key: str | None = None
    year: str | None = None


@dataclass(frozen=True)
class Rule:
    """One way from a recorded subject to a subject.

    `join` finds it, over the tables of `through` where it takes more than one step; `party_kinds` are the recorded kinds for
    which the rule speaks (a record that states none is open to every rule); `accept` is a further condition without which a
    match is a candidate only, `sure` one without which an accepted match is PROBABLE and not CONFIRMED. Rules of a second
    `tier` are asked only where no rule of the first found anything.
    """

    name: str
    family: str
    subject: Found
    join: str
    about: str
    party_kinds: tuple[str, ...] = ()
    through: str = ""
    accept: str | None = None
    sure: str | None = None
    tier: int = 1


DIGITS = r"regexp_replace({column}, '[\s.\-_]', '', 'g')"

NORMALISED: Mapping[str, Mapping[str, str]] = {
    "Party": {
        "kind": "{t}.{kind}",
        "name_key": r"hub.name_key(regexp_replace({t}.{name}, '\s+', ' ', 'g'))",
        "year": r"substring({t}.{birth_date} from '(?:^|\D)((?:18|19|20)\d\d)(?:\D|$)')",
        "personal": "case when {identifier} ~ '^\\d{{12}}$' then {identifier} when {tax_code} ~ '^\\d{{12}}$' then {tax_code} end",
        "former": "case when {identifier} ~ '^\\d{{9}}$' then {identifier} end",
        "tax": "case when {tax_code} ~ '^\\d{{10}}(\\d{{3}})?$' then left({tax_code}, 10) end",
    },
    "Parcel": {
        "identifier": "{t}.{parcel_identifier}",
        "number": "{t}.{parcel_number}",
        "unit": (
            r"(select u.unit_code from data.administrative_unit u where u.code = substring({t}.{parcel_number} from '^(\d{{5}})@')"
            # Days as text: ISO days sort as text does, and one that is no day of the calendar stops nothing.
            r" and case when {t}.{parcel_number} like '%@..:%' then u.valid_from is null else"
            r" coalesce(u.valid_from::text <= {day}, true) and coalesce({day} < u.valid_to::text, true) end)"
        ),
        "place": r"substring({t}.{parcel_number} from ':0*([1-9]\d*):') || ':' || substring({t}.{parcel_number} from ':0*([1-9]\d*)$')",
    },
}
"""Family → normalised value → SQL over the recorded columns. Nothing is corrected: what fits no form is no identifier."""

CITIZEN = Found("Citizen", name_key="{s}.full_name_key", year="left({s}.birth_date, 4)")
HOUSEHOLD = Found(
    "Household",
    beside="left join data.citizen head on head.personal_id = {s}.head_personal_id",
    name_key="head.full_name_key",
    year="left(head.birth_date, 4)",
)
"""A household is recorded under the name and birth date of its head."""
BUSINESS = Found("Business")
BY_ITS_NAME = (
    "hub.names_agree({r}.name_key, {s}.legal_name_key) is not false or exists (select from data.citizen c"
    " where c.personal_id = {s}.tax_code and hub.names_agree({r}.name_key, c.full_name_key))"
)
"""One person's identifier is the tax code of every household business of theirs: its name tells which one is meant, and a record
under the person's name means the one that has the code."""
PARCEL = Found("Parcel")

ONE_PREDECESSOR = (
    "(select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code)"
)
"""Where several communes became one, their sheets have the same numbers: one match there is likely, not certain (about 98 in
100 in the demo province)."""

NO_OLDER_PARCEL = (
    "not exists (select from data.administrative_unit_change o join data.parcel p"
    " on p.parcel_number = o.predecessor_unit_code || ':' || {r}.place where o.successor_unit_code = {r}.unit)"
)
"""A record may bear the commune's new code and still the old sheet and number: where a parcel of a former commune has these, it
is as likely meant."""

RULES: tuple[Rule, ...] = (
    Rule(
        "personal_identifier",
        "Party",
        join="{s}.personal_id = {r}.personal",
        about="The recorded personal identifier, or a tax code that is one, is a citizen's.",
        party_kinds=("PERSON",),
        subject=CITIZEN,
    ),
    Rule(
        "former_identifier",
        "Party",
        join="{s}.former_id = {r}.former",
        about="The recorded former identifier is a citizen's, through the crosswalk of the population register.",
        party_kinds=("PERSON",),
        subject=CITIZEN,
    ),
    Rule(
        "household_head",
        "Party",
        join="{s}.head_personal_id = {r}.personal",
        about="The recorded identifier is that of the household's head: since 2025-07-01 the household's tax code.",
        party_kinds=("HOUSEHOLD",),
        subject=HOUSEHOLD,
    ),
    Rule(
        "household_head_former",
        "Party",
        through="join data.citizen former on former.former_id = {r}.former",
        join="{s}.head_personal_id = former.personal_id",
        about="The recorded former identifier is that of the household's head, through the crosswalk.",
        party_kinds=("HOUSEHOLD",),
        subject=HOUSEHOLD,
    ),
    Rule(
        "household_business_tax_code",
        "Party",
        subject=BUSINESS,
        accept=BY_ITS_NAME,
        join="{s}.tax_code = coalesce({r}.personal, {r}.tax) and {s}.legal_form = 'HOUSEHOLD_BUSINESS'",
        about="The recorded tax code is a household business's: its own, or since 2025-07-01 its representative's identifier.",
        party_kinds=("HOUSEHOLD_BUSINESS",),
    ),
    Rule(
        "enterprise_code",
        "Party",
        subject=BUSINESS,
        join="{s}.enterprise_code = {r}.tax",
        about="The recorded tax code, without its branch, is an enterprise code.",
        party_kinds=("ENTERPRISE",),
    ),
    Rule(
        "parcel_identifier",
        "Parcel",
        subject=PARCEL,
        join="{s}.parcel_identifier = {r}.identifier",
        about="The 12-character parcel identifier.",
    ),
    Rule(
        "parcel_number",
        "Parcel",
        subject=PARCEL,
        join="{s}.parcel_number = {r}.unit || ':' || {r}.place",
        about="Commune of that day, map sheet and parcel number; a candidate where a former commune has the same sheet and number.",
        accept=NO_OLDER_PARCEL,
    ),
    Rule(
        "parcel_number_in_successor",
        "Parcel",
        subject=PARCEL,
        through="join data.administrative_unit_change h on h.predecessor_unit_code = {r}.unit",
        join="{s}.parcel_number = h.successor_unit_code || ':' || {r}.place",
        about="Sheet and number under the commune that the recorded one went into, whole; a split commune gives candidates.",
        accept="h.kind = 'WHOLE'",
        sure=ONE_PREDECESSOR,
        tier=2,
    ),
    Rule(
        "parcel_number_in_predecessor",
        "Parcel",
        subject=PARCEL,
        through="join data.administrative_unit_change h on h.successor_unit_code = {r}.unit",
        join="{s}.parcel_number = h.predecessor_unit_code || ':' || {r}.place",
        about="Sheet and number under a commune that the recorded one was made from, where it was made from one whole commune.",
        accept="h.kind = 'WHOLE'",
        sure=ONE_PREDECESSOR,
        tier=2,
    ),
)


def rules_for(family: str, kinds: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules that can lead to one of these kinds of subject."""
    return tuple(rule for rule in RULES if rule.family == family and rule.subject.kind in kinds)
