"""Finance: taxpayers, what they owe and pay, the benefits people receive, and the households listed as poor."""

from schema.authority import agrees, ended
from schema.business import Business
from schema.citizen import Citizen, Household
from schema.codes import (
    BenefitKind,
    BenefitStatus,
    ObligationStatus,
    PartyKind,
    PovertyCategory,
    TaxExemptionGround,
    TaxKind,
    TaxpayerStatus,
)
from schema.core import Label, field, key, link, linked, record, reference
from schema.land import Parcel
from schema.parties import ParcelAsRecorded, PartyAsRecorded
from schema.values import Count, Day, LocalCode, TaxCode, Vnd


@record(sector="finance", label=Label("Người nộp thuế", "Taxpayer"), standard="FollowTheMoney LegalEntity taxNumber")
class Taxpayer:
    """A registration at the tax office: of a person, a household, a household business or an enterprise."""

    taxpayer_number: LocalCode = key(
        "Number of the registration within the tax system.", label=Label("Số đăng ký thuế", "Taxpayer number")
    )
    tax_code: TaxCode | None = field(
        "Tax code; the same code may stand on several registrations, one for each kind.",
        label=Label("Mã số thuế", "Tax code"),
        filter=True,
    )
    kind: PartyKind = field(
        "What the registration is of.", label=Label("Loại người nộp thuế", "Kind of taxpayer"), filter=True
    )
    party: Citizen | Household | Business = linked(
        PartyAsRecorded,
        "Who is registered.",
        label=Label("Người, tổ chức đăng ký", "Registered party"),
        unique_within=("kind",),
    )
    status: TaxpayerStatus = field(
        "Status of the registration.",
        label=Label("Tình trạng", "Status"),
        filter=True,
        authority=(
            agrees(
                "Business.status",
                linked="party",
                codes={"ACTIVE": ("ACTIVE",), "SUSPENDED": ("SUSPENDED",), "DISSOLVED": ("CLOSED",)},
            ),
            ended("Citizen.death_date", linked="party", contrary=("ACTIVE", "SUSPENDED")),
        ),
    )
    registered_on: Day | None = field(
        "Date of registration.", label=Label("Ngày đăng ký", "Registered on"), filter=True, index=False
    )
    obligations: list["TaxObligation"] = link(
        "TaxObligation.taxpayer",
        "The obligations under this registration.",
        label=Label("Nghĩa vụ thuế", "Obligations"),
    )


@record(sector="finance", label=Label("Nghĩa vụ thuế", "Tax obligation"), standard="FollowTheMoney Debt")
class TaxObligation:
    """One tax or fee for one period."""

    obligation_number: LocalCode = key(
        "Number of the assessment.", label=Label("Số thông báo nộp thuế", "Assessment number")
    )
    taxpayer: Taxpayer | None = reference(
        "taxpayer_number", "The registration it is booked under.", label=Label("Đăng ký thuế", "Tax registration")
    )
    debtor: Citizen | Household | Business = linked(
        PartyAsRecorded, "Who owes it.", label=Label("Người phải nộp", "Debtor")
    )
    parcel: Parcel | None = linked(
        ParcelAsRecorded, "The parcel it is on, for land taxes and fees.", label=Label("Thửa đất", "Parcel")
    )
    kind: TaxKind = field("Kind of tax or fee.", label=Label("Loại thuế, phí", "Kind of tax or fee"), filter=True)
    year: Count = field("Year it is for.", label=Label("Năm", "Year"), filter=True, order=True)
    amount: Vnd = field("Amount assessed.", label=Label("Số tiền phải nộp", "Amount assessed"), filter=True, order=True)
    paid_amount: Vnd | None = field(
        "Amount paid so far, as the tax office states it.",
        label=Label("Số tiền đã nộp", "Amount paid"),
        filter=True,
        index=False,
    )
    due_on: Day | None = field("When it falls due.", label=Label("Hạn nộp", "Due on"), filter=True, order=True)
    status: ObligationStatus = field(
        "How much of it has been met.", label=Label("Tình trạng nộp", "Status"), filter=True
    )
    transfer_slip_number: LocalCode | None = field(
        "Number of the land office's slip that it was assessed from, for transfers of land.",
        label=Label("Số phiếu chuyển của cơ quan đất đai", "Transfer slip number"),
        filter=True,
    )
    payments: list["Payment"] = link(
        "Payment.obligation", "Payments booked on it.", label=Label("Các khoản đã nộp", "Payments")
    )
    exemptions: list["TaxExemption"] = link(
        "TaxExemption.obligation", "Exemptions granted from it.", label=Label("Quyết định miễn, giảm", "Exemptions")
    )


@record(sector="finance", label=Label("Khoản nộp", "Payment"), standard="FollowTheMoney Payment")
class Payment:
    """Money received for one obligation."""

    payment_number: LocalCode = key("Number of the receipt.", label=Label("Số biên lai", "Receipt number"))
    obligation: TaxObligation = reference(
        "obligation_number", "What it pays.", label=Label("Nghĩa vụ thuế", "Obligation")
    )
    amount: Vnd = field("Amount received.", label=Label("Số tiền", "Amount"), filter=True)
    paid_on: Day = field("When it was received.", label=Label("Ngày nộp", "Paid on"), filter=True, order=True)


@record(sector="finance", label=Label("Miễn, giảm thuế", "Tax exemption"), standard="CPSV-AP 3.2 Output")
class TaxExemption:
    """A decision that waives an obligation, or a part of it."""

    exemption_number: LocalCode = key(
        "Number of the decision.", label=Label("Số quyết định miễn, giảm", "Decision number")
    )
    obligation: TaxObligation = reference(
        "obligation_number", "What it waives.", label=Label("Nghĩa vụ thuế", "Obligation")
    )
    ground: TaxExemptionGround = field("Why.", label=Label("Lý do miễn, giảm", "Ground"), filter=True)
    amount: Vnd = field("Amount waived.", label=Label("Số tiền được miễn, giảm", "Amount waived"), filter=True)
    decided_on: Day | None = field(
        "When it was decided.", label=Label("Ngày quyết định", "Decided on"), filter=True, order=True
    )


@record(sector="finance", label=Label("Trợ cấp", "Benefit"), standard="SEMIC Core Public Service Output")
class Benefit:
    """A social benefit one person receives."""

    benefit_number: LocalCode = key("Number of the decision.", label=Label("Số quyết định trợ cấp", "Decision number"))
    beneficiary: Citizen = linked(PartyAsRecorded, "Who receives it.", label=Label("Người hưởng", "Beneficiary"))
    kind: BenefitKind = field("Kind of benefit.", label=Label("Loại trợ cấp", "Kind of benefit"), filter=True)
    monthly_amount: Vnd = field(
        "Amount a month.", label=Label("Mức hưởng hằng tháng", "Monthly amount"), filter=True, index=False
    )
    since: Day | None = field("First month.", label=Label("Từ tháng", "Since"), filter=True, order=True)
    until: Day | None = field(
        "Last month; null while it is paid.", label=Label("Đến tháng", "Until"), filter=True, index=False
    )
    status: BenefitStatus = field(
        "Whether it is being paid.",
        label=Label("Tình trạng", "Status"),
        filter=True,
        authority=(ended("Citizen.death_date", linked="beneficiary", contrary=("ACTIVE",)),),
    )


@record(
    sector="finance",
    label=Label("Hộ nghèo, hộ cận nghèo", "Poor-household entry"),
    standard="CPSV-AP 3.2 Output",
    plural="poor_household_entries",
)
class PoorHouseholdEntry:
    """One household on a year's list of poor and near-poor households."""

    entry_number: LocalCode = key(
        "Year, commune and line of the list.", label=Label("Số thứ tự trong danh sách", "Entry number")
    )
    household: Household = linked(PartyAsRecorded, "The household, under its head.", label=Label("Hộ", "Household"))
    category: PovertyCategory = field("Poor or near-poor.", label=Label("Diện", "Category"), filter=True)
    year: Count = field("Year of the list.", label=Label("Năm", "Year"), filter=True, order=True)
    member_count: Count | None = field(
        "Number of members on the list.", label=Label("Số thành viên", "Number of members"), filter=True, index=False
    )
    decision_number: LocalCode | None = field(
        "Number of the commune's decision.", label=Label("Số quyết định", "Decision number")
    )
    decided_on: Day | None = field(
        "When it was decided.", label=Label("Ngày quyết định", "Decided on"), filter=True, index=False
    )
