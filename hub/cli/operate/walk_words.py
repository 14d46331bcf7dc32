"""What `hub demo --walk` says beside labels of the schema, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.cli.options import LabelLanguage


@dataclass(frozen=True)
class WalkWords:
    """The titles of the steps, and their lines. Names in braces are filled in."""

    dossiers: str
    computed: str
    more: str
    receipts: str
    receipt: str
    receipts_kept: str
    contradiction: str
    disputed: str
    asked: str
    changed: str
    synced: str
    comparison: str
    no_answer: str
    outage: str
    stopped: str
    never_none: str
    statuses: str
    in_outage: str
    ledger: str


WORDS: Mapping[LabelLanguage, WalkWords] = {
    LabelLanguage.VI: WalkWords(
        dossiers="Tám thủ tục, mỗi thủ tục một hồ sơ: điều gì nhà nước đã có, điều gì còn phải hỏi",
        computed="tính từ các giá trị khác",
        more=" và {number} mục khác",
        receipts="Phiếu xác nhận: công dân không phải nộp những gì",
        receipt="{files}: {held} mục không phải hỏi; chữ ký đúng",
        receipts_kept="Lưu tại {folder}",
        contradiction="Một mâu thuẫn giữa hai ngành, do cơ quan quản lý dữ liệu sửa",
        disputed="{source} ghi tên chủ sử dụng đất là {recorded}, khác với sổ dân cư: {answers} mục phải xem lại",
        asked="Cán bộ yêu cầu chỉnh sửa thành {claimed} (yêu cầu số {number}): {state}",
        changed="{source} sửa hồ sơ của mình; không ai sửa trong hệ thống này",
        synced="Lần đồng bộ tiếp theo thấy {changed} thay đổi, yêu cầu tự đóng: {state} (bởi {by})",
        comparison="Bản lưu của hồ sơ, trả lời lại hôm nay: những mục đã khác",
        no_answer="không có mục này",
        outage="{source} ngừng hoạt động",
        stopped="Không đọc được {source}; lần đọc cuối được lùi lại {days} ngày, như thể chừng ấy ngày đã qua",
        never_none="{answers} mục của nguồn này trong tám hồ sơ: không mục nào nói là “không có”",
        statuses="Mỗi tình trạng, và hồ sơ có tình trạng đó",
        in_outage=" khi nguồn ngừng",
        ledger="Nhật ký: {records:,} lần đọc, {people:,} lượt dữ liệu của một người. Đã kiểm tra: không bị sửa.",
    ),
    LabelLanguage.EN: WalkWords(
        dossiers="Eight procedures, a dossier of each: what the state holds, and what is left to ask",
        computed="computed from other values",
        more=" and {number} more",
        receipts="Receipts: what the citizen did not have to hand in",
        receipt="{files}: {held} answers not asked for; the signature is right",
        receipts_kept="Kept in {folder}",
        contradiction="A contradiction between two sectors, corrected by the owner of the data",
        disputed="{source} names the holder {recorded}, and the population register otherwise: {answers} answers to check",
        asked="The officer asks for {claimed} (correction {number}): {state}",
        changed="{source} corrects its own record; nobody touches the hub",
        synced="The next sync finds what has changed ({changed}), and the correction closes by itself: {state} (by {by})",
        comparison="The dossier's snapshot, answered again today: what differs",
        no_answer="no such answer",
        outage="{source} stops",
        stopped="{source} cannot be read; its last read is dated back {days} days, as if so many had gone by",
        never_none="{answers} answers of this source in the eight dossiers: not one says “none”",
        statuses="Each status, and a dossier that shows it",
        in_outage=" in the outage",
        ledger="The ledger: reads {records:,}, disclosures of a person's data {people:,}. Checked: it was not changed.",
    ),
}
