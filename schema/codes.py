"""The code lists, each a value type. Codes are the field's own where one is published; labels are Vietnamese and English."""

from schema.core import Label
from schema.values import CodeList


class UnitLevel(CodeList):
    """Level of an administrative unit. Districts ended on 2025-07-01."""

    codes = {
        "PROVINCE": Label("Cấp tỉnh", "Province"),
        "DISTRICT": Label("Cấp huyện", "District"),
        "COMMUNE": Label("Cấp xã", "Commune"),
    }


class UnitChangeKind(CodeList):
    """How an old unit went into a new one."""

    codes = {"WHOLE": Label("Toàn bộ", "The whole unit"), "PART": Label("Một phần", "A part of a unit that was split")}


class Sex(CodeList):
    """Sex as registered (SEMIC Core Person `sex`)."""

    codes = {"MALE": Label("Nam", "Male"), "FEMALE": Label("Nữ", "Female"), "OTHER": Label("Khác", "Other")}


class MaritalState(CodeList):
    """Marital state as registered in civil status."""

    codes = {
        "SINGLE": Label("Chưa kết hôn", "Single"),
        "MARRIED": Label("Đã kết hôn", "Married"),
        "DIVORCED": Label("Đã ly hôn", "Divorced"),
        "WIDOWED": Label("Goá", "Widowed"),
    }


class RelationshipToHead(CodeList):
    """Relationship of a member to the head of the household."""

    codes = {
        "HEAD": Label("Chủ hộ", "Head"),
        "SPOUSE": Label("Vợ/chồng", "Spouse"),
        "CHILD": Label("Con", "Child"),
        "PARENT": Label("Cha/mẹ", "Parent"),
        "OTHER": Label("Khác", "Other"),
    }


class PartyKind(CodeList):
    """What kind of subject a recorded party is: one identifier can name three of them."""

    codes = {
        "PERSON": Label("Cá nhân", "Person"),
        "HOUSEHOLD": Label("Hộ gia đình", "Household"),
        "HOUSEHOLD_BUSINESS": Label("Hộ kinh doanh", "Household business"),
        "ENTERPRISE": Label("Doanh nghiệp", "Enterprise"),
    }


class LandPurpose(CodeList):
    """Land-use purpose, by the codes of the cadastral map."""

    codes = {
        "ODT": Label("Đất ở tại đô thị", "Urban residential"),
        "ONT": Label("Đất ở tại nông thôn", "Rural residential"),
        "LUC": Label("Đất chuyên trồng lúa", "Wet rice"),
        "CLN": Label("Đất trồng cây lâu năm", "Perennial crops"),
        "HNK": Label("Đất trồng cây hằng năm khác", "Other annual crops"),
        "RSX": Label("Đất rừng sản xuất", "Production forest"),
        "NTS": Label("Đất nuôi trồng thuỷ sản", "Aquaculture"),
        "TMD": Label("Đất thương mại, dịch vụ", "Commerce and services"),
        "SKC": Label("Đất cơ sở sản xuất phi nông nghiệp", "Non-agricultural production"),
    }


class RightOrigin(CodeList):
    """Where a land-use right comes from."""

    codes = {
        "ALLOCATED": Label("Nhà nước giao đất", "Allocated by the State"),
        "RECOGNISED": Label("Công nhận quyền sử dụng đất", "Recognised"),
        "LEASED": Label("Nhà nước cho thuê đất", "Leased from the State"),
        "TRANSFERRED": Label("Nhận chuyển quyền", "Transferred"),
        "INHERITED": Label("Nhận thừa kế", "Inherited"),
    }


class RightStatus(CodeList):
    """Whether a right is in force."""

    codes = {
        "REGISTERED": Label("Đang có hiệu lực", "In force"),
        "TRANSFERRED": Label("Đã chuyển quyền", "Transferred away"),
        "REVOKED": Label("Đã thu hồi", "Revoked"),
    }


class EncumbranceKind(CodeList):
    """What rests on a parcel (ISO 19152 LA_Mortgage and LA_Restriction)."""

    codes = {"MORTGAGE": Label("Thế chấp", "Mortgage"), "SEIZURE": Label("Kê biên", "Seizure")}


class EncumbranceStatus(CodeList):
    """Whether an encumbrance still rests."""

    codes = {"ACTIVE": Label("Đang có hiệu lực", "Active"), "DISCHARGED": Label("Đã xoá", "Discharged")}


class TaxpayerStatus(CodeList):
    """Status of a taxpayer at the tax office."""

    codes = {
        "ACTIVE": Label("Đang hoạt động", "Active"),
        "SUSPENDED": Label("Tạm ngừng", "Suspended"),
        "CLOSED": Label("Chấm dứt", "Closed"),
    }


class TaxKind(CodeList):
    """Kind of tax or fee."""

    codes = {
        "NON_AGRICULTURAL_LAND": Label("Thuế sử dụng đất phi nông nghiệp", "Non-agricultural land-use tax"),
        "LAND_USE_FEE": Label("Tiền sử dụng đất", "Land-use fee"),
        "PERSONAL_INCOME": Label("Thuế thu nhập cá nhân", "Personal income tax"),
        "VALUE_ADDED": Label("Thuế giá trị gia tăng", "Value-added tax"),
        "BUSINESS_LICENCE": Label("Lệ phí môn bài", "Business licence fee"),
        "REGISTRATION_FEE": Label("Lệ phí trước bạ", "Registration fee"),
    }


class ObligationStatus(CodeList):
    """How much of an obligation has been met."""

    codes = {
        "DUE": Label("Chưa nộp", "Due"),
        "PARTLY_PAID": Label("Nộp một phần", "Partly paid"),
        "PAID": Label("Đã nộp", "Paid"),
        "OVERDUE": Label("Quá hạn", "Overdue"),
        "EXEMPT": Label("Được miễn", "Exempt"),
    }


class BenefitKind(CodeList):
    """Kind of social benefit."""

    codes = {
        "OLD_AGE": Label("Trợ cấp người cao tuổi", "Old-age allowance"),
        "DISABILITY": Label("Trợ cấp khuyết tật", "Disability allowance"),
        "POOR_HOUSEHOLD": Label("Hỗ trợ hộ nghèo", "Poor-household support"),
        "MERIT": Label("Ưu đãi người có công", "Merit benefit"),
        "PENSION": Label("Lương hưu", "Pension"),
    }


class BenefitStatus(CodeList):
    """Whether a benefit is being paid."""

    codes = {"ACTIVE": Label("Đang hưởng", "Being paid"), "ENDED": Label("Đã dừng", "Ended")}


class LegalForm(CodeList):
    """Legal form of a business (Core Business `legalFormType`)."""

    codes = {
        "LIMITED_ONE_MEMBER": Label("Công ty TNHH một thành viên", "Limited company, one member"),
        "LIMITED_MEMBERS": Label("Công ty TNHH hai thành viên trở lên", "Limited company, two or more members"),
        "JOINT_STOCK": Label("Công ty cổ phần", "Joint-stock company"),
        "PRIVATE_ENTERPRISE": Label("Doanh nghiệp tư nhân", "Private enterprise"),
        "COOPERATIVE": Label("Hợp tác xã", "Cooperative"),
        "HOUSEHOLD_BUSINESS": Label("Hộ kinh doanh", "Household business"),
    }


class BusinessStatus(CodeList):
    """Status of a business (Core Business `legalEntityStatus`)."""

    codes = {
        "ACTIVE": Label("Đang hoạt động", "Active"),
        "SUSPENDED": Label("Tạm ngừng kinh doanh", "Suspended"),
        "DISSOLVED": Label("Đã giải thể", "Dissolved"),
    }


class BusinessRoleKind(CodeList):
    """What a person is to a business."""

    codes = {
        "LEGAL_REPRESENTATIVE": Label("Người đại diện theo pháp luật", "Legal representative"),
        "OWNER": Label("Chủ sở hữu", "Owner"),
        "MEMBER": Label("Thành viên góp vốn", "Contributing member"),
        "DIRECTOR": Label("Giám đốc", "Director"),
    }
