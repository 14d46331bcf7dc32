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
    readers: str
    wrong_purpose: str
    in_log: str
    own_log: str
    tampering: str
    untouched: str
    edited: str
    cut: str
    nothing_found: str
    forgotten: str
    copies: str


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
        readers="Ai đã xem dữ liệu của công dân này",
        wrong_purpose="Cán bộ đăng ký kinh doanh xem người này bằng hồ sơ của thủ tục khác: bị từ chối ({code})",
        in_log="Người kiểm tra thấy trong nhật ký:",
        own_log="Công dân đọc trên cổng dịch vụ công:",
        tampering="Nhật ký bị sửa thì lộ",
        untouched="Nguyên vẹn: {records:,} bản ghi, {checkpoints} mốc kiểm tra có chữ ký, đúng với nhân chứng bên ngoài",
        edited="Sửa một bản ghi bằng SQL, như thể cán bộ khác đã xem: {found}",
        cut="Cắt phần cuối cùng với các mốc của nó: không có nhân chứng thì {alone}; có nhân chứng thì {witnessed}",
        nothing_found="không thấy gì",
        forgotten="Hủy khóa của tháng {month} vào ngày {day}, khi hết hạn lưu: {before} lần xem người này trước đó, {after} lần sau đó; nhật ký vẫn nguyên vẹn",
        copies="Mỗi lần thử ở một bản sao; nhật ký của bản trình diễn còn nguyên.",
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
        readers="Who read this citizen's data",
        wrong_purpose="The business officer reads them on a dossier of another procedure: refused ({code})",
        in_log="An auditor finds in the log:",
        own_log="The citizen reads on the portal:",
        tampering="A ledger that was touched says so",
        untouched="As it is: {records:,} records, {checkpoints} signed checkpoints, as the witness outside has them",
        edited="One record edited in SQL, as if another officer had read: {found}",
        cut="Its end cut off together with the checkpoints: {alone} without the witness; {witnessed} with it",
        nothing_found="nothing is found",
        forgotten="The key of {month} destroyed on {day}, when its retention is over: {before} reads of this citizen before, {after} after, and the ledger still holds",
        copies="Each was done to a copy; the demonstration's own ledger is untouched.",
    ),
}
