"""Retention: values of corrections are personal data, and are deleted some time after a correction has come to its end.

What stays says which field of which record was disputed and what came of it, without any value.
"""

from typing import Any

from psycopg import Connection

FORGET = """
with over as (
    update hub.source_correction
    set held = null, claimed = null, reason = null, answer = null, source_key = null, claim_key = 'forgotten ' || id,
        forgotten_at = now()
    where forgotten_at is null and to_send is null
      and (closed_at < now() - %(days)s * interval '1 day'
           or state = 'REFUSED' and decided_at < now() - %(days)s * interval '1 day')
    returning id
)
update hub.source_correction_event e set note = null from over where e.correction_id = over.id and e.note is not null"""
COUNT = "select count(*) from hub.source_correction where forgotten_at >= %s"


def forget_values(connection: Connection[Any], days: int) -> int:
    """Delete the values of corrections that were resolved, withdrawn or refused more than `days` ago. Returns how many."""
    with connection.transaction():
        row = connection.execute("select now()").fetchone()
        connection.execute(FORGET, {"days": days})
        found = connection.execute(COUNT, row).fetchone()
    return int(found[0]) if found else 0
