"""Schedules are read in the time zone of their source."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubMisconfigured
from hub.ingest.run.follow import FIRST_REST_S, LONGEST_REST_S, compute_backoff
from hub.jobs import queue as q
from hub.jobs.schedules import iterate_times, list_schedules, register_schedule
from hub.jobs.tasks import LONGEST_RETRY_WAIT, compute_wait
from hub.sdk.manifest import Manifest, parse_manifest

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def scheduled(cron: str | None, **source: Any) -> Manifest:
    label = {"vi": "Thử", "en": "Test"}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "1", "freshness": "-"}
    stream = {"table": "t", "key": ["id"], "emits": {"Citizen": {"fields": {}}}}
    source = {"kind": "sql", "url": {"env": "X"}, **source}
    return parse_manifest({"name": "trial", "schedule": cron, "source": source, "streams": {"people": stream}, **facts})


@settings(deadline=None)
@given(st.integers(0, 59), st.integers(0, 23), st.integers(0, 3 * 365 * 86_400))
def test_a_daily_schedule_strikes_once_a_day_at_the_hour_of_its_zone(minute: int, hour: int, after: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=after)
    found = iterate_times(f"{minute} {hour} * * *", HANOI)
    found.set_current(start.timestamp())
    first, second = (datetime.fromtimestamp(found.get_next(float), HANOI) for _ in range(2))
    assert (first.hour, first.minute) == (hour, minute)
    assert timedelta(0) < first - start <= timedelta(days=1)
    assert second - first == timedelta(days=1)


def test_the_worker_reckons_in_the_zone() -> None:
    queue = q.build_queue("postgresql://nobody@127.0.0.1:1/none", connections=1)

    async def sync(timestamp: int) -> None:
        """Nothing."""

    task = queue.task(name=q.SYNC_TASK)(sync)
    (found,) = list_schedules([scheduled("0 2 * * *", timezone="Asia/Tokyo")])
    register_schedule(queue, task, found)
    (periodic,) = queue.periodic_registry.periodic_tasks.values()
    start = datetime(2026, 6, 1, 0, 0, tzinfo=UTC).timestamp()
    # Two o'clock of Tokyo is 17:00 UTC of the day before.
    following = datetime.fromtimestamp(periodic.croniter.get_next(float, start_time=start), UTC)
    assert (following.hour, following.day) == (17, 1)
    assert periodic.configure_kwargs["lock"] == periodic.configure_kwargs["queueing_lock"] == "sync:trial"


@pytest.mark.parametrize("cron", ["* * * *", "61 * * * *", "* * * * * *", "@daily", "soon"])
def test_what_is_no_schedule_is_refused(cron: str) -> None:
    with pytest.raises(HubMisconfigured, match="connector trial: schedule"):
        list(list_schedules([scheduled(cron)]))


def test_a_connector_without_a_schedule_has_none() -> None:
    assert list(list_schedules([scheduled(None)])) == []


@settings(deadline=None)
@given(st.integers(1, 1_000))
def test_waits_grow_and_are_bounded(attempt: int) -> None:
    assert timedelta(seconds=15) <= compute_wait(attempt) <= 1.5 * LONGEST_RETRY_WAIT
    assert FIRST_REST_S / 2 <= compute_backoff(attempt) <= LONGEST_REST_S
    if attempt < 8:
        # Whatever chance says, two tries later is later.
        assert compute_backoff(attempt) < compute_backoff(attempt + 2)
