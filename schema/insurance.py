"""Insurance: pensions, health-insurance cards and notices of birth. Owned by the social-insurance agency."""

from schema.authority import ended
from schema.citizen import Citizen
from schema.codes import BenefitStatus, HealthInsuranceCategory, PensionKind, Sex
from schema.core import Label, field, key, linked, record
from schema.parties import PartyAsRecorded
from schema.values import (
    Count,
    Day,
    HealthCardNumber,
    LocalCode,
    OrganisationName,
    PartialDate,
    PersonName,
    SocialInsuranceNumber,
    Vnd,
)


@record(sector="insurance", label=Label("Lương hưu, trợ cấp BHXH", "Pension"), standard="CPSV-AP 3.2 Output")
class Pension:
    """A monthly payment of social insurance to one person."""

    decision_number: LocalCode = key("Number of the decision.", search=True)
    beneficiary: Citizen = linked(PartyAsRecorded, "Who receives it.")
    social_insurance_number: SocialInsuranceNumber | None = field(
        "Social-insurance number of the beneficiary.", filter=True
    )
    kind: PensionKind = field("Kind of pension.", filter=True)
    monthly_amount: Vnd = field("Amount a month.", filter=True, index=False)
    since: Day | None = field("First day.", filter=True, order=True)
    until: Day | None = field("Last day; null while it is paid.", filter=True, index=False)
    status: BenefitStatus = field(
        "Whether it is being paid.",
        filter=True,
        authority=(ended("Citizen.death_date", linked="beneficiary", contrary=("ACTIVE",)),),
    )


@record(
    sector="insurance",
    label=Label("Thẻ bảo hiểm y tế", "Health-insurance card"),
    standard="CPSV-AP 3.2 Output",
)
class HealthInsuranceCard:
    """A card of health insurance, for one period."""

    card_number: HealthCardNumber = key("Number of the card.", search=True)
    holder: Citizen = linked(PartyAsRecorded, "Who is insured.")
    category: HealthInsuranceCategory = field("Category of the insured.", filter=True)
    valid_from: Day | None = field("First day.", filter=True, order=True)
    valid_until: Day | None = field("Last day; null where none is set.", filter=True, index=False)
    clinic_code: LocalCode | None = field("Code of the clinic of first contact.", filter=True)
    clinic_name: OrganisationName | None = field("Clinic of first contact.")


@record(sector="insurance", label=Label("Giấy chứng sinh", "Birth notice"), standard="CPSV-AP 3.2 Output")
class BirthNotice:
    """A hospital's notice that a child was born, sent through the insurance agency."""

    notice_number: LocalCode = key("Number of the notice.", search=True)
    mother: Citizen = linked(PartyAsRecorded, "The mother.")
    birth_date: PartialDate = field("Date of birth.", filter=True, order=True)
    sex: Sex | None = field("Sex of the child.", filter=True, index=False)
    birth_weight: Count | None = field("Weight at birth, in grams.", filter=True, index=False)
    intended_name: PersonName | None = field("Name that the parents mean to give.")
    facility_name: OrganisationName | None = field("Hospital or clinic where the child was born.")
    issued_on: Day | None = field("When the notice was issued.", filter=True, index=False)
