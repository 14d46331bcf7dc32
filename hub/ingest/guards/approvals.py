"""Approvals: what a run must not do on its own waits for a person, who runs `hub runs approve` or `hub runs refuse`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.store.query import fetch_value

ApprovalKind = Literal["DELETES", "SHRUNK", "VALUES", "DRIFT"]
APPROVED_ROWS_MARGIN = 0.05
"""Sources change between the request and the approval: up to this share above the approved number is still allowed."""


@dataclass(frozen=True)
class ApprovalRequest:
    """What a run wants to do: delete rows, change or empty many values of a column, accept a shorter list, or accept
    schema drift.
    """

    kind: ApprovalKind
    reason: str
    entity: str | None = None
    rows: int | None = None
    held: int | None = None


@dataclass(frozen=True)
class Approval:
    """An approval request as stored, with its decision."""

    id: int
    connector: str
    stream: str
    entity: str | None
    kind: ApprovalKind
    rows: int | None
    held: int | None
    reason: str
    run_id: int
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    approved: bool | None
    used_by: int | None


def use_approval(connection: Connection[Any], stream_id: int, run_id: int, question: ApprovalRequest) -> bool:
    """Use an approval for this run, if a person gave one. Each approval serves once. Returns whether there was one."""
    found = connection.execute(
        "select id, rows from hub.approval where stream_id = %s and kind = %s and entity is not distinct from %s"
        " and approved and used_by is null order by id desc limit 1",
        (stream_id, question.kind, question.entity),
    ).fetchone()
    if found is None:
        return False
    number, rows = found
    if question.kind in ("DELETES", "VALUES") and (question.rows or 0) > rows * (1 + APPROVED_ROWS_MARGIN) + 1:
        return False
    connection.execute("update hub.approval set used_by = %s where id = %s", (run_id, number))
    return True


def request_approval(connection: Connection[Any], stream_id: int, run_id: int, question: ApprovalRequest) -> int:
    """Record a request, or update the open one of the same kind. Returns its number."""
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


def withdraw_requests(
    connection: Connection[Any], stream_id: int, run_id: int, asked: set[tuple[str, str | None]]
) -> None:
    """After a run, close open requests of earlier runs that it did not have to repeat."""
    for number, kind, entity in connection.execute(
        "select id, kind, entity from hub.approval where stream_id = %s and decided_at is null", (stream_id,)
    ).fetchall():
        if (kind, entity) not in asked:
            connection.execute(
                "update hub.approval set decided_at = now(), decided_by = %s, approved = false where id = %s",
                (f"run:{run_id}", number),
            )


def list_approvals(connection: Connection[Any], *, every: bool = False) -> list[Approval]:
    """Return open requests, or all of them, newest first."""
    with connection.cursor(row_factory=class_row(Approval)) as cursor:
        return cursor.execute(
            "select a.id, s.connector, s.name as stream, a.entity, a.kind, a.rows, a.held, a.reason, a.run_id,"
            " a.requested_at, a.decided_at, a.decided_by, a.approved, a.used_by"
            " from hub.approval a join hub.stream s on s.id = a.stream_id"
            " where %s or a.decided_at is null order by a.id desc",
            (every,),
        ).fetchall()


def decide_approval(connection: Connection[Any], number: int, *, approved: bool, by: str) -> Approval:
    """Decide a request and return it. Raises OperationRefused if it is not open."""
    changed = connection.execute(
        "update hub.approval set decided_at = now(), decided_by = %s, approved = %s where id = %s and decided_at is null",
        (by, approved, number),
    ).rowcount
    if not changed:
        raise OperationRefused(
            f"no approval request with the number {number} is open",
            next_step="list open requests with `hub runs approvals`",
        )
    (found,) = (a for a in list_approvals(connection, every=True) if a.id == number)
    return found
