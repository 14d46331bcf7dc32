"""Corrections in the store: the rows, their events, and the one place that moves a correction from state to state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from hub.corrections.transitions import CorrectionEvent, next_state
from hub.errors import OperationRefused
from hub.model.correction_states import PENDING, CorrectionState
from hub.store.event_outbox import record_correction_change
from hub.store.query import fetch_row

MAX_LISTED = 500
COLUMNS = (
    "id, record_entity, record_id, field, held, claimed, reason, origin, connector, stream_id, source_key, purpose, dossier_id,"
    " opened_by, opened_at, state, due_at, decided_at, decided_by, answer, closed_at, to_send, next_try_at, attempts, failure,"
    " sent_at, reminders, remind_at, forgotten_at"
)
INSERT_EVENT = """
insert into hub.source_correction_event (correction_id, at, event, state, due_at, by, note)
values (%(id)s, %(at)s, %(event)s, %(state)s, %(due_at)s, %(by)s, %(note)s)"""
SELECT_EVENTS = (
    "select at, event, state, by, note from hub.source_correction_event where correction_id = %s order by id"
)
CHANGEABLE = frozenset(
    {
        *("held", "due_at", "compared_from", "decided_at", "decided_by", "answer", "closed_at", "to_send"),
        *("next_try_at", "attempts", "failure", "sent_at", "reminders", "remind_at", "record_id"),
    }
)
"""Columns that a change of state may set."""


@dataclass(frozen=True)
class Correction:
    """A correction as it is stored."""

    id: int
    record_entity: str
    record_id: int
    field: str
    held: str | None
    claimed: str | None
    reason: str | None
    origin: str
    connector: str
    stream_id: int | None
    source_key: str | None
    purpose: str | None
    dossier_id: int | None
    opened_by: str
    opened_at: datetime
    state: CorrectionState
    due_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    answer: str | None
    closed_at: datetime | None
    to_send: str | None
    next_try_at: datetime | None
    attempts: int
    failure: str | None
    sent_at: datetime | None
    reminders: int
    remind_at: datetime | None
    forgotten_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", CorrectionState(self.state))

    def is_overdue(self, now: datetime) -> bool:
        """Whether the source should have acted by now."""
        return self.state in PENDING and self.due_at < now


@dataclass(frozen=True)
class CorrectionHistoryEntry:
    """One event of a correction."""

    at: datetime
    event: str
    state: str
    by: str
    note: str | None


@dataclass(frozen=True)
class CorrectionSearch:
    """Which corrections are wanted; None is any. `pending` are those of which the source still has to do something."""

    connectors: Sequence[str] | None = None
    state: str | None = None
    pending: bool = False
    overdue: bool = False


def list_corrections(connection: Connection[Any], wanted: CorrectionSearch, limit: int = 100) -> list[Correction]:
    """Corrections, those that are due first; at most MAX_LISTED."""
    query = f"""
        select {COLUMNS} from hub.source_correction
        where (%(connectors)s::text[] is null or connector = any(%(connectors)s))
          and (%(state)s::text is null or state = %(state)s)
          and (not %(pending)s or state = any(%(pending_states)s))
          and (not %(overdue)s or state = any(%(pending_states)s) and due_at < now())
        order by state = any(%(pending_states)s) desc, due_at, id
        limit %(limit)s"""  # noqa: S608 constants
    values = {
        "connectors": None if wanted.connectors is None else list(wanted.connectors),
        "state": wanted.state,
        "pending": wanted.pending,
        "overdue": wanted.overdue,
        "pending_states": sorted(PENDING),
        "limit": min(limit, MAX_LISTED),
    }
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        return cursor.execute(query, values).fetchall()


def load_correction(connection: Connection[Any], number: int, *, for_change: bool = False) -> Correction:
    """One correction. Raises OperationRefused with CORRECTION_UNKNOWN."""
    lock = " for update" if for_change else ""
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        query = f"select {COLUMNS} from hub.source_correction where id = %s{lock}"  # noqa: S608 constants
        found = cursor.execute(query, (number,)).fetchone()
    if found is None:
        raise correction_unknown()
    return found


def correction_unknown() -> OperationRefused:
    """One refusal for both: whether another source or dossier has a correction of this number is nobody's business."""
    return OperationRefused(
        "there is no such correction, or it is not one of yours",
        code="CORRECTION_UNKNOWN",
        next_step="take ids from `corrections`, as they are",
    )


def correction_closed(correction: Correction) -> OperationRefused:
    """The refusal of what cannot happen in the state that a correction is in."""
    return OperationRefused(
        f"the correction is already {correction.state}",
        code="CORRECTION_CLOSED",
        next_step="open a new one if the value is still wrong",
    )


def list_events(connection: Connection[Any], number: int) -> list[CorrectionHistoryEntry]:
    """The history of a correction, oldest first."""
    with connection.cursor(row_factory=class_row(CorrectionHistoryEntry)) as cursor:
        return cursor.execute(SELECT_EVENTS, (number,)).fetchall()


def apply_event(
    connection: Connection[Any],
    correction: Correction,
    event: CorrectionEvent,
    *,
    by: str,
    note: str | None = None,
    at: datetime | None = None,
    **changes: Any,
) -> Correction:
    """Move a correction by an event, with what changes beside its state, and keep the event.

    Raises OperationRefused with CORRECTION_CLOSED if the event cannot happen in this state. Call it in a transaction that has
    locked the row.
    """
    state = next_state(correction.state, event)
    if state is None:
        raise correction_closed(correction)
    return write_change(connection, correction, event, state, by=by, note=note, at=at, **changes)


def write_change(
    connection: Connection[Any],
    correction: Correction,
    event: CorrectionEvent,
    state: CorrectionState,
    *,
    by: str,
    note: str | None = None,
    at: datetime | None = None,
    **changes: Any,
) -> Correction:
    """Write a state and other columns, and keep the event. The state is the caller's to know: see `apply_event`."""
    assert changes.keys() <= CHANGEABLE
    at = at or datetime.now(UTC)
    values: Mapping[str, Any] = {**changes, "state": state, "id": correction.id}
    sets = ", ".join(f"{name} = %({name})s" for name in values if name != "id")
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        query = f"update hub.source_correction set {sets} where id = %(id)s returning {COLUMNS}"  # noqa: S608 constants
        changed = fetch_row(cursor, query, values)
    keep_event(connection, changed, event, by=by, note=note, at=at)
    if state is not correction.state:
        record_correction_change(connection, correction.id)
    return changed


def keep_event(
    connection: Connection[Any],
    correction: Correction,
    event: CorrectionEvent,
    *,
    by: str,
    note: str | None,
    at: datetime,
) -> None:
    """Add an event to the history of a correction."""
    connection.execute(
        INSERT_EVENT,
        {
            "id": correction.id,
            "at": at,
            "event": event,
            "state": correction.state,
            "due_at": correction.due_at,
            "by": by,
            "note": note,
        },
    )
