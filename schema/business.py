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

    registration_number: RegistrationNumber = key("Number of its registration.", search=True)
    enterprise_code: EnterpriseCode | None = key("Enterprise code; null for a household business.", search=True)
    tax_code: TaxCode | None = field(
        "Tax code; of a household business, since 2025-07-01, its representative's identifier.",
        filter=True,
        search=True,
    )
    legal_name: OrganisationName = field("Name as registered.", filter=True, order=True, search=True)
    legal_form: LegalForm = field("Legal form.", filter=True)
    status: BusinessStatus = field("Status in the register.", filter=True)
    registered_on: Day | None = field("Date of first registration.", filter=True, order=True)
    registered_capital: Vnd | None = field("Charter capital.", filter=True, index=False)
    activity: Text | None = field("Main line of business.")
    seat: AdministrativeUnit | None = reference("unit_code", "Commune of the head office.")
    seat_address: Address | None = field("Address of the head office within the commune.")
    roles: list["BusinessRole"] = link("BusinessRole.business", "Who is what to the business.")
    sites: list["BusinessSite"] = link("BusinessSite.business", "Where it does business.")
    taxpayers: list["Taxpayer"] = link("Taxpayer.party", "Registrations at the tax office.")  # resolved by the registry
    tax_obligations: list["TaxObligation"] = link("TaxObligation.debtor", "Taxes and fees owed or paid.")


@record(
    sector="business",
    label=Label("Vai trò trong doanh nghiệp", "Business role"),
    standard="FollowTheMoney Directorship, Ownership",
)
class BusinessRole:
    """What one person is to one business."""

    business: Business = reference("registration_number", "The business.")
    person: Citizen = linked(PartyAsRecorded, "The person.")
    role: BusinessRoleKind = field("What the person is.", filter=True)
    since: Day | None = field("When it began.", filter=True, order=True)
    until: Day | None = field("When it ended; null while in force.", filter=True, index=False)
    contribution: Vnd | None = field("Capital contributed.", filter=True, index=False)


@record(
    sector="business",
    label=Label("Địa điểm kinh doanh", "Business site"),
    standard="W3C Organization Ontology org:Site",
)
class BusinessSite:
    """A place where one business works: its head office, a branch, a shop."""

    business: Business = reference("registration_number", "The business.")
    kind: BusinessSiteKind = field("What the site is.", filter=True)
    unit: AdministrativeUnit | None = reference("unit_code", "Commune of the site.")
    address: Address | None = field("Address within the commune.")
    parcel: Parcel | None = linked(ParcelAsRecorded, "The parcel it stands on, where the register has it.")
    since: Day | None = field("When it was registered.", filter=True, index=False)
    until: Day | None = field("When it was closed; null while in use.", filter=True, index=False)
