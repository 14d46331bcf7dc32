"""Quarantine: rejected rows kept with payload, rule and reason, once each, until the source no longer sends them.

A person's answer to a row is a correction, bound to the hash of the payload: it stands as long as the source sends the same
row. One without changes is a dismissal: the row stays out, and waits no more.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import Connection

from hub.ingest.stage import Staged
from hub.model.registry import Entity

DUPLICATES = ("duplicate_key", "duplicate_source_key")
"""Rules of two rows together. What is kept of such a row is canonical, not as it was read."""


@dataclass(frozen=True)
class Corrected:
    """Rejected rows with their corrections applied, and beside each its payload as the source sends it."""

    rows: pl.DataFrame
    payloads: tuple[str, ...]


def keep(connection: Connection[Any], entity: Entity, stream_id: int, run_id: int, version: str) -> int:
    """Move an entity's rejected rows into quarantine; one that waits there already is only seen again, and one that a person
    dismissed stays out of it. Returns how many rows were rejected, be they twice the same.
    """
    rejects = Staged(entity).rejects
    counted = connection.execute(f"select count(*) from {rejects}").fetchone()
    assert counted is not None  # an aggregate
    if counted[0]:
        connection.execute(
            f"""
insert into hub.quarantine
    (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash, connector_version)
select distinct on (md5(payload::text), rule)
    %(stream)s, %(run)s, %(entity)s, source_key, field, rule, reason, payload, md5(payload::text), %(version)s
from {rejects}
where not exists (
    select from hub.correction c
    where c.stream_id = %(stream)s and c.entity = %(entity)s and c.payload_hash = md5(payload::text) and c.changes = '{{}}')
order by md5(payload::text), rule, source_key
on conflict (stream_id, entity, payload_hash, rule) where resolved_at is null
do update set run_id = excluded.run_id, connector_version = excluded.connector_version""",
            {"stream": stream_id, "run": run_id, "entity": entity.name, "version": version},
        )
    return int(counted[0])


def settle(connection: Connection[Any], stream_id: int, run_id: int) -> int:
    """After a complete read: what was not seen again is settled. Returns how many."""
    return connection.execute(
        "update hub.quarantine set resolved_at = now(), resolution = 'MENDED'"
        " where stream_id = %s and run_id <> %s and resolved_at is null",
        (stream_id, run_id),
    ).rowcount


def mended(connection: Connection[Any], entity: Entity, stream_id: int) -> int:
    """After a read of changes: what came again and was accepted now, was deleted, or was rejected in a newer version, is
    settled. Returns how many.
    """
    names = Staged(entity)
    rejected = f"select from {names.rejects} r where r.source_key = q.source_key"
    return connection.execute(
        "update hub.quarantine q set resolved_at = now(), resolution ="
        f" case when exists ({rejected}) then 'SUPERSEDED' else 'MENDED' end"
        " where stream_id = %s and entity = %s and resolved_at is null"
        f" and source_key in (select source_key from {names.rows} union all select source_key from {names.gone}"
        f" union all select source_key from {names.rejects})"
        f" and not exists ({rejected} and md5(r.payload::text) = q.payload_hash)",
        (stream_id, entity.name),
    ).rowcount


def corrected(connection: Connection[Any], stream_id: int, entity: Entity) -> Corrected | None:
    """Take from the rejects those rows that a person has corrected. Returns them, or None where there are none."""
    rejects = Staged(entity).rejects
    found = connection.execute(
        f"with corrected as (delete from {rejects} r using hub.correction c where c.stream_id = %s and c.entity = %s"
        " and c.payload_hash = md5(r.payload::text) and c.changes <> '{}'"
        " returning r.payload || c.changes, r.payload::text) select * from corrected",
        (stream_id, entity.name),
    ).fetchall()
    if not found:
        return None
    return Corrected(frame([payload for payload, _ in found]), tuple(text for _, text in found))


def frame(payloads: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as they were kept, as a frame again."""
    return pl.from_dicts(payloads, infer_schema_length=None, strict=False)
