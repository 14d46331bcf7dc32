"""Quarantine: rejected rows kept with payload, rule and reason, once each, until the source no longer sends them.

A row is known by what its source said: `payload_hash` is the digest of its payload, without what stands beside its content (the
number of a message; of an item of a list, the other columns of the row that holds it). Of a row whose key another row has, it is
the digest of what the mapping made of it. Nothing that differs from read to read has a part in it.

A person's answer to a row is a correction, bound to that hash: it stands as long as the source sends the same row. One without
changes is a dismissal: the row stays out, and waits no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import polars as pl
from psycopg import Connection

from hub.ingest.write.row_versions import parent_pattern
from hub.ingest.write.stage import Staged
from hub.model.registry import Entity
from hub.store.query import fetch_value

DUPLICATES = ("duplicate_key", "duplicate_source_key")
"""Rules of two rows together."""

KEEP: LiteralString = """
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

OTHER_RULE: LiteralString = """
update hub.quarantine q set rule = r.rule
from {rejects} r
where q.stream_id = %(stream)s and q.entity = %(entity)s and q.payload_hash = r.identity and q.rule <> r.rule
    and q.resolved_at is null
    and not exists (
        select from hub.quarantine o
        where o.stream_id = q.stream_id and o.entity = q.entity and o.payload_hash = q.payload_hash and o.resolved_at is null
            and (o.rule = r.rule or o.id < q.id))"""
"""A row that waits, and breaks another rule since the mapping changed, is still the same row."""

NEW_IDENTITY: LiteralString = """
(select distinct on (identity) identity, md5(payload::text) as old from {rejects}
where identity <> md5(payload::text) order by identity, old) n"""
REBIND: tuple[LiteralString, ...] = (
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
class Corrected:
    """Rejected rows with their corrections applied, and beside each its payload as the source sends it."""

    rows: pl.DataFrame
    payloads: tuple[str, ...]


def keep(connection: Connection[Any], entity: Entity, stream_id: int, run_id: int, version: str) -> int:
    """Move an entity's rejected rows into quarantine; one that waits there already is only seen again, and says why by today's
    rules; one that a person dismissed stays out of it. Returns how many rows were rejected, be they twice the same.
    """
    rejects = Staged(entity).rejects
    counted = int(fetch_value(connection, f"select count(*) from {rejects}"))
    if counted:
        known = {"stream": stream_id, "run": run_id, "entity": entity.name, "version": version}
        connection.execute(OTHER_RULE.format(rejects=rejects), known)
        connection.execute(KEEP.format(rejects=rejects), known)
    return counted


def rebind(connection: Connection[Any], entity: Entity, stream_id: int) -> None:
    """Know rows, and what people said of them, by identity, that were known by every column of their payload.

    Items of lists and messages were, before what stands beside their content was left out.
    """
    rejects = Staged(entity).rejects
    if fetch_value(connection, f"select exists (select from {rejects} where identity <> md5(payload::text))"):
        for statement in REBIND:
            connection.execute(statement.format(rejects=rejects), {"stream": stream_id, "entity": entity.name})


def settle(connection: Connection[Any], entities: Sequence[Entity], stream_id: int, run_id: int) -> int:
    """After a complete read: what was not seen again is settled. Returns how many."""
    unseen = "stream_id = %s and run_id <> %s and resolved_at is null"
    superseded = sum(
        connection.execute(
            "update hub.quarantine q set resolved_at = now(), resolution = 'SUPERSEDED'"
            f" where {unseen} and entity = %s and source_key in (select source_key from {Staged(entity).rejects})",
            (stream_id, run_id, entity.name),
        ).rowcount
        for entity in entities
    )
    mended = f"update hub.quarantine set resolved_at = now(), resolution = 'MENDED' where {unseen}"
    return superseded + connection.execute(mended, (stream_id, run_id)).rowcount


def mended(connection: Connection[Any], entity: Entity, stream_id: int, *, list_key_parts: int = 0) -> int:
    """After a read of changes: what came again and was accepted now, was deleted, or was rejected in a newer version, is
    settled. Returns how many. Of items, `list_key_parts` says of how many parts the key of the row is that holds their list:
    all of them came with it.
    """
    names = Staged(entity)
    rejected = f"select from {names.rejects} r where r.source_key = q.source_key"
    came = (
        f"q.source_key in (select source_key from {names.rows} union all select source_key from {names.gone}"
        f" union all select source_key from {names.rejects})"
    )
    if list_key_parts:
        came = (
            f"substring(q.source_key from {parent_pattern(list_key_parts)}) in"
            f" (select source_key from {names.parents} union all select source_key from {names.gone})"
        )
    else:
        # Another row of its key came, and says nothing of this one: only a read of everything does.
        came += f" and (rule <> 'duplicate_source_key' or q.source_key in (select source_key from {names.gone}))"
    return connection.execute(
        "update hub.quarantine q set resolved_at = now(), resolution ="
        f" case when exists ({rejected}) then 'SUPERSEDED' else 'MENDED' end"
        f" where stream_id = %s and entity = %s and resolved_at is null and {came}"
        f" and not exists ({rejected} and r.identity = q.payload_hash)",
        (stream_id, entity.name),
    ).rowcount


def corrected(connection: Connection[Any], stream_id: int, entity: Entity) -> Corrected | None:
    """Take from the rejects those rows that a person has corrected. Returns them, or None where there are none."""
    rejects = Staged(entity).rejects
    found = connection.execute(
        f"with corrected as (delete from {rejects} r using hub.correction c where c.stream_id = %s and c.entity = %s"
        " and c.payload_hash = r.identity and c.changes <> '{}'"
        " returning r.payload || c.changes, r.payload::text) select * from corrected",
        (stream_id, entity.name),
    ).fetchall()
    if not found:
        return None
    return Corrected(frame([payload for payload, _ in found]), tuple(text for _, text in found))


def frame(payloads: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as they were kept, as a frame again."""
    return pl.from_dicts(payloads, infer_schema_length=None, strict=False)
