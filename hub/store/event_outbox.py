"""The outbox of events: what changed is written in the transaction that changes it, and with it whom to tell.

An event has codes and a state, and nothing of a person. An endpoint that is registered later gets no earlier events.
"""

from typing import Any

from psycopg import Connection

DOSSIER_CHANGED, CORRECTION_CHANGED, DEPENDENT_WITHDRAWN = "dossierChanged", "correctionChanged", "dependentWithdrawn"
SELECT_DEPENDENTS = """
select e.dependent, count(d.endpoint_id)
from hub.event e left join hub.webhook_delivery d on d.event_id = e.id
where e.dossier_code = %s and e.kind = 'dependentWithdrawn'
group by e.id order by e.id"""
EVENT_CHANNEL = "hub_events"
"""Readers of the outbox are woken by a notification: they hear of an event when its transaction commits."""
EVENT_KINDS = (DOSSIER_CHANGED, CORRECTION_CHANGED, DEPENDENT_WITHDRAWN)
DELIVER = """
    insert into hub.webhook_delivery (event_id, endpoint_id)
    select made.id, w.id
    from made
    join hub.webhook_endpoint w on w.removed_at is null and made.kind = any(w.kinds)
        and (w.procedures = '{}' or made.procedure = any(w.procedures))
        and (w.offices = '{}' or made.office = any(w.offices))
    returning endpoint_id"""
RECORD_OF_DOSSIER = f"""
with made as (
    insert into hub.event (kind, dossier_code, procedure, office, state, dependent)
    select %(kind)s, d.code, d.purpose, d.office, coalesce(d.outcome, 'OPEN'), %(dependent)s
    from hub.dossier d
    where d.id = %(dossier)s and d.opened_via <> 'EMERGENCY'
    returning id, kind, procedure, office
){DELIVER}"""  # noqa: S608 constants
RECORD_OF_CORRECTION = f"""
with made as (
    insert into hub.event (kind, dossier_code, procedure, office, state, correction_id)
    select %(kind)s, d.code, c.purpose, d.office, c.state, c.id
    from hub.source_correction c
    left join hub.dossier d on d.id = c.dossier_id
    where c.id = %(correction)s
    returning id, kind, procedure, office
){DELIVER}"""  # noqa: S608 constants


def record_dossier_change(connection: Connection[Any], dossier: int) -> None:
    """Record that a dossier was opened, extended or ended. Emergency access is told by alarms, and is no event.

    Call it in the transaction of the change, after it.
    """
    values = {"kind": DOSSIER_CHANGED, "dossier": dossier, "dependent": None}
    connection.execute(RECORD_OF_DOSSIER, values)
    connection.execute("select pg_notify(%s, '')", (EVENT_CHANNEL,))


def record_dependent_withdrawal(connection: Connection[Any], dossier: int, dependent: str) -> int:
    """Record that what depends on a dossier has lost its ground. Returns how many endpoints are told. Call it as the function above."""
    values = {"kind": DEPENDENT_WITHDRAWN, "dossier": dossier, "dependent": dependent}
    return connection.execute(RECORD_OF_DOSSIER, values).rowcount


def list_dependent_withdrawals(connection: Connection[Any], dossier_code: str) -> list[tuple[str, int]]:
    """The dependents that were told that a dossier was withdrawn, and by how many endpoints; empty once events are pruned."""
    return [(str(code), int(told)) for code, told in connection.execute(SELECT_DEPENDENTS, (dossier_code,)).fetchall()]


def record_correction_change(connection: Connection[Any], correction: int) -> None:
    """Record that a correction has another state. Call it in the transaction of the change, after it."""
    connection.execute(RECORD_OF_CORRECTION, {"kind": CORRECTION_CHANGED, "correction": correction})
