"""Prune: what runs leave behind and nobody needs any more."""

from dataclasses import dataclass

from hub.store.connection import StoreConnection
from hub.store.engine import SESSION

QUOTA_DAYS = 2
DELIVERY_DAYS = 30
"""A delivery that came again after so long would be taken again; senders give up long before."""

STATEMENTS = {
    # A run that wrote rows is their provenance and stays; one that was interrupted may have. The newest tells how things are.
    "runs": (
        "delete from hub.run r where r.ended_at < now() - %(days)s * interval '1 day'"
        " and r.status in ('SUCCEEDED', 'PARTIAL', 'FAILED', 'DEFERRED')"
        # Counts of the first revisions were objects; what those runs wrote is not looked up.
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
}


@dataclass(frozen=True)
class Pruned:
    """Rows that were deleted."""

    runs: int
    quotas: int
    deliveries: int


def prune(url: str, *, keep_days: int) -> Pruned:
    """Delete records of runs that ended so many days ago, counters of past quotas, deliveries long taken."""
    with StoreConnection.connect(url, options=SESSION, autocommit=True) as connection:
        return Pruned(**{name: connection.execute(s, {"days": keep_days}).rowcount for name, s in STATEMENTS.items()})
