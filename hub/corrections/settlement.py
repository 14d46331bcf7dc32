"""Settling: whether the sources show the claimed values by now. A correction closes by itself, or opens again.

The cost is that of the corrections, not of a sync: for each one that is watched, its row is found by primary key, and only rows
with another version than the one compared last are compared. Nothing is added to the merge, and no change is missed, also none
of a first load, which the feed of changes does not tell row by row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row

from hub.corrections.claims import CorrectableField, DisputedValue, judge_record, judge_value, list_fields
from hub.corrections.records import Correction, apply_event, load_correction
from hub.corrections.terms import find_terms
from hub.corrections.transitions import CorrectionEvent
from hub.model.correction_states import UNSETTLED, CorrectionState
from hub.model.registry import Linked, Registry, load_registry
from hub.model.tables import ACCEPTED

RELAPSE_DAYS = 90
"""For this long a resolved value is watched for the wrong one to come back, as after a restored backup."""
BATCH = 500
BY = "run:settle"
WATCHED = (
    "(c.forgotten_at is null and (c.state = any(%(unsettled)s)"
    " or c.state = 'RESOLVED' and c.closed_at > now() - %(relapse)s * interval '1 day'"
    # Someone has asked again already.
    " and not exists (select from hub.source_correction n where n.state = any(%(unsettled)s) and (n.record_entity, n.record_id, n.field,"
    " n.claim_key) = (c.record_entity, c.record_id, c.field, c.claim_key))))"
)


@dataclass(frozen=True)
class SettlingCounts:
    """How many corrections were compared, and what followed."""

    compared: int = 0
    resolved: int = 0
    reopened: int = 0


@dataclass(frozen=True)
class ShownValue:
    """What the source shows now at the place of a correction. `record_id` is the row's, which a source can have replaced."""

    id: int
    record_id: int
    value: str | None
    version: datetime | None
    appeared: bool = False


def settle_corrections(connection: Connection[Any]) -> SettlingCounts:
    """Compare every watched correction whose row has changed. Each change is a transaction of its own. Takes a connection in autocommit."""
    known, events = load_registry(), []
    for entity, path in _list_places(connection):
        field = list_fields(known[entity]).get(path) if entity in known.entities else None
        if field is None:  # the vocabulary has lost it since
            continue
        events += [_settle(connection, field, shown) for shown in find_shown(connection, known, field)]
    resolved = events.count(CorrectionEvent.RESOLVE)
    return SettlingCounts(len(events), resolved, sum(event is not None for event in events) - resolved)


def _list_places(connection: Connection[Any]) -> list[tuple[str, str]]:
    query = f"select distinct c.record_entity, c.field from hub.source_correction c where {WATCHED} order by 1, 2"  # noqa: S608 constants
    return [(str(entity), str(path)) for entity, path in connection.execute(query, _watch_parameters()).fetchall()]


def _watch_parameters() -> dict[str, Any]:
    return {"unsettled": sorted(UNSETTLED), "relapse": RELAPSE_DAYS}


def find_shown(connection: Connection[Any], known: Registry, field: CorrectableField) -> Iterator[ShownValue]:
    """What the source shows at the places of one field whose row has changed, or whose missing record has appeared."""
    query = _missing_query(known, field) if field.backlink else _value_query(field)
    values = {**_watch_parameters(), "entity": field.entity.name, "field": field.path, "most": BATCH, "after": 0}
    while True:
        with connection.cursor(row_factory=class_row(ShownValue)) as cursor:
            found = cursor.execute(query, values).fetchall()
        yield from found
        if len(found) < BATCH:
            return
        values["after"] = found[-1].id


def _value_query(field: CorrectableField) -> sql.Composed:
    """Rows with another version. A row that its source deleted and gave again under the same key is the same row."""
    assert field.column is not None
    return sql.SQL(
        "select c.id, t.id as record_id, t.{column}::text as value, t.sys_from as version"  # noqa: S608 constants
        " from hub.source_correction c join {table} t on t.id = coalesce("
        "  (select o.id from {table} o where o.id = c.record_id),"
        "  (select n.id from {table} n where n.stream_id = c.stream_id and n.source_key = c.source_key))"
        f" where {WATCHED} and c.record_entity = %(entity)s and c.field = %(field)s"
        " and t.sys_from is distinct from c.compared_from and c.id > %(after)s order by c.id limit %(most)s"
    ).format(column=sql.Identifier(field.column.name), table=sql.Identifier("data", field.entity.table))


def _missing_query(known: Registry, field: CorrectableField) -> sql.Composed:
    """Subjects in whose list a record of this source has appeared since the correction was opened, or was linked since."""
    assert field.backlink is not None
    end = known.end(field.backlink)
    target = sql.Identifier("data", known[field.backlink.target].table)
    if isinstance(end, Linked):
        heir = "coalesce((select h.heir_id from link.heir h where h.subject_id = c.record_id), c.record_id)"
        rows = sql.SQL(
            f"select from {{link}} l join {{target}} t on t.id = l.record_id join hub.stream s on s.id = t.stream_id"
            f" where l.subject_id = {heir} and l.{ACCEPTED} and s.connector = c.connector"
            " and (t.first_seen > c.opened_at or l.sys_from > c.opened_at)"
        ).format(link=sql.Identifier("link", end.table), target=target)
    else:
        rows = sql.SQL(
            "select from {target} t join hub.stream s on s.id = t.stream_id join {own} o on t.{column} = o.{key}"
            " where o.id = c.record_id and s.connector = c.connector and t.first_seen > c.opened_at"
        ).format(
            target=target,
            own=sql.Identifier("data", field.entity.table),
            column=sql.Identifier(end.column.name),
            key=sql.Identifier(end.target_column),
        )
    return sql.SQL(
        "select c.id, c.record_id, null::text as value, null::timestamptz as version, true as appeared from hub.source_correction c"  # noqa: S608 constants
        f" where {WATCHED} and c.state <> 'RESOLVED' and c.record_entity = %(entity)s and c.field = %(field)s"
        " and c.id > %(after)s and exists ({rows}) order by c.id limit %(most)s"
    ).format(rows=rows)


def _settle(connection: Connection[Any], field: CorrectableField, shown: ShownValue) -> CorrectionEvent | None:
    """Compare one correction, and keep what follows. Returns the event."""
    with connection.transaction():
        found = load_correction(connection, shown.id, for_change=True)
        event = _judge(field, found, shown)
        seen: dict[str, Any] = {"compared_from": shown.version, "record_id": shown.record_id}
        if event is None:
            connection.execute(
                "update hub.source_correction set compared_from = %(compared_from)s, record_id = %(record_id)s where id = %(id)s",
                {**seen, "id": found.id},
            )
            return None
        now = datetime.now(UTC)
        changes = _resolve(now) if event is CorrectionEvent.RESOLVE else _ask_again(found, shown, now)
        apply_event(connection, found, event, by=BY, at=now, **seen, **changes)
    return event


def _judge(field: CorrectableField, found: Correction, shown: ShownValue) -> CorrectionEvent | None:
    if found.state is CorrectionState.WITHDRAWN:  # meanwhile
        return None
    if field.column is None:
        return judge_record(found.state, appeared=shown.appeared)
    return judge_value(field.column.value, DisputedValue(found.state, found.held, found.claimed), shown.value)


def _resolve(now: datetime) -> dict[str, Any]:
    return {"closed_at": now, "to_send": None, "remind_at": None, "failure": None}


def _ask_again(found: Correction, shown: ShownValue, now: datetime) -> dict[str, Any]:
    """The source is asked again, with a deadline of its own, unless it was never told of the old value."""
    terms = find_terms(found.connector)
    due = found.due_at if found.state is CorrectionState.OPEN else terms.compute_due(now)
    sent = "REQUEST" if terms.is_sent else None
    return {
        "held": shown.value, "closed_at": None, "due_at": due, "remind_at": due, "to_send": sent, "next_try_at": now,
        "attempts": 0, "failure": None,
    }  # fmt: skip
