"""The record of drift, in `hub.drift`: open while it is seen, resolved when a read shows that it is over, and what a person took."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.ingest.drift.detect import Finding, covered
from hub.store.query import fetch_value

TAKEN = (
    "select d.kind, d.column, d.detail from hub.drift d where d.stream_id = %s and d.resolved_at is null"
    " and d.first_seen <= (select max(a.decided_at) from hub.approval a"
    " where a.stream_id = d.stream_id and a.kind = 'DRIFT' and a.approved)"
)


@dataclass(frozen=True)
class Drift:
    """A finding as the store keeps it. `entities` are entity → fields."""

    id: int
    connector: str
    stream: str
    kind: str
    column: str
    detail: str
    grade: str
    entities: Mapping[str, list[str]]
    procedures: list[str]
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None


@dataclass(frozen=True)
class Read:
    """What a read that came to its end can say: of which columns it shows the kind, whether it saw every row, or any."""

    judged: Collection[str]
    whole: bool
    rows: bool
    discards: bool


def taken(connection: Connection[Any], stream_id: int) -> dict[tuple[str, str], str]:
    """Findings that were there when a person approved of the stream's drift, with their words."""
    return {(kind, column): detail for kind, column, detail in connection.execute(TAKEN, (stream_id,))}


def keep(connection: Connection[Any], stream_id: int, run_id: int, findings: Iterable[Finding]) -> None:
    """Keep what a run found. What is in other words than before is first seen now: nobody can have approved of it."""
    for found in findings:
        row = connection.execute(
            'select id, detail from hub.drift where stream_id = %s and kind = %s and "column" = %s and resolved_at is null',
            (stream_id, found.kind, found.column),
        ).fetchone()
        facts = (run_id, found.touch.grade, _json(found.touch.entities), _json(found.touch.procedures))
        if row is None:
            connection.execute(
                'insert into hub.drift (run_id, grade, entities, procedures, stream_id, kind, "column", detail)'
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                (*facts, stream_id, found.kind, found.column, found.detail),
            )
            continue
        number, detail = row
        # A part of the codes that were found before is nothing new, and what was approved stays approved.
        known = covered(found, detail)
        connection.execute(
            "update hub.drift set run_id = %s, grade = %s, entities = %s, procedures = %s, detail = %s, last_seen = now(),"
            " first_seen = case when %s then first_seen else now() end where id = %s",
            (*facts, detail if known else found.detail, known, number),
        )


def settle(connection: Connection[Any], stream_id: int, run_id: int, read: Read) -> None:
    """After a read came to its end: resolve what it would have shown again, were it still so."""
    for number, kind, column, entities in connection.execute(
        'select id, kind, "column", entities from hub.drift where stream_id = %s and run_id <> %s and resolved_at is null',
        (stream_id, run_id),
    ).fetchall():
        if kind == "CODE":
            # A read of changes shows only what changed; the rows that wait say whether there is still such a code.
            over = read.whole or not (read.discards or _waiting(connection, stream_id, entities))
        elif kind in ("RETYPED", "EMPTIED"):
            over = column in read.judged
        else:
            over = read.rows
        if over:
            connection.execute("update hub.drift set resolved_at = now() where id = %s", (number,))


def listed(connection: Connection[Any], connector: str | None = None, *, every: bool = False) -> list[Drift]:
    """What is open, or all there ever was: the worst first, then the newest."""
    with connection.cursor(row_factory=class_row(Drift)) as cursor:
        return cursor.execute(
            'select d.id, s.connector, s.name as stream, d.kind, d."column", d.detail, d.grade, d.entities, d.procedures,'
            " d.first_seen, d.last_seen, d.resolved_at from hub.drift d join hub.stream s on s.id = d.stream_id"
            " where (%(every)s or d.resolved_at is null) and s.connector = coalesce(%(connector)s::text, s.connector)"
            " order by d.resolved_at is not null, array_position(array['BREAKING', 'WARNING', 'INFO'], d.grade), d.id desc",
            {"every": every, "connector": connector},
        ).fetchall()


def accept(connection: Connection[Any], number: int) -> Drift:
    """Take a column's new kind: later reads are held against it. Raises OperationRefused for any other sort of drift."""
    with connection.transaction():
        found = next((d for d in listed(connection) if d.id == number), None)
        if found is None:
            raise OperationRefused(f"there is no open drift {number}", next_step="see `hub drift list`")
        if found.kind != "RETYPED":
            raise OperationRefused(
                f"drift {number} is of kind {found.kind}, which ends when manifest and source agree",
                next_step="map or ignore the column, or give its codes in the manifest; a frozen stream is approved with `hub runs approve`",
            )
        connection.execute(
            "update hub.stream set columns = columns - %s where id = (select stream_id from hub.drift where id = %s)",
            (found.column, number),
        )
        connection.execute("update hub.drift set resolved_at = now() where id = %s", (number,))
    return found


def _waiting(connection: Connection[Any], stream_id: int, entities: Mapping[str, list[str]]) -> bool:
    pairs = [(entity, name) for entity, names in entities.items() for name in names]
    exists = fetch_value(
        connection,
        "select exists (select from hub.quarantine q join unnest(%s::text[], %s::text[]) as f(entity, field)"
        " on f.entity = q.entity and f.field = q.field where q.stream_id = %s and q.resolved_at is null)",
        ([entity for entity, _ in pairs], [name for _, name in pairs], stream_id),
    )
    return bool(exists)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
