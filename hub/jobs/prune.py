"""Prune: delete what runs leave behind and nobody needs any more."""

from dataclasses import dataclass

from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION

QUOTA_DAYS = 2
DELIVERY_DAYS = 30
"""A delivery repeated after this time would be accepted again; senders give up long before."""
EVENT_DAYS = 30
"""Events are kept this long, with what became of them for each receiver."""

DELETE_STATEMENTS = {
    # A run that wrote rows is their provenance and stays; an interrupted one may have. The latest run shows the current
    # state.
    "runs": (
        "delete from hub.run r where r.ended_at < now() - %(days)s * interval '1 day'"
        " and r.status in ('SUCCEEDED', 'PARTIAL', 'FAILED', 'DEFERRED')"
        # The first releases stored counts as objects; what those runs wrote is not looked up.
        " and coalesce(jsonb_typeof(r.counts), 'array') = 'array' and not exists (select from"
        " jsonb_array_elements(case jsonb_typeof(r.counts) when 'array' then r.counts else '[]' end) c"
        " where (c ->> 'added')::bigint + (c ->> 'changed')::bigint + (c ->> 'deleted')::bigint > 0)"
        " and r.id < (select max(n.id) from hub.run n where n.connector = r.connector)"
        " and not exists (select from hub.quarantine q where q.run_id = r.id)"
        " and not exists (select from hub.approval a where r.id in (a.run_id, a.used_by))"
        " and not exists (select from hub.drift d where d.run_id = r.id)"
        " and not exists (select from hub.file f where f.run_id = r.id)"
    ),
    "quotas": f"delete from hub.quota where window_start < now() - interval '{QUOTA_DAYS} days'",  # noqa: S608 constants and quoted identifiers
    "deliveries": (
        f"delete from hub.inbox where body is null and received_at < now() - interval '{DELIVERY_DAYS} days'"  # noqa: S608 constants and quoted identifiers
    ),
    "events": (
        f"delete from hub.event e where e.at < now() - interval '{EVENT_DAYS} days' and not exists"  # noqa: S608 a constant
        " (select from hub.webhook_delivery d where d.event_id = e.id and d.state = 'WAITING')"
    ),
}


@dataclass(frozen=True)
class PruneCounts:
    """Number of rows deleted."""

    runs: int
    quotas: int
    deliveries: int
    events: int


def prune_store(url: str, *, keep_days: int) -> PruneCounts:
    """Delete records of runs that ended more than `keep_days` ago, counters of past quotas, deliveries taken long ago,
    and events that were delivered or given up.
    """
    with StoreConnection.connect(url, options=SESSION, autocommit=True) as connection:
        return PruneCounts(
            **{name: connection.execute(s, {"days": keep_days}).rowcount for name, s in DELETE_STATEMENTS.items()}
        )
