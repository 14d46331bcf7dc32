"""The code lists, each a value type. Codes are the field's own where one is published; labels are Vietnamese and English."""

from schema.core import Label
from schema.values import CodeList


class UnitLevel(CodeList):
    """Level of an administrative unit. Districts ended on 2025-07-01."""

    label = Label("Cấp đơn vị hành chính", "Level of an administrative unit")
    codes = {
        "PROVINCE": Label("Cấp tỉnh", "Province"),
        "DISTRICT": Label("Cấp huyện", "District"),
        "COMMUNE": Label("Cấp xã", "Commune"),
    }


class UnitChangeKind(CodeList):
    """How an old unit went into a new one."""

    label = Label("Cách sáp nhập đơn vị", "Kind of unit change")
    codes = {"WHOLE": Label("Toàn bộ", "The whole unit"), "PART": Label("Một phần", "A part of a unit that was split")}


class Sex(CodeList):
    """Sex as registered (SEMIC Core Person `sex`)."""

    label = Label("Giới tính", "Sex")
    codes = {"MALE": Label("Nam", "Male"), "FEMALE": Label("Nữ", "Female"), "OTHER": Label("Khác", "Other")}


class MaritalState(CodeList):
    """Marital state as registered in civil status."""

    label = Label("Tình trạng hôn nhân", "Marital state")
    codes = {
        "SINGLE": Label("Chưa kết hôn", "Single"),
        "MARRIED": Label("Đã kết hôn", "Married"),
        "DIVORCED": Label("Đã ly hôn", "Divorced"),
        "WIDOWED": Label("Goá", "Widowed"),
    }


class RelationshipToHead(CodeList):
    """Relationship of a member to the head of the household."""

    label = Label("Quan hệ với chủ hộ", "Relationship to the head")
    codes = {
        "HEAD": Label("Chủ hộ", "Head"),
        "SPOUSE": Label("Vợ/chồng", "Spouse"),
        "CHILD": Label("Con", "Child"),
        "PARENT": Label("Cha/mẹ", "Parent"),
        "OTHER": Label("Khác", "Other"),
    }


class ResidenceKind(CodeList):
    """How a person is registered at a residence (Law on Residence 2020)."""

    label = Label("Loại cư trú", "Kind of residence")
    codes = {"PERMANENT": Label("Thường trú", "Permanent"), "TEMPORARY": Label("Tạm trú", "Temporary")}


class PartyKind(CodeList):
    """What kind of subject a recorded party is: one identifier can name three of them."""

    label = Label("Loại đối tượng", "Kind of party")
    codes = {
        "PERSON": Label("Cá nhân", "Person"),
        "HOUSEHOLD": Label("Hộ gia đình", "Household"),
        "HOUSEHOLD_BUSINESS": Label("Hộ kinh doanh", "Household business"),
        "ENTERPRISE": Label("Doanh nghiệp", "Enterprise"),
    }


class LandPurpose(CodeList):
    """Land-use purpose, by the codes of the cadastral map."""

    label = Label("Mục đích sử dụng đất", "Land-use purpose")
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

    label = Label("Nguồn gốc sử dụng đất", "Origin of a right")
    codes = {
        "ALLOCATED": Label("Nhà nước giao đất", "Allocated by the State"),
        "RECOGNISED": Label("Công nhận quyền sử dụng đất", "Recognised"),
        "LEASED": Label("Nhà nước cho thuê đất", "Leased from the State"),
        "TRANSFERRED": Label("Nhận chuyển quyền", "Transferred"),
        "INHERITED": Label("Nhận thừa kế", "Inherited"),
    }


class RightStatus(CodeList):
    """Whether a right is in force."""

    label = Label("Tình trạng quyền", "Status of a right")
    codes = {
        "REGISTERED": Label("Đang có hiệu lực", "In force"),
        "TRANSFERRED": Label("Đã chuyển quyền", "Transferred away"),
        "REVOKED": Label("Đã thu hồi", "Revoked"),
    }


class EncumbranceKind(CodeList):
    """What rests on a parcel (ISO 19152 LA_Mortgage and LA_Restriction)."""

    label = Label("Loại hạn chế quyền", "Kind of encumbrance")
    codes = {"MORTGAGE": Label("Thế chấp", "Mortgage"), "SEIZURE": Label("Kê biên", "Seizure")}


class EncumbranceStatus(CodeList):
    """Whether an encumbrance still rests."""

    label = Label("Tình trạng hạn chế quyền", "Status of an encumbrance")
    codes = {"ACTIVE": Label("Đang có hiệu lực", "Active"), "DISCHARGED": Label("Đã xoá", "Discharged")}


class PlanningRestrictionKind(CodeList):
    """Why building on a parcel is restricted (ISO 19152 LA_Restriction)."""

    label = Label("Loại hạn chế theo quy hoạch", "Kind of planning restriction")
    codes = {
        "LAND_RECOVERY": Label("Nằm trong kế hoạch thu hồi đất", "In a plan of land recovery"),
        "ROAD_CORRIDOR": Label("Hành lang an toàn đường bộ", "Road safety corridor"),
        "POWER_LINE_CORRIDOR": Label("Hành lang an toàn lưới điện", "Power-line safety corridor"),
        "WATERWAY_CORRIDOR": Label("Hành lang bảo vệ nguồn nước", "Water protection corridor"),
        "HERITAGE": Label("Khu vực bảo vệ di tích", "Heritage protection area"),
        "HEIGHT_LIMIT": Label("Hạn chế chiều cao công trình", "Height limit"),
    }


class LandTransferKind(CodeList):
    """How a land-use right changes hands (Land Law 2024)."""

    label = Label("Hình thức chuyển quyền", "Kind of land transfer")
    codes = {
        "SALE": Label("Chuyển nhượng", "Sale"),
        "GIFT": Label("Tặng cho", "Gift"),
        "INHERITANCE": Label("Thừa kế", "Inheritance"),
        "EXCHANGE": Label("Chuyển đổi", "Exchange"),
        "CONTRIBUTION": Label("Góp vốn", "Contribution to capital"),
    }


class LandTransferSlipStatus(CodeList):
    """How far a transfer slip has come at the tax office."""

    label = Label("Tình trạng phiếu chuyển", "Status of a transfer slip")
    codes = {
        "SENT": Label("Đã chuyển cơ quan thuế", "Sent to the tax office"),
        "FULFILLED": Label("Đã hoàn thành nghĩa vụ tài chính", "Obligations fulfilled"),
        "REVOKED": Label("Đã thu hồi", "Revoked"),
    }


class TaxpayerStatus(CodeList):
    """Status of a taxpayer at the tax office."""

    label = Label("Tình trạng người nộp thuế", "Status of a taxpayer")
    codes = {
        "ACTIVE": Label("Đang hoạt động", "Active"),
        "SUSPENDED": Label("Tạm ngừng", "Suspended"),
        "CLOSED": Label("Chấm dứt", "Closed"),
    }


class TaxKind(CodeList):
    """Kind of tax or fee."""

    label = Label("Loại thuế, phí", "Kind of tax or fee")
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

    label = Label("Tình trạng nộp thuế", "Status of an obligation")
    codes = {
        "DUE": Label("Chưa nộp", "Due"),
        "PARTLY_PAID": Label("Nộp một phần", "Partly paid"),
        "PAID": Label("Đã nộp", "Paid"),
        "OVERDUE": Label("Quá hạn", "Overdue"),
        "EXEMPT": Label("Được miễn", "Exempt"),
    }


class TaxExemptionGround(CodeList):
    """Why a tax or fee on land is waived or reduced."""

    label = Label("Lý do miễn, giảm thuế", "Ground of exemption")
    codes = {
        "ONLY_HOME": Label("Nhà ở, đất ở duy nhất", "Only home"),
        "CLOSE_RELATIVES": Label("Chuyển quyền giữa người thân trong gia đình", "Transfer between close relatives"),
        "MERIT": Label("Người có công với cách mạng", "Person of merit"),
        "POOR_HOUSEHOLD": Label("Hộ nghèo", "Poor household"),
        "DISADVANTAGED_AREA": Label("Địa bàn đặc biệt khó khăn", "Disadvantaged area"),
    }


class PovertyCategory(CodeList):
    """Category of a household on the list of the year (multidimensional poverty line)."""

    label = Label("Diện hộ nghèo, cận nghèo", "Poverty category")
    codes = {"POOR": Label("Hộ nghèo", "Poor"), "NEAR_POOR": Label("Hộ cận nghèo", "Near-poor")}


class BenefitKind(CodeList):
    """Kind of social benefit."""

    label = Label("Loại trợ cấp", "Kind of benefit")
    codes = {
        "OLD_AGE": Label("Trợ cấp người cao tuổi", "Old-age allowance"),
        "DISABILITY": Label("Trợ cấp khuyết tật", "Disability allowance"),
        "POOR_HOUSEHOLD": Label("Hỗ trợ hộ nghèo", "Poor-household support"),
        "MERIT": Label("Ưu đãi người có công", "Merit benefit"),
        "PENSION": Label("Lương hưu", "Pension"),
    }


class BenefitStatus(CodeList):
    """Whether a benefit is being paid."""

    label = Label("Tình trạng hưởng", "Status of a benefit")
    codes = {"ACTIVE": Label("Đang hưởng", "Being paid"), "ENDED": Label("Đã dừng", "Ended")}


class LegalForm(CodeList):
    """Legal form of a business (Core Business `legalFormType`)."""

    label = Label("Loại hình doanh nghiệp", "Legal form")
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

    label = Label("Tình trạng doanh nghiệp", "Status of a business")
    codes = {
        "ACTIVE": Label("Đang hoạt động", "Active"),
        "SUSPENDED": Label("Tạm ngừng kinh doanh", "Suspended"),
        "DISSOLVED": Label("Đã giải thể", "Dissolved"),
    }


class BusinessRoleKind(CodeList):
    """What a person is to a business."""

    label = Label("Vai trò trong doanh nghiệp", "Role in a business")
    codes = {
        "LEGAL_REPRESENTATIVE": Label("Người đại diện theo pháp luật", "Legal representative"),
        "OWNER": Label("Chủ sở hữu", "Owner"),
        "MEMBER": Label("Thành viên góp vốn", "Contributing member"),
        "DIRECTOR": Label("Giám đốc", "Director"),
    }


class BusinessSiteKind(CodeList):
    """The activity at a site of a business (Law on Enterprises 2020, art. 44)."""

    label = Label("Loại địa điểm kinh doanh", "Kind of business site")
    codes = {
        "HEAD_OFFICE": Label("Trụ sở chính", "Head office"),
        "BRANCH": Label("Chi nhánh", "Branch"),
        "REPRESENTATIVE_OFFICE": Label("Văn phòng đại diện", "Representative office"),
        "BUSINESS_LOCATION": Label("Địa điểm kinh doanh", "Business location"),
    }


class PensionKind(CodeList):
    """Kind of monthly payment of social insurance."""

    label = Label("Loại lương hưu, trợ cấp", "Kind of pension")
    codes = {
        "RETIREMENT": Label("Lương hưu", "Retirement pension"),
        "LOSS_OF_CAPACITY": Label("Trợ cấp mất sức lao động", "Pension for lost working capacity"),
        "WORK_ACCIDENT": Label("Trợ cấp tai nạn lao động, bệnh nghề nghiệp", "Work-accident pension"),
        "SURVIVOR": Label("Trợ cấp tuất hằng tháng", "Survivor's pension"),
    }


class HealthInsuranceCategory(CodeList):
    """Category of the insured, by the letters that begin the card's number."""

    label = Label("Nhóm đối tượng bảo hiểm y tế", "Category of the insured")
    codes = {
        "DN": Label("Người lao động trong doanh nghiệp", "Employee of an enterprise"),
        "HC": Label("Cán bộ, công chức, viên chức", "Public employee"),
        "HT": Label("Người hưởng lương hưu", "Pensioner"),
        "CC": Label("Người có công với cách mạng", "Person of merit"),
        "HN": Label("Người thuộc hộ nghèo", "Member of a poor household"),
        "CN": Label("Người thuộc hộ cận nghèo", "Member of a near-poor household"),
        "TE": Label("Trẻ em dưới 6 tuổi", "Child under 6"),
        "HS": Label("Học sinh, sinh viên", "Pupil or student"),
        "BT": Label("Người hưởng trợ cấp bảo trợ xã hội", "Recipient of social protection"),
        "GD": Label("Tham gia theo hộ gia đình", "Insured with the household"),
    }
