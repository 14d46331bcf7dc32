"""Land: parcels, rights in them, and what rests on them (ISO 19152, LADM)."""

from schema.citizen import Citizen, Household
from schema.codes import EncumbranceKind, EncumbranceStatus, LandPurpose, RightOrigin, RightStatus
from schema.core import Label, field, key, link, linked, record, reference, subject
from schema.parties import ParcelAsRecorded, PartyAsRecorded
from schema.place import AdministrativeUnit
from schema.values import (
    Address,
    Area,
    CertificateSerial,
    Count,
    Day,
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
    area: Area | None = field("Area the certificate states.")
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
