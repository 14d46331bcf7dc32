"""States of a correction, and the one table that says what leads from one to another. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from hub.corrections.labels import CorrectionLabel


class CorrectionState(StrEnum):
    """Where a correction stands. That it is overdue is no state of its own: it is derived from `due_at`."""

    OPEN = "OPEN"
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    REFUSED = "REFUSED"
    RESOLVED = "RESOLVED"
    REOPENED = "REOPENED"
    WITHDRAWN = "WITHDRAWN"


class CorrectionEvent(StrEnum):
    """What happens to a correction."""

    OPEN = "OPEN"
    SEND = "SEND"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    REFUSE = "REFUSE"
    RESOLVE = "RESOLVE"
    """The source shows the value claimed."""
    DIFFER = "DIFFER"
    """The source changed the value to one that is neither the old one nor the one claimed."""
    RELAPSE = "RELAPSE"
    """A resolved value is the wrong one again."""
    WITHDRAW = "WITHDRAW"
    REMIND = "REMIND"
    SEND_FAILED = "SEND_FAILED"


STATE_LABELS: Mapping[CorrectionState, CorrectionLabel] = {
    CorrectionState.OPEN: CorrectionLabel("Chờ gửi", "Not sent yet"),
    CorrectionState.SENT: CorrectionLabel("Đã gửi cơ quan quản lý dữ liệu", "Sent to the owner of the data"),
    CorrectionState.ACKNOWLEDGED: CorrectionLabel("Cơ quan quản lý dữ liệu đã tiếp nhận", "Accepted by the owner of the data"),
    CorrectionState.REFUSED: CorrectionLabel("Cơ quan quản lý dữ liệu từ chối", "Refused by the owner of the data"),
    CorrectionState.RESOLVED: CorrectionLabel("Đã chỉnh sửa", "Corrected"),
    CorrectionState.REOPENED: CorrectionLabel("Chỉnh sửa chưa đúng, yêu cầu lại", "Corrected wrongly, asked again"),
    CorrectionState.WITHDRAWN: CorrectionLabel("Đã rút yêu cầu", "Withdrawn"),
}  # fmt: skip
STATE_MEANINGS: Mapping[CorrectionState, str] = {
    CorrectionState.OPEN: "The source has not been told yet, or takes requests from the hub's work queue.",
    CorrectionState.SENT: "The source has received it.",
    CorrectionState.ACKNOWLEDGED: "The source works on it.",
    CorrectionState.REFUSED: "The source says that its value is right; `answer` says why.",
    CorrectionState.RESOLVED: "The source shows the value claimed, or the missing record has appeared.",
    CorrectionState.REOPENED: "The source changed the value, and it is wrong in another way; or the wrong value came back.",
    CorrectionState.WITHDRAWN: "Whoever asked took it back.",
}

_S, _E = CorrectionState, CorrectionEvent
_ANSWERS = {_E.ACKNOWLEDGE: _S.ACKNOWLEDGED, _E.REFUSE: _S.REFUSED}
_FROM_SOURCE = {_E.RESOLVE: _S.RESOLVED, _E.DIFFER: _S.REOPENED}
_WITHDRAWN = {_E.WITHDRAW: _S.WITHDRAWN}
TRANSITIONS: Mapping[CorrectionState, Mapping[CorrectionEvent, CorrectionState]] = {
    # Nobody was told of the old value, so a change is no failed correction.
    _S.OPEN: {_E.SEND: _S.SENT, **_ANSWERS, **_FROM_SOURCE, _E.DIFFER: _S.OPEN, **_WITHDRAWN},
    _S.SENT: {_E.SEND: _S.SENT, **_ANSWERS, **_FROM_SOURCE, **_WITHDRAWN},
    _S.ACKNOWLEDGED: {**_ANSWERS, **_FROM_SOURCE, **_WITHDRAWN},
    _S.REFUSED: {**_ANSWERS, **_FROM_SOURCE, **_WITHDRAWN},
    _S.REOPENED: {_E.SEND: _S.SENT, **_ANSWERS, **_FROM_SOURCE, **_WITHDRAWN},
    _S.RESOLVED: {_E.RELAPSE: _S.REOPENED},
    _S.WITHDRAWN: {},
}
"""State → event → next state. An event that is not listed does not happen in that state."""

PENDING = frozenset({_S.OPEN, _S.SENT, _S.ACKNOWLEDGED, _S.REOPENED})
"""The source still has to act: these can be overdue."""
UNSETTLED = PENDING | {_S.REFUSED}
"""The value is still disputed."""


def next_state(state: CorrectionState, event: CorrectionEvent) -> CorrectionState | None:
    """The state after an event; None if the event cannot happen in this state."""
    return TRANSITIONS[state].get(event)
