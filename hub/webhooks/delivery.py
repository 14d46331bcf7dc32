"""Delivery: events that wait are posted to their receivers. Run by the worker every few seconds.

An event is delivered at least once: if the hub dies between the answer and writing that down, it is posted again with the same
`webhook-id`. A receiver that is away or slow holds up its own events and no others'.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from hub.corrections.delivery import compute_backoff
from hub.webhooks.messages import EventMessage
from hub.webhooks.poster import PostOutcome, WebhookPoster

BATCH = 200
"""Events of one receiver in one delivery."""
MAX_AT_ONCE = 10
"""Receivers that are posted to at once."""
RECEIVER_BUDGET_S = 30.0
"""Time of one receiver in one delivery: a slow one goes on with the next."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
MAX_ATTEMPTS = 16
"""Tries until an event is given up, about two days after the first one."""
LONGEST_LIFE = timedelta(days=3)
"""Events of a receiver that is away are given up after this time, however often they were tried."""
LOCK = "select pg_try_advisory_lock(hashtextextended('hub webhooks', 0))"
UNLOCK = "select pg_advisory_unlock(hashtextextended('hub webhooks', 0))"
# Those with fewer failures first: an event that a receiver can never take does not hold up the others.
SELECT_DUE = """
select due.endpoint_id, due.url, due.attempts, e.id as event_id, e.message_id, e.kind, e.at, e.dossier_code, e.procedure, e.office,
    e.state, e.correction_id, e.dependent
from (
    select d.event_id, d.endpoint_id, w.url, d.attempts,
        row_number() over (partition by d.endpoint_id order by d.attempts, d.event_id) as place
    from hub.webhook_delivery d join hub.webhook_endpoint w on w.id = d.endpoint_id and w.removed_at is null
    where d.state = 'WAITING' and d.next_try_at <= %(now)s
) due
join hub.event e on e.id = due.event_id
where due.place <= %(most)s
order by due.endpoint_id, due.attempts, due.event_id"""
WRITE_DELIVERED = """
update hub.webhook_delivery set state = 'DELIVERED', attempts = attempts + 1, failure = null, ended_at = now()
where event_id = %(event_id)s and endpoint_id = %(endpoint_id)s"""
WRITE_FAILED = """
update hub.webhook_delivery set attempts = %(attempts)s, failure = %(failure)s, next_try_at = %(next_try_at)s,
    state = %(state)s, ended_at = %(ended_at)s
where event_id = %(event_id)s and endpoint_id = %(endpoint_id)s"""
# The receiver is away: nothing else of it is tried before this event is, without counting as a try.
WRITE_AWAY = """
update hub.webhook_delivery set next_try_at = %(next_try_at)s
where endpoint_id = %(endpoint_id)s and state = 'WAITING' and next_try_at < %(next_try_at)s"""
WRITE_EXPIRED = """
update hub.webhook_delivery d set state = 'DEAD', failure = %(failure)s, ended_at = %(now)s
from hub.event e
where e.id = d.event_id and d.endpoint_id = %(endpoint_id)s and d.state = 'WAITING' and e.at < %(oldest)s"""
AWAY_WAIT = timedelta(minutes=5)
"""How long other events of a receiver that is away wait at most."""
EVENT_FIELDS = (
    "message_id",
    "kind",
    "at",
    "dossier_code",
    "procedure",
    "office",
    "state",
    "correction_id",
    "dependent",
)


@dataclass
class WebhookCounts:
    """What one delivery did. `problems` name receivers by id, and have no address."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_worth_saying(self) -> bool:
        """Whether anything happened."""
        return bool(self.delivered + self.failed)

    def describe(self) -> str:
        """One line for a person."""
        numbers = f"{self.delivered:,} delivered, {self.failed:,} failed, {self.dead:,} given up"
        return " | ".join([numbers, *self.problems])


def deliver_events(connection: Connection[Any], poster: WebhookPoster) -> WebhookCounts | None:
    """Post due deliveries; None if another process does so now. Takes a connection in autocommit."""
    row = connection.execute(LOCK).fetchone()
    if row is None or not row[0]:
        return None
    try:
        counts = WebhookCounts()
        asyncio.run(_deliver_all(connection, poster, counts))
        return counts
    finally:
        connection.execute(UNLOCK)


async def _deliver_all(connection: Connection[Any], poster: WebhookPoster, counts: WebhookCounts) -> None:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(SELECT_DUE, {"now": datetime.now(UTC), "most": BATCH}).fetchall()
    gate = asyncio.Semaphore(MAX_AT_ONCE)

    async def deliver(due: list[dict[str, Any]]) -> None:
        async with gate:
            await _deliver_to_one(connection, poster, due, counts)

    async with asyncio.TaskGroup() as group:
        for due in _split_by_receiver(found):
            group.create_task(deliver(due))


def _split_by_receiver(found: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for _, rows in groupby(found, key=itemgetter("endpoint_id")):
        yield list(rows)


async def _deliver_to_one(
    connection: Connection[Any], poster: WebhookPoster, due: list[dict[str, Any]], counts: WebhookCounts
) -> None:
    until = time.monotonic() + RECEIVER_BUDGET_S
    for row in due:
        if time.monotonic() >= until:
            return
        outcome = await poster.post(row["url"], EventMessage(**{name: row[name] for name in EVENT_FIELDS}))
        # The connection is one: what tasks write is written between their waits, one after another.
        if outcome.failure is None:
            connection.execute(WRITE_DELIVERED, row)
            counts.delivered += 1
            continue
        counts.failed += 1
        _write_failure(connection, row, outcome, counts)
        if outcome.is_away:
            return


def _write_failure(
    connection: Connection[Any], row: Mapping[str, Any], outcome: PostOutcome, counts: WebhookCounts
) -> None:
    now, attempts = datetime.now(UTC), row["attempts"] + 1
    gives_up = attempts >= MAX_ATTEMPTS
    wait = compute_backoff(attempts, FIRST_WAIT, LONGEST_WAIT)
    values = {
        "event_id": row["event_id"],
        "endpoint_id": row["endpoint_id"],
        "attempts": attempts,
        "failure": outcome.failure,
        "next_try_at": now + wait,
        "state": "DEAD" if gives_up else "WAITING",
        "ended_at": now if gives_up else None,
    }
    connection.execute(WRITE_FAILED, values)
    counts.dead += gives_up
    if outcome.is_away:
        expired = connection.execute(WRITE_EXPIRED, {**values, "now": now, "oldest": now - LONGEST_LIFE})
        counts.dead += expired.rowcount
        connection.execute(WRITE_AWAY, {**values, "next_try_at": now + min(wait, AWAY_WAIT)})
    counts.problems.append(f"{row['endpoint_id']}: {outcome.failure}" + (", given up" if gives_up else ""))
