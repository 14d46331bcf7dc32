"""The way from a subject to a row that is several links away: a mortgage on the parcel that a person has a right to.

The way follows what a purpose may read, field by field, and nothing else; each step is a link, or an exact reference. No value of
any record is told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, sql

from hub.link.review.record_evidence import DECIDED_BY, RecordLink
from hub.model.registry import Backlink, Entity, Linked, Reference, Registry

MAX_STEPS = 5
MAX_STEP_ROWS = 500
"""Rows that one field is followed to: a subject of a dossier has fewer, and a commune has all of its parcels."""
Row = tuple[str, int]
LINK_PARTS = f"l.status, l.method, {DECIDED_BY}, l.evidence"
FROM_RECORD = f"""
select l.record_id, l.subject_kind, l.subject_id, l.record_id, {LINK_PARTS} from link.{{link}} l
where l.record_id = any(%(rows)s) and l.status in ('CONFIRMED', 'PROBABLE')
order by l.record_id, l.subject_id limit {MAX_STEP_ROWS}"""
TO_RECORD = f"""
select l.subject_id, %(kind)s, l.record_id, l.record_id, {LINK_PARTS} from link.{{link}} l
where (l.subject_kind, l.subject_id) in (select %(own)s, unnest(%(rows)s::bigint[])) and l.status in ('CONFIRMED', 'PROBABLE')
order by l.subject_id, l.record_id limit {MAX_STEP_ROWS}"""
BY_REFERENCE = f"""
select o.id, %(kind)s, t.id from data.{{own}} o join data.{{target}} t on o.{{own_column}} = t.{{target_column}}
where o.id = any(%(rows)s) order by o.id, t.id limit {MAX_STEP_ROWS}"""


@dataclass(frozen=True)
class ReadableFields:
    """What may be read of a record at one place of a document: its kind → the fields that lead on, each with what stands beneath."""

    fields: Mapping[str, Mapping[str, "ReadableFields"]] = field(hash=False)


@dataclass(frozen=True)
class ChainStep:
    """One row that was reached: from which, and by which link; `link` is None if it is an exact reference."""

    row: Row
    before: Row
    link: RecordLink | None


def find_chain(
    connection: Connection[Any],
    registry: Registry,
    row: Row,
    starts: Iterable[tuple[Row, ReadableFields]],
    readable: Collection[str],
) -> list[ChainStep]:
    """The steps from a subject to `row`, the first that is found by the fewest steps; empty if no readable field leads there.

    `starts` are the subjects, each with what a document reads of it; `readable` are the tables of links that may be told.
    """
    levels = [({start}, fields) for start, fields in starts]
    walked: dict[Row, ChainStep | None] = dict.fromkeys(start for starting, _ in levels for start in starting)
    for _ in range(MAX_STEPS):
        reached: list[tuple[set[Row], ReadableFields]] = []
        for rows, fields in levels:
            for kind, of_kind in fields.fields.items():
                numbers = [number for one, number in sorted(rows) if one == kind]
                if not numbers or kind not in registry.entities:
                    continue
                for name, beneath in of_kind.items():
                    steps = _follow(connection, registry, registry[kind], name, numbers, readable)
                    for step in steps:
                        walked.setdefault(step.row, step)
                    if row in walked:
                        return _trace(walked, row)
                    if steps and beneath.fields:
                        reached.append(({step.row for step in steps}, beneath))
        levels = reached
    return []


def _trace(walked: Mapping[Row, ChainStep | None], row: Row) -> list[ChainStep]:
    """The steps that led to a row, from the subject on."""
    steps: list[ChainStep] = []
    while (step := walked[row]) is not None:
        steps.append(step)
        row = step.before
    return steps[::-1]


def _follow(
    connection: Connection[Any],
    registry: Registry,
    entity: Entity,
    name: str,
    numbers: list[int],
    readable: Collection[str],
) -> list[ChainStep]:
    """The rows that a field of these rows of an entity leads to."""
    ends: tuple[Linked | Reference | Backlink, ...] = (*entity.linked, *entity.references, *entity.backlinks)
    found = next((end for end in ends if end.graphql == name), None)
    match found:
        case Linked() if found.table in readable:
            return _run_link(connection, FROM_RECORD, entity, entity.name, found, {"rows": numbers})
        case Reference():
            return _run_reference(connection, entity, registry[found.target], found, numbers, is_mirrored=False)
        case Backlink():
            target, end = registry[found.target], registry.end(found)
            if isinstance(end, Reference):
                return _run_reference(connection, entity, target, end, numbers, is_mirrored=True)
            if end.table in readable:
                values: dict[str, Any] = {"rows": numbers, "own": entity.name, "kind": target.name}
                return _run_link(connection, TO_RECORD, entity, target.name, end, values)
    return []


def _run_link(
    connection: Connection[Any], statement: str, entity: Entity, owner: str, linked: Linked, values: Mapping[str, Any]
) -> list[ChainStep]:
    rows = connection.execute(sql.SQL(statement).format(link=sql.Identifier(linked.table)), values).fetchall()
    return [
        ChainStep((kind, number), (entity.name, before), RecordLink(owner, record, linked.table, *rest))
        for before, kind, number, record, *rest in rows
    ]


def _run_reference(
    connection: Connection[Any],
    entity: Entity,
    target: Entity,
    reference: Reference,
    numbers: list[int],
    *,
    is_mirrored: bool,
) -> list[ChainStep]:
    own, other = reference.column.name, reference.target_column
    if is_mirrored:
        own, other = other, own
    statement = sql.SQL(BY_REFERENCE).format(
        own=sql.Identifier(entity.table),
        target=sql.Identifier(target.table),
        own_column=sql.Identifier(own),
        target_column=sql.Identifier(other),
    )
    rows = connection.execute(statement, {"rows": numbers, "kind": target.name}).fetchall()
    return [ChainStep((kind, number), (entity.name, before), None) for before, kind, number in rows]
