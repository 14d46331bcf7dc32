"""Kinds of data in the words of an office's letter: what a citizen is told was read of them.

A field or an entity is in the first category that covers it; an entity that none covers is told by its own label.
"""

from dataclasses import dataclass

from schema.core import Label


@dataclass(frozen=True)
class DataCategory:
    """A few nouns for many fields. `covers` has entities and `Entity.field`; `includes` are categories that go without saying."""

    code: str
    label: Label
    covers: tuple[str, ...]
    includes: tuple[str, ...] = ()


DATA_CATEGORIES = (
    DataCategory("name", Label("họ tên", "name"), ("Citizen.full_name",)),
    DataCategory("identity", Label("thông tin nhân thân", "personal particulars"), ("Citizen",), ("name",)),
    DataCategory(
        "residence",
        Label("nơi cư trú", "registered residence"),
        ("Citizen.residence", "Citizen.residence_address", "Citizen.registered_on", "HouseholdMembership", "Household"),
    ),
    DataCategory("marriage", Label("tình trạng hôn nhân", "marital status"), ("MaritalStatus",)),
    DataCategory("civil_status", Label("thông tin khai sinh, khai tử", "birth and death registrations"), ("BirthRegistration", "DeathRegistration", "BirthNotice")),
    DataCategory("land", Label("quyền sử dụng đất", "land-use rights"), ("LandUseRight", "Parcel", "Encumbrance", "PlanningRestriction", "LandTransferSlip")),
    DataCategory("tax", Label("nghĩa vụ thuế", "taxes"), ("Taxpayer", "TaxObligation", "Payment", "TaxExemption")),
    DataCategory("benefits", Label("trợ cấp xã hội", "social benefits"), ("Benefit", "PoorHouseholdEntry")),
    DataCategory("insurance", Label("bảo hiểm xã hội, bảo hiểm y tế", "social and health insurance"), ("Pension", "HealthInsuranceCard")),
    DataCategory("business", Label("thông tin đăng ký kinh doanh", "business registrations"), ("Business", "BusinessRole", "BusinessSite")),
    DataCategory("differences", Label("sai khác giữa các nguồn dữ liệu", "differences between registers"), ("Discrepancy",)),
)  # fmt: skip
"""In the order in which a sentence names them."""
