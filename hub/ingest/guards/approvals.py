"""Approvals: what a run does not dare to do waits for a person, who answers with `hub runs approve` or `refuse`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.store.query import fetch_value

Kind = Literal["DELETES", "SHRUNK", "VALUES", "DRIFT"]
MARGIN = 0.05
"""Between the question and the answer the source goes on: so much more than was approved is still done."""


@dataclass(frozen=True)
class Question:
    """What a run wants to know: whether so many rows of so many may go, or values of a column not stay as they are, or a
    shorter list be taken.
    """

    kind: Kind
    reason: str
    entity: str | None = None
    rows: int | None = None
    held: int | None = None


@dataclass(frozen=True)
class Approval:
    """A question as the store keeps it, with its answer."""

    id: int
    connector: str
    stream: str
    entity: str | None
    kind: Kind
    rows: int | None
    held: int | None
    reason: str
    run_id: int
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    approved: bool | None
    used_by: int | None


def allowed(connection: Connection[Any], stream_id: int, run_id: int, question: Question) -> bool:
    """Whether a person has approved this, for this run to do; an approval serves once."""
    found = connection.execute(
        "select id, rows from hub.approval where stream_id = %s and kind = %s and entity is not distinct from %s"
        " and approved and used_by is null order by id desc limit 1",
        (stream_id, question.kind, question.entity),
    ).fetchone()
    if found is None:
        return False
    number, rows = found
    if question.kind in ("DELETES", "VALUES") and (question.rows or 0) > rows * (1 + MARGIN) + 1:
        return False
    connection.execute("update hub.approval set used_by = %s where id = %s", (run_id, number))
    return True


def ask(connection: Connection[Any], stream_id: int, run_id: int, question: Question) -> int:
    """Keep a question; one that is open already is brought up to date. Returns its number."""
    return int(
        fetch_value(
            connection,
            "insert into hub.approval (stream_id, run_id, entity, kind, rows, held, reason)"
            " values (%s, %s, %s, %s, %s, %s, %s)"
            " on conflict (stream_id, kind, coalesce(entity, '')) where decided_at is null"
            " do update set run_id = excluded.run_id, rows = excluded.rows, held = excluded.held, reason = excluded.reason,"
            " requested_at = now() returning id",
            (stream_id, run_id, question.entity, question.kind, question.rows, question.held, question.reason),
        )
    )


def withdraw(connection: Connection[Any], stream_id: int, run_id: int, asked: set[tuple[str, str | None]]) -> None:
    """After a run: questions of earlier runs that it did not have to ask again are answered by events."""
    for number, kind, entity in connection.execute(
        "select id, kind, entity from hub.approval where stream_id = %s and decided_at is null", (stream_id,)
    ).fetchall():
        if (kind, entity) not in asked:
            connection.execute(
                "update hub.approval set decided_at = now(), decided_by = %s, approved = false where id = %s",
                (f"run:{run_id}", number),
            )


def listed(connection: Connection[Any], *, every: bool = False) -> list[Approval]:
    """Open questions, or all of them, newest first."""
    with connection.cursor(row_factory=class_row(Approval)) as cursor:
        return cursor.execute(
            "select a.id, s.connector, s.name as stream, a.entity, a.kind, a.rows, a.held, a.reason, a.run_id,"
            " a.requested_at, a.decided_at, a.decided_by, a.approved, a.used_by"
            " from hub.approval a join hub.stream s on s.id = a.stream_id"
            " where %s or a.decided_at is null order by a.id desc",
            (every,),
        ).fetchall()


def decide(connection: Connection[Any], number: int, *, approved: bool, by: str) -> Approval:
    """Answer a question. Returns it. Raises OperationRefused where it is not open."""
    changed = connection.execute(
        "update hub.approval set decided_at = now(), decided_by = %s, approved = %s where id = %s and decided_at is null",
        (by, approved, number),
    ).rowcount
    if not changed:
        raise OperationRefused(f"there is no open question {number}", next_step="see `hub runs approvals`")
    (found,) = (a for a in listed(connection, every=True) if a.id == number)
    return found
