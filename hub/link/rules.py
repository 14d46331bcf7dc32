"""The deterministic rules, as values. Each finds candidates for recorded subjects of one family by one identifier.

A rule names no value: `{r}` is the record as recorded and normalised (see NORMALISED), `{s}` the subject. What is found is
accepted only if the evidence does not speak against it, and only if it leads to one subject; see `hub.link.sql`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.link.comparisons import written
from hub.link.parcel_evidence import AREA, KEY_BITS, Evidence, holder_evidence


@dataclass(frozen=True)
class SubjectMatchRule:
    """A kind of subject as rules find it: the table `{s}`, what it joins `beside`, and what is held against the record.

    Each test has the word that the evidence calls it, and SQL that is null if one of the two states nothing. If one is
    false, what was found is a candidate only. Where evidence is `weighed`, the candidates of a record compete by it.
    """

    kind: str
    beside: str = ""
    tests: tuple[tuple[str, str], ...] = ()
    weighed: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One way from a recorded subject to a subject.

    `join` finds it, over the tables of `through` where it takes more than one step; `party_kinds` are the recorded kinds for
    which the rule speaks (a record that states none is open to every rule); `accept` is a further condition without which a
    match is a candidate only, `sure` one without which an accepted match is PROBABLE and not CONFIRMED. Rules of a second
    `tier` are asked only if no rule of the first found anything. `prior`, SQL, is what the rule itself weighs, in bits.
    """

    name: str
    family: str
    subject: SubjectMatchRule
    join: str
    about: str
    party_kinds: tuple[str, ...] = ()
    through: str = ""
    accept: str | None = None
    sure: str | None = None
    tier: int = 1
    prior: str = "0"


DIGITS = r"(case when {column} ~ '[^0-9]' then regexp_replace({column}, '[\s.\-_]', '', 'g') else {column} end)"
"""Without what parts groups of digits. Most are written without, and to look is a fifth of the work of replacing."""

NAME_KEY = r"hub.name_key(regexp_replace({name}, '\s+', ' ', 'g'))"

NORMALISED: Mapping[str, Mapping[str, str]] = {
    "Party": {
        "kind": "{t}.{kind}",
        "name": "{t}.{name}",
        "name_key": NAME_KEY.format(name="{t}.{name}"),
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
        "area": "{area}",
        "holder_key": NAME_KEY.format(name="{holder}"),
        "place": r"substring({t}.{parcel_number} from ':0*([1-9]\d*):') || ':' || substring({t}.{parcel_number} from ':0*([1-9]\d*)$')",
    },
}
"""Family → normalised value → SQL over the recorded columns. Nothing is corrected: what fits no form is no identifier."""

CHANGED_PARCEL = "from version_of_parcel p"
NARROWED: Mapping[str, str] = {
    "Parcel": (
        f"({{identifier}} in (select p.parcel_identifier {CHANGED_PARCEL})"
        f" or {{place}} in (select substring(p.parcel_number from ':(.*)$') {CHANGED_PARCEL}))"
    ),
}
"""Family → what a record must state for any rule to lead to a changed subject, over normalised values: most records do not, and
to find out the rest of theirs takes longer."""


def same_name(held: str) -> str:
    """Whether the recorded name is the held one, tone marks and middle names included; false if none is recorded."""
    recorded = written(r"btrim(regexp_replace({r}.name, '\s+', ' ', 'g'))")
    return f"case when {{r}}.name = {held} then true else coalesce({recorded} = {written(held)}, false) end"


CITIZEN = SubjectMatchRule(
    "Citizen",
    tests=(
        ("name", "hub.names_agree({r}.name_key, {s}.full_name_key)"),
        ("birthYear", "({r}.year = left({s}.birth_date, 4))"),
    ),
)
HOUSEHOLD = SubjectMatchRule(
    "Household",
    beside="left join data.citizen head on head.personal_id = {s}.head_personal_id",
    tests=(
        ("name", "hub.names_agree({r}.name_key, head.full_name_key)"),
        ("birthYear", "({r}.year = left(head.birth_date, 4))"),
    ),
)
"""A household is recorded under the name and birth date of its head."""
BUSINESS = SubjectMatchRule("Business")
BY_ITS_NAME = (
    "hub.names_agree({r}.name_key, {s}.legal_name_key) is not false or exists (select from data.citizen c"
    " where c.personal_id = {s}.tax_code and hub.names_agree({r}.name_key, c.full_name_key))"
)
"""One person's identifier is the tax code of every household business of theirs: its name tells which one is meant, and a record
under the person's name means the one that has the code."""
UNDER_ITS_NAME = "hub.names_agree({r}.name_key, {s}.legal_name_key)"
CITIZEN_NAMED_SO = same_name("{s}.full_name")
NAMED_SO = same_name("{s}.legal_name")
HEAD_NAMED_SO = same_name("head.full_name")
NAMED_SO_OR_ITS_OWNER = f"({NAMED_SO} or exists (select from data.citizen c where c.personal_id = {{s}}.tax_code and {same_name('c.full_name')}))"
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

WHOLE_AND_ALONE = (
    "(h.kind = 'WHOLE' and (select count(*) = 1 from data.administrative_unit_change o"
    " where o.successor_unit_code = h.successor_unit_code))"
)
"""One commune that became one other. Where several became one their sheets have the same numbers, and a split one's sheets went
to several: what was found there has to agree in something else."""

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
        sure=CITIZEN_NAMED_SO,
    ),
    Rule(
        "former_identifier",
        "Party",
        join="{s}.former_id = {r}.former",
        about="The recorded former identifier is a citizen's, through the crosswalk of the population register.",
        party_kinds=("PERSON",),
        subject=CITIZEN,
        sure=CITIZEN_NAMED_SO,
    ),
    Rule(
        "household_head",
        "Party",
        join="{s}.head_personal_id = {r}.personal",
        about="The recorded identifier is that of the household's head: since 2025-07-01 the household's tax code.",
        party_kinds=("HOUSEHOLD",),
        subject=HOUSEHOLD,
        sure=HEAD_NAMED_SO,
    ),
    Rule(
        "household_head_former",
        "Party",
        through="join data.citizen former on former.former_id = {r}.former",
        join="{s}.head_personal_id = former.personal_id",
        about="The recorded former identifier is that of the household's head, through the crosswalk.",
        party_kinds=("HOUSEHOLD",),
        subject=HOUSEHOLD,
        sure=HEAD_NAMED_SO,
    ),
    Rule(
        "household_business_tax_code",
        "Party",
        subject=BUSINESS,
        accept=BY_ITS_NAME,
        join="{s}.tax_code = coalesce({r}.personal, {r}.tax) and {s}.legal_form = 'HOUSEHOLD_BUSINESS'",
        about="The recorded tax code is a household business's: its own, or since 2025-07-01 its representative's identifier.",
        party_kinds=("HOUSEHOLD_BUSINESS",),
        sure=NAMED_SO_OR_ITS_OWNER,
    ),
    Rule(
        "household_business_representative",
        "Party",
        subject=BUSINESS,
        accept=UNDER_ITS_NAME,
        through="join data.citizen owner on owner.personal_id = {r}.personal join business_of held on held.person_id = owner.id",
        join="{s}.id = held.found_id and {s}.legal_form = 'HOUSEHOLD_BUSINESS'",
        about="The recorded identifier is that of a person with a role in a household business of the recorded name.",
        party_kinds=("HOUSEHOLD_BUSINESS",),
        sure=NAMED_SO,
    ),
    Rule(
        "household_business_representative_former",
        "Party",
        subject=BUSINESS,
        accept=UNDER_ITS_NAME,
        through="join data.citizen owner on owner.former_id = {r}.former join business_of held on held.person_id = owner.id",
        join="{s}.id = held.found_id and {s}.legal_form = 'HOUSEHOLD_BUSINESS'",
        about="The same by the former identifier, through the crosswalk.",
        party_kinds=("HOUSEHOLD_BUSINESS",),
        sure=NAMED_SO,
    ),
    Rule(
        "business_name",
        "Party",
        subject=BUSINESS,
        accept="false",
        join="{s}.legal_name_key = {r}.name_key",
        about="The recorded name is a business's: a candidate only, names are not unique.",
        party_kinds=("HOUSEHOLD_BUSINESS", "ENTERPRISE"),
        tier=2,
    ),
    Rule(
        "enterprise_code",
        "Party",
        subject=BUSINESS,
        join="{s}.enterprise_code = {r}.tax",
        about="The recorded tax code, without its branch, is an enterprise code.",
        party_kinds=("ENTERPRISE",),
        sure=NAMED_SO,
    ),
    Rule(
        "parcel_identifier",
        "Parcel",
        subject=PARCEL,
        join="{s}.parcel_identifier = {r}.identifier",
        prior=f"{KEY_BITS}",
        about="The 12-character parcel identifier.",
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
    ),
    Rule(
        "parcel_number_in_successor",
        "Parcel",
        subject=PARCEL_BY_PLACE,
        through="join data.administrative_unit_change h on h.predecessor_unit_code = {r}.unit",
        join="{s}.parcel_number = h.successor_unit_code || ':' || {r}.place",
        about="Sheet and number under the commune that the recorded one went into; where others did too, or it was split, area or"
        " holder must agree.",
        accept=f"{WHOLE_AND_ALONE} or {STATES_IT}",
        sure=WHOLE_AND_ALONE,
    ),
    Rule(
        "parcel_number_in_predecessor",
        "Parcel",
        subject=PARCEL_BY_PLACE,
        through="join data.administrative_unit_change h on h.successor_unit_code = {r}.unit",
        join="{s}.parcel_number = h.predecessor_unit_code || ':' || {r}.place",
        about="Sheet and number under a commune that the recorded one was made from; where from several, area or holder must agree.",
        accept=f"{WHOLE_AND_ALONE} or {STATES_IT}",
        sure=WHOLE_AND_ALONE,
    ),
)


def rules_for(family: str, kinds: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules that can lead to one of these kinds of subject."""
    return tuple(rule for rule in RULES if rule.family == family and rule.subject.kind in kinds)
