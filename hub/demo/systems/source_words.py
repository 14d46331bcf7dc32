"""The words the source systems write. If a code list of the schema has a label, the systems write the Vietnamese label."""

from __future__ import annotations

from schema import codes
from schema.values import CodeList


def list_words(code_list: type[CodeList]) -> dict[str, str]:
    """Code → the Vietnamese word a source system writes."""
    return {code: label.vi for code, label in code_list.codes.items()}


TAX_KIND = list_words(codes.TaxKind)
OBLIGATION_STATUS = list_words(codes.ObligationStatus)
BENEFIT_KIND = list_words(codes.BenefitKind)
BENEFIT_STATUS = list_words(codes.BenefitStatus)
BUSINESS_STATUS = list_words(codes.BusinessStatus)
BUSINESS_ROLE = list_words(codes.BusinessRoleKind)
RIGHT_ORIGIN = list_words(codes.RightOrigin)
RIGHT_STATUS = list_words(codes.RightStatus)
MARITAL_STATE = list_words(codes.MaritalState)
LAND_TRANSFER_KIND = list_words(codes.LandTransferKind)
PLANNING_KIND = list_words(codes.PlanningRestrictionKind)
POVERTY_CATEGORY = list_words(codes.PovertyCategory)
PENSION_KIND = list_words(codes.PensionKind)
RESIDENCE_KIND = list_words(codes.ResidenceKind)
BUSINESS_SITE_KIND = list_words(codes.BusinessSiteKind)
TAX_EXEMPTION_GROUND = list_words(codes.TaxExemptionGround)

TAXPAYER_STATUS = {"ACTIVE": "00", "SUSPENDED": "05", "CLOSED": "01"}
TAXPAYER_KIND = {"PERSON": "CN", "HOUSEHOLD": "HGD", "HOUSEHOLD_BUSINESS": "HKD", "ENTERPRISE": "DN"}
LEGAL_FORM = {
    "LIMITED_ONE_MEMBER": "TNHH1TV",
    "LIMITED_MEMBERS": "TNHH2TV",
    "JOINT_STOCK": "CTCP",
    "PRIVATE_ENTERPRISE": "DNTN",
    "COOPERATIVE": "HTX",
    "HOUSEHOLD_BUSINESS": "HKD",
}
LEGAL_FORM_NAME = {
    "LIMITED_ONE_MEMBER": "Công ty TNHH một thành viên",
    "LIMITED_MEMBERS": "Công ty TNHH",
    "JOINT_STOCK": "Công ty cổ phần",
    "PRIVATE_ENTERPRISE": "Doanh nghiệp tư nhân",
    "COOPERATIVE": "Hợp tác xã",
    "HOUSEHOLD_BUSINESS": "Hộ kinh doanh",
}
LONG_TERM = "Lâu dài"
MEMBER = {
    "HEAD": "Chủ hộ",
    "WIFE": "Vợ",
    "HUSBAND": "Chồng",
    "CHILD": "Con",
    "FATHER": "Cha",
    "MOTHER": "Mẹ",
    "OTHER": "Khác",
}
