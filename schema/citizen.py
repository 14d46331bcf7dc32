"""Citizen: people, the households they live in, marriages, births, deaths. Owned by population and civil status."""

from schema.authority import ended
from schema.codes import MaritalState, RelationshipToHead, ResidenceKind, Sex
from schema.core import Label, PersonFacts, field, key, link, linked, record, reference, subject
from schema.parties import PartyAsRecorded
from schema.place import AdministrativeUnit
from schema.values import Address, Day, FormerId, LocalCode, PartialDate, PersonalId, PersonName, Text


@subject(
    sector="citizen",
    label=Label("Công dân", "Citizen"),
    standard="SEMIC Core Person 2.1 Person",
    duplicates=True,
    person=PersonFacts(born="birth_date", died="death_date", adult_age=18),
)
class Citizen:
    """A person in the population register."""

    personal_id: PersonalId = key("Personal identifier.", search=True)
    former_id: FormerId | None = field(
        "Former identity-card number: the crosswalk for old papers. Not unique.", filter=True, search=True
    )
    full_name: PersonName = field("Family name, middle name, given name.", filter=True, order=True, search=True)
    sex: Sex | None = field("Sex.", filter=True, index=False)
    birth_date: PartialDate | None = field("Date of birth, or the year alone.", filter=True, order=True, search=True)
    death_date: Day | None = field("Date of death; null for the living.", filter=True, index=False)
    ethnicity: Text | None = field("Ethnic group as registered.")
    residence: AdministrativeUnit | None = reference("unit_code", "Commune of registered residence.")
    residence_address: Address | None = field("Address of residence within the commune.")
    registered_on: Day | None = field("When the residence was registered.", filter=True, index=False)
    memberships: list["HouseholdMembership"] = link("HouseholdMembership.member", "Households the person belongs to.")
    marital_statuses: list["MaritalStatus"] = link("MaritalStatus.person", "Civil-status entries on marriage.")
    birth_registrations: list["BirthRegistration"] = link(
        "BirthRegistration.child", "Registrations of the person's birth."
    )
    children_as_mother: list["BirthRegistration"] = link("BirthRegistration.mother", "Births registered of the mother.")
    children_as_father: list["BirthRegistration"] = link("BirthRegistration.father", "Births registered of the father.")
    death_registrations: list["DeathRegistration"] = link("DeathRegistration.deceased", "Registrations of the death.")
    land_use_rights: list["LandUseRight"] = link(
        "LandUseRight.holder", "Land-use rights held."
    )  # resolved by the registry
    transfers_made: list["LandTransferSlip"] = link("LandTransferSlip.transferor", "Transfers of rights to others.")
    transfers_received: list["LandTransferSlip"] = link(
        "LandTransferSlip.transferee", "Transfers of rights from others."
    )
    taxpayers: list["Taxpayer"] = link("Taxpayer.party", "Registrations at the tax office.")
    tax_obligations: list["TaxObligation"] = link("TaxObligation.debtor", "Taxes and fees owed or paid.")
    benefits: list["Benefit"] = link("Benefit.beneficiary", "Social benefits.")
    pensions: list["Pension"] = link("Pension.beneficiary", "Pensions of social insurance.")
    health_insurance_cards: list["HealthInsuranceCard"] = link("HealthInsuranceCard.holder", "Health-insurance cards.")
    birth_notices: list["BirthNotice"] = link("BirthNotice.mother", "Births that hospitals notified of the mother.")
    business_roles: list["BusinessRole"] = link("BusinessRole.person", "What the person is to businesses.")


@subject(sector="citizen", label=Label("Hộ gia đình", "Household"), standard="SEMIC Core Person residency")
class Household:
    """People registered at one residence."""

    household_code: LocalCode = key("Code of the household in residence data.")
    head_personal_id: PersonalId | None = field(
        "Identifier of the head: since 2025-07-01 also the household's tax code.", filter=True
    )
    commune: AdministrativeUnit | None = reference("unit_code", "Commune of the residence.")
    address: Address | None = field("Address within the commune.")
    members: list["HouseholdMembership"] = link("HouseholdMembership.household", "Members of the household.")
    land_use_rights: list["LandUseRight"] = link("LandUseRight.holder", "Land-use rights held by the household.")
    transfers_made: list["LandTransferSlip"] = link("LandTransferSlip.transferor", "Transfers of rights to others.")
    transfers_received: list["LandTransferSlip"] = link(
        "LandTransferSlip.transferee", "Transfers of rights from others."
    )
    taxpayers: list["Taxpayer"] = link("Taxpayer.party", "Registrations at the tax office.")
    poor_household_entries: list["PoorHouseholdEntry"] = link(
        "PoorHouseholdEntry.household", "Years in which the household was listed as poor or near-poor."
    )


@record(sector="citizen", label=Label("Thành viên hộ", "Household membership"), standard="SEMIC Core Person residency")
class HouseholdMembership:
    """One person in one household."""

    household: Household = reference("household_code", "The household.")
    member: Citizen = linked(PartyAsRecorded, "The person.", unique_within=("household_code",))
    relationship: RelationshipToHead = field("Relationship to the head.", filter=True)
    residence_kind: ResidenceKind | None = field("Permanent or temporary residence.", filter=True, index=False)
    since: Day | None = field("When the person joined.", filter=True, index=False)


@record(
    sector="citizen",
    label=Label("Tình trạng hôn nhân", "Marital status"),
    standard="SEMIC Core Person",
    plural="marital_statuses",
)
class MaritalStatus:
    """One entry of civil status on marriage; the one without an end is in force."""

    person: Citizen = linked(PartyAsRecorded, "Whose status it is.")
    state: MaritalState = field(
        "The state.",
        filter=True,
        authority=(ended("Citizen.death_date", linked="spouse", contrary=("MARRIED",), while_empty="until"),),
    )
    spouse: Citizen | None = linked(PartyAsRecorded, "The other spouse, where married.")
    since: Day | None = field("When it began.", filter=True, order=True)
    until: Day | None = field("When it ended; null while in force.", filter=True, index=False)
    certificate_number: LocalCode | None = field("Number of the marriage certificate.")


@record(sector="citizen", label=Label("Đăng ký khai sinh", "Birth registration"), standard="SEMIC Core Person birth")
class BirthRegistration:
    """A birth in the civil-status register: who was born, of whom."""

    registration_number: LocalCode = key("Number of the entry, with its register and year.", search=True)
    child: Citizen = linked(PartyAsRecorded, "Who was born.")
    mother: Citizen | None = linked(PartyAsRecorded, "The mother; null where she is not known.")
    father: Citizen | None = linked(PartyAsRecorded, "The father; null where none is registered.")
    birth_date: PartialDate = field("Date of birth.", filter=True, order=True)
    sex: Sex | None = field("Sex.", filter=True, index=False)
    birth_place: Text | None = field("Where the child was born: a hospital, or a commune.")
    registry: AdministrativeUnit | None = reference("unit_code", "Commune whose office registered the birth.")
    registered_on: Day | None = field("When the birth was registered, perhaps years later.", filter=True, order=True)


@record(sector="citizen", label=Label("Đăng ký khai tử", "Death registration"), standard="SEMIC Core Person death")
class DeathRegistration:
    """A death in the civil-status register."""

    registration_number: LocalCode = key("Number of the entry, with its register and year.", search=True)
    deceased: Citizen = linked(PartyAsRecorded, "Who died.")
    died_on: Day = field("Day of death.", filter=True, order=True)
    registry: AdministrativeUnit | None = reference("unit_code", "Commune whose office registered the death.")
    registered_on: Day | None = field("When the death was registered.", filter=True, index=False)
