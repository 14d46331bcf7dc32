"""Land: parcels, rights in them, and what rests on them (ISO 19152, LADM)."""

from schema.citizen import Citizen, Household
from schema.codes import (
    EncumbranceKind,
    EncumbranceStatus,
    LandPurpose,
    LandTransferKind,
    LandTransferSlipStatus,
    PlanningRestrictionKind,
    RightOrigin,
    RightStatus,
)
from schema.core import Label, field, key, link, linked, record, reference, subject
from schema.parties import ParcelAsRecorded, PartyAsRecorded
from schema.place import AdministrativeUnit
from schema.values import (
    Address,
    Area,
    CertificateSerial,
    Count,
    Day,
    DossierCode,
    GeoPoint,
    LocalCode,
    ParcelIdentifier,
    ParcelNumber,
    Share,
    Text,
    Vnd,
)


@subject(sector="land", label=Label("Thửa đất", "Parcel"), standard="ISO 19152 LA_SpatialUnit")
class Parcel:
    """A piece of land held under one set of rights."""

    parcel_number: ParcelNumber = key(
        "Commune with the date of its code, map sheet and parcel number, as on the cadastral map."
    )
    parcel_identifier: ParcelIdentifier | None = key(
        "12-character identifier, issued once; null where none has been issued."
    )
    commune: AdministrativeUnit = reference("unit_code", "The commune under whose code the parcel is recorded.")
    map_sheet: Count = field("Number of the cadastral map sheet.", filter=True)
    ordinal: Count = field("Number of the parcel on its sheet.", filter=True)
    area: Area | None = field("Surveyed area; null where only the deed states one.", filter=True, order=True)
    purpose: LandPurpose | None = field("Land-use purpose.", filter=True)
    address: Address | None = field("Address of the parcel within the commune.")
    point: GeoPoint | None = field("An inner point.")
    rights: list["LandUseRight"] = link("LandUseRight.parcel", "Rights held in this parcel.")
    encumbrances: list["Encumbrance"] = link("Encumbrance.parcel", "Mortgages and seizures.")
    planning_restrictions: list["PlanningRestriction"] = link("PlanningRestriction.parcel", "What planning restricts.")
    transfer_slips: list["LandTransferSlip"] = link("LandTransferSlip.parcel", "Transfers of rights in this parcel.")
    business_sites: list["BusinessSite"] = link("BusinessSite.parcel", "Sites of businesses on this parcel.")
    tax_obligations: list["TaxObligation"] = link(
        "TaxObligation.parcel", "Taxes and fees on this parcel."
    )  # resolved by the registry


@record(sector="land", label=Label("Quyền sử dụng đất", "Land-use right"), standard="ISO 19152 LA_RRR")
class LandUseRight:
    """A right to use a parcel, or a co-holder's share of one."""

    certificate_serial: CertificateSerial | None = field("Serial printed on the certificate.", filter=True, search=True)
    registry_number: LocalCode | None = field("Number in the register of certificates.", filter=True)
    issued_on: Day | None = field("Issue date of the certificate.", filter=True, order=True)
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel the right is in.")
    holder: Citizen | Household = linked(PartyAsRecorded, "Who holds the right.")
    share: Share | None = field("Part of the right this holder has.")
    area: Area | None = field("Area the certificate states.", filter=True, index=False)
    purpose: LandPurpose | None = field("Purpose the certificate states.")
    term_ends_on: Day | None = field("End of the term; null for long-term use.", filter=True, index=False)
    origin: RightOrigin | None = field("Where the right comes from.")
    status: RightStatus = field("Whether the right is in force.", filter=True)


@record(sector="land", label=Label("Hạn chế quyền", "Encumbrance"), standard="ISO 19152 LA_Mortgage, LA_Restriction")
class Encumbrance:
    """A mortgage or a seizure that rests on a parcel."""

    registration_number: LocalCode = key("Number under which it was registered.")
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel it rests on.")
    kind: EncumbranceKind = field("Mortgage or seizure.", filter=True)
    status: EncumbranceStatus = field("Whether it still rests.", filter=True)
    beneficiary_name: Text | None = field("The lender, or the authority that seized.")
    secured_amount: Vnd | None = field("Amount secured.", filter=True, index=False)
    registered_on: Day | None = field("When it was registered.", filter=True, order=True)
    discharged_on: Day | None = field("When it was discharged.", filter=True, index=False)


@record(
    sector="land", label=Label("Hạn chế theo quy hoạch", "Planning restriction"), standard="ISO 19152 LA_Restriction"
)
class PlanningRestriction:
    """A restriction on a parcel that comes from a plan of the authorities."""

    restriction_number: LocalCode = key("Number under which land's system keeps it.")
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel it restricts.")
    kind: PlanningRestrictionKind = field("Why building is restricted.", filter=True)
    decision_number: LocalCode | None = field("Number of the decision that approved the plan.", filter=True)
    plan_name: Text | None = field("Name of the plan.")
    affected_area: Area | None = field(
        "Part of the parcel that is affected; null where it is not measured.", filter=True, index=False
    )
    valid_from: Day | None = field("First day.", filter=True, order=True)
    valid_until: Day | None = field("Last day; null while no end is decided.", filter=True, index=False)


@record(
    sector="land",
    label=Label("Phiếu chuyển thông tin nghĩa vụ tài chính", "Land transfer slip"),
    standard="ISO 19152 LA_AdministrativeSource",
)
class LandTransferSlip:
    """What the land office tells the tax office of one transfer, so that taxes and fees are assessed."""

    slip_number: LocalCode = key("Number of the slip.", search=True)
    dossier_code: DossierCode | None = field("Dossier of the transfer.", filter=True)
    certificate_serial: CertificateSerial | None = field("Serial of the certificate of the right.", filter=True)
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel.")
    transferor: Citizen | Household = linked(PartyAsRecorded, "Who gives the right away.")
    transferee: Citizen | Household = linked(PartyAsRecorded, "Who receives it.")
    kind: LandTransferKind = field("How the right changes hands.", filter=True)
    area: Area | None = field("Area that is transferred.", filter=True, index=False)
    price: Vnd | None = field("Price in the contract; null where there is none.", filter=True, index=False)
    issued_on: Day = field("When the slip was sent.", filter=True, order=True)
    status: LandTransferSlipStatus = field("How far it has come.", filter=True)
    revoked_on: Day | None = field("When the land office revoked it.", filter=True, index=False)
