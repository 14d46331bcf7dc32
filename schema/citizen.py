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

    personal_id: PersonalId = key(
        "Personal identifier.", label=Label("Số định danh cá nhân", "Personal identifier"), search=True
    )
    former_id: FormerId | None = field(
        "Former identity-card number: the crosswalk for old papers. Not unique.",
        label=Label("Số CMND cũ", "Former identifier"),
        filter=True,
        search=True,
    )
    full_name: PersonName = field(
        "Family name, middle name, given name.",
        label=Label("Họ và tên", "Full name"),
        filter=True,
        order=True,
        search=True,
    )
    sex: Sex | None = field("Sex.", label=Label("Giới tính", "Sex"), filter=True, index=False)
    birth_date: PartialDate | None = field(
        "Date of birth, or the year alone.",
        label=Label("Ngày sinh", "Date of birth"),
        filter=True,
        order=True,
        search=True,
    )
    death_date: Day | None = field(
        "Date of death; null for the living.", label=Label("Ngày mất", "Date of death"), filter=True, index=False
    )
    ethnicity: Text | None = field("Ethnic group as registered.", label=Label("Dân tộc", "Ethnicity"))
    residence: AdministrativeUnit | None = reference(
        "unit_code", "Commune of registered residence.", label=Label("Nơi thường trú", "Residence")
    )
    residence_address: Address | None = field(
        "Address of residence within the commune.", label=Label("Địa chỉ thường trú", "Residence address")
    )
    registered_on: Day | None = field(
        "When the residence was registered.",
        label=Label("Ngày đăng ký cư trú", "Residence registered on"),
        filter=True,
        index=False,
    )
    memberships: list["HouseholdMembership"] = link(
        "HouseholdMembership.member",
        "Households the person belongs to.",
        label=Label("Các hộ có tên", "Household memberships"),
    )
    marital_statuses: list["MaritalStatus"] = link(
        "MaritalStatus.person",
        "Civil-status entries on marriage.",
        label=Label("Các lần ghi hôn nhân", "Marital statuses"),
    )
    birth_registrations: list["BirthRegistration"] = link(
        "BirthRegistration.child",
        "Registrations of the person's birth.",
        label=Label("Đăng ký khai sinh", "Birth registrations"),
    )
    children_as_mother: list["BirthRegistration"] = link(
        "BirthRegistration.mother",
        "Births registered of the mother.",
        label=Label("Khai sinh của con (là mẹ)", "Births as mother"),
    )
    children_as_father: list["BirthRegistration"] = link(
        "BirthRegistration.father",
        "Births registered of the father.",
        label=Label("Khai sinh của con (là cha)", "Births as father"),
    )
    death_registrations: list["DeathRegistration"] = link(
        "DeathRegistration.deceased",
        "Registrations of the death.",
        label=Label("Đăng ký khai tử", "Death registrations"),
    )
    land_use_rights: list["LandUseRight"] = link(
        "LandUseRight.holder", "Land-use rights held.", label=Label("Quyền sử dụng đất", "Land-use rights")
    )  # resolved by the registry
    transfers_made: list["LandTransferSlip"] = link(
        "LandTransferSlip.transferor",
        "Transfers of rights to others.",
        label=Label("Lần chuyển quyền cho người khác", "Transfers made"),
    )
    transfers_received: list["LandTransferSlip"] = link(
        "LandTransferSlip.transferee",
        "Transfers of rights from others.",
        label=Label("Lần nhận chuyển quyền", "Transfers received"),
    )
    taxpayers: list["Taxpayer"] = link(
        "Taxpayer.party", "Registrations at the tax office.", label=Label("Đăng ký thuế", "Tax registrations")
    )
    tax_obligations: list["TaxObligation"] = link(
        "TaxObligation.debtor", "Taxes and fees owed or paid.", label=Label("Nghĩa vụ thuế", "Tax obligations")
    )
    benefits: list["Benefit"] = link("Benefit.beneficiary", "Social benefits.", label=Label("Trợ cấp", "Benefits"))
    pensions: list["Pension"] = link(
        "Pension.beneficiary", "Pensions of social insurance.", label=Label("Lương hưu, trợ cấp BHXH", "Pensions")
    )
    health_insurance_cards: list["HealthInsuranceCard"] = link(
        "HealthInsuranceCard.holder",
        "Health-insurance cards.",
        label=Label("Thẻ bảo hiểm y tế", "Health-insurance cards"),
    )
    birth_notices: list["BirthNotice"] = link(
        "BirthNotice.mother",
        "Births that hospitals notified of the mother.",
        label=Label("Giấy chứng sinh của con", "Birth notices"),
    )
    business_roles: list["BusinessRole"] = link(
        "BusinessRole.person",
        "What the person is to businesses.",
        label=Label("Vai trò trong doanh nghiệp", "Business roles"),
    )


@subject(sector="citizen", label=Label("Hộ gia đình", "Household"), standard="SEMIC Core Person residency")
class Household:
    """People registered at one residence."""

    household_code: LocalCode = key("Code of the household in residence data.", label=Label("Mã hộ", "Household code"))
    head_personal_id: PersonalId | None = field(
        "Identifier of the head: since 2025-07-01 also the household's tax code.",
        label=Label("Số định danh của chủ hộ", "Identifier of the head"),
        filter=True,
    )
    commune: AdministrativeUnit | None = reference(
        "unit_code", "Commune of the residence.", label=Label("Xã, phường", "Commune")
    )
    address: Address | None = field("Address within the commune.", label=Label("Địa chỉ", "Address"))
    members: list["HouseholdMembership"] = link(
        "HouseholdMembership.household", "Members of the household.", label=Label("Thành viên", "Members")
    )
    land_use_rights: list["LandUseRight"] = link(
        "LandUseRight.holder",
        "Land-use rights held by the household.",
        label=Label("Quyền sử dụng đất của hộ", "Land-use rights"),
    )
    transfers_made: list["LandTransferSlip"] = link(
        "LandTransferSlip.transferor",
        "Transfers of rights to others.",
        label=Label("Lần chuyển quyền cho người khác", "Transfers made"),
    )
    transfers_received: list["LandTransferSlip"] = link(
        "LandTransferSlip.transferee",
        "Transfers of rights from others.",
        label=Label("Lần nhận chuyển quyền", "Transfers received"),
    )
    taxpayers: list["Taxpayer"] = link(
        "Taxpayer.party", "Registrations at the tax office.", label=Label("Đăng ký thuế", "Tax registrations")
    )
    poor_household_entries: list["PoorHouseholdEntry"] = link(
        "PoorHouseholdEntry.household",
        "Years in which the household was listed as poor or near-poor.",
        label=Label("Các năm là hộ nghèo, cận nghèo", "Poor-household entries"),
    )


@record(sector="citizen", label=Label("Thành viên hộ", "Household membership"), standard="SEMIC Core Person residency")
class HouseholdMembership:
    """One person in one household."""

    household: Household = reference("household_code", "The household.", label=Label("Hộ", "Household"))
    member: Citizen = linked(
        PartyAsRecorded, "The person.", label=Label("Thành viên", "Member"), unique_within=("household_code",)
    )
    relationship: RelationshipToHead = field(
        "Relationship to the head.", label=Label("Quan hệ với chủ hộ", "Relationship to the head"), filter=True
    )
    residence_kind: ResidenceKind | None = field(
        "Permanent or temporary residence.", label=Label("Loại cư trú", "Kind of residence"), filter=True, index=False
    )
    since: Day | None = field("When the person joined.", label=Label("Từ ngày", "Since"), filter=True, index=False)


@record(
    sector="citizen",
    label=Label("Tình trạng hôn nhân", "Marital status"),
    standard="SEMIC Core Person",
    plural="marital_statuses",
)
class MaritalStatus:
    """One entry of civil status on marriage; the one without an end is in force."""

    person: Citizen = linked(PartyAsRecorded, "Whose status it is.", label=Label("Người được ghi", "Person"))
    state: MaritalState = field(
        "The state.",
        label=Label("Tình trạng", "State"),
        filter=True,
        authority=(ended("Citizen.death_date", linked="spouse", contrary=("MARRIED",), while_empty="until"),),
    )
    spouse: Citizen | None = linked(
        PartyAsRecorded, "The other spouse, where married.", label=Label("Vợ hoặc chồng", "Spouse")
    )
    since: Day | None = field("When it began.", label=Label("Từ ngày", "Since"), filter=True, order=True)
    until: Day | None = field(
        "When it ended; null while in force.", label=Label("Đến ngày", "Until"), filter=True, index=False
    )
    certificate_number: LocalCode | None = field(
        "Number of the marriage certificate.", label=Label("Số giấy chứng nhận kết hôn", "Marriage certificate number")
    )


@record(sector="citizen", label=Label("Đăng ký khai sinh", "Birth registration"), standard="SEMIC Core Person birth")
class BirthRegistration:
    """A birth in the civil-status register: who was born, of whom."""

    registration_number: LocalCode = key(
        "Number of the entry, with its register and year.",
        label=Label("Số đăng ký khai sinh", "Birth registration number"),
        search=True,
    )
    child: Citizen = linked(PartyAsRecorded, "Who was born.", label=Label("Người được khai sinh", "Child"))
    mother: Citizen | None = linked(
        PartyAsRecorded, "The mother; null where she is not known.", label=Label("Mẹ", "Mother")
    )
    father: Citizen | None = linked(
        PartyAsRecorded, "The father; null where none is registered.", label=Label("Cha", "Father")
    )
    birth_date: PartialDate = field(
        "Date of birth.", label=Label("Ngày sinh", "Date of birth"), filter=True, order=True
    )
    sex: Sex | None = field("Sex.", label=Label("Giới tính", "Sex"), filter=True, index=False)
    birth_place: Text | None = field(
        "Where the child was born: a hospital, or a commune.", label=Label("Nơi sinh", "Place of birth")
    )
    registry: AdministrativeUnit | None = reference(
        "unit_code", "Commune whose office registered the birth.", label=Label("Nơi đăng ký", "Registry")
    )
    registered_on: Day | None = field(
        "When the birth was registered, perhaps years later.",
        label=Label("Ngày đăng ký", "Registered on"),
        filter=True,
        order=True,
    )


@record(sector="citizen", label=Label("Đăng ký khai tử", "Death registration"), standard="SEMIC Core Person death")
class DeathRegistration:
    """A death in the civil-status register."""

    registration_number: LocalCode = key(
        "Number of the entry, with its register and year.",
        label=Label("Số đăng ký khai tử", "Death registration number"),
        search=True,
    )
    deceased: Citizen = linked(PartyAsRecorded, "Who died.", label=Label("Người mất", "Deceased"))
    died_on: Day = field("Day of death.", label=Label("Ngày mất", "Date of death"), filter=True, order=True)
    registry: AdministrativeUnit | None = reference(
        "unit_code", "Commune whose office registered the death.", label=Label("Nơi đăng ký", "Registry")
    )
    registered_on: Day | None = field(
        "When the death was registered.", label=Label("Ngày đăng ký", "Registered on"), filter=True, index=False
    )
