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

    decision_number: LocalCode = key(
        "Number of the decision.", label=Label("Số quyết định", "Decision number"), search=True
    )
    beneficiary: Citizen = linked(PartyAsRecorded, "Who receives it.", label=Label("Người hưởng", "Beneficiary"))
    social_insurance_number: SocialInsuranceNumber | None = field(
        "Social-insurance number of the beneficiary.",
        label=Label("Mã số bảo hiểm xã hội", "Social-insurance number"),
        filter=True,
    )
    kind: PensionKind = field(
        "Kind of pension.", label=Label("Loại lương hưu, trợ cấp", "Kind of pension"), filter=True
    )
    monthly_amount: Vnd = field(
        "Amount a month.", label=Label("Mức hưởng hằng tháng", "Monthly amount"), filter=True, index=False
    )
    since: Day | None = field("First day.", label=Label("Từ ngày", "Since"), filter=True, order=True)
    until: Day | None = field(
        "Last day; null while it is paid.", label=Label("Đến ngày", "Until"), filter=True, index=False
    )
    status: BenefitStatus = field(
        "Whether it is being paid.",
        label=Label("Tình trạng", "Status"),
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

    card_number: HealthCardNumber = key("Number of the card.", label=Label("Số thẻ", "Card number"), search=True)
    holder: Citizen = linked(PartyAsRecorded, "Who is insured.", label=Label("Người có thẻ", "Holder"))
    category: HealthInsuranceCategory = field(
        "Category of the insured.", label=Label("Nhóm đối tượng", "Category"), filter=True
    )
    valid_from: Day | None = field("First day.", label=Label("Có giá trị từ", "Valid from"), filter=True, order=True)
    valid_until: Day | None = field(
        "Last day; null where none is set.", label=Label("Có giá trị đến", "Valid until"), filter=True, index=False
    )
    clinic_code: LocalCode | None = field(
        "Code of the clinic of first contact.", label=Label("Mã nơi khám ban đầu", "Clinic code"), filter=True
    )
    clinic_name: OrganisationName | None = field(
        "Clinic of first contact.", label=Label("Nơi đăng ký khám ban đầu", "Clinic of first contact")
    )


@record(sector="insurance", label=Label("Giấy chứng sinh", "Birth notice"), standard="CPSV-AP 3.2 Output")
class BirthNotice:
    """A hospital's notice that a child was born, sent through the insurance agency."""

    notice_number: LocalCode = key(
        "Number of the notice.", label=Label("Số giấy chứng sinh", "Notice number"), search=True
    )
    mother: Citizen = linked(PartyAsRecorded, "The mother.", label=Label("Mẹ", "Mother"))
    birth_date: PartialDate = field(
        "Date of birth.", label=Label("Ngày sinh", "Date of birth"), filter=True, order=True
    )
    sex: Sex | None = field(
        "Sex of the child.", label=Label("Giới tính của con", "Sex of the child"), filter=True, index=False
    )
    birth_weight: Count | None = field(
        "Weight at birth, in grams.",
        label=Label("Cân nặng khi sinh (gam)", "Birth weight (g)"),
        filter=True,
        index=False,
    )
    intended_name: PersonName | None = field(
        "Name that the parents mean to give.", label=Label("Tên dự định đặt", "Intended name")
    )
    facility_name: OrganisationName | None = field(
        "Hospital or clinic where the child was born.", label=Label("Cơ sở y tế", "Hospital or clinic")
    )
    issued_on: Day | None = field(
        "When the notice was issued.", label=Label("Ngày cấp", "Issued on"), filter=True, index=False
    )
