"""Finance: taxpayers, what they owe and pay, and the benefits people receive."""

from schema.authority import agrees, ended
from schema.business import Business
from schema.citizen import Citizen, Household
from schema.codes import BenefitKind, BenefitStatus, ObligationStatus, PartyKind, TaxKind, TaxpayerStatus
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
    obligations: list["TaxObligation"] = link("TaxObligation.taxpayer", "What is owed under this registration.")


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
    payments: list["Payment"] = link("Payment.obligation", "Payments booked on it.")


@record(sector="finance", label=Label("Khoản nộp", "Payment"), standard="FollowTheMoney Payment")
class Payment:
    """Money received for one obligation."""

    payment_number: LocalCode = key("Number of the receipt.")
    obligation: TaxObligation = reference("obligation_number", "What it pays.")
    amount: Vnd = field("Amount received.", filter=True)
    paid_on: Day = field("When it was received.", filter=True, order=True)


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
