"""The words of a review question: linked fields, values, reasons. Vietnamese first."""

from collections.abc import Mapping

from hub.link.field import list_decidable_fields
from hub.model.labels import make_readable
from schema.core import Label


def list_field_labels() -> Mapping[str, Label]:
    """The question of each field of linking, by its code, in order of declaration."""
    return {field.code: field.label for field in list_decidable_fields().values()}


def name_linked_field(code: str) -> Label:
    """The question of a field of linking; its code in readable form if the vocabulary no longer has it."""
    return list_field_labels().get(code) or make_readable(code)


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
    "year": Label("cùng năm, một bên thiếu ngày tháng", "same year, one has no day"),
    "commune": Label("cùng tờ, thửa; khác xã", "same sheet and parcel, another commune"),
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
