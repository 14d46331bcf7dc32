"""Everything that the hub holds of one person, with where it comes from: a copy for that person (Law 91/2025/QH15).

A record of several people is given without what it says of the others: of a marriage, the spouse as recorded is left out. A version of
a record is given if it was in force while the record was linked to the person, so a former holder's data is not given to the next one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

from hub.errors import OperationRefused
from hub.model.names import quote_identifier, to_camel_case
from hub.model.registry import Entity, Linked, Registry

MAX_ROWS = 20_000
"""Rows of one statement: more than this is no person, but a wrong link or a number that many share."""

LINKED_VERSIONS = """
with held as (
    select record_id, status, method, confidence, decided_at, sys_from, 'infinity'::timestamptz as sys_to
    from link.{link} where subject_kind = %(kind)s and subject_id = any(%(people)s) and status <> 'UNCONFIRMED'
    union all
    select record_id, status, method, confidence, decided_at, sys_from, sys_to
    from link_history.{link} where subject_kind = %(kind)s and subject_id = any(%(people)s) and status <> 'UNCONFIRMED'
), versions as (
    select t.id, to_jsonb(t)::text as body, t.stream_id, t.sys_from, null::timestamptz as sys_to
    from data.{table} t where t.id in (select record_id from held)
    union all
    select t.id, to_jsonb(t)::text as body, t.stream_id, t.sys_from, t.sys_to
    from history.{table} t where t.id in (select record_id from held)
)
select distinct on (v.id, v.sys_from) v.id, v.body, s.connector, s.name, v.sys_from, v.sys_to, h.status, h.method, h.confidence, h.decided_at
from versions v
join held h on h.record_id = v.id and v.sys_from < h.sys_to and coalesce(v.sys_to, 'infinity') > h.sys_from
join hub.stream s on s.id = v.stream_id
order by v.id, v.sys_from, h.sys_from desc
limit %(rows)s"""
OWN_VERSIONS = """
select v.id, v.body, s.connector, s.name, v.sys_from, v.sys_to
from (
    select t.id, to_jsonb(t)::text as body, t.stream_id, t.sys_from, null::timestamptz as sys_to
    from data.{table} t where t.id = any(%(people)s)
    union all
    select t.id, to_jsonb(t)::text as body, t.stream_id, t.sys_from, t.sys_to from history.{table} t where t.id = any(%(people)s)
) v
join hub.stream s on s.id = v.stream_id
order by v.id, v.sys_from
limit %(rows)s"""
REFERRING_ROWS = """
select t.id, to_jsonb(t)::text as body, s.connector, s.name, t.sys_from, null::timestamptz
from data.{table} t join hub.stream s on s.id = t.stream_id
where t.{column} in (select o.{target_column} from data.{target} o where o.id = any(%(records)s)) and t.id <> all(%(known)s)
order by t.id
limit %(rows)s"""
DISCREPANCIES = """
select field, record_entity, record_id, record_field, recorded, subject_field, held, kind, sector, sys_from, sys_to
from link.discrepancy where subject_kind = %(kind)s and subject_id = any(%(people)s) order by id limit %(rows)s"""
CORRECTIONS = """
select record_entity, record_id, field, held, claimed, reason, origin, connector, state, opened_at, due_at, closed_at, answer
from hub.source_correction c
where exists (select from unnest(%(entities)s::text[], %(numbers)s::bigint[]) r(entity, number)
              where r.entity = c.record_entity and r.number = c.record_id)
order by id limit %(rows)s"""
DOSSIERS = """
select d.code, d.purpose, d.office, s.role, d.opened_via, d.opened_at, d.expires_at, d.ended_at, d.outcome,
    (select count(*) from hub.prefill_snapshot p where p.dossier_id = d.id and p.forgotten_at is null) as snapshots
from hub.dossier_subject s join hub.dossier d on d.id = s.dossier_id
where s.entity = %(kind)s and (s.subject_id = any(%(people)s) or s.value = any(%(identifiers)s))
order by d.opened_at, d.id, s.id limit %(rows)s"""
RESTRICTION = """
select ground, reason, sealed_at from hub.sealed_subject
where entity = %(kind)s and subject_id = any(%(people)s) and kind = 'RESTRICTION' order by sealed_at limit 1"""
IS_SEALED = """
select exists (select from hub.sealed_subject where entity = %(kind)s and subject_id = any(%(people)s) and kind = 'SEAL')"""
SEALED = OperationRefused(
    "this is a sealed identity, of which nothing is exported",
    code="SUBJECT_SEALED",
    next_step="handle the request with the office that sealed it",
)
NOTES = (
    "Không có bản ghi mà hệ thống chưa chắc là của người này, và không có dữ liệu của người khác trong cùng bản ghi (mục `withheld`)."
    " Records that may be of somebody else are left out, and so is what a record says of other people (`withheld`).",
    "Bản ghi bị từ chối khi tiếp nhận không gắn với ai, nên không có ở đây."
    " Rows that were rejected when they were read belong to nobody yet, and are not here.",
)


@dataclass(frozen=True)
class ExportedVersion:
    """One version of a record. `links` says by which fields it leads to the person; `withheld` are the fields of other people."""

    entity: str
    number: int
    values: Mapping[str, Any]
    source: Mapping[str, Any]
    since: datetime
    until: datetime | None
    links: tuple[Mapping[str, Any], ...] = ()
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubjectExport:
    """What the hub holds of one person. Rows of the other lists are objects with the names of the graph."""

    versions: tuple[ExportedVersion, ...]
    discrepancies: tuple[Mapping[str, Any], ...]
    corrections: tuple[Mapping[str, Any], ...]
    dossiers: tuple[Mapping[str, Any], ...]
    restriction: Mapping[str, Any] | None
    identifiers: tuple[str, ...]


@dataclass
class _Found:
    """Versions by entity, number and since; the fields that lead to the person from each."""

    rows: dict[tuple[str, int, datetime], tuple[Any, ...]] = field(default_factory=dict)
    links: dict[tuple[str, int, datetime], dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    def numbers_of(self, entity: str) -> list[int]:
        return sorted({number for kind, number, _ in self.rows if kind == entity})


def check_not_sealed(connection: Connection[Any], kind: str, people: Sequence[int]) -> None:
    """Raises OperationRefused with SUBJECT_SEALED if one of these rows is a sealed identity."""
    row = connection.execute(IS_SEALED, {"kind": kind, "people": list(people)}).fetchone()
    if row is not None and row[0]:
        raise SEALED


def list_exported_entities(registry: Registry, kind: str) -> list[str]:
    """The entities whose rows may be in an export of such a person: their own, those that lead to them, and those that refer to these."""
    found = [kind, *(entity.name for entity in registry if any(kind in linked.kinds for linked in entity.linked))]
    return list(dict.fromkeys([*found, *(entity.name for entity, *_ in _list_referring(registry, found))]))


def read_subject_export(
    connection: Connection[Any], registry: Registry, kind: str, people: Sequence[int]
) -> SubjectExport:
    """Everything that is held of the person with these rows. Call it within one snapshot.

    Raises OperationRefused with SUBJECT_TOO_LARGE if there are more than MAX_ROWS rows of one kind.
    """
    given = {"kind": kind, "people": list(people), "rows": MAX_ROWS + 1}
    found = _Found()
    for row in _fetch(connection, _fill(OWN_VERSIONS, registry[kind]), given):
        found.rows[kind, row[0], row[4]] = row
    for entity in registry:
        for linked in entity.linked:
            if kind in linked.kinds:
                _read_linked(connection, entity, linked, given, found)
    _read_referring(connection, registry, kind, found)
    versions = tuple(_make_version(registry, key, row, found) for key, row in sorted(found.rows.items()))
    withheld = {(one.entity, one.number): one.withheld for one in versions}
    records = sorted(withheld)
    identifiers = {
        str(one.values.get(key.graphql)) for one in versions if one.entity == kind for key in registry[kind].keys
    }
    corrections = _read_objects(
        connection, CORRECTIONS, {"entities": [e for e, _ in records], "numbers": [n for _, n in records]} | given
    )
    restriction = _read_objects(connection, RESTRICTION, given)
    return SubjectExport(
        versions,
        tuple(_read_objects(connection, DISCREPANCIES, given)),
        tuple(_hide_others(registry, one, withheld) for one in corrections),
        tuple(_read_objects(connection, DOSSIERS, given | {"identifiers": sorted(identifiers)})),
        restriction[0] if restriction else None,
        tuple(sorted(identifiers)),
    )


def _read_linked(
    connection: Connection[Any], entity: Entity, linked: Linked, given: Mapping[str, Any], found: _Found
) -> None:
    sql = _fill(LINKED_VERSIONS, entity, link=linked.table)
    for row in _fetch(connection, sql, given):
        key = (entity.name, row[0], row[4])
        found.rows[key] = row[:6]
        status, method, confidence, decided_at = row[6:]
        found.links.setdefault(key, {})[linked.name] = {
            "field": linked.graphql,
            "status": status,
            "method": method,
            "confidence": confidence,
            "decidedAt": decided_at,
        }


def _read_referring(connection: Connection[Any], registry: Registry, kind: str, found: _Found) -> None:
    """Rows that refer to those found: the payments of an obligation. Their present version."""
    start = [name for name in dict.fromkeys(entity for entity, _, _ in found.rows) if name != kind]
    for entity, column, target, target_column in _list_referring(registry, start):
        given = {"records": found.numbers_of(target.name), "known": found.numbers_of(entity.name), "rows": MAX_ROWS + 1}
        names = {"column": column, "target": target.table, "target_column": target_column}
        for row in _fetch(connection, _fill(REFERRING_ROWS, entity, **names), given):
            found.rows[entity.name, row[0], row[4]] = row


def _list_referring(registry: Registry, start: Sequence[str]) -> Iterator[tuple[Entity, str, Entity, str]]:
    """Entities that refer to records of these, and to those in turn: entity, column, target, column of the target.

    Only records are followed: what refers to a subject (a household, a business) is about that one.
    """
    reached = [name for name in start if registry[name].kind == "record"]
    for target in reached:  # grows meanwhile
        for entity in registry:
            for reference in entity.references:
                if reference.target == target:
                    yield entity, reference.column.name, registry[target], reference.target_column
                    if entity.name not in reached:
                        reached.append(entity.name)


def _make_version(
    registry: Registry, key: tuple[str, int, datetime], row: tuple[Any, ...], found: _Found
) -> ExportedVersion:
    entity, (_, text, connector, stream, since, until) = registry[key[0]], row
    body = json.loads(text, parse_float=Decimal)  # as it is stored: a float would round an amount
    links = found.links.get(key, {})
    others = [linked for linked in entity.linked if linked.name not in links and _is_of_people(registry, linked)]
    hidden = {part.column.name for linked in others for part in linked.recorded}
    source = {"connector": connector, "stream": stream, "key": body.get("source_key"), "firstSeen": body.get("first_seen"), "changedAtSource": body.get("changed_at_source")}  # fmt: skip
    return ExportedVersion(
        entity.name,
        key[1],
        {column.graphql: body.get(column.name) for column in entity.columns if column.name not in hidden},
        source | {"key": None} if hidden else source,  # the key of a marriage names both
        since,
        until,
        tuple(links.values()),
        tuple(linked.graphql for linked in others),
    )


def _is_of_people(registry: Registry, linked: Linked) -> bool:
    return any(registry[kind].personal for kind in linked.kinds)


def _hide_others(
    registry: Registry, correction: Mapping[str, Any], withheld: Mapping[tuple[str, int], tuple[str, ...]]
) -> Mapping[str, Any]:
    """A correction without the values, if it is about another person of the record."""
    others = withheld.get((correction["recordEntity"], correction["recordId"]), ())
    head = str(correction["field"]).split(".", 1)[0]
    if head in others or head.removesuffix("Link") in others:
        return {**correction, "held": None, "claimed": None, "reason": None, "answer": None}
    return correction


def _fill(statement: str, entity: Entity, **names: str) -> str:
    quoted = {name: quote_identifier(value) for name, value in {"table": entity.table, **names}.items()}
    return statement.format(**quoted)


def _fetch(connection: Connection[Any], sql: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    rows = connection.execute(sql, given).fetchall()
    if len(rows) > MAX_ROWS:
        raise OperationRefused(
            f"more than {MAX_ROWS:,} rows of one kind are of this person",
            code="SUBJECT_TOO_LARGE",
            next_step="look for a wrong link with `hub review list`; no person has so many",
        )
    return list(rows)


def _read_objects(connection: Connection[Any], sql: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, given)
    names = [to_camel_case(column.name) for column in cursor.description or ()]
    rows = cursor.fetchall()
    if len(rows) > MAX_ROWS:
        raise OperationRefused(
            f"more than {MAX_ROWS:,} entries of one kind are of this person",
            code="SUBJECT_TOO_LARGE",
            next_step="look for a wrong link with `hub review list`; no person has so many",
        )
    return [dict(zip(names, row, strict=True)) for row in rows]
