"""A check of the newest records: each has its hash, follows the one before it, and none is missing between them.

It takes seconds and needs no keys. It cannot see a chain whose end was cut off, or that was rewritten from its beginning: checkpoints and
witnesses are for that, and `hub ledger verify` checks them too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ledger.writing.records import HASH_BYTES, NUMBER_BYTES, hash_record

MAX_CHECKED_RECORDS = 50_000
BATCH_ROWS = 2_000
MAX_BROKEN = 20
RECORDS = """
with first as (
    select month, epoch, min(number) as number
    from (select month, epoch, number from ledger.record where at >= %(since)s order by at desc limit %(limit)s) newest
    group by month, epoch
)
select r.epoch::text, r.number, r.record, r.hash
from first f
join ledger.record r on r.month = f.month and r.epoch = f.epoch and r.number >= f.number
order by r.epoch, r.number"""
"""From the first record of each chain on, without a gap: times within a chain are not quite in the order of its numbers."""


@dataclass(frozen=True)
class RecentCheck:
    """The checked range, and the records (chain and number) that differ from what was written."""

    records: int
    chains: int
    broken: tuple[str, ...]
    is_complete: bool
    """Whether every record since then was checked, and not only the newest MAX_CHECKED_RECORDS."""


def check_recent_records(connection: Connection[Any], since: datetime) -> RecentCheck:
    """Check the records since an instant. Raises psycopg.Error."""
    broken: list[str] = []
    chains: set[str] = set()
    count, before = 0, ("", -1, b"")
    with connection.transaction(), connection.cursor(name="recent") as cursor:
        cursor.itersize = BATCH_ROWS
        for epoch, number, record, kept in cursor.execute(RECORDS, {"since": since, "limit": MAX_CHECKED_RECORDS}):
            count += 1
            chains.add(epoch)
            if not _is_intact(bytes(record), number, bytes(kept)) or not _follows(before, epoch, number, bytes(record)):
                broken.append(f"{epoch[:8]}/{number}")
            before = (epoch, number, bytes(kept))
    return RecentCheck(count, len(chains), tuple(broken[:MAX_BROKEN]), count < MAX_CHECKED_RECORDS)


def _is_intact(record: bytes, number: int, kept: bytes) -> bool:
    inside = int.from_bytes(record[HASH_BYTES : HASH_BYTES + NUMBER_BYTES], "big")
    return hash_record(record) == kept and inside == number


def _follows(before: tuple[str, int, bytes], epoch: str, number: int, record: bytes) -> bool:
    """Whether a record follows the one before it; the first of a chain in the window has none there."""
    return before[0] != epoch or (number == before[1] + 1 and record[:HASH_BYTES] == before[2])
