"""The SQL of requests for look-ups: both sides of the table `hub.lookup`, in one place.

A procedure's process asks by inserting rows, a worker claims them, asks the source and settles them. The primary key is what makes one
look-up of any number of requests, whichever processes they come from.
"""

from hub.store.advisory_locks import LockKey

CHANNEL = "hub_lookup"

FIND_CONFIRMED = """
    select source_key, confirmed_at
    from hub.lookup
    where stream_id = %(stream)s and source_key = any(%(keys)s) and confirmed_at is not null
"""
ASK = """
    insert into hub.lookup as l (stream_id, source_key, asked_at)
    select %(stream)s, key, clock_timestamp() from unnest(%(keys)s::text[]) key order by key collate "C"
    on conflict (stream_id, source_key) do update
    set asked_at = excluded.asked_at, claimed_at = null, settled_at = null, status = null
    where case
        when l.settled_at is null then l.asked_at < excluded.asked_at - %(abandoned)s
        when l.status in ('ABSENT', 'LIED') then
            l.settled_at < least(%(since)s, excluded.asked_at - %(remember)s)
        else l.settled_at < %(since)s
    end
    returning source_key
"""
"""Request rows. A row that someone else waits for is left as it is, unless its worker must have died; so is one that was settled after
`since`, when the caller found its record too old; and for a while one that the source lacked or answered badly."""
ANNOUNCE = f"select pg_notify('{CHANNEL}', '')"
IS_SERVED = f"""
    select exists (
        select from pg_locks
        where locktype = 'advisory' and granted and classid = 0 and objid = {LockKey.SERVE_LOOKUPS} and objsubid = 1
            and database = (select d.oid from pg_database d where d.datname = current_database())
    )
"""  # noqa: S608 constants
FIND_SETTLED = """
    select source_key, status, confirmed_at
    from hub.lookup
    where stream_id = %(stream)s and source_key = any(%(keys)s) and settled_at is not null
"""

SERVE = f"select pg_advisory_lock_shared({LockKey.SERVE_LOOKUPS})"
FIND_WAITING = """
    select stream_id
    from hub.lookup
    where settled_at is null and claimed_at is null and asked_at > clock_timestamp() - %(patience)s
        and stream_id = any(%(streams)s)
    order by asked_at
    limit 1
"""
"""The stream of the oldest request. Requests that nobody waits for any more are left to be forgotten."""
CLAIM = """
    with waiting as (
        select source_key
        from hub.lookup
        where stream_id = %(stream)s and settled_at is null and claimed_at is null
            and asked_at > clock_timestamp() - %(patience)s
        order by asked_at, source_key
        limit %(most)s
        for update skip locked
    )
    update hub.lookup l set claimed_at = clock_timestamp()
    from waiting w
    where l.stream_id = %(stream)s and l.source_key = w.source_key
    returning l.source_key
"""
SETTLE = """
    update hub.lookup l
    set settled_at = clock_timestamp(), status = s.status,
        confirmed_at = case when s.status = 'REFRESHED' then %(confirmed)s else l.confirmed_at end
    from unnest(%(keys)s::text[], %(statuses)s::text[]) s (source_key, status)
    where l.stream_id = %(stream)s and l.source_key = s.source_key
"""
FORGET = """
    delete from hub.lookup
    where coalesce(settled_at, asked_at) < clock_timestamp() - interval '1 day'
        or (stream_id, source_key) in (
            select stream_id, source_key from hub.lookup
            order by coalesce(settled_at, asked_at) desc offset %(most)s
        )
"""
"""Forget look-ups older than a day, and the oldest beyond a number."""
