"""What a caller who has met a limit is told, in both languages, and which refusals of reads are counted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.access.limits.rates import RateKind
from hub.errors import OperationRefused

COUNTED_CODES = frozenset(
    {
        "DOSSIER_ENDED",
        "DOSSIER_EXISTS",  # who tries codes out learns which are taken
        "DOSSIER_EXPIRED",
        "DOSSIER_UNKNOWN",
        "FORBIDDEN",
        "FORBIDDEN_ARGUMENT",
        "FORBIDDEN_FIELD",
        "FORBIDDEN_MASKED",
        "FORBIDDEN_OPERATION",
        "GUARDIAN_NEEDED",  # tells an age
        "NOT_A_SUBJECT",
        "OFFICE_FORBIDDEN",
        "PURPOSE_FORBIDDEN",
        "PURPOSE_MISMATCH",
        "SUBJECT_DECEASED",  # tells a death
        "SUBJECT_IN_TWO_ROLES",  # tells that two identifiers are one person's
        "SUBJECT_RESTRICTED",
        "SUBJECT_SEALED",
        "SUBJECT_UNKNOWN",  # who tries global ids out learns which are taken
    }
)
"""Refusals of somebody who asks for data of others. Mistakes of form (SYNTAX, BAD_USER_INPUT …) are not counted."""


class ReadingRefused(OperationRefused):
    """The caller has met a limit of reading."""

    status = 429
    """HTTP status of the answer."""

    def __init__(self, said: "Sentence", limit: int, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        values = {"limit": limit, "seconds": self.retry_after_s, "minutes": math.ceil(self.retry_after_s / 60)}
        self.label = {"vi": said.vi.format(**values), "en": said.en.format(**values)}
        super().__init__(said.what.format(**values), next_step=said.next_step.format(**values))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer: when to try again."""
        return {"retry-after": str(self.retry_after_s)}

    @property
    def extensions(self) -> Mapping[str, Any]:
        """The code; for pages, a sentence in Vietnamese and English; and the seconds to wait."""
        return {"code": self.code, "label": self.label, "retryAfterS": self.retry_after_s}


class RateLimited(ReadingRefused):
    """The caller sends requests too fast."""

    code = "RATE_LIMITED"


class ReadingPaused(ReadingRefused):
    """The caller has read, missed or been refused too much within an hour."""

    code = "READING_PAUSED"


@dataclass(frozen=True)
class Sentence:
    """A refusal: `what` and `next_step` of the error; `vi` and `en` are for the people who read it on a page."""

    what: str
    next_step: str
    vi: str
    en: str


_LIFT = "it ends in {minutes} min; if the work cannot wait, the operator lifts it with `hub limits lift`"
_MO_LAI = "Hệ thống tự mở lại sau {minutes} phút; nếu không thể chờ, đề nghị quản trị viên mở lại."
_AGAIN = "You can go on in {minutes} min; if the work cannot wait, ask the hub's operator."
SENTENCES: Mapping[RateKind, Sentence] = {
    RateKind.READS: Sentence(
        "you have sent more than {limit} requests within a minute",
        "wait {seconds} s, and send less often",
        "Bạn đã gửi quá {limit} yêu cầu trong một phút. Vui lòng thử lại sau {seconds} giây.",
        "You have sent more than {limit} requests within a minute. Try again in {seconds} s.",
    ),
    RateKind.SUBJECTS: Sentence(
        "reading is paused: you have read data of more than {limit} people within an hour",
        _LIFT,
        f"Tạm dừng tra cứu: trong một giờ bạn đã xem dữ liệu của hơn {{limit}} người. {_MO_LAI}",
        f"Reading is paused: you have read data of more than {{limit}} people within an hour. {_AGAIN}",
    ),
    RateKind.REFUSALS: Sentence(
        "reading is paused: more than {limit} of your requests were refused within an hour",
        _LIFT,
        f"Tạm dừng tra cứu: trong một giờ có hơn {{limit}} yêu cầu của bạn bị từ chối. {_MO_LAI}",
        f"Reading is paused: more than {{limit}} of your requests were refused within an hour. {_AGAIN}",
    ),
    RateKind.MISSES: Sentence(
        "reading is paused: more than {limit} of your look-ups found nobody within an hour",
        _LIFT,
        f"Tạm dừng tra cứu: trong một giờ có hơn {{limit}} lần tra cứu của bạn không tìm thấy ai. {_MO_LAI}",
        f"Reading is paused: more than {{limit}} of your look-ups found nobody within an hour. {_AGAIN}",
    ),
}


def refuse_reading(kind: RateKind, limit: int, wait_s: float) -> ReadingRefused:
    """The refusal of a caller who has met this limit, and can go on in `wait_s` seconds."""
    refusal = RateLimited if kind is RateKind.READS else ReadingPaused
    return refusal(SENTENCES[kind], limit, wait_s)
