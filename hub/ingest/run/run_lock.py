"""The lock of a connector: one run at a time, across processes. A session holds it, and it ends with the session.

The lock, not the run record, therefore says whether a run is in progress: a process that was killed wrote nothing more.
"""

TRY_LOCK = "select pg_try_advisory_lock(hashtextextended('hub.connector:' || %s, 0))"
LOCK_IS_HELD = (
    "exists (select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
    " and l.database = (select d.oid from pg_database d where d.datname = current_database())"
    " and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('hub.connector:' || connector, 0))"
)
"""SQL: whether a live session holds the lock of the connector in the column `connector`."""
RELEASE_LOCK = "select pg_advisory_unlock(hashtextextended('hub.connector:' || %s, 0))"
