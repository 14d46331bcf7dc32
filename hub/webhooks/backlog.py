"""What receivers of webhooks do not have: numbers for the metrics and `hub doctor`."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

MAX_COUNTED = 100_000
COUNT = f"""
select count(*) filter (where state = 'WAITING'), count(*) filter (where state = 'DEAD')
from (select state from hub.webhook_delivery where state <> 'DELIVERED' limit {MAX_COUNTED}) d"""  # noqa: S608 a constant
COUNT_ENDPOINTS = "select count(*) from hub.webhook_endpoint where removed_at is null"


@dataclass(frozen=True)
class WebhookBacklog:
    """Deliveries that wait, and those that were given up; counted up to MAX_COUNTED."""

    waiting: int
    dead: int


def read_webhook_backlog(connection: Connection[Any]) -> WebhookBacklog:
    """The numbers now. Raises psycopg.Error."""
    row = connection.execute(COUNT).fetchone()
    return WebhookBacklog(*row) if row else WebhookBacklog(0, 0)


def count_endpoints(connection: Connection[Any]) -> int:
    """Receivers that are registered."""
    row = connection.execute(COUNT_ENDPOINTS).fetchone()
    return int(row[0]) if row else 0
