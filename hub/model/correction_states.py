"""States of corrections, which say what a request to the owner of a value has come to, with their labels. Pure.

What leads from one to another says `hub.corrections.transitions`.
"""

from collections.abc import Mapping
from enum import StrEnum

from schema.core import Label


class CorrectionState(StrEnum):
    """Where a correction stands. That it is overdue is no state of its own: it is derived from `due_at`."""

    OPEN = "OPEN"
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    REFUSED = "REFUSED"
    RESOLVED = "RESOLVED"
    REOPENED = "REOPENED"
    WITHDRAWN = "WITHDRAWN"


STATE_LABELS: Mapping[CorrectionState, Label] = {
    CorrectionState.OPEN: Label("Chờ cơ quan quản lý dữ liệu tiếp nhận", "Waiting for the owner of the data"),
    CorrectionState.SENT: Label("Đã gửi cơ quan quản lý dữ liệu", "Sent to the owner of the data"),
    CorrectionState.ACKNOWLEDGED: Label("Cơ quan quản lý dữ liệu đã tiếp nhận", "Accepted by the owner of the data"),
    CorrectionState.REFUSED: Label("Cơ quan quản lý dữ liệu từ chối", "Refused by the owner of the data"),
    CorrectionState.RESOLVED: Label("Đã chỉnh sửa", "Corrected"),
    CorrectionState.REOPENED: Label("Chỉnh sửa chưa đúng, yêu cầu lại", "Corrected wrongly, asked again"),
    CorrectionState.WITHDRAWN: Label("Đã rút yêu cầu", "Withdrawn"),
}  # fmt: skip
STATE_MEANINGS: Mapping[CorrectionState, str] = {
    CorrectionState.OPEN: "The source has not received it yet, or has not looked at it in the hub's work queue.",
    CorrectionState.SENT: "The source has received it.",
    CorrectionState.ACKNOWLEDGED: "The source works on it.",
    CorrectionState.REFUSED: "The source says that its value is right; `answer` says why.",
    CorrectionState.RESOLVED: "The source shows the value claimed, or the missing record has appeared.",
    CorrectionState.REOPENED: "The source changed the value, and it is wrong in another way; or the wrong value came back.",
    CorrectionState.WITHDRAWN: "Whoever asked took it back.",
}

PENDING = frozenset(
    {CorrectionState.OPEN, CorrectionState.SENT, CorrectionState.ACKNOWLEDGED, CorrectionState.REOPENED}
)
"""The source still has to act: these can be overdue."""
UNSETTLED = PENDING | {CorrectionState.REFUSED}
"""The value is still disputed."""

ORIGIN_MEANINGS: Mapping[str, str] = {
    "ANSWER": "An answer of a procedure, or another value that an officer has read.",
    "DISCREPANCY": "A copy that differs from the authoritative source.",
    "CITIZEN": "The person whose data it is, by a portal.",
}
"""What a correction can be opened from."""
