"""Drift records in `hub.drift`: open while drift is seen, resolved when a read shows that it ended, or accepted by a
person.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.ingest.drift.detect import DriftFinding, is_covered
from hub.store.query import fetch_value

SELECT_APPROVED = (
    "select d.kind, d.column, d.detail from hub.drift d where d.stream_id = %s and d.resolved_at is null"
    " and d.first_seen <= (select max(a.decided_at) from hub.approval a"
    " where a.stream_id = d.stream_id and a.kind = 'DRIFT' and a.approved)"
)


@dataclass(frozen=True)
class DriftRecord:
    """A finding as stored. `entities` maps entity → fields."""

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
class CompletedRead:
    """What a completed read can tell: which columns' kind it shows, whether it saw every row, and whether it saw any."""

    judged: Collection[str]
    whole: bool
    rows: bool
    discards: bool


def load_approved(connection: Connection[Any], stream_id: int) -> dict[tuple[str, str], str]:
    """Return the findings that existed when a person approved the stream's drift, with their details."""
    return {(kind, column): detail for kind, column, detail in connection.execute(SELECT_APPROVED, (stream_id,))}


def record_findings(connection: Connection[Any], stream_id: int, run_id: int, findings: Iterable[DriftFinding]) -> None:
    """Record the findings of a run. A finding with a new detail counts as first seen now: nobody can have approved it."""
    for found in findings:
        row = connection.execute(
            'select id, detail from hub.drift where stream_id = %s and kind = %s and "column" = %s and resolved_at is null',
            (stream_id, found.kind, found.column),
        ).fetchone()
        facts = (run_id, found.use.grade, _encode_json(found.use.entities), _encode_json(found.use.procedures))
        if row is None:
            connection.execute(
                'insert into hub.drift (run_id, grade, entities, procedures, stream_id, kind, "column", detail)'
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                (*facts, stream_id, found.kind, found.column, found.detail),
            )
            continue
        number, detail = row
        # A subset of codes recorded earlier is not new, and an approval of them still holds.
        known = is_covered(found, detail)
        connection.execute(
            "update hub.drift set run_id = %s, grade = %s, entities = %s, procedures = %s, detail = %s, last_seen = now(),"
            " first_seen = case when %s then first_seen else now() end where id = %s",
            (*facts, detail if known else found.detail, known, number),
        )


def resolve_ended(connection: Connection[Any], stream_id: int, run_id: int, read: CompletedRead) -> None:
    """After a completed read, resolve findings that it would have shown again."""
    for number, kind, column, entities in connection.execute(
        'select id, kind, "column", entities from hub.drift where stream_id = %s and run_id <> %s and resolved_at is null',
        (stream_id, run_id),
    ).fetchall():
        if kind == "CODE":
            # An incremental read shows only changed rows; quarantined rows tell whether such a code still exists.
            over = read.whole or not (read.discards or _has_waiting_rows(connection, stream_id, entities))
        elif kind in ("RETYPED", "EMPTIED"):
            over = column in read.judged
        else:
            over = read.rows
        if over:
            connection.execute("update hub.drift set resolved_at = now() where id = %s", (number,))


def list_drift(connection: Connection[Any], connector: str | None = None, *, every: bool = False) -> list[DriftRecord]:
    """Return open drift, or all drift ever recorded: worst first, then newest."""
    with connection.cursor(row_factory=class_row(DriftRecord)) as cursor:
        return cursor.execute(
            'select d.id, s.connector, s.name as stream, d.kind, d."column", d.detail, d.grade, d.entities, d.procedures,'
            " d.first_seen, d.last_seen, d.resolved_at from hub.drift d join hub.stream s on s.id = d.stream_id"
            " where (%(every)s or d.resolved_at is null) and s.connector = coalesce(%(connector)s::text, s.connector)"
            " order by d.resolved_at is not null, array_position(array['BREAKING', 'WARNING', 'INFO'], d.grade), d.id desc",
            {"every": every, "connector": connector},
        ).fetchall()


def accept_drift(connection: Connection[Any], number: int) -> DriftRecord:
    """Accept a column's new kind: later reads are compared with it. Raises OperationRefused for any other kind of
    drift.
    """
    with connection.transaction():
        found = next((d for d in list_drift(connection) if d.id == number), None)
        if found is None:
            raise OperationRefused(
                f"no open drift has the number {number}", next_step="list open drift with `hub drift list`"
            )
        if found.kind != "RETYPED":
            raise OperationRefused(
                f"drift {number} is {found.kind}, which ends when manifest and source agree",
                next_step="map or ignore the column, or add its codes to the manifest; approve a frozen stream with `hub runs approve`",
            )
        connection.execute(
            "update hub.stream set columns = columns - %s where id = (select stream_id from hub.drift where id = %s)",
            (found.column, number),
        )
        connection.execute("update hub.drift set resolved_at = now() where id = %s", (number,))
    return found


def _has_waiting_rows(connection: Connection[Any], stream_id: int, entities: Mapping[str, list[str]]) -> bool:
    pairs = [(entity, name) for entity, names in entities.items() for name in names]
    exists = fetch_value(
        connection,
        "select exists (select from hub.quarantine q join unnest(%s::text[], %s::text[]) as f(entity, field)"
        " on f.entity = q.entity and f.field = q.field where q.stream_id = %s and q.resolved_at is null)",
        ([entity for entity, _ in pairs], [name for _, name in pairs], stream_id),
    )
    return bool(exists)


def _encode_json(value: object) -> str:
    return orjson.dumps(value).decode()
