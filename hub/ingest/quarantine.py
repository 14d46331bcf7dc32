"""Quarantine: rejected rows kept with payload, rule and reason, once each, until the source no longer sends them."""

from typing import Any

from psycopg import Connection

from hub.model.registry import Entity


def keep(connection: Connection[Any], entity: Entity, stream_id: int, run_id: int, version: str) -> int:
    """Move an entity's rejected rows into quarantine; one that waits there already is only seen again. Returns how many."""
    return connection.execute(
        f"""
insert into hub.quarantine
    (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash, connector_version)
select distinct on (md5(payload::text), rule)
    %(stream)s, %(run)s, %(entity)s, source_key, field, rule, reason, payload, md5(payload::text), %(version)s
from reject_{entity.table}
order by md5(payload::text), rule, source_key
on conflict (stream_id, entity, payload_hash, rule) where resolved_at is null
do update set run_id = excluded.run_id, connector_version = excluded.connector_version""",
        {"stream": stream_id, "run": run_id, "entity": entity.name, "version": version},
    ).rowcount


def settle(connection: Connection[Any], stream_id: int, run_id: int) -> int:
    """After a complete read: what was not seen again is settled. Returns how many."""
    return connection.execute(
        "update hub.quarantine set resolved_at = now() where stream_id = %s and run_id <> %s and resolved_at is null",
        (stream_id, run_id),
    ).rowcount
