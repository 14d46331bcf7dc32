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
    Day,
    DossierCode,
    LocalCode,
    MapNumber,
    ParcelIdentifier,
    ParcelNumber,
    ParcelPoint,
    Share,
    Text,
    Vnd,
)


@subject(sector="land", label=Label("Thửa đất", "Parcel"), standard="ISO 19152 LA_SpatialUnit")
class Parcel:
    """A piece of land held under one set of rights."""

    parcel_number: ParcelNumber = key(
        "Commune with the date of its code, map sheet and parcel number, as on the cadastral map.",
        label=Label("Số thửa theo bản đồ", "Parcel number"),
    )
    parcel_identifier: ParcelIdentifier | None = key(
        "12-character identifier, issued once; null where none has been issued.",
        label=Label("Mã định danh thửa đất", "Parcel identifier"),
    )
    commune: AdministrativeUnit = reference(
        "unit_code", "The commune under whose code the parcel is recorded.", label=Label("Xã, phường", "Commune")
    )
    map_sheet: MapNumber = field(
        "Number of the cadastral map sheet.", label=Label("Số tờ bản đồ", "Map sheet"), filter=True
    )
    ordinal: MapNumber = field(
        "Number of the parcel on its sheet.", label=Label("Số thứ tự thửa", "Number on the sheet"), filter=True
    )
    area: Area | None = field(
        "Surveyed area; null where only the deed states one.", label=Label("Diện tích", "Area"), filter=True, order=True
    )
    purpose: LandPurpose | None = field(
        "Land-use purpose.", label=Label("Mục đích sử dụng", "Land-use purpose"), filter=True
    )
    address: Address | None = field("Address of the parcel within the commune.", label=Label("Địa chỉ", "Address"))
    point: ParcelPoint | None = field("An inner point.", label=Label("Tọa độ", "Point"))
    rights: list["LandUseRight"] = link(
        "LandUseRight.parcel", "Rights held in this parcel.", label=Label("Quyền trên thửa đất", "Rights")
    )
    encumbrances: list["Encumbrance"] = link(
        "Encumbrance.parcel", "Mortgages and seizures.", label=Label("Thế chấp, kê biên", "Encumbrances")
    )
    planning_restrictions: list["PlanningRestriction"] = link(
        "PlanningRestriction.parcel",
        "What planning restricts.",
        label=Label("Hạn chế theo quy hoạch", "Planning restrictions"),
    )
    transfer_slips: list["LandTransferSlip"] = link(
        "LandTransferSlip.parcel",
        "Transfers of rights in this parcel.",
        label=Label("Phiếu chuyển thông tin", "Transfer slips"),
    )
    business_sites: list["BusinessSite"] = link(
        "BusinessSite.parcel",
        "Sites of businesses on this parcel.",
        label=Label("Địa điểm kinh doanh trên thửa đất", "Business sites"),
    )
    tax_obligations: list["TaxObligation"] = link(
        "TaxObligation.parcel",
        "Taxes and fees on this parcel.",
        label=Label("Nghĩa vụ thuế về thửa đất", "Tax obligations"),
    )  # resolved by the registry


@record(sector="land", label=Label("Quyền sử dụng đất", "Land-use right"), standard="ISO 19152 LA_RRR")
class LandUseRight:
    """A right to use a parcel, or a co-holder's share of one."""

    certificate_serial: CertificateSerial | None = field(
        "Serial printed on the certificate.",
        label=Label("Số phát hành giấy chứng nhận", "Certificate serial"),
        filter=True,
        search=True,
    )
    registry_number: LocalCode | None = field(
        "Number in the register of certificates.", label=Label("Số vào sổ cấp giấy", "Registry number"), filter=True
    )
    issued_on: Day | None = field(
        "Issue date of the certificate.", label=Label("Ngày cấp giấy", "Issued on"), filter=True, order=True
    )
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel the right is in.", label=Label("Thửa đất", "Parcel"))
    holder: Citizen | Household = linked(
        PartyAsRecorded, "Who holds the right.", label=Label("Người sử dụng đất", "Holder")
    )
    share: Share | None = field("Part of the right this holder has.", label=Label("Phần quyền", "Share"))
    area: Area | None = field(
        "Area the certificate states.", label=Label("Diện tích", "Area"), filter=True, index=False
    )
    purpose: LandPurpose | None = field("Purpose the certificate states.", label=Label("Mục đích sử dụng", "Purpose"))
    term_ends_on: Day | None = field(
        "End of the term; null for long-term use.",
        label=Label("Hết thời hạn sử dụng", "Term ends on"),
        filter=True,
        index=False,
    )
    origin: RightOrigin | None = field("Where the right comes from.", label=Label("Nguồn gốc sử dụng", "Origin"))
    status: RightStatus = field(
        "Whether the right is in force.", label=Label("Tình trạng quyền", "Status of the right"), filter=True
    )


@record(sector="land", label=Label("Hạn chế quyền", "Encumbrance"), standard="ISO 19152 LA_Mortgage, LA_Restriction")
class Encumbrance:
    """A mortgage or a seizure that rests on a parcel."""

    registration_number: LocalCode = key(
        "Number under which it was registered.", label=Label("Số đăng ký biện pháp", "Registration number")
    )
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel it rests on.", label=Label("Thửa đất", "Parcel"))
    kind: EncumbranceKind = field("Mortgage or seizure.", label=Label("Loại hạn chế", "Kind"), filter=True)
    status: EncumbranceStatus = field("Whether it still rests.", label=Label("Tình trạng", "Status"), filter=True)
    beneficiary_name: Text | None = field(
        "The lender, or the authority that seized.",
        label=Label("Bên nhận thế chấp hoặc cơ quan kê biên", "Beneficiary"),
    )
    secured_amount: Vnd | None = field(
        "Amount secured.", label=Label("Số tiền được bảo đảm", "Amount secured"), filter=True, index=False
    )
    registered_on: Day | None = field(
        "When it was registered.", label=Label("Ngày đăng ký", "Registered on"), filter=True, order=True
    )
    discharged_on: Day | None = field(
        "When it was discharged.", label=Label("Ngày xóa đăng ký", "Discharged on"), filter=True, index=False
    )


@record(
    sector="land", label=Label("Hạn chế theo quy hoạch", "Planning restriction"), standard="ISO 19152 LA_Restriction"
)
class PlanningRestriction:
    """A restriction on a parcel that comes from a plan of the authorities."""

    restriction_number: LocalCode = key(
        "Number under which land's system keeps it.", label=Label("Số hiệu hạn chế", "Restriction number")
    )
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel it restricts.", label=Label("Thửa đất", "Parcel"))
    kind: PlanningRestrictionKind = field(
        "Why building is restricted.", label=Label("Loại hạn chế", "Kind"), filter=True
    )
    decision_number: LocalCode | None = field(
        "Number of the decision that approved the plan.",
        label=Label("Số quyết định phê duyệt", "Decision number"),
        filter=True,
    )
    plan_name: Text | None = field("Name of the plan.", label=Label("Tên quy hoạch", "Name of the plan"))
    affected_area: Area | None = field(
        "Part of the parcel that is affected; null where it is not measured.",
        label=Label("Diện tích bị ảnh hưởng", "Affected area"),
        filter=True,
        index=False,
    )
    valid_from: Day | None = field("First day.", label=Label("Từ ngày", "Valid from"), filter=True, order=True)
    valid_until: Day | None = field(
        "Last day; null while no end is decided.", label=Label("Đến ngày", "Valid until"), filter=True, index=False
    )


@record(
    sector="land",
    label=Label("Phiếu chuyển thông tin nghĩa vụ tài chính", "Land transfer slip"),
    standard="ISO 19152 LA_AdministrativeSource",
)
class LandTransferSlip:
    """What the land office tells the tax office of one transfer, so that taxes and fees are assessed."""

    slip_number: LocalCode = key("Number of the slip.", label=Label("Số phiếu chuyển", "Slip number"), search=True)
    dossier_code: DossierCode | None = field(
        "Dossier of the transfer.", label=Label("Mã hồ sơ", "Dossier code"), filter=True
    )
    certificate_serial: CertificateSerial | None = field(
        "Serial of the certificate of the right.",
        label=Label("Số phát hành giấy chứng nhận", "Certificate serial"),
        filter=True,
    )
    parcel: Parcel = linked(ParcelAsRecorded, "The parcel.", label=Label("Thửa đất", "Parcel"))
    transferor: Citizen | Household = linked(
        PartyAsRecorded, "Who gives the right away.", label=Label("Bên chuyển quyền", "Transferor")
    )
    transferee: Citizen | Household = linked(
        PartyAsRecorded, "Who receives it.", label=Label("Bên nhận quyền", "Transferee")
    )
    kind: LandTransferKind = field(
        "How the right changes hands.", label=Label("Hình thức chuyển quyền", "Kind of transfer"), filter=True
    )
    area: Area | None = field(
        "Area that is transferred.", label=Label("Diện tích chuyển quyền", "Area transferred"), filter=True, index=False
    )
    price: Vnd | None = field(
        "Price in the contract; null where there is none.",
        label=Label("Giá trên hợp đồng", "Price in the contract"),
        filter=True,
        index=False,
    )
    issued_on: Day = field(
        "When the slip was sent.", label=Label("Ngày lập phiếu", "Issued on"), filter=True, order=True
    )
    status: LandTransferSlipStatus = field("How far it has come.", label=Label("Tình trạng", "Status"), filter=True)
    revoked_on: Day | None = field(
        "When the land office revoked it.", label=Label("Ngày thu hồi", "Revoked on"), filter=True, index=False
    )
