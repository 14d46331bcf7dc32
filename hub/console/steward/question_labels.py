"""The words of a review question: linked fields, values, reasons. Vietnamese first."""

from collections.abc import Mapping

from schema.core import Label

FIELD_WORDS: Mapping[str, Label] = {
    "HOUSEHOLD_MEMBERSHIP_MEMBER": Label("Thành viên hộ", "Member of a household"),
    "MARITAL_STATUS_PERSON": Label("Người trong sổ hôn nhân", "Person of a marital status"),
    "MARITAL_STATUS_SPOUSE": Label("Vợ hoặc chồng", "Spouse"),
    "LAND_USE_RIGHT_HOLDER": Label("Người sử dụng đất", "Holder of a land use right"),
    "LAND_USE_RIGHT_PARCEL": Label("Thửa đất của giấy chứng nhận", "Parcel of a certificate"),
    "TAXPAYER_PARTY": Label("Người nộp thuế", "Taxpayer"),
    "TAX_OBLIGATION_DEBTOR": Label("Người phải nộp thuế", "Debtor of a tax obligation"),
    "BENEFIT_BENEFICIARY": Label("Người hưởng trợ cấp", "Beneficiary"),
    "BUSINESS_ROLE_PERSON": Label("Người trong doanh nghiệp", "Person of a business"),
    "BIRTH_REGISTRATION_CHILD": Label("Trẻ trong giấy khai sinh", "Child of a birth registration"),
    "BIRTH_REGISTRATION_MOTHER": Label("Mẹ trong giấy khai sinh", "Mother of a birth registration"),
    "BIRTH_REGISTRATION_FATHER": Label("Cha trong giấy khai sinh", "Father of a birth registration"),
    "DEATH_REGISTRATION_DECEASED": Label("Người trong giấy chứng tử", "Deceased of a death registration"),
    "ENCUMBRANCE_PARCEL": Label("Thửa đất bị hạn chế", "Parcel of an encumbrance"),
    "PLANNING_RESTRICTION_PARCEL": Label("Thửa đất trong quy hoạch", "Parcel of a planning restriction"),
    "LAND_TRANSFER_SLIP_PARCEL": Label("Thửa đất trong phiếu chuyển", "Parcel of a transfer slip"),
    "LAND_TRANSFER_SLIP_TRANSFEROR": Label("Bên chuyển nhượng trong phiếu", "Transferor of a slip"),
    "LAND_TRANSFER_SLIP_TRANSFEREE": Label("Bên nhận trong phiếu", "Transferee of a slip"),
    "TAX_OBLIGATION_PARCEL": Label("Thửa đất của nghĩa vụ thuế", "Parcel of a tax obligation"),
    "POOR_HOUSEHOLD_ENTRY_HOUSEHOLD": Label("Hộ trong danh sách hộ nghèo", "Household of the poverty list"),
    "BUSINESS_SITE_PARCEL": Label("Thửa đất của địa điểm kinh doanh", "Parcel of a business site"),
    "PENSION_BENEFICIARY": Label("Người hưởng lương hưu", "Pensioner"),
    "HEALTH_INSURANCE_CARD_HOLDER": Label("Người có thẻ bảo hiểm y tế", "Holder of a health insurance card"),
    "BIRTH_NOTICE_MOTHER": Label("Mẹ trong giấy chứng sinh", "Mother of a birth notice"),
    "CITIZEN_DUPLICATE": Label("Hai dòng của một người?", "Two rows of one person?"),
}
"""Every field of linking; a test holds that none is missing."""
ROW_WORDS: Mapping[str, Label] = {
    "name": Label("Họ tên hoặc tên gọi", "Name"),
    "birth": Label("Ngày sinh", "Born"),
    "sex": Label("Giới tính", "Sex"),
    "identifier": Label("Số định danh", "Identifier"),
    "former": Label("Số CMND cũ", "Former identifier"),
    "tax": Label("Mã số thuế", "Tax code"),
    "address": Label("Địa chỉ", "Address"),
    "death": Label("Ngày mất", "Died"),
    "parcel": Label("Số thửa", "Parcel number"),
    "parcel_id": Label("Mã thửa", "Parcel identifier"),
    "household": Label("Mã hộ", "Household code"),
}
FACT_WORDS: Mapping[str, Label] = {
    "relationship": Label("Quan hệ", "Relationship"),
    "since": Label("Từ ngày", "Since"),
    "until": Label("Đến ngày", "Until"),
    "householdCode": Label("Mã hộ", "Household code"),
    "state": Label("Tình trạng", "State"),
    "certificateSerial": Label("Số giấy chứng nhận", "Certificate"),
    "issuedOn": Label("Ngày cấp", "Issued"),
    "rightStatus": Label("Tình trạng quyền", "Status of the right"),
    "registrationNumber": Label("Số đăng ký", "Registration number"),
    "encumbranceKind": Label("Loại hạn chế", "Kind"),
    "registeredOn": Label("Ngày đăng ký", "Registered"),
    "taxpayerNumber": Label("Số người nộp thuế", "Taxpayer number"),
    "taxpayerKind": Label("Loại người nộp thuế", "Kind"),
    "taxpayerStatus": Label("Tình trạng", "Status"),
    "obligationNumber": Label("Số nghĩa vụ thuế", "Obligation"),
    "taxKind": Label("Loại thuế", "Tax"),
    "year": Label("Năm", "Year"),
    "benefitNumber": Label("Số hồ sơ trợ cấp", "Benefit"),
    "role": Label("Vai trò", "Role"),
    "businessRegistrationNumber": Label("Số đăng ký kinh doanh", "Business registration"),
}
MARK_WORDS: Mapping[str, Label] = {
    "same": Label("trùng", "same"),
    "spelling": Label("khác dấu hoặc cách viết", "spelling"),
    "differs": Label("khác", "differs"),
    "absent": Label("thiếu một bên", "one side empty"),
}
WHY_WORDS: Mapping[str, Label] = {
    "DISAGREEMENT": Label("Hai ý kiến khác nhau", "Opinions differ"),
    "CHANGED": Label("Bản ghi đã thay đổi sau lần xem trước", "The record has changed since"),
    "SECOND": Label("Lấy mẫu để hỏi ý kiến thứ hai", "Sampled for a second opinion"),
}
VERDICT_WORDS: Mapping[str, Label] = {
    "SAME": Label("Trùng", "Same"),
    "DIFFERENT": Label("Khác", "Different"),
}
