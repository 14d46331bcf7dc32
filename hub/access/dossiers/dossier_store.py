"""Dossiers in the store: opened, added to, ended, and loaded for the reads that name them.

Every function takes a psycopg connection in autocommit and raises OperationRefused for what the caller has to correct.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from psycopg import Connection, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row

from hub.access.alarms import raise_alarm
from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_rules import (
    FoundSubject,
    check_code,
    check_in_force,
    check_life,
    check_opener,
    check_roles,
    check_subjects,
    find_role,
    make_refusal,
)
from hub.access.dossiers.offices import covers_office, parse_office
from hub.access.dossiers.withdrawals import pass_on_withdrawal
from hub.access.purposes import Purpose, find_purpose
from hub.access.subjects.sealing import WITHHELD_ALARMS, find_withheld
from hub.model.registry import Entity, Registry, load_registry
from hub.store.event_outbox import record_dossier_change
from hub.store.query import fetch_row

Outcome = Literal["CLOSED", "WITHDRAWN"]
LONGEST_REASON = 500
EMERGENCY = "EMERGENCY"
"""`opened_via` of emergency access: see `hub.access.dossiers.emergencies`."""
INSERT_DOSSIER = """
insert into hub.dossier (code, purpose, purpose_version, office, opened_by, acting_app, opened_via, opened_at, expires_at,
    emergency_reason)
values (%(code)s, %(purpose)s, %(purpose_version)s, %(office)s, %(opened_by)s, %(acting_app)s, %(opened_via)s, %(now)s,
        %(expires_at)s, %(emergency_reason)s)
returning id"""
INSERT_SUBJECT = """
insert into hub.dossier_subject (dossier_id, role, entity, subject_id, field, value, added_by)
values (%s, %s, %s, %s, %s, %s, %s)"""
SELECT_DOSSIER = """
select id, code, purpose, purpose_version, office, opened_by, opened_via, opened_at, expires_at, ended_at, outcome
from hub.dossier where code = %s"""
SELECT_SUBJECTS = """
select role, entity, subject_id as number, field, value from hub.dossier_subject where dossier_id = %s order by id"""
END_DOSSIER = """
update hub.dossier set ended_at = now(), ended_by = %s, outcome = %s, reason = %s where id = %s and ended_at is null"""
LOCK_DOSSIER = "select from hub.dossier where code = %s for no key update"
NOT_FOUND = make_refusal(
    "there is no such dossier, or it is not one of your office",
    "DOSSIER_UNKNOWN",
    "check the code; a dossier is opened with openDossier",
)
"""One refusal for both: whether another office has a dossier of this code is nobody's business."""


@dataclass(frozen=True)
class NamedSubject:
    """A subject as the caller names it: by a key of its entity, or by `number`, from a global id."""

    role: str
    entity: str
    field: str | None = None
    value: str | None = None
    number: int | None = None


@dataclass(frozen=True)
class NewDossier:
    """A dossier to open."""

    code: str
    purpose: str
    office: str
    subjects: tuple[NamedSubject, ...]
    expires_at: datetime | None = None
    opened_via: Literal["MUTATION", "PUSH", "PAGE"] = "MUTATION"


@dataclass(frozen=True)
class DossierSubject:
    """A subject of a dossier. `number` is None if the hub held none of this identifier when it was added."""

    role: str
    entity: str
    number: int | None
    field: str | None
    value: str | None


@dataclass(frozen=True)
class Dossier:
    """A dossier as it is stored. `outcome` is None while nobody has ended it."""

    id: int
    code: str
    purpose: str
    purpose_version: str
    office: str
    opened_by: str
    opened_via: str
    opened_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    subjects: tuple[DossierSubject, ...]


def open_dossier(connection: Connection[Any], new: NewDossier, principal: Principal) -> Dossier:
    """Open a dossier. The same dossier sent again by the same principal is returned as it is.

    Raises OperationRefused: see `hub.access.dossiers.dossier_rules` for the codes, and DOSSIER_EXISTS.
    """
    now = datetime.now(UTC)
    code, office, purpose, expires_at = _check_new(new, principal, now)
    found = find_subjects(connection, new.subjects)
    alarm_if_withheld(connection, found, principal)
    check_subjects(purpose.declaration, found, now.date())
    row = {
        "code": code,
        "purpose": purpose.code,
        "purpose_version": purpose.version,
        "office": office,
        "opened_by": principal.id,
        "acting_app": principal.acting_app,
        "opened_via": new.opened_via,
        "now": now,
        "expires_at": expires_at,
        "emergency_reason": None,
    }
    try:
        with connection.transaction():
            insert_dossier(connection, row, found, principal)
    except UniqueViolation:
        return _same_dossier(connection, code, purpose, office, found, principal)
    made = load_dossier(connection, code)
    assert made is not None  # inserted above, and dossiers are never deleted
    return made


def look_up_new(connection: Connection[Any], new: NewDossier, principal: Principal) -> list[FoundSubject]:
    """Look up the subjects of a new dossier, after every check that does not need their data.

    Raises OperationRefused as `open_dossier` does.
    """
    _check_new(new, principal, datetime.now(UTC))
    return find_subjects(connection, new.subjects)


def _check_new(new: NewDossier, principal: Principal, now: datetime) -> tuple[str, str, Purpose, datetime]:
    """Code, office, purpose and expiry of a dossier to open."""
    code, office, purpose = check_code(new.code, now.date()), parse_office(new.office), find_purpose(new.purpose)
    check_opener(principal, purpose.declaration, office)
    check_in_force(purpose.declaration, now.date())
    check_roles(purpose.declaration, new.subjects)
    return code, office, purpose, check_life(new.expires_at, now)


def insert_dossier(
    connection: Connection[Any], row: Mapping[str, Any], found: Iterable[FoundSubject], principal: Principal
) -> int:
    """Insert a dossier that was checked, and its subjects. Returns its number. The caller has begun a transaction."""
    made = fetch_row(connection, INSERT_DOSSIER, row)
    number = int(made[0])
    insert_subjects(connection, number, found, principal)
    record_dossier_change(connection, number)
    return number


def alarm_if_withheld(connection: Connection[Any], found: Sequence[FoundSubject], principal: Principal) -> None:
    """Raise an alarm if a subject is sealed or restricted. The dossier is opened: what a read of it gives of the others can be shown."""
    held = [(subject.entity, subject.number) for subject in found if subject.number is not None]
    for kind in find_withheld(connection, held):
        raise_alarm(
            connection,
            WITHHELD_ALARMS[kind],
            principal=principal.id,
            dossier_id=None,
            details={"opening": True},
        )


def add_subjects(
    connection: Connection[Any], code: str, named: Sequence[NamedSubject], principal: Principal
) -> Dossier:
    """Add subjects to an open dossier. Raises OperationRefused as `open_dossier` does, DOSSIER_UNKNOWN, DOSSIER_ENDED."""
    dossier, purpose = _find_extendable(connection, code, named, principal)
    found = find_subjects(connection, named)
    alarm_if_withheld(connection, _leave_out_present(dossier, found), principal)
    with connection.transaction():
        # Of two who fill one role at once, the second sees the first.
        lock_dossier(connection, dossier.code)
        dossier = find_own_dossier(connection, code, principal)
        check_open(dossier, datetime.now(UTC))
        new = _leave_out_present(dossier, found)
        before = [FoundSubject(s.role, s.entity, s.number, s.field, s.value) for s in dossier.subjects]
        check_subjects(purpose.declaration, [*before, *new], datetime.now(UTC).date())
        insert_subjects(connection, dossier.id, new, principal)
        if new:
            record_dossier_change(connection, dossier.id)
    return find_own_dossier(connection, code, principal)


def look_up_added(
    connection: Connection[Any], code: str, named: Sequence[NamedSubject], principal: Principal
) -> tuple[Dossier, list[FoundSubject]]:
    """A dossier and the subjects that are to be added to it, checked as in `look_up_new`. Raises OperationRefused as `add_subjects` does."""
    dossier, _ = _find_extendable(connection, code, named, principal)
    return dossier, _leave_out_present(dossier, find_subjects(connection, named))


def lock_dossier(connection: Connection[Any], code: str) -> None:
    """Lock the dossier until the transaction ends, so that what is read of it now stays true."""
    connection.execute(LOCK_DOSSIER, (code,))


def _find_extendable(
    connection: Connection[Any], code: str, named: Sequence[NamedSubject], principal: Principal
) -> tuple[Dossier, Purpose]:
    """The dossier and its purpose, if the principal may add subjects. Nothing of a person is read for it."""
    dossier = find_own_dossier(connection, code, principal)
    check_open(dossier, datetime.now(UTC))
    if dossier.opened_via == EMERGENCY:
        raise make_refusal(
            "nobody is added to emergency access", "EMERGENCY_FORBIDDEN", "request it again for the others"
        )
    purpose = find_purpose(dossier.purpose)
    check_opener(principal, purpose.declaration, dossier.office)
    for subject in named:
        find_role(purpose.declaration, subject.role, subject.entity)
    return dossier, purpose


def _leave_out_present(dossier: Dossier, found: Iterable[FoundSubject]) -> list[FoundSubject]:
    present = {(subject.role, subject.entity, subject.number, subject.value) for subject in dossier.subjects}
    return [s for s in found if (s.role, s.entity, s.number, s.value) not in present]


def end_dossier(connection: Connection[Any], code: str, outcome: Outcome, reason: str, principal: Principal) -> Dossier:
    """Close or withdraw a dossier: no read under it is answered any more. One that has ended stays as it is.

    Raises OperationRefused with DOSSIER_UNKNOWN, DOSSIER_ENDED or BAD_USER_INPUT.
    """
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise make_refusal(
            f"the reason must have 1 to {LONGEST_REASON} characters", "BAD_USER_INPUT", "say in a sentence why"
        )
    dossier = find_own_dossier(connection, code, principal)
    check_opener(principal, find_purpose(dossier.purpose).declaration, dossier.office)
    with connection.transaction():
        is_ended = write_end(connection, dossier, outcome, reason.strip(), principal)
    if not is_ended and dossier.outcome != outcome:
        raise make_refusal(f"the dossier is already {dossier.outcome}", "DOSSIER_ENDED", "open a new dossier")
    return find_own_dossier(connection, code, principal)


def write_end(
    connection: Connection[Any], dossier: Dossier, outcome: Outcome, reason: str, principal: Principal
) -> bool:
    """End a dossier that was checked, and pass a withdrawal on; False if it has ended already. The caller has begun a transaction."""
    if connection.execute(END_DOSSIER, (principal.id, outcome, reason, dossier.id)).rowcount != 1:
        return False
    record_dossier_change(connection, dossier.id)
    if outcome == "WITHDRAWN":
        pass_on_withdrawal(connection, dossier.id, find_purpose(dossier.purpose).declaration, principal.id)
    return True


def load_dossier(connection: Connection[Any], code: str) -> Dossier | None:
    """The dossier of this code; None if there is none."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(SELECT_DOSSIER, (code.strip().upper(),)).fetchone()
        if row is None:
            return None
        subjects = cursor.execute(SELECT_SUBJECTS, (row["id"],)).fetchall()
    return Dossier(**row, subjects=tuple(DossierSubject(**subject) for subject in subjects))


def find_own_dossier(connection: Connection[Any], code: str, principal: Principal) -> Dossier:
    """The dossier of this code, of one of the principal's offices. Raises OperationRefused with DOSSIER_UNKNOWN."""
    dossier = load_dossier(connection, code)
    if dossier is None or not covers_office(principal.offices, dossier.office):
        raise NOT_FOUND
    return dossier


class HasEnd(Protocol):
    """A dossier, stored or as reads need it."""

    @property
    def outcome(self) -> str | None: ...

    @property
    def expires_at(self) -> datetime: ...


def check_open(dossier: HasEnd, now: datetime) -> None:
    """Raises OperationRefused with DOSSIER_ENDED or DOSSIER_EXPIRED if nothing may be read under it any more."""
    if dossier.outcome is not None:
        raise make_refusal(f"the dossier is {dossier.outcome}", "DOSSIER_ENDED", "open a new dossier for new work")
    if dossier.expires_at <= now:
        raise make_refusal("the dossier has expired", "DOSSIER_EXPIRED", "open a new dossier")


# --- Subjects ---------------------------------------------------------------------------------------------------------


def find_subjects(connection: Connection[Any], named: Iterable[NamedSubject]) -> list[FoundSubject]:
    """The subjects as the hub holds them, each by one index look-up."""
    known = load_registry()
    return [_find_subject(connection, known, subject) for subject in named]


def _find_subject(connection: Connection[Any], known: Registry, named: NamedSubject) -> FoundSubject:
    entity = known.entities.get(named.entity)
    if entity is None or entity.kind != "subject":
        raise make_refusal(
            f"{named.entity[:60]} is no kind of subject", "WRONG_KIND", "name a subject, such as a Citizen"
        )
    column = "id" if named.field is None else named.field
    if column != "id" and column not in {key.name for key in entity.keys}:
        raise make_refusal(f"{entity.name} is not identified by {column[:60]}", "WRONG_KIND", "use one of its keys")
    value = named.number if named.field is None else named.value
    row = connection.execute(_subject_query(entity, column), {"value": value}).fetchone()
    if row is None and named.field is None:
        raise make_refusal("an id leads to no row", "SUBJECT_UNKNOWN", "take ids from the graph, as they are")
    number, born, died = row or (None, None, None)
    adult_age = entity.person.adult_age if entity.person else None
    return FoundSubject(named.role, entity.name, number, named.field, named.value, born, died, adult_age)


def _subject_query(entity: Entity, column: str) -> sql.Composed:
    """Number, birth and death of the row that has a key, or of the row that it was merged into."""
    person = entity.person
    born, died = (sql.Identifier(person.born), sql.Identifier(person.died)) if person else (sql.NULL, sql.NULL)
    heir = sql.SQL("(select h.heir_id from link.heir h where h.subject_id = k.id)")
    return sql.SQL(
        "select t.id, {born}, {died} from data.{table} k join data.{table} t on t.id = coalesce({heir}, k.id)"
        " where k.{column} = %(value)s"
    ).format(
        born=sql.SQL("t.{}").format(born) if person else born,
        died=sql.SQL("t.{}").format(died) if person else died,
        table=sql.Identifier(entity.table),
        heir=heir if entity.duplicates else sql.NULL,
        column=sql.Identifier(column),
    )


def insert_subjects(
    connection: Connection[Any], dossier_id: int, subjects: Iterable[FoundSubject], principal: Principal
) -> None:
    """Insert subjects of a dossier that were checked."""
    with connection.cursor() as cursor:
        cursor.executemany(
            INSERT_SUBJECT,
            [(dossier_id, s.role, s.entity, s.number, s.field, s.value, principal.id) for s in subjects],
        )


def _same_dossier(
    connection: Connection[Any],
    code: str,
    purpose: Purpose,
    office: str,
    subjects: Sequence[FoundSubject],
    principal: Principal,
) -> Dossier:
    """The dossier that has this code already, if it is the one that is to be opened: a sender repeats itself."""
    present = load_dossier(connection, code)
    assert present is not None  # its code was refused as taken, and dossiers are never deleted
    wanted = {(s.role, s.entity, s.number, s.value) for s in subjects}
    held = {(s.role, s.entity, s.number, s.value) for s in present.subjects}
    same = (present.purpose, present.office, present.opened_by) == (purpose.code, office, principal.id)
    if same and wanted == held:
        return present
    raise make_refusal(
        "a dossier of this code exists already", "DOSSIER_EXISTS", "check the code; each dossier has its own"
    )
