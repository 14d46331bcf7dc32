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

    taxpayer_number: LocalCode = key("Number of the registration within the tax system.")
    tax_code: TaxCode | None = field(
        "Tax code; the same code may stand on several registrations, one for each kind.", filter=True
    )
    kind: PartyKind = field("What the registration is of.", filter=True)
    party: Citizen | Household | Business = linked(PartyAsRecorded, "Who is registered.", unique_within=("kind",))
    status: TaxpayerStatus = field(
        "Status of the registration.",
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
    registered_on: Day | None = field("Date of registration.", filter=True, index=False)
    obligations: list["TaxObligation"] = link("TaxObligation.taxpayer", "The obligations under this registration.")


@record(sector="finance", label=Label("Nghĩa vụ thuế", "Tax obligation"), standard="FollowTheMoney Debt")
class TaxObligation:
    """One tax or fee for one period."""

    obligation_number: LocalCode = key("Number of the assessment.")
    taxpayer: Taxpayer | None = reference("taxpayer_number", "The registration it is booked under.")
    debtor: Citizen | Household | Business = linked(PartyAsRecorded, "Who owes it.")
    parcel: Parcel | None = linked(ParcelAsRecorded, "The parcel it is on, for land taxes and fees.")
    kind: TaxKind = field("Kind of tax or fee.", filter=True)
    year: Count = field("Year it is for.", filter=True, order=True)
    amount: Vnd = field("Amount assessed.", filter=True, order=True)
    paid_amount: Vnd | None = field("Amount paid so far, as the tax office states it.", filter=True, index=False)
    due_on: Day | None = field("When it falls due.", filter=True, order=True)
    status: ObligationStatus = field("How much of it has been met.", filter=True)
    transfer_slip_number: LocalCode | None = field(
        "Number of the land office's slip that it was assessed from, for transfers of land.", filter=True
    )
    payments: list["Payment"] = link("Payment.obligation", "Payments booked on it.")
    exemptions: list["TaxExemption"] = link("TaxExemption.obligation", "Exemptions granted from it.")


@record(sector="finance", label=Label("Khoản nộp", "Payment"), standard="FollowTheMoney Payment")
class Payment:
    """Money received for one obligation."""

    payment_number: LocalCode = key("Number of the receipt.")
    obligation: TaxObligation = reference("obligation_number", "What it pays.")
    amount: Vnd = field("Amount received.", filter=True)
    paid_on: Day = field("When it was received.", filter=True, order=True)


@record(sector="finance", label=Label("Miễn, giảm thuế", "Tax exemption"), standard="CPSV-AP 3.2 Output")
class TaxExemption:
    """A decision that waives an obligation, or a part of it."""

    exemption_number: LocalCode = key("Number of the decision.")
    obligation: TaxObligation = reference("obligation_number", "What it waives.")
    ground: TaxExemptionGround = field("Why.", filter=True)
    amount: Vnd = field("Amount waived.", filter=True)
    decided_on: Day | None = field("When it was decided.", filter=True, order=True)


@record(sector="finance", label=Label("Trợ cấp", "Benefit"), standard="SEMIC Core Public Service Output")
class Benefit:
    """A social benefit one person receives."""

    benefit_number: LocalCode = key("Number of the decision.")
    beneficiary: Citizen = linked(PartyAsRecorded, "Who receives it.")
    kind: BenefitKind = field("Kind of benefit.", filter=True)
    monthly_amount: Vnd = field("Amount a month.", filter=True, index=False)
    since: Day | None = field("First month.", filter=True, order=True)
    until: Day | None = field("Last month; null while it is paid.", filter=True, index=False)
    status: BenefitStatus = field(
        "Whether it is being paid.",
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

    entry_number: LocalCode = key("Year, commune and line of the list.")
    household: Household = linked(PartyAsRecorded, "The household, under its head.")
    category: PovertyCategory = field("Poor or near-poor.", filter=True)
    year: Count = field("Year of the list.", filter=True, order=True)
    member_count: Count | None = field("Number of members on the list.", filter=True, index=False)
    decision_number: LocalCode | None = field("Number of the commune's decision.")
    decided_on: Day | None = field("When it was decided.", filter=True, index=False)
