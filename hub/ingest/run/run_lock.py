"""The lock of a connector: one run of it at a time, over all processes. A session holds it, and it ends with the session.

Whether a run goes on is therefore what the lock says, and not what the record of the run says: a process that was killed wrote
nothing more.
"""

LOCK = "select pg_try_advisory_lock(hashtextextended('hub.connector:' || %s, 0))"
IS_HELD = (
    "exists (select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
    " and l.database = (select d.oid from pg_database d where d.datname = current_database())"
    " and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('hub.connector:' || connector, 0))"
)
"""SQL: whether a living session has the lock of the connector in the column `connector`."""
UNLOCK = "select pg_advisory_unlock(hashtextextended('hub.connector:' || %s, 0))"
