"""Linking businesses: recorded parties to household businesses and enterprises."""

from schema.linking.declarations import (
    KNOWN_BY_RULE,
    OrganisationRegister,
    Rule,
    SectorLinking,
    Standing,
    SubjectLinking,
    SubjectMatchRule,
    same_name,
)
from schema.linking.people import BOTH, CHANGED_IDENTIFIERS

BUSINESS = SubjectMatchRule("Business")
BY_ITS_NAME = (
    "hub.names_agree({r}.name_key, {s}.legal_name_key) is not false or exists (select from data.citizen c"
    " where c.personal_id = {s}.tax_code and hub.names_agree({r}.name_key, c.full_name_key))"
)
"""One person's identifier is the tax code of every household business of theirs: its name tells which one is meant, and a record
under the person's name means the one that has the code."""
UNDER_ITS_NAME = "hub.names_agree({r}.name_key, {s}.legal_name_key)"
NAMED_SO = same_name("{s}.legal_name")
NAMED_SO_OR_ITS_OWNER = f"({NAMED_SO} or exists (select from data.citizen c where c.personal_id = {{s}}.tax_code and {same_name('c.full_name')}))"

OF_ITS_OWNERS = (
    "select owner.{number} from version_of_business v join business_of held on held.found_id = v.id"
    " join data.citizen owner on owner.id = held.person_id"
)
"""Select of a number of those who stand for changed businesses."""

RULES: tuple[Rule, ...] = (
    Rule(
        "household_business_tax_code",
        "Party",
        subject=BUSINESS,
        accept=BY_ITS_NAME,
        join="{s}.tax_code = coalesce({r}.personal, {r}.tax) and {s}.legal_form = 'HOUSEHOLD_BUSINESS'",
        about="The recorded tax code is a household business's: its own, or since 2025-07-01 its representative's identifier.",
        party_kinds=("HOUSEHOLD_BUSINESS",),
        sure=NAMED_SO_OR_ITS_OWNER,
        reached="select v.tax_code from version_of_business v",
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
        reached=OF_ITS_OWNERS.format(number="personal_id"),
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
        reached=OF_ITS_OWNERS.format(number="former_id"),
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
        reached="select v.legal_name_key from version_of_business v",
    ),
    Rule(
        "enterprise_code",
        "Party",
        subject=BUSINESS,
        accept=f"({UNDER_ITS_NAME}) is not false",
        join="{s}.enterprise_code = {r}.tax",
        about="The recorded tax code, without its branch, is an enterprise code, and the recorded name, if there is one, is the enterprise's.",
        party_kinds=("ENTERPRISE",),
        sure=NAMED_SO,
        reached="select v.enterprise_code from version_of_business v",
    ),
)

REPRESENTED = Standing(
    "BusinessRole.person",
    "Business",
    "business_of",
    "person_id",
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

SUBJECTS = {
    "Business": SubjectLinking(
        shown={
            "kind": "{s}.legal_form",
            "name": "{s}.legal_name",
            "identifier": "{s}.registration_number",
            "tax_code": BOTH.format("{s}.tax_code", "{s}.enterprise_code"),
            "address": "{s}.seat_address",
        },
        alike=(
            "select s.id, s.legal_form <> f.legal_form as unlike from data.business f"
            " join data.business s on s.legal_name_key = f.legal_name_key where f.id = d.found_id"
        ),
        moved_by=(
            f"select b.id from data.business b where b.tax_code in ({CHANGED_IDENTIFIERS})",
            "select distinct b.found_id as id from business_of b join changed n on n.id = b.person_id",
        ),
        organisation=OrganisationRegister(
            recorded_kinds=("HOUSEHOLD_BUSINESS", "ENTERPRISE"),
            own_business="HOUSEHOLD_BUSINESS",
            select=(
                "select b.id as key, b.legal_name as name, b.legal_form as form, concat_ws(' ', b.tax_code, b.enterprise_code) as numbers,"
                " b.seat_address as address, b.seat_unit_code as unit_code, (select string_agg(c.personal_id, ' ' order by c.personal_id)"
                " from business_of o join data.citizen c on c.id = o.person_id where o.found_id = b.id) as people from {table} b"
            ),
            method="business_likeness",
        ),
    ),
}

LINKING = SectorLinking(rules=RULES, subjects=SUBJECTS, standings=(REPRESENTED,))
