"""Has the stale records of a prefill refreshed at their sources."""

from datetime import timedelta

from hub.graph.procedures.prefill.live_lookups import Refresher
from hub.plan.binds import read_global_id
from hub.procedures.answering.confirmations import Confirmations, find_stale_records, read_outcomes
from hub.procedures.answers import Prefill
from hub.refresh.refresh_types import RefreshNeed

NOTHING_STALE = Confirmations()


async def refresh_prefill(refresher: Refresher, filled: Prefill) -> Confirmations:
    """Have the records that are older than their requirements allow refreshed. Raises nothing."""
    needs = {need: record for record, age in find_stale_records(filled).items() if (need := _make_need(record, age))}
    if not needs:
        return NOTHING_STALE
    outcomes = await refresher.refresh_before_reading(needs)
    return read_outcomes((needs[need], outcome) for need, outcome in outcomes.items())


def _make_need(record: str, max_age: timedelta) -> RefreshNeed | None:
    entity, number = read_global_id(record)
    return None if entity is None or number is None else RefreshNeed(entity, number, max_age)
