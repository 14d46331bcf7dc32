"""One question of the review queue with its values side by side. They are personal data, shown to who decides and to no log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from hub.errors import OperationRefused
from hub.link.decisions.decisions import decision_of
from hub.link.decisions.verdicts import DECISION, Decision
from hub.link.field import Field, field_named
from hub.link.review.comparison_columns import facts_sql, held_sql, recorded_sql
from hub.link.review.review_priority import procedures_over
from hub.link.review.weight_steps import Step, explain_weight
from hub.store.query import fetch_row


@dataclass(frozen=True)
class Compared:
    """One value: as the sector recorded it, and as the register holds it."""

    name: str
    recorded: str | None
    held: str | None


@dataclass(frozen=True)
class Candidate:
    """A subject that the record may be, or is. `subject_id` is what `found_id` stands for."""

    found_id: int
    subject_id: int
    kind: str
    status: str
    method: str
    confidence: float | None
    weight: float | None
    compared: tuple[Compared, ...]
    waterfall: tuple[Step, ...]
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True)
class Item:
    """A record with its candidates, the best first. `facts` are the record's own values, `recorded` those of its subject; of a
    merge, `recorded` are the younger row's. `decisions` are what persons said of it, the newest first."""

    field: str
    record_id: int
    entity: str
    sector: str
    procedures: tuple[str, ...]
    facts: Mapping[str, str | None]
    recorded: Mapping[str, str | None]
    changed_at: datetime
    candidates: tuple[Candidate, ...]
    decisions: tuple[Decision, ...]


def read_review_item(connection: Connection[Any], field_name: str, record_id: int) -> Item:
    """A record and all its candidates. Raises OperationRefused: UNKNOWN_FIELD, RECORD_NOT_FOUND."""
    field = field_named(field_name)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"select * from link.{field.table} where record_id = %s"
            " order by status = 'UNCONFIRMED', weight desc nulls last, found_id",
            (record_id,),
        ).fetchall()
    with connection.cursor(row_factory=class_row(Decision)) as decisions:
        said = decisions.execute(
            f"select {DECISION} from link.decision d where d.field = %s and d.record_id = %s order by d.id desc",
            (field.name, record_id),
        ).fetchall()
    return _item(connection, field, record_id, rows, said)


def asked_of(connection: Connection[Any], decision_id: int) -> Item:
    """The pair of a decision as it was shown, for a second opinion: without the verdict, and without who gave it.

    Raises OperationRefused: DECISION_NOT_FOUND, RECORD_NOT_FOUND where the record is no longer there.
    """
    decision = decision_of(connection, decision_id)
    shown = {
        "found_id": decision.subject_id,
        "subject_id": decision.subject_id,
        "subject_kind": None,
        "status": "UNCONFIRMED",
        "method": "",
        "confidence": None,
        "weight": decision.weight,
        "evidence": decision.evidence,
        "decided_by": "",
        "decided_at": decision.decided_at,
    }
    return _item(connection, field_named(decision.field), decision.record_id, [shown], [])


def blind_item(connection: Connection[Any], field_name: str, record_id: int, shown: Sequence[int]) -> Item:
    """A record beside rows of a register, in the order given and with nothing of what linking or anybody made of them.

    Raises OperationRefused: UNKNOWN_FIELD, RECORD_NOT_FOUND.
    """
    field = field_named(field_name)
    at = fetch_row(connection, "select now()")
    blank = {
        "subject_kind": None,
        "status": "UNCONFIRMED",
        "method": "",
        "confidence": None,
        "weight": None,
        "evidence": None,
        "decided_by": "",
        "decided_at": at[0],
    }
    rows = [{**blank, "found_id": found, "subject_id": found} for found in shown]
    return _item(connection, field, record_id, rows, [])


def _item(
    connection: Connection[Any],
    field: Field,
    record_id: int,
    rows: Sequence[Mapping[str, Any]],
    said: Sequence[Decision],
) -> Item:
    record = connection.execute(
        f"select {recorded_sql(field)}, {facts_sql(field)}, r.sys_from from data.{field.entity.table} r where r.id = %s",
        (record_id,),
    ).fetchone()
    if record is None:
        raise OperationRefused(
            f"there is no {field.entity.name} {record_id}", next_step="see `hub review list`", code="RECORD_NOT_FOUND"
        )
    recorded, facts, changed_at = record
    order = [part.part for part in field.linked.recorded] if field.linked else [c.name for c in field.entity.columns]
    recorded = {name: recorded[name] for name in order}
    return Item(
        field.name,
        record_id,
        field.entity.name,
        field.entity.sector,
        procedures_over(field.name),
        facts,
        recorded,
        changed_at,
        tuple(_candidate(connection, field, recorded, row) for row in rows),
        tuple(said),
    )


def _candidate(
    connection: Connection[Any], field: Field, recorded: Mapping[str, str | None], row: Mapping[str, Any]
) -> Candidate:
    kind, held = _held(connection, field, row["subject_kind"], row["found_id"])
    return Candidate(
        found_id=row["found_id"],
        subject_id=row["subject_id"],
        kind=kind,
        status=row["status"],
        method=row["method"],
        confidence=row["confidence"],
        weight=row["weight"],
        compared=tuple(Compared(name, recorded[name], held.get(name) or None) for name in recorded),
        waterfall=explain_weight(row["weight"], row["evidence"] or ()),
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )


def _held(
    connection: Connection[Any], field: Field, kind: str | None, found: int
) -> tuple[str, Mapping[str, str | None]]:
    """The kind of a row of a register and its values; none if it has gone since."""
    for each in field.kinds if kind is None else (kind,):
        row = connection.execute(f"{held_sql(field, each)} where s.id = %s", (found,)).fetchone()
        if row is not None:
            return each, row[0]
    return kind or field.kinds[0], {}
