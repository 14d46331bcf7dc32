"""How long the ledger can tell whose data a read was about: as long as its reader may keep the data, and at least as long as the operator sets.

The key of a month covers all its purposes, so the month is kept for the longest of them. Each chain begins with the longest retention of
the purposes that its process serves: a purpose that is shortened or removed later does not shorten months that were written before.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from hub.access.purposes import Purpose, read_purposes

RETENTION_DETAIL = "retentionDays"
"""Key in the details of EPOCH_BEGIN."""


def find_longest_retention(known: Mapping[str, Purpose] | None = None) -> int:
    """The longest time in days that a reader may keep data of people. Purposes of public data do not count: nobody is in their records."""
    declared = (purpose.declaration for purpose in (read_purposes() if known is None else known).values())
    return max((one.retention_days for one in declared if not one.public_types), default=0)


def end_of_month(first_day: date) -> date:
    """The first day after a month."""
    return (first_day + timedelta(days=32)).replace(day=1)


def find_due_day(first_day: date, *days: int | None) -> date:
    """The first day on which a month may be unlinked from people: the longest of these retentions, in days after its end."""
    return end_of_month(first_day) + timedelta(days=max((one for one in days if one is not None), default=0))
