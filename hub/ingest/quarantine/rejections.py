"""Rejections: keep rejected rows in quarantine with payload, rule and reason, once each, until the source no longer
sends them.

A row's identity is what its source sent: `payload_hash` is the digest of its payload without incidental columns (the
number of a message; for an item of a list, the other columns of its row). For a row with a duplicate key it is the
digest of its mapped values. Nothing that differs from read to read is part of it.

A person's answer to a row is a correction, bound to that hash: it holds as long as the source sends the same row. A
correction without changes is a dismissal: the row stays out and is resolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import polars as pl
from psycopg import Connection

from hub.ingest.write.row_versions import build_parent_pattern
from hub.ingest.write.stage import StagingTables
from hub.model.registry import Entity
from hub.store.query import fetch_value

DUPLICATE_RULES = ("duplicate_key", "duplicate_source_key")
"""Rules broken by two rows together."""

QUARANTINE_REJECTS: LiteralString = """
insert into hub.quarantine
    (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash, connector_version)
select distinct on (identity, rule)
    %(stream)s, %(run)s, %(entity)s, source_key, field, rule, reason, payload, identity, %(version)s
from {rejects}
where not exists (
    select from hub.correction c
    where c.stream_id = %(stream)s and c.entity = %(entity)s and c.payload_hash = identity and c.changes = '{{}}')
order by identity, rule, source_key
on conflict (stream_id, entity, payload_hash, rule) where resolved_at is null
do update set run_id = excluded.run_id, connector_version = excluded.connector_version,
    field = excluded.field, reason = excluded.reason, payload = excluded.payload"""

UPDATE_RULE: LiteralString = """
update hub.quarantine q set rule = r.rule
from {rejects} r
where q.stream_id = %(stream)s and q.entity = %(entity)s and q.payload_hash = r.identity and q.rule <> r.rule
    and q.resolved_at is null
    and not exists (
        select from hub.quarantine o
        where o.stream_id = q.stream_id and o.entity = q.entity and o.payload_hash = q.payload_hash and o.resolved_at is null
            and (o.rule = r.rule or o.id < q.id))"""
"""An open row that breaks another rule since the mapping changed is still the same row."""

NEW_IDENTITY: LiteralString = """
(select distinct on (identity) identity, md5(payload::text) as old from {rejects}
where identity <> md5(payload::text) order by identity, old) n"""
REBIND_IDENTITIES: tuple[LiteralString, ...] = (
    f"""
update hub.quarantine q set payload_hash = n.identity from {NEW_IDENTITY}
where q.stream_id = %(stream)s and q.entity = %(entity)s and q.payload_hash = n.old
    and (q.resolved_at is not null or not exists (
        select from hub.quarantine o
        where o.stream_id = q.stream_id and o.entity = q.entity and o.payload_hash = n.identity and o.rule = q.rule
            and o.resolved_at is null))""",
    f"""
update hub.correction c set payload_hash = n.identity from {NEW_IDENTITY}
where c.stream_id = %(stream)s and c.entity = %(entity)s and c.payload_hash = n.old
    and not exists (
        select from hub.correction o
        where o.stream_id = c.stream_id and o.entity = c.entity and o.payload_hash = n.identity)""",
)


@dataclass(frozen=True)
class CorrectedRows:
    """Rejected rows with their corrections applied, and the payload of each as the source sends it."""

    rows: pl.DataFrame
    payloads: tuple[str, ...]


def quarantine_rejects(connection: Connection[Any], entity: Entity, stream_id: int, run_id: int, version: str) -> int:
    """Move an entity's rejected rows into quarantine. Returns how many rows were rejected, duplicates included.

    A row that is already open gets the latest reason; a row that a person dismissed stays out.
    """
    rejects = StagingTables(entity).rejects
    counted = int(fetch_value(connection, f"select count(*) from {rejects}"))
    if counted:
        known = {"stream": stream_id, "run": run_id, "entity": entity.name, "version": version}
        connection.execute(UPDATE_RULE.format(rejects=rejects), known)
        connection.execute(QUARANTINE_REJECTS.format(rejects=rejects), known)
    return counted


def rebind_identities(connection: Connection[Any], entity: Entity, stream_id: int) -> None:
    """Update rows and corrections whose identity was once the digest of every payload column.

    That was so for items of lists and messages, before incidental columns were left out.
    """
    rejects = StagingTables(entity).rejects
    if fetch_value(connection, f"select exists (select from {rejects} where identity <> md5(payload::text))"):
        for statement in REBIND_IDENTITIES:
            connection.execute(statement.format(rejects=rejects), {"stream": stream_id, "entity": entity.name})


def resolve_unseen(connection: Connection[Any], entities: Sequence[Entity], stream_id: int, run_id: int) -> int:
    """After a complete read, resolve rows that did not arrive again. Returns how many."""
    unseen = "stream_id = %s and run_id <> %s and resolved_at is null"
    superseded = sum(
        connection.execute(
            "update hub.quarantine q set resolved_at = now(), resolution = 'SUPERSEDED'"
            f" where {unseen} and entity = %s and source_key in (select source_key from {StagingTables(entity).rejects})",
            (stream_id, run_id, entity.name),
        ).rowcount
        for entity in entities
    )
    mended = f"update hub.quarantine set resolved_at = now(), resolution = 'MENDED' where {unseen}"
    return superseded + connection.execute(mended, (stream_id, run_id)).rowcount


def resolve_arrived(connection: Connection[Any], entity: Entity, stream_id: int, *, list_key_parts: int = 0) -> int:
    """After a read of changes, resolve rows that arrived again and were accepted, deleted, or rejected in a newer
    version.

    For items, `list_key_parts` is the number of key columns of the row that holds their list: all its items arrived
    with it. Returns how many rows were resolved.
    """
    names = StagingTables(entity)
    rejected = f"select from {names.rejects} r where r.source_key = q.source_key"
    came = (
        f"q.source_key in (select source_key from {names.rows} union all select source_key from {names.gone}"
        f" union all select source_key from {names.rejects})"
    )
    if list_key_parts:
        came = (
            f"substring(q.source_key from {build_parent_pattern(list_key_parts)}) in"
            f" (select source_key from {names.parents} union all select source_key from {names.gone})"
        )
    else:
        # The other row of its key arrived, which says nothing about this one: only a whole read does.
        came += f" and (rule <> 'duplicate_source_key' or q.source_key in (select source_key from {names.gone}))"
    return connection.execute(
        "update hub.quarantine q set resolved_at = now(), resolution ="
        f" case when exists ({rejected}) then 'SUPERSEDED' else 'MENDED' end"
        f" where stream_id = %s and entity = %s and resolved_at is null and {came}"
        f" and not exists ({rejected} and r.identity = q.payload_hash)",
        (stream_id, entity.name),
    ).rowcount


def take_corrected(connection: Connection[Any], stream_id: int, entity: Entity) -> CorrectedRows | None:
    """Take the rows that a person has corrected out of the rejected rows. None if there are none."""
    rejects = StagingTables(entity).rejects
    found = connection.execute(
        f"with corrected as (delete from {rejects} r using hub.correction c where c.stream_id = %s and c.entity = %s"
        " and c.payload_hash = r.identity and c.changes <> '{}'"
        " returning r.payload || c.changes, r.payload::text) select * from corrected",
        (stream_id, entity.name),
    ).fetchall()
    if not found:
        return None
    return CorrectedRows(build_frame([payload for payload, _ in found]), tuple(text for _, text in found))


def build_frame(payloads: list[dict[str, Any]]) -> pl.DataFrame:
    """Turn stored payloads back into a frame."""
    return pl.from_dicts(payloads, infer_schema_length=None, strict=False)
