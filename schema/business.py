"""Business: enterprises and household businesses, their sites, and what people are to them."""

from schema.citizen import Citizen
from schema.codes import BusinessRoleKind, BusinessSiteKind, BusinessStatus, LegalForm
from schema.core import Label, field, key, link, linked, record, reference, subject
from schema.land import Parcel
from schema.parties import ParcelAsRecorded, PartyAsRecorded
from schema.place import AdministrativeUnit
from schema.values import Address, Day, EnterpriseCode, OrganisationName, RegistrationNumber, TaxCode, Text, Vnd


@subject(
    sector="business",
    label=Label("Doanh nghiệp", "Business"),
    standard="SEMIC Core Business 2.3 LegalEntity",
    plural="businesses",
)
class Business:
    """An enterprise or a household business in the business register."""

    registration_number: RegistrationNumber = key(
        "Number of its registration.", label=Label("Số đăng ký kinh doanh", "Registration number"), search=True
    )
    enterprise_code: EnterpriseCode | None = key(
        "Enterprise code; null for a household business.",
        label=Label("Mã số doanh nghiệp", "Enterprise code"),
        search=True,
    )
    tax_code: TaxCode | None = field(
        "Tax code; of a household business, since 2025-07-01, its representative's identifier.",
        label=Label("Mã số thuế", "Tax code"),
        filter=True,
        search=True,
    )
    legal_name: OrganisationName = field(
        "Name as registered.", label=Label("Tên doanh nghiệp", "Legal name"), filter=True, order=True, search=True
    )
    legal_form: LegalForm = field("Legal form.", label=Label("Loại hình", "Legal form"), filter=True)
    status: BusinessStatus = field(
        "Status in the register.", label=Label("Tình trạng hoạt động", "Status"), filter=True
    )
    registered_on: Day | None = field(
        "Date of first registration.", label=Label("Ngày đăng ký lần đầu", "Registered on"), filter=True, order=True
    )
    registered_capital: Vnd | None = field(
        "Charter capital.", label=Label("Vốn điều lệ", "Charter capital"), filter=True, index=False
    )
    activity: Text | None = field("Main line of business.", label=Label("Ngành nghề chính", "Main line of business"))
    seat: AdministrativeUnit | None = reference(
        "unit_code", "Commune of the head office.", label=Label("Xã, phường đặt trụ sở", "Commune of the head office")
    )
    seat_address: Address | None = field(
        "Address of the head office within the commune.", label=Label("Địa chỉ trụ sở", "Address of the head office")
    )
    roles: list["BusinessRole"] = link(
        "BusinessRole.business", "Who is what to the business.", label=Label("Người trong doanh nghiệp", "Roles")
    )
    sites: list["BusinessSite"] = link(
        "BusinessSite.business", "Where it does business.", label=Label("Địa điểm", "Sites")
    )
    taxpayers: list["Taxpayer"] = link(
        "Taxpayer.party", "Registrations at the tax office.", label=Label("Đăng ký thuế", "Tax registrations")
    )  # resolved by the registry
    tax_obligations: list["TaxObligation"] = link(
        "TaxObligation.debtor", "Taxes and fees owed or paid.", label=Label("Nghĩa vụ thuế", "Tax obligations")
    )


@record(
    sector="business",
    label=Label("Vai trò trong doanh nghiệp", "Business role"),
    standard="FollowTheMoney Directorship, Ownership",
)
class BusinessRole:
    """What one person is to one business."""

    business: Business = reference("registration_number", "The business.", label=Label("Doanh nghiệp", "Business"))
    person: Citizen = linked(PartyAsRecorded, "The person.", label=Label("Người giữ vai trò", "Person"))
    role: BusinessRoleKind = field("What the person is.", label=Label("Vai trò", "Role"), filter=True)
    since: Day | None = field("When it began.", label=Label("Từ ngày", "Since"), filter=True, order=True)
    until: Day | None = field(
        "When it ended; null while in force.", label=Label("Đến ngày", "Until"), filter=True, index=False
    )
    contribution: Vnd | None = field(
        "Capital contributed.", label=Label("Vốn góp", "Capital contributed"), filter=True, index=False
    )


@record(
    sector="business",
    label=Label("Địa điểm kinh doanh", "Business site"),
    standard="W3C Organization Ontology org:Site",
)
class BusinessSite:
    """A place where one business works: its head office, a branch, a shop."""

    business: Business = reference("registration_number", "The business.", label=Label("Doanh nghiệp", "Business"))
    kind: BusinessSiteKind = field("What the site is.", label=Label("Loại địa điểm", "Kind of site"), filter=True)
    unit: AdministrativeUnit | None = reference(
        "unit_code", "Commune of the site.", label=Label("Xã, phường", "Commune")
    )
    address: Address | None = field("Address within the commune.", label=Label("Địa chỉ", "Address"))
    parcel: Parcel | None = linked(
        ParcelAsRecorded, "The parcel it stands on, where the register has it.", label=Label("Thửa đất", "Parcel")
    )
    since: Day | None = field("When it was registered.", label=Label("Từ ngày", "Since"), filter=True, index=False)
    until: Day | None = field(
        "When it was closed; null while in use.", label=Label("Đến ngày", "Until"), filter=True, index=False
    )
