"""The console's words for what the graph says in codes: statuses, reasons, links, losing values. Vietnamese first.

`hub.procedures.answering.statuses` and the schema define the codes; a test holds that each has its words here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

from hub.model.labels import lower_first
from schema.core import Label

VIETNAM = timezone(timedelta(hours=7))
"""Pages show local time; the graph answers in UTC."""


STATUS_WORDS: Mapping[str, Label] = {
    "HELD": Label("Đã có", "held"),
    "MISSING": Label("Không có trong cơ sở dữ liệu", "not in the source"),
    "STALE": Label("Có thể đã cũ", "may be out of date"),
    "CONTRADICTORY": Label("Các nguồn khác nhau", "sources differ"),
    "UNCONFIRMED": Label("Chưa chắc của người này", "not surely this person's"),
    "UNAVAILABLE": Label("Chưa tra được", "cannot be looked up"),
    "ASKED_OF_CITIZEN": Label("Chỉ công dân biết", "only the citizen knows"),
    "NOT_APPLICABLE": Label("Không áp dụng", "does not apply"),
}
REASON_WORDS: Mapping[str, Label] = {
    "RULE": Label("Thủ tục không hỏi trong trường hợp này", "The procedure does not ask for it in this case"),
    "NO_ITEM": Label("Không có mục nào trong danh sách", "The list is empty"),
    "RESTRICTED": Label(
        "Việc xử lý dữ liệu của người này đang bị hạn chế; liên hệ người phụ trách bảo vệ dữ liệu",
        "The processing of this person's data is restricted; ask the data protection officer",
    ),
    "SEALED": Label(
        "Dữ liệu được bảo vệ: làm việc với cơ quan đã niêm phong, không hỏi công dân tại đây",
        "Protected data: turn to the office that sealed it, and do not ask the citizen here",
    ),
    "NOT_CONNECTED": Label("Chưa kết nối hệ thống của ngành này", "No system of this sector is connected"),
    "NEVER_READ": Label("Nguồn chưa từng được đọc trọn vẹn", "The source has never been read completely"),
    "SOURCE_DOWN": Label("Nguồn đang không trả lời", "The source does not answer"),
    "DEFERRED": Label("Nguồn chưa được đọc đúng hạn", "The source was not read on time"),
    "NOT_SWEPT": Label("Lần đọc trọn vẹn gần nhất đã quá lâu", "The last complete read is too old"),
    "TRUNCATED": Label("Có nhiều bản ghi hơn số đọc được", "There are more records than were read"),
    "SOURCES_DIFFER": Label("Các nguồn ghi khác nhau", "Sources have different values"),
    "NAMED_OTHERWISE": Label(
        "Bản ghi viết tên khác với sổ dân cư", "The record names the person otherwise than the population register"
    ),
    "LINK_UNCONFIRMED": Label("Chưa xác định được bản ghi là của ai", "Nobody has confirmed whose record it is"),
    "LINK_PROBABLE": Label("Rất có thể là của người này, chưa xác nhận", "Probably this person's, not confirmed"),
    "LOOKUP_FAILED": Label("Đã hỏi nguồn nhưng nguồn không trả lời", "The source was asked and did not answer"),
    "TOO_OLD": Label("Nguồn xác nhận đã lâu hơn mức cho phép", "Confirmed longer ago than is allowed"),
    "SUBJECT_ABSENT": Label("Hồ sơ không có bên này", "The dossier has nobody in this role"),
    "SUBJECT_UNMATCHED": Label(
        "Không tìm thấy người này trong cơ sở dữ liệu", "The hub does not hold this person or thing"
    ),
    "NOT_LINKED": Label("Không tìm thấy người mà bản ghi nêu", "The record names somebody who was not found"),
    "NOT_RECORDED": Label("Bản ghi để trống mục này", "The record leaves it empty"),
    "NO_RECORD": Label("Nguồn không có bản ghi", "The source has no such record"),
    "CHOICE_OPEN": Label("Có nhiều mục: hãy chọn", "There are several: choose"),
    "ONLY_THE_CITIZEN_KNOWS": Label("Không cơ quan nào giữ thông tin này", "No office holds it"),
}
LINK_WORDS: Mapping[str | None, Label] = {
    None: Label("Ghi ngay trong bản ghi của người này", "It stands in this person's own record"),
    "CONFIRMED": Label(
        "Số định danh và họ tên trên bản ghi khớp với người này, hoặc cán bộ đã xác nhận",
        "Number and name on the record agree with this person, or somebody confirmed it",
    ),
    "PROBABLE": Label(
        "Số khớp nhưng tên viết thiếu hoặc không dấu, hoặc nhiều dấu hiệu trùng: rất có thể đúng",
        "The number agrees and the name is incomplete or without marks, or much else agrees: very likely",
    ),
    "UNCONFIRMED": Label(
        "Có vài người phù hợp, chưa ai xác nhận: hãy kiểm tra", "Several people fit and nobody has confirmed: check"
    ),
    "UNLINKED": Label("Bản ghi chưa gắn với người nào", "The record is joined to nobody"),
}
LOSS_WORDS: Mapping[str, Label] = {
    "ALTERNATIVE": Label("Bản ghi khác, không được ưu tiên", "another record, not preferred"),
    "DIFFERS": Label("Lẽ ra phải trùng", "should agree, and does not"),
    "RECORDED_NAME": Label("Tên ghi trên bản ghi", "name on the record"),
    "DISCREPANCY": Label("Khác với cơ quan quản lý dữ liệu", "differs from the authoritative register"),
}
CHANGE_WORDS: Mapping[str, Label] = {
    "UNCHANGED": Label("Như cũ", "unchanged"),
    "CHANGED": Label("Giá trị hoặc lý do đã khác", "another value or reason"),
    "GAINED": Label("Nay đã có", "held now"),
    "LOST": Label("Nay không còn", "held no more"),
    "STATUS_CHANGED": Label("Tình trạng đã khác", "another status"),
}
OCCASION_WORDS: Mapping[str, Label] = {
    "REQUEST": Label("Cán bộ hoặc phần mềm lưu", "kept on request"),
    "CLOSING": Label("Tự lưu khi đóng hồ sơ", "kept when the dossier was closed"),
}
ASKED_OF_CITIZEN = Label("Công dân", "the citizen")
UNKNOWN = Label("không rõ", "not known")


def show_instant(text: str | None) -> str:
    """An instant of the graph as dd/mm/yyyy HH:MM of Vietnam; empty for None."""
    return f"{datetime.fromisoformat(text).astimezone(VIETNAM):%d/%m/%Y %H:%M}" if text else ""


def describe_outcome(status: str, reasons: Iterable[str]) -> Label:
    """Why an answer is not held: `Chưa tra được: nguồn đang không trả lời`. A code that has no words stands as it is."""
    outcome = STATUS_WORDS.get(status, Label(status, status))
    why = [REASON_WORDS.get(reason, Label(reason, reason)) for reason in reasons]
    if not why:
        return outcome
    told = (", ".join(map(lower_first, words)) for words in ([one.vi for one in why], [one.en for one in why]))
    return Label(*(f"{whole}: {part}" for whole, part in zip((outcome.vi, outcome.en), told, strict=True)))
