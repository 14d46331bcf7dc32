"""What a procedure needs to be fresh, and what became of it. `hub.procedures.answering.confirmations` finds which records those are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


@dataclass(frozen=True)
class RefreshNeed:
    """A record of `data.<entity>` by its id, and how old the hub's knowledge of it may be."""

    entity: str
    record_id: int
    max_age: timedelta


class RefreshStatus(Enum):
    """How an attempt to refresh a record ended."""

    FRESH = "FRESH"
    REFRESHED = "REFRESHED"
    NOT_PROMISED = "NOT_PROMISED"
    ABSENT = "ABSENT"
    LIED = "LIED"
    TIMED_OUT = "TIMED_OUT"
    SOURCE_DOWN = "SOURCE_DOWN"
    QUOTA_SPENT = "QUOTA_SPENT"
    BREAKER_OPEN = "BREAKER_OPEN"
    STREAM_BUSY = "STREAM_BUSY"
    NOT_SERVED = "NOT_SERVED"
    UNKNOWN_RECORD = "UNKNOWN_RECORD"


STATUS_MEANINGS = {
    RefreshStatus.FRESH: "The record is young enough; nothing was asked.",
    RefreshStatus.REFRESHED: "The source was asked, and the hub now has the record as the source has it.",
    RefreshStatus.NOT_PROMISED: "The record's source cannot look up single rows: its manifest has no `lookup`.",
    RefreshStatus.ABSENT: "The source says that it has no such row. The record is left as it is: only a sweep deletes.",
    RefreshStatus.LIED: "The source's answer was unusable: an error page, another row, or a row that was quarantined.",
    RefreshStatus.TIMED_OUT: "The source, or the worker that asks it, did not answer within HUB_LOOKUP_TIMEOUT_S.",
    RefreshStatus.SOURCE_DOWN: "The source cannot be reached, or refuses the request.",
    RefreshStatus.QUOTA_SPENT: "The source has been asked as often as its manifest allows for now.",
    RefreshStatus.BREAKER_OPEN: "The source failed too often, or is in maintenance, and is left alone for a while.",
    RefreshStatus.STREAM_BUSY: "A sync of the same stream is writing, and held the stream for too long.",
    RefreshStatus.NOT_SERVED: "No worker is running that could ask the source, or look-ups are turned off.",
    RefreshStatus.UNKNOWN_RECORD: "The hub has no record with this id.",
}
"""What each status says to an officer's office or an operator."""


@dataclass(frozen=True)
class RefreshOutcome:
    """How it ended for one record.

    `source` is the connector's name; None if the record is unknown. `as_of` is the instant at which the source last confirmed the
    record as the hub has it, by a sync or a look-up; None if it never did.
    """

    status: RefreshStatus
    source: str | None = None
    as_of: datetime | None = None
