"""Emergency access (break glass): a dossier without a case, for named people, that a second officer confirms and that soon expires.

It is a dossier with `opened_via` EMERGENCY, so permission and the ledger treat its reads like any other. It differs in four ways: the hub
makes its code, only the officer who requested it reads under it, nothing is read before another officer has confirmed it, and
nobody adds people to it. Requesting and confirming raise an alarm at once.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from hub.access.alarms import raise_alarm
from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_rules import (
    EMERGENCY_AGENCY,
    FoundSubject,
    check_opener,
    check_roles,
    check_subjects,
    make_refusal,
)
from hub.access.dossiers.dossier_store import (
    EMERGENCY,
    NOT_FOUND,
    Dossier,
    NamedSubject,
    alarm_if_withheld,
    check_open,
    end_dossier,
    find_own_dossier,
    find_subjects,
    insert_dossier,
)
from hub.access.dossiers.offices import parse_office
from hub.access.purposes import Purpose, find_purpose

CONFIRM_WITHIN = timedelta(minutes=15)
SHORTEST_REASON, LONGEST_REASON = 10, 500
CONFIRM = """
update hub.dossier set confirmed_by = %(principal)s, confirmed_at = now(), expires_at = now() + %(life)s
where id = %(id)s and confirmed_at is null and ended_at is null and expires_at > now()"""


@dataclass(frozen=True)
class EmergencyRequest:
    """Whose data an officer has to read at once, and why."""

    purpose: str
    office: str
    subjects: tuple[NamedSubject, ...]
    reason: str


def request_emergency(connection: Connection[Any], request: EmergencyRequest, principal: Principal) -> Dossier:
    """Request emergency access. Nothing can be read until another officer has confirmed it, within 15 minutes.

    Raises OperationRefused with EMERGENCY_FORBIDDEN, BAD_USER_INPUT, and as `open_dossier` does.
    """
    now = datetime.now(UTC)
    purpose, office, reason = _check_request(request, principal)
    found = find_subjects(connection, request.subjects)
    alarm_if_withheld(connection, found, principal)
    check_subjects(purpose.declaration, found, now.date())
    code = f"{EMERGENCY_AGENCY}-{now:%y%m%d}-{secrets.randbelow(10**12):012}"
    row = {
        "code": code,
        "purpose": purpose.code,
        "purpose_version": purpose.version,
        "office": office,
        "opened_by": principal.id,
        "acting_app": principal.acting_app,
        "opened_via": EMERGENCY,
        "now": now,
        "expires_at": now + CONFIRM_WITHIN,
        "emergency_reason": reason,
    }
    with connection.transaction():
        number = insert_dossier(connection, row, found, principal)
        told = {"purpose": purpose.code, "office": office, "subjects": len(found)}
        raise_alarm(connection, "EMERGENCY_REQUESTED", principal=principal.id, dossier_id=number, details=told)
    return find_own_dossier(connection, code, principal)


def look_up_emergency(
    connection: Connection[Any], request: EmergencyRequest, principal: Principal
) -> list[FoundSubject]:
    """Look up the people of a request, after every check that does not need their data. Raises as `request_emergency` does."""
    _check_request(request, principal)
    return find_subjects(connection, request.subjects)


def _check_request(request: EmergencyRequest, principal: Principal) -> tuple[Purpose, str, str]:
    """Purpose, office and reason of a request."""
    purpose, office = find_purpose(request.purpose), parse_office(request.office)
    _check_person(principal)
    if not purpose.declaration.break_glass:
        raise make_refusal(
            f"{purpose.code} has no emergency access",
            "EMERGENCY_FORBIDDEN",
            "open a dossier, or use a purpose that allows it",
        )
    check_opener(principal, purpose.declaration, office)
    reason = request.reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise make_refusal(
            f"the reason must have {SHORTEST_REASON} to {LONGEST_REASON} characters",
            "BAD_USER_INPUT",
            "say what happened and why it cannot wait; no personal data",
        )
    check_roles(purpose.declaration, request.subjects)
    return purpose, office, reason


def confirm_emergency(connection: Connection[Any], code: str, minutes: int, principal: Principal) -> Dossier:
    """Confirm an emergency that another officer has requested: it can be read under for `minutes` from now on.

    It is confirmed once: confirming it again does not make it longer. Raises OperationRefused with DOSSIER_UNKNOWN,
    DOSSIER_ENDED, DOSSIER_EXPIRED, SECOND_PERSON_NEEDED, EMERGENCY_CONFIRMED, FORBIDDEN.
    """
    dossier = _find_emergency(connection, code, principal)
    check_open(dossier, datetime.now(UTC))
    _check_person(principal)
    check_opener(principal, find_purpose(dossier.purpose).declaration, dossier.office)
    if principal.id == dossier.opened_by:
        raise make_refusal(
            "who requested emergency access cannot confirm it",
            "SECOND_PERSON_NEEDED",
            "ask another officer of your office to confirm it",
        )
    with connection.transaction():
        values = {"principal": principal.id, "life": timedelta(minutes=minutes), "id": dossier.id}
        if connection.execute(CONFIRM, values).rowcount != 1:
            raise make_refusal(
                "the emergency access is confirmed already, or its time is over",
                "EMERGENCY_CONFIRMED",
                "request it again if it is still needed",
            )
        told = {"requested_by": dossier.opened_by, "minutes": minutes}
        raise_alarm(connection, "EMERGENCY_CONFIRMED", principal=principal.id, dossier_id=dossier.id, details=told)
    return find_own_dossier(connection, code, principal)


def end_emergency(connection: Connection[Any], code: str, reason: str, principal: Principal) -> Dossier:
    """End emergency access before its time is over. Raises OperationRefused as `end_dossier` does."""
    _find_emergency(connection, code, principal)
    return end_dossier(connection, code, "CLOSED", reason, principal)


def _find_emergency(connection: Connection[Any], code: str, principal: Principal) -> Dossier:
    dossier = find_own_dossier(connection, code, principal)
    if dossier.opened_via != EMERGENCY:
        raise NOT_FOUND
    return dossier


def _check_person(principal: Principal) -> None:
    if not principal.is_person:
        raise make_refusal(
            "emergency access is for people, not for apps",
            "EMERGENCY_FORBIDDEN",
            "the officer signs in and requests it",
        )
