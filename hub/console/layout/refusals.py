"""Refusals in words: what a page says, and with which HTTP status, for the code of an error. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schema.core import Label


@dataclass(frozen=True)
class RefusalPage:
    """What the officer reads. `next_step` says what to do."""

    code: str
    status: int
    title: Label
    next_step: Label


AGAIN = Label(
    "Thử lại sau ít phút. Dữ liệu bạn đã nhập không mất.", "Try again in a few minutes. Nothing you typed is lost."
)
NOT_YOURS = Label("Không được phép", "Not allowed")
DOSSIER_STEP = Label("Kiểm tra mã hồ sơ, hoặc mở hồ sơ mới.", "Check the code, or open a new dossier.")
REFUSALS: Mapping[str, tuple[int, Label, Label]] = {
    "SUBJECT_SEALED": (
        403,
        Label("Không hiển thị được kết quả này", "This result cannot be shown"),
        Label("Đề nghị người phụ trách của cơ quan bạn hỗ trợ.", "Turn to the person in charge at your office."),
    ),
    "SUBJECT_RESTRICTED": (
        403,
        Label("Không hiển thị được kết quả này", "This result cannot be shown"),
        Label(
            "Việc xử lý dữ liệu của người này đang bị hạn chế. Liên hệ người phụ trách bảo vệ dữ liệu.",
            "The processing of this person's data is restricted. Ask the data protection officer.",
        ),
    ),
    "PURPOSE_FORBIDDEN": (
        403,
        NOT_YOURS,
        Label("Tài khoản của bạn không dùng trang này. Đăng nhập bằng tài khoản khác.", "The page is not for your account. Sign in with another one."),
    ),
    "FORBIDDEN": (
        403,
        NOT_YOURS,
        Label("Tài khoản của bạn không có quyền làm việc này. Liên hệ quản trị viên.", "Your account may not do this. Ask the operator."),
    ),
    "NOT_A_SUBJECT": (
        403,
        NOT_YOURS,
        Label("Hồ sơ này không cho phép sửa giá trị đó.", "The dossier does not allow correcting this value."),
    ),
    "CORRECTION_FIELD_UNKNOWN": (
        404,
        Label("Không sửa được giá trị này", "This value cannot be corrected"),
        Label("Quay lại hồ sơ và chọn giá trị khác.", "Go back to the dossier and choose another value."),
    ),
    "DOSSIER_UNKNOWN": (404, Label("Không có hồ sơ này tại cơ quan của bạn", "No such dossier at your office"), DOSSIER_STEP),
    "DOSSIER_ENDED": (
        403,
        Label("Hồ sơ đã kết thúc hoặc đã rút", "The dossier was closed or withdrawn"),
        Label("Dữ liệu không còn đọc được theo hồ sơ này. Mở hồ sơ mới nếu có việc mới.", "Nothing is read under it any more. Open a new dossier for new work."),
    ),
    "DOSSIER_EXPIRED": (403, Label("Hồ sơ đã hết hạn", "The dossier has expired"), DOSSIER_STEP),
    "DOSSIER_PUSHED_ONLY": (
        403,
        Label("Hồ sơ của cơ quan bạn do hệ thống một cửa chuyển sang", "Dossiers of your office come from its one-stop system"),
        Label("Mở, đóng hoặc rút hồ sơ trong hệ thống một cửa.", "Open, close or withdraw it in the one-stop system."),
    ),
    "EMERGENCY_UNCONFIRMED": (
        403,
        Label("Truy cập khẩn cấp chưa được xác nhận", "Emergency access is not confirmed"),
        Label("Cần một cán bộ thứ hai xác nhận.", "A second officer has to confirm it."),
    ),
    "UNKNOWN_PROCEDURE": (
        404,
        Label("Hồ sơ này không thuộc thủ tục nào", "The dossier is of no procedure"),
        DOSSIER_STEP,
    ),
    "PROCEDURE_NOT_IN_FORCE": (
        403,
        Label("Thủ tục không còn hoặc chưa có hiệu lực", "The procedure is not in force today"),
        Label("Chọn thủ tục khác.", "Choose another procedure."),
    ),
    "CHOICE_UNKNOWN": (
        404,
        Label("Lựa chọn không còn trong danh sách", "The choice is not in the list any more"),
        Label("Mở lại hồ sơ và chọn lại.", "Open the dossier again and choose."),
    ),
    "LEDGER_UNAVAILABLE": (
        503,
        Label("Tạm ngừng tra cứu: chưa ghi được nhật ký", "Reading has stopped: it cannot be written down"),
        Label("Mỗi lần xem dữ liệu phải được ghi nhật ký. Quản trị viên đã được báo; thử lại sau ít phút.", "Every read has to be written down. The operator has been alerted; try again in a few minutes."),
    ),
    "STORE_UNAVAILABLE": (503, Label("Cơ sở dữ liệu của trục không trả lời", "The hub's database does not answer"), AGAIN),
    "TIMEOUT": (503, Label("Hệ thống trả lời quá chậm", "The answer took too long"), AGAIN),
    "IDENTITY_PROVIDER_UNAVAILABLE": (503, Label("Hệ thống đăng nhập không trả lời", "The sign-in system does not answer"), AGAIN),
    "RATE_LIMITED": (429, Label("Bạn gửi yêu cầu quá nhanh", "You send requests too fast"), AGAIN),
    "READING_PAUSED": (429, Label("Tạm dừng tra cứu", "Reading is paused"), AGAIN),
    "SESSION_EXPIRED": (
        401,
        Label("Phiên làm việc đã hết", "Your session has ended"),
        Label("Đăng nhập lại để tiếp tục; nội dung bạn vừa nhập còn nguyên.", "Sign in again to go on; what you have just typed is kept."),
    ),
    "CSRF_TOKEN_INVALID": (
        403,
        Label("Biểu mẫu không còn hợp lệ", "The form is not valid any more"),
        Label("Mở lại trang rồi gửi lại.", "Open the page again, and send it again."),
    ),
    "ACCESS_OFF": (
        404,
        Label("Bàn làm việc cần đăng nhập", "The console needs people to sign in"),
        Label("Quản trị viên đặt HUB_ACCESS=on rồi khởi động lại.", "The operator sets HUB_ACCESS=on and restarts the hub."),
    ),
    "RECORD_NOT_FOUND": (
        404,
        Label("Phiếu không còn giá trị này", "The sheet has this value no more"),
        Label("Mở lại phiếu hồ sơ.", "Open the sheet again."),
    ),
    "SNAPSHOT_UNKNOWN": (
        404,
        Label("Không có bản lưu này", "There is no such snapshot"),
        Label("Mở danh sách các lần đã lưu của hồ sơ.", "Open the list of snapshots of the dossier."),
    ),
    "SNAPSHOT_FORGOTTEN": (
        410,
        Label("Bản lưu đã hết thời hạn giữ", "The snapshot is past its time"),
        Label("Nội dung đã được xóa theo thời hạn của thủ tục.", "Its values were deleted after the time of the procedure."),
    ),
    "SNAPSHOT_WITHDRAWN": (
        403,
        Label("Bản lưu không còn được xem", "The snapshot can be read no more"),
        Label("Thủ tục nay không còn được đọc một số mục của bản lưu. Lưu bản mới.", "The procedure may no longer read some of its fields. Keep a new one."),
    ),
    "TOO_MANY_SNAPSHOTS": (
        409,
        Label("Hồ sơ đã có quá nhiều bản lưu", "The dossier has too many snapshots"),
        Label("Dùng bản lưu gần nhất.", "Use the newest one."),
    ),
    "BAD_CURSOR": (
        404,
        Label("Không còn trang này", "This page of the list is gone"),
        Label("Mở lại danh sách từ đầu.", "Open the list from its start."),
    ),
    "STEWARD_UNREADABLE": (
        503,
        Label("Trang này chưa đọc được bản ghi bị loại", "Rejected rows cannot be read here yet"),
        Label("Quản trị viên đặt HUB_STEWARD_URL; trong lúc chờ, dùng lệnh hub quarantine trên máy chủ.", "The operator sets HUB_STEWARD_URL; until then use `hub quarantine` on the server."),
    ),
    "QUEUE_UNAVAILABLE": (
        503,
        Label("Chưa xếp được việc vào hàng đợi", "The job could not be queued"),
        Label("Quản trị viên kiểm tra HUB_STEWARD_URL và hub worker. Việc sửa đã ghi vẫn được áp dụng ở lần đọc sau.", "The operator checks HUB_STEWARD_URL and hub worker. A correction that was kept is applied by the next read."),
    ),
    "GROUP_UNKNOWN": (
        404,
        Label("Không còn luồng dữ liệu này", "No manifest has this stream"),
        Label("Chọn lại trong danh sách bản ghi bị loại.", "Choose from the list of rejected rows."),
    ),
    "GROUP_EMPTY": (
        409,
        Label("Nhóm này không còn bản ghi nào", "No row of this group is open any more"),
        Label("Chọn nhóm khác trong danh sách.", "Choose another group from the list."),
    ),
    "TOO_MANY_ROWS": (
        409,
        Label("Nhóm quá lớn để sửa bằng tay", "The group is too large to correct by hand"),
        Label("Trên 1.000 bản ghi cùng lỗi là lỗi của ánh xạ: sửa manifest rồi đọc lại.", "More than 1,000 rows with one error are an error of the mapping: correct the manifest, then replay."),
    ),
    "SEARCH_EXPIRED": (
        404,
        Label("Kết quả tìm đã hết hạn", "The search has expired"),
        Label("Tìm lại từ đầu.", "Search again."),
    ),
}  # fmt: skip
OTHER = (
    400,
    Label("Không thực hiện được", "It did not work"),
    Label("Thử lại; nếu vẫn lỗi, báo quản trị viên mã bên dưới.", "Try again; if it fails again, tell the operator the code below."),
)  # fmt: skip
SIGNED_OUT_CODES = frozenset({"UNAUTHENTICATED", "SESSION_EXPIRED"})


def describe_refusal(code: str, label: Mapping[str, str] | None = None) -> RefusalPage:
    """What a page says to an error. `label` is what the error itself says in both languages, e.g. how long to wait."""
    status, title, next_step = REFUSALS.get("SESSION_EXPIRED" if code in SIGNED_OUT_CODES else code, OTHER)
    if label:
        next_step = Label(label["vi"], label["en"])
    return RefusalPage(code, 500 if code == "INTERNAL" else status, title, next_step)


FIELD_ERRORS: Mapping[str, tuple[str, Label]] = {
    "DOSSIER_CODE_INVALID": (
        "code",
        Label("Mã gồm cơ quan, ngày (năm-tháng-ngày, không sau hôm nay) và số thứ tự, ví dụ H49.12-251118-0007.", "Write agency, date as YYMMDD (not after today) and serial, e.g. H49.12-251118-0007."),
    ),
    "DOSSIER_EXISTS": (
        "code",
        Label("Mã này đã có hồ sơ khác: kiểm tra lại mã.", "Another dossier has this code: check it."),
    ),
    "OFFICE_UNKNOWN": ("office", Label("Không có đơn vị này.", "There is no such unit.")),
    "OFFICE_FORBIDDEN": (
        "office",
        Label("Thủ tục này không giải quyết tại cơ quan của bạn.", "The procedure is not handled at your office."),
    ),
    "ROLE_MISSING": ("subjects", Label("Chưa đủ các bên của thủ tục.", "A party of the procedure is missing.")),
    "ROLE_TAKEN": ("subjects", Label("Mỗi vai trò chỉ có một người.", "Each role has one person.")),
    "ROLE_UNKNOWN": ("subjects", Label("Thủ tục không có vai trò này.", "The procedure has no such role.")),
    "WRONG_KIND": ("subjects", Label("Số này không đúng loại của vai trò.", "The number is of another kind than the role.")),
    "SUBJECT_UNKNOWN": ("subjects", Label("Không tìm thấy một bên.", "A party was not found.")),
    "SUBJECT_DECEASED": (
        "subjects",
        Label("Một bên đã mất theo sổ hộ tịch: kiểm tra số định danh.", "A party is recorded as deceased: check the identifier."),
    ),
    "SUBJECT_IN_TWO_ROLES": ("subjects", Label("Một người đứng ở hai vai trò.", "One person is in two roles.")),
    "GUARDIAN_NEEDED": (
        "subjects",
        Label("Một bên chưa thành niên: thêm người giám hộ.", "A party is a minor: add the guardian."),
    ),
    "TOO_MANY_SUBJECTS": ("subjects", Label("Quá nhiều người trong một hồ sơ.", "The dossier has too many parties.")),
    "CLAIM_INVALID": (
        "claimed",
        Label("Giá trị không đúng dạng của mục này.", "The value does not have the form of this field."),
    ),
    "CLAIM_HELD": ("claimed", Label("Nguồn đang ghi đúng giá trị này rồi.", "The source holds this value already.")),
    "VALUE_CHANGED": (
        "claimed",
        Label("Giá trị vừa thay đổi: mở lại hồ sơ để xem.", "The value has just changed: open the dossier again."),
    ),
    "TOO_MANY_CORRECTIONS": (
        "claimed",
        Label("Hồ sơ có quá nhiều yêu cầu chỉnh sửa chưa xong.", "The dossier has too many open corrections."),
    ),
    "SOURCE_UNCLEAR": (
        "claimed",
        Label("Chưa rõ nguồn nào giữ giá trị này.", "It is not clear which source owns the value."),
    ),
}  # fmt: skip
"""Errors that an officer corrects in a form: the field that they stand beside, and what to do."""


def read_label(extensions: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The words that an error brings along, as `hub.access.limits` writes them; None if it has none."""
    label = extensions.get("label")
    return label if isinstance(label, dict) and {"vi", "en"} <= label.keys() else None
