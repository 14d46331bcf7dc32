"""How the hub itself does, read on the connection of stewards: queue, workers, store, linking, keys. Numbers and names, nothing of a record."""

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from hub.graph.schema_types.fields import Whole
from hub.graph.sources.state_reads import show_instant

MAX_JOBS = 30
DEAD_AFTER_S = 30.0
"""A worker that sent no heartbeat for so long has stopped: three of them are missing."""
HAS_QUEUE = "select to_regclass('jobs.procrastinate_jobs') is not null"
QUEUE = """
select
    count(*) filter (where status = 'todo' and (scheduled_at is null or scheduled_at <= now())) as due,
    count(*) filter (where status = 'todo' and scheduled_at > now()) as scheduled,
    count(*) filter (where status = 'doing') as running,
    count(*) filter (where status = 'failed') as failed
from jobs.procrastinate_jobs"""
JOBS = """
select id as number, task_name as task, args ->> 'connector' as source, status::text as status, scheduled_at, attempts
from jobs.procrastinate_jobs
where status in ('todo', 'doing', 'failed')
order by array_position(array['doing', 'todo', 'failed'], status::text), coalesce(scheduled_at, 'epoch'), id desc
limit %(limit)s"""
WORKERS = """
select count(*) filter (where last_heartbeat > now() - make_interval(secs => %(silent)s)) as alive, max(last_heartbeat) as newest
from jobs.procrastinate_workers"""
SIZES = """
select n.nspname as part, sum(pg_total_relation_size(c.oid))::bigint as bytes
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('data', 'history', 'link', 'link_history', 'hub', 'ledger', 'staging', 'jobs') and c.relkind in ('r', 'm')
group by 1
order by bytes desc, 1"""
GROWTH = """
select
    coalesce(sum((item ->> 'added')::bigint), 0) as added,
    coalesce(sum((item ->> 'changed')::bigint), 0) as changed,
    coalesce(sum((item ->> 'deleted')::bigint), 0) as deleted
from hub.run r
cross join lateral jsonb_array_elements(case jsonb_typeof(r.counts) when 'array' then r.counts else '[]' end) item
where r.started_at > now() - interval '7 days'"""
MODELS = """
select distinct on (spec) spec, version, origin, verdict, active, trained_at, checks
from link.model
order by spec, version desc"""
LINKING = "select started_at, ended_at, mode, changed from hub.link_run order by id desc limit 1"
KEYS = """
select
    count(*) filter (where revoked_at is null and expires_at > now()) as valid,
    count(*) filter (where revoked_at is null and expires_at > now() and expires_at < now() + interval '14 days') as ending
from hub.api_key"""
SESSIONS = """
select count(*) filter (where expires_at > now()) as open, count(*) filter (where started_at > now() - interval '1 day') as today
from hub.web_session"""


def read_hub_state(connection: Connection[Any]) -> dict[str, Any]:
    """Everything that the database says of the hub. The queue is all zero where it was never migrated."""
    with connection.cursor(row_factory=dict_row) as cursor:

        def rows(query: str, **values: Any) -> list[dict[str, Any]]:
            return cursor.execute(query.encode(), values).fetchall()

        (known,) = rows(HAS_QUEUE)
        has_queue = next(iter(known.values()))
        queue = rows(QUEUE)[0] if has_queue else dict.fromkeys(("due", "scheduled", "running", "failed"), 0)
        jobs = rows(JOBS, limit=MAX_JOBS) if has_queue else []
        workers: dict[str, Any] = rows(WORKERS, silent=DEAD_AFTER_S)[0] if has_queue else {"alive": 0, "newest": None}
        linking = rows(LINKING)
        growth, keys, sessions = rows(GROWTH)[0], rows(KEYS)[0], rows(SESSIONS)[0]
        sizes, models = rows(SIZES), rows(MODELS)
    last = linking[0] if linking else None
    return {
        "jobsDue": queue["due"],
        "jobsScheduled": queue["scheduled"],
        "jobsRunning": queue["running"],
        "jobsFailed": queue["failed"],
        "jobs": [Whole({**job, "scheduledAt": show_instant(job["scheduled_at"])}) for job in jobs],
        "workers": workers["alive"],
        "lastHeartbeat": show_instant(workers["newest"]),
        "storeParts": [Whole(name=size["part"], megabytes=round(size["bytes"] / 1_000_000, 1)) for size in sizes],
        "rowsAddedWeek": int(growth["added"]),
        "rowsChangedWeek": int(growth["changed"]),
        "rowsDeletedWeek": int(growth["deleted"]),
        "models": [_show_model(model) for model in models],
        "linkedAt": show_instant(last["ended_at"] or last["started_at"]) if last else None,
        "linksChanged": last["changed"] if last else None,
        "validKeys": keys["valid"],
        "endingKeys": keys["ending"],
        "openSessions": sessions["open"],
        "signInsToday": sessions["today"],
    }


def _show_model(model: dict[str, Any]) -> Whole:
    failed = [check["name"] for check in model["checks"] if check["verdict"] == "FAILED"]
    return Whole(
        name=model["spec"],
        version=model["version"],
        origin=model["origin"],
        verdict=model["verdict"],
        isActive=model["active"],
        trainedAt=show_instant(model["trained_at"]),
        checks=len(model["checks"]),
        failedChecks=failed,
    )
