"""Opening corrections, withdrawing them, and what sources decide about them.

Who may do it is checked by the callers: `hub.graph.procedures.corrections` for requests, the database's credentials for the command line.
Every function takes a psycopg connection in autocommit.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from psycopg import Connection, sql
from psycopg.rows import class_row

from hub.corrections.claims import CorrectableField, check_claim, find_field, is_same, normalise_claim
from hub.corrections.records import COLUMNS, Correction, apply_event, keep_event, load_correction
from hub.corrections.terms import find_terms
from hub.corrections.transitions import CorrectionEvent
from hub.errors import OperationRefused
from hub.model.correction_states import CorrectionState
from hub.model.registry import Registry, load_registry
from hub.store.event_outbox import record_correction_change
from hub.store.query import render_has_rows

Origin = Literal["ANSWER", "DISCREPANCY", "CITIZEN"]
LONGEST_REASON = 500
MAX_OPEN_BY_DOSSIER = 100
UNSEEN: Any = object()
INSERT = f"""
insert into hub.source_correction (record_entity, record_id, field, held, claimed, claim_key, reason, origin, connector, stream_id,
    source_key, purpose, dossier_id, opened_by, acting_app, opened_at, state, due_at, compared_from, to_send, next_try_at,
    remind_at)
values (%(record_entity)s, %(record_id)s, %(field)s, %(held)s, %(claimed)s, %(claim_key)s, %(reason)s, %(origin)s, %(connector)s,
    %(stream_id)s, %(source_key)s, %(purpose)s, %(dossier_id)s, %(opened_by)s, %(acting_app)s, %(opened_at)s, 'OPEN', %(due_at)s,
    %(compared_from)s, %(to_send)s, %(opened_at)s, %(due_at)s)
on conflict (record_entity, record_id, field, claim_key)
    where state in ('OPEN', 'SENT', 'ACKNOWLEDGED', 'REFUSED', 'REOPENED') do nothing
returning {COLUMNS}"""  # noqa: S608 constants
SELECT_SAME = f"""
select {COLUMNS} from hub.source_correction
where (record_entity, record_id, field, claim_key) = (%(record_entity)s, %(record_id)s, %(field)s, %(claim_key)s)
  and state in ('OPEN', 'SENT', 'ACKNOWLEDGED', 'REFUSED', 'REOPENED')"""  # noqa: S608 constants
SELECT_DISCREPANCY = """
select d.held from link.discrepancy d
where d.record_entity = %s and d.record_id = %s and d.record_field = %s and d.sys_to is null
order by d.id desc limit 1"""


@dataclass(frozen=True)
class Asker:
    """Who asks for a correction, and for what."""

    id: str
    acting_app: str | None = None
    purpose: str | None = None
    dossier_id: int | None = None


@dataclass(frozen=True)
class CorrectionRequest:
    """A correction to open.

    `entity` and `number` name the record; of a missing record, the subject whose list `field` lacks it. `claimed` is None if the
    field should be empty. `seen` is the value that the asker saw, to be refused if it has changed since. `connector` is needed
    only for a missing record that several sources could hold.
    """

    entity: str
    number: int
    field: str
    claimed: str | None
    reason: str
    origin: Origin = "ANSWER"
    seen: str | None = UNSEEN
    connector: str | None = None


@dataclass(frozen=True)
class HeldPlace:
    """What the store holds at the place of a correction, and which source owns it."""

    held: str | None
    connector: str
    stream_id: int | None
    source_key: str | None
    version: datetime | None


def open_correction(connection: Connection[Any], request: CorrectionRequest, asker: Asker) -> Correction:
    """Open a correction. The same claim again is the same correction, whoever makes it.

    Raises OperationRefused with WRONG_KIND, CORRECTION_FIELD_UNKNOWN, CLAIM_INVALID, CLAIM_HELD, VALUE_CHANGED, RECORD_NOT_FOUND,
    SOURCE_UNCLEAR, TOO_MANY_CORRECTIONS or BAD_USER_INPUT.
    """
    known = load_registry()
    field = find_correctable(known, request.entity, request.field)
    claimed, reason = check_claim(field, request.claimed), check_reason(request.reason)
    place = find_place(connection, known, field, request)
    _check_against_held(field, request, claimed, place.held)
    _check_count(connection, asker)
    now, terms = datetime.now(UTC), find_terms(place.connector)
    values = {
        "record_entity": field.entity.name,
        "record_id": request.number,
        "field": field.path,
        "held": place.held,
        "claimed": claimed,
        "claim_key": _digest_claim(field, claimed),
        "reason": reason,
        "origin": request.origin,
        "connector": place.connector,
        "stream_id": place.stream_id,
        "source_key": place.source_key,
        "purpose": asker.purpose,
        "dossier_id": asker.dossier_id,
        "opened_by": asker.id,
        "acting_app": asker.acting_app,
        "opened_at": now,
        "due_at": terms.compute_due(now),
        "compared_from": place.version,
        "to_send": "REQUEST" if terms.is_sent else None,
    }
    with connection.transaction(), connection.cursor(row_factory=class_row(Correction)) as cursor:
        made = cursor.execute(INSERT, values).fetchone()
        if made is not None:
            keep_event(connection, made, CorrectionEvent.OPEN, by=asker.id, note=None, at=now)
            record_correction_change(connection, made.id)
            return made
        same = cursor.execute(SELECT_SAME, values).fetchone()
    if same is None:
        raise OperationRefused(
            "the same correction was just closed",
            code="CORRECTION_CLOSED",
            next_step="look at the value, and ask again",
        )
    return same


def claim_of_discrepancy(connection: Connection[Any], entity: str, number: int, path: str) -> str | None:
    """The value that the authority holds where a copy differs from it. Raises OperationRefused with NO_DISCREPANCY."""
    field = find_correctable(load_registry(), entity, path)
    column = field.column.name if field.column else ""
    row = connection.execute(SELECT_DISCREPANCY, (field.entity.name, number, column)).fetchone()
    if row is None:
        raise OperationRefused(
            "this field of the record has no discrepancy that stands",
            code="NO_DISCREPANCY",
            next_step="give the value that it should have as `claimed`",
        )
    found: str | None = row[0]
    return found


def withdraw_correction(connection: Connection[Any], number: int, *, by: str, reason: str) -> Correction:
    """Take a correction back. A source that was told of it is told of this, too.

    Raises OperationRefused with CORRECTION_UNKNOWN, CORRECTION_CLOSED or BAD_USER_INPUT.
    """
    note = check_reason(reason)
    with connection.transaction():
        found = load_correction(connection, number, for_change=True)
        if found.state is CorrectionState.WITHDRAWN:
            return found
        now = datetime.now(UTC)
        told = "WITHDRAWAL" if found.sent_at and find_terms(found.connector).is_sent else None
        return apply_event(
            connection, found, CorrectionEvent.WITHDRAW, by=by, note=note, at=now, closed_at=now,
            to_send=told, next_try_at=now, attempts=0, failure=None, remind_at=None,
        )  # fmt: skip


def decide_correction(
    connection: Connection[Any], number: int, *, accepted: bool, by: str, answer: str | None = None
) -> Correction:
    """Keep what the source says: that it works on it, or why its value is right. The same answer again changes nothing.

    Raises OperationRefused with CORRECTION_UNKNOWN, CORRECTION_CLOSED or BAD_USER_INPUT (a refusal needs an answer).
    """
    note = check_reason(answer or "") if not accepted or answer else None
    event = CorrectionEvent.ACKNOWLEDGE if accepted else CorrectionEvent.REFUSE
    with connection.transaction():
        found = load_correction(connection, number, for_change=True)
        wanted = CorrectionState.ACKNOWLEDGED if accepted else CorrectionState.REFUSED
        if found.state is wanted and found.answer == note:
            return found
        now = datetime.now(UTC)
        # An answered request need not be sent any more.
        sent = {"to_send": None, "attempts": 0, "failure": None, "sent_at": found.sent_at or now}
        return apply_event(
            connection, found, event, by=by, note=note, at=now, decided_at=now, decided_by=by, answer=note, **sent
        )


def check_reason(text: str) -> str:
    """A sentence without white space around it. Raises OperationRefused with BAD_USER_INPUT."""
    reason = text.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise OperationRefused(
            f"the reason must have 1 to {LONGEST_REASON} characters",
            code="BAD_USER_INPUT",
            next_step="say in a sentence why",
        )
    return reason


def find_correctable(known: Registry, entity: str, path: str) -> CorrectableField:
    """The field of an entity. Raises OperationRefused with WRONG_KIND or CORRECTION_FIELD_UNKNOWN."""
    if entity not in known.entities:
        raise OperationRefused("an id is not one of a record", code="WRONG_KIND", next_step="take ids from the graph")
    return find_field(known[entity], path)


def find_place(
    connection: Connection[Any], known: Registry, field: CorrectableField, request: CorrectionRequest
) -> HeldPlace:
    """The value held at the place of a request. Raises OperationRefused with RECORD_NOT_FOUND or SOURCE_UNCLEAR."""
    value = sql.SQL("t.{}::text").format(sql.Identifier(field.column.name)) if field.column else sql.SQL("null::text")
    row = connection.execute(
        sql.SQL(
            "select {value}, s.connector, t.stream_id, t.source_key, t.sys_from"
            " from {table} t join hub.stream s on s.id = t.stream_id where t.id = %s"
        ).format(value=value, table=sql.Identifier("data", field.entity.table)),
        (request.number,),
    ).fetchone()
    if row is None:
        raise OperationRefused(
            "the hub holds no such record", code="RECORD_NOT_FOUND", next_step="take ids from the graph, as they are"
        )
    if field.backlink is None:
        return HeldPlace(*row)
    return HeldPlace(None, _find_owner(connection, known, field, request.connector), None, None, None)


def _find_owner(connection: Connection[Any], known: Registry, field: CorrectableField, wanted: str | None) -> str:
    """The source that should hold a missing record: one that has given records of this kind."""
    assert field.backlink is not None
    query = sql.SQL(
        f"select distinct s.connector from hub.stream s where {render_has_rows('{table}', 's.id')} order by 1"  # noqa: S608 constants
    ).format(table=sql.Identifier("data", known[field.backlink.target].table))
    owners = [str(row[0]) for row in connection.execute(query).fetchall()]
    if wanted is not None and wanted in owners:
        return wanted
    if wanted is None and len(owners) == 1:
        return owners[0]
    raise OperationRefused(
        f"which source should hold the missing {field.backlink.target} is not clear",
        code="SOURCE_UNCLEAR",
        next_step=f"give `source`, one of: {', '.join(owners) or 'none has been read yet'}",
    )


def _digest_claim(field: CorrectableField, claimed: str | None) -> str:
    """What two spellings of one claim have in common, without telling it."""
    same = normalise_claim(field.column.value, claimed) if field.column else claimed
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()


def _check_against_held(
    field: CorrectableField, request: CorrectionRequest, claimed: str | None, held: str | None
) -> None:
    if field.column is None:
        return
    kind = field.column.value
    if request.seen is not UNSEEN and not is_same(kind, request.seen, held):
        raise OperationRefused(
            "the value has changed since it was read", code="VALUE_CHANGED", next_step="read it again, and then decide"
        )
    if is_same(kind, claimed, held):
        raise OperationRefused(
            "the source holds this value already",
            code="CLAIM_HELD",
            next_step="read the value again; spelling, spaces and the place of tone marks make no difference",
        )


def _check_count(connection: Connection[Any], asker: Asker) -> None:
    if asker.dossier_id is None:
        return
    row = connection.execute(
        "select count(*) from hub.source_correction where dossier_id = %s and closed_at is null", (asker.dossier_id,)
    ).fetchone()
    if row is not None and row[0] >= MAX_OPEN_BY_DOSSIER:
        raise OperationRefused(
            f"the dossier has {MAX_OPEN_BY_DOSSIER} open corrections already",
            code="TOO_MANY_CORRECTIONS",
            next_step="wait for the sources, or withdraw those that are not needed",
        )
