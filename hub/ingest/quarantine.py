"""Quarantine: rejected rows kept with payload, rule and reason, once each, until the source no longer sends them."""

from typing import Any

import polars as pl
from psycopg import Connection

from hub.ingest.stage import Staged
from hub.model.registry import Entity


def keep(connection: Connection[Any], entity: Entity, stream_id: int, run_id: int, version: str) -> int:
    """Move an entity's rejected rows into quarantine; one that waits there already is only seen again. Returns how many."""
    rejects = Staged(entity).rejects
    return connection.execute(
        f"""
insert into hub.quarantine
    (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash, connector_version)
select distinct on (md5(payload::text), rule)
    %(stream)s, %(run)s, %(entity)s, source_key, field, rule, reason, payload, md5(payload::text), %(version)s
from {rejects}
order by md5(payload::text), rule, source_key
on conflict (stream_id, entity, payload_hash, rule) where resolved_at is null
do update set run_id = excluded.run_id, connector_version = excluded.connector_version""",
        {"stream": stream_id, "run": run_id, "entity": entity.name, "version": version},
    ).rowcount


def settle(connection: Connection[Any], stream_id: int, run_id: int) -> int:
    """After a complete read: what was not seen again is settled. Returns how many."""
    return connection.execute(
        "update hub.quarantine set resolved_at = now(), resolution = 'MENDED'"
        " where stream_id = %s and run_id <> %s and resolved_at is null",
        (stream_id, run_id),
    ).rowcount


def mended(connection: Connection[Any], entity: Entity, stream_id: int) -> int:
    """After a read of changes: what came again and was accepted now is settled. Returns how many."""
    names = Staged(entity)
    return connection.execute(
        "update hub.quarantine q set resolved_at = now(), resolution = 'MENDED' where stream_id = %s and entity = %s"
        f" and resolved_at is null and source_key in (select source_key from {names.rows})"
        f" and not exists (select from {names.rejects} r where r.source_key = q.source_key)",
        (stream_id, entity.name),
    ).rowcount


def corrected(connection: Connection[Any], stream_id: int, entity: Entity) -> pl.DataFrame | None:
    """Take from the rejects those rows that a person has corrected. Returns them with the corrections, or None."""
    rejects = Staged(entity).rejects
    found = connection.execute(
        f"with corrected as (delete from {rejects} r using hub.correction c where c.stream_id = %s and c.entity = %s"
        " and c.payload_hash = md5(r.payload::text) returning r.payload || c.changes)"
        " select * from corrected",
        (stream_id, entity.name),
    ).fetchall()
    if not found:
        return None
    return pl.from_dicts([payload for (payload,) in found], infer_schema_length=None, strict=False)
