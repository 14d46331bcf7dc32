"""Linking people: recorded parties to citizens and to households, which go by their head."""

from dataclasses import replace

from schema.linking.declarations import (
    KNOWN_BY_RULE,
    NAME_KEY,
    Family,
    PartyRegister,
    Rule,
    SectorLinking,
    Standing,
    SubjectLinking,
    SubjectMatchRule,
    same_name,
)
from schema.linking.written_numbers import LOST_ZEROS_OF_TAX_CODE, former_in, personal_in, repaired_in, tax_in

PARTY = Family(
    normalised={
        "kind": "{t}.{kind}",
        "name": "{t}.{name}",
        "name_key": NAME_KEY.format(name="{t}.{name}"),
        "year": r"substring({t}.{birth_date} from '(?:^|\D)((?:18|19|20)\d\d)(?:\D|$)')",
        "personal": f"coalesce({personal_in('{identifier}')}, {personal_in('{tax_code}')})",
        "former": former_in("{identifier}"),
        "tax": tax_in("{tax_code}"),
        "repaired": (
            f"coalesce({repaired_in('{identifier}', '{identifier_written}')},"
            f" {repaired_in('{tax_code}', '{tax_code_written}', LOST_ZEROS_OF_TAX_CODE)})"
        ),
    },
    numbers=("identifier", "tax_code"),
    looked_up=("{personal}", "{former}", "{tax}", "{repaired}", "{name_key}"),
)

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
CITIZEN_NAMED_SO = same_name("{s}.full_name")
HEAD_NAMED_SO = same_name("head.full_name")

BY_IDENTIFIER: tuple[Rule, ...] = (
    Rule(
        "personal_identifier",
        "Party",
        join="{s}.personal_id = {r}.personal",
        about="The recorded personal identifier, or a tax code that is one, is a citizen's.",
        party_kinds=("PERSON",),
        subject=CITIZEN,
        sure=CITIZEN_NAMED_SO,
        reached="select v.personal_id from version_of_citizen v",
    ),
    Rule(
        "former_identifier",
        "Party",
        join="{s}.former_id = {r}.former",
        about="The recorded former identifier is a citizen's, through the crosswalk of the population register.",
        party_kinds=("PERSON",),
        subject=CITIZEN,
        sure=CITIZEN_NAMED_SO,
        reached="select v.former_id from version_of_citizen v",
    ),
    Rule(
        "household_head",
        "Party",
        join="{s}.head_personal_id = {r}.personal",
        about="The recorded identifier is that of the household's head: since 2025-07-01 the household's tax code.",
        party_kinds=("HOUSEHOLD",),
        subject=HOUSEHOLD,
        sure=HEAD_NAMED_SO,
        reached="select v.head_personal_id from version_of_household v",
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
        reached=(
            "select former.former_id from version_of_household v join data.citizen former"
            " on former.personal_id = v.head_personal_id"
        ),
    ),
)


def _of_repaired(rule: Rule) -> Rule:
    """The rule for a number that would be an identifier but for a letter typed for a digit, or zeros lost in front."""
    by_name = next(test for word, test in rule.subject.tests if word == "name")
    with_repaired = {
        part: getattr(rule, part).replace("{r}.personal", "{r}.repaired").replace("{r}.former", "{r}.repaired")
        for part in ("through", "join")
    }
    return replace(
        rule,
        name=f"{rule.name}_repaired",
        found_if=by_name,
        accept="false",
        sure=None,
        tier=2,
        about="The same with letters typed for digits, or zeros lost in front, if the name agrees: a candidate only.",
        **with_repaired,
    )


RULES = (*BY_IDENTIFIER, *(_of_repaired(rule) for rule in BY_IDENTIFIER))

RESIDENTS = Standing(
    "HouseholdMembership.member",
    "Citizen",
    "household_of",
    "household_code",
    "select distinct l.found_id, m.household_code from link.household_membership_member l"
    f" join data.household_membership m on m.id = l.record_id where {KNOWN_BY_RULE.format(l='l')}",
    companions=True,
)
"""Citizen → code of a household."""

CHANGED_IDENTIFIERS = " union ".join(
    f"select c.personal_id from {schema}.citizen c join changed n on n.id = c.id" for schema in ("data", "history")
)
"""Select of the identifiers that changed citizens have and had."""
BOTH = "concat_ws(' / ', {0}, {1})"
SUBJECTS = {
    "Citizen": SubjectLinking(
        shown={
            "kind": "'PERSON'",
            "name": "{s}.full_name",
            "birth_date": "{s}.birth_date",
            "identifier": BOTH.format("{s}.personal_id", "{s}.former_id"),
            "tax_code": "{s}.personal_id",
            "address": "{s}.residence_address",
        },
        alike=(
            "select s.id, (left(s.birth_date, 4) = left(f.birth_date, 4)) is not true as unlike from data.citizen f"
            " join data.citizen s on s.full_name_key = f.full_name_key where f.id = d.found_id"
        ),
        party=PartyRegister(
            recorded_as="PERSON",
            select=(
                "select c.id as key, c.full_name as name, c.birth_date, c.personal_id as identifier, c.former_id,"
                " c.residence_address as address, c.residence_unit_code as unit_code from data.citizen c"
            ),
            companions=(
                "select found_id as key, string_agg(household_code, ' ' order by household_code) as companions"
                " from household_of where found_id{only} group by found_id"
            ),
            reference=True,
        ),
    ),
    "Household": SubjectLinking(
        shown={
            "kind": "'HOUSEHOLD'",
            "name": "head.full_name",
            "birth_date": "head.birth_date",
            "identifier": BOTH.format("{s}.head_personal_id", "head.former_id"),
            "tax_code": "{s}.head_personal_id",
            "address": "{s}.address",
        },
        shown_from="left join data.citizen head on head.personal_id = {s}.head_personal_id",
        alike=(
            "select s.id, (left(sh.birth_date, 4) = left(fh.birth_date, 4)) is not true as unlike from data.household f"
            " join data.citizen fh on fh.personal_id = f.head_personal_id join data.citizen sh on sh.full_name_key = fh.full_name_key"
            " join data.household s on s.head_personal_id = sh.personal_id where f.id = d.found_id"
        ),
        moved_by=(f"select h.id from data.household h where h.head_personal_id in ({CHANGED_IDENTIFIERS})",),
        party=PartyRegister(
            recorded_as="HOUSEHOLD",
            select=(
                "select s.id as key, c.full_name as name, c.birth_date, c.personal_id as identifier, c.former_id,"
                " s.address, s.commune_unit_code as unit_code from data.household s"
                " join data.citizen c on c.personal_id = s.head_personal_id"
            ),
            companions="select id as key, household_code as companions from data.household where id{only}",
        ),
    ),
}
"""A household is recorded under the name and birth date of its head."""

LINKING = SectorLinking(families={"Party": PARTY}, rules=RULES, subjects=SUBJECTS, standings=(RESIDENTS,))
