"""Alarms: what an operator has to look at soon, such as a read that met a sealed identity. They have no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.errors import OperationRefused

MAX_LISTED = 500
INSERT = "insert into hub.alarm (kind, principal, dossier_id, details) values (%s, %s, %s, %s)"
SELECT = """
select a.id, a.at, a.kind, a.principal, d.code as dossier, a.details, a.seen_at, a.seen_by
from hub.alarm a left join hub.dossier d on d.id = a.dossier_id
where %s or a.seen_at is null
order by a.id desc limit %s"""
ACKNOWLEDGE = "update hub.alarm set seen_at = now(), seen_by = %s where id = %s and seen_at is null"


@dataclass(frozen=True)
class Alarm:
    """One alarm. `principal` is the id of the caller, `dossier` its code; None if there was none. `details` are counts and codes."""

    id: int
    at: datetime
    kind: str
    principal: str | None
    dossier: str | None
    details: dict[str, Any]
    seen_at: datetime | None
    seen_by: str | None


def raise_alarm(
    connection: Connection[Any],
    kind: str,
    *,
    principal: str | None,
    dossier_id: int | None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record an alarm of this kind, e.g. SEALED_SUBJECT."""
    connection.execute(INSERT, (kind, principal, dossier_id, Jsonb(dict(details or {}))))


def list_alarms(connection: Connection[Any], *, every: bool = False) -> list[Alarm]:
    """Alarms that nobody has acknowledged, or all of them; the newest first, at most MAX_LISTED."""
    with connection.cursor(row_factory=class_row(Alarm)) as cursor:
        return cursor.execute(SELECT, (every, MAX_LISTED)).fetchall()


def acknowledge_alarm(connection: Connection[Any], number: int, by: str) -> None:
    """Acknowledge an alarm. Raises OperationRefused if there is none that waits."""
    if connection.execute(ACKNOWLEDGE, (by, number)).rowcount != 1:
        raise OperationRefused(f"no alarm {number} waits", next_step="see `hub alarms list`")
