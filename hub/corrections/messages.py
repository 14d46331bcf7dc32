"""Messages to sources and their answers. Pure: JSON in, JSON out.

{"id": 12, "kind": "REQUEST", "record": {"type": "LandUseRight", "stream": "rights", "key": "DA00000001"}, "field": "area",
 "held": "100", "claimed": "120.5", "reason": "…", "since": "…", "due": "…", "reminders": 0, "dossier": "H49.12-251118-0007"}

{"id": 12, "status": "acknowledged"}            {"id": 12, "status": "refused", "reason": "…"}
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from hub.corrections.records import Correction

MessageKind = Literal["REQUEST", "REMINDER", "WITHDRAWAL"]
MAX_ANSWER_BYTES = 100_000
MAX_REASON_CHARS = 500
ACKNOWLEDGED, REFUSED = "acknowledged", "refused"


class CorrectionAnswerMalformed(ValueError):
    """An answer has not the form that the page on corrections describes. The message names the rule, never a value."""


@dataclass(frozen=True)
class SourceAnswer:
    """What a source says of a correction. `reason` is None only if it was accepted."""

    accepted: bool
    reason: str | None


@dataclass(frozen=True)
class OutgoingMessage:
    """A message with what the store knows beside the correction: the name of the stream, the code of the dossier."""

    correction: Correction
    kind: MessageKind
    stream: str | None
    dossier: str | None

    @property
    def idempotency_key(self) -> str:
        """The same for each try of this message, and another for a reminder or after it was reopened."""
        found = self.correction
        # The message sent before tells one message from the next, and stays while this one is tried.
        before = found.sent_at.isoformat() if found.sent_at else ""
        digest = hashlib.sha256(f"{found.id}|{self.kind}|{before}".encode()).hexdigest()
        return f"{found.id}-{self.kind.lower()}-{digest[:16]}"

    def encode(self) -> bytes:
        """The message as JSON."""
        found = self.correction
        return orjson.dumps(
            {
                "id": found.id,
                "kind": self.kind,
                "record": {"type": found.record_entity, "stream": self.stream, "key": found.source_key},
                "field": found.field,
                "held": found.held,
                "claimed": found.claimed,
                "reason": found.reason,
                "since": found.opened_at.isoformat(),
                "due": found.due_at.isoformat(),
                "reminders": found.reminders,
                "dossier": self.dossier,
            }
        )


def read_answer(body: bytes, number: int) -> SourceAnswer:
    """An answer to the correction of this number. Raises CorrectionAnswerMalformed."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CorrectionAnswerMalformed("must be JSON") from None
    if not isinstance(found, dict):
        raise CorrectionAnswerMalformed("must be a JSON object")
    if isinstance(found.get("id"), bool) or found.get("id") != number:
        raise CorrectionAnswerMalformed("id must be that of the correction")
    return _read_status(found)


def read_response(body: bytes) -> SourceAnswer | None:
    """The answer in the body of an HTTP response. None if the source has only received the message, whatever else it says."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    try:
        return _read_status(found) if isinstance(found, dict) else None
    except CorrectionAnswerMalformed:
        return None


def _read_status(found: Mapping[str, Any]) -> SourceAnswer:
    status, reason = found.get("status"), found.get("reason")
    if status not in (ACKNOWLEDGED, REFUSED):
        raise CorrectionAnswerMalformed(f"status must be {ACKNOWLEDGED} or {REFUSED}")
    if reason is not None and not isinstance(reason, str):
        raise CorrectionAnswerMalformed("reason must be a text")
    text = (reason or "").strip()[:MAX_REASON_CHARS] or None
    if status == REFUSED and text is None:
        raise CorrectionAnswerMalformed("a refusal must have a reason")
    return SourceAnswer(status == ACKNOWLEDGED, text)
