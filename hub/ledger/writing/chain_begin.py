"""The first record of a chain: which chain it is, of which month, and what it binds the month to.

It has a commitment to the month's key and when the month was opened. Both stand in a row that the owner of the tables can change: with
another key nobody finds their reads any more, and with another time a log seems complete since then. `verify` compares the row with it.
"""

import os
import socket
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.ledger.months import LedgerMonth, month_of
from hub.ledger.retention import RETENTION_DETAIL, find_longest_retention
from hub.ledger.unavailable import LedgerUnavailable
from hub.ledger.writing.records import (
    MONTH_KEY_DETAIL,
    MONTH_OPENED_DETAIL,
    LedgerEntry,
    ReadOutcome,
    RecordKind,
)

KEEPER_PRINCIPAL = "hub"
"""The principal of records that the ledger makes about itself."""


def read_month(now: datetime, row: tuple[Any, ...] | None) -> tuple[LedgerMonth, str]:
    """The month of an instant, and when it was opened, from a row of OPEN_MONTH. Raises LedgerUnavailable if it has no key."""
    key, opened_at = row if row is not None else (None, None)
    if key is None:
        raise LedgerUnavailable(
            f"the ledger's month {month_of(now):%Y-%m} has no key, so nothing can be written down in it:"
            " somebody has removed it, and `hub ledger verify` tells more"
        )
    return LedgerMonth(month_of(now), bytes(key)), str(opened_at)


def name_host() -> str:
    """Host name and process id of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def make_begin(now: datetime, epoch: UUID, month: LedgerMonth, opened_at: str, version: str) -> LedgerEntry:
    """The entry EPOCH_BEGIN. `opened_at` is as OPEN_MONTH gives it."""
    details = {
        "epoch": str(epoch),
        "host": name_host(),
        "version": version,
        "month": str(month.first_day),
        MONTH_KEY_DETAIL: month.commitment.hex(),
        MONTH_OPENED_DETAIL: opened_at,
        RETENTION_DETAIL: find_longest_retention(),
    }
    return LedgerEntry(now, RecordKind.EPOCH_BEGIN, KEEPER_PRINCIPAL, ReadOutcome.ANSWERED, details=details)
