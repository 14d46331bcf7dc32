"""Transitions of a correction: the one table that says what leads from one state to another. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from hub.model.correction_states import CorrectionState


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


def next_state(state: CorrectionState, event: CorrectionEvent) -> CorrectionState | None:
    """The state after an event; None if the event cannot happen in this state."""
    return TRANSITIONS[state].get(event)
