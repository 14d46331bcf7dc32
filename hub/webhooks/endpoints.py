"""Endpoints: the systems that get events. Registered, listed and removed on the command line."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from hub.access.dossiers.offices import parse_office
from hub.access.purposes import find_purpose
from hub.errors import OperationRefused
from hub.store.event_outbox import EVENT_KINDS
from hub.webhooks.addresses import check_url

MAX_ENDPOINTS, MAX_NAME_CHARS, MAX_FILTERS, MAX_LISTED = 100, 100, 500, 500
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
INSERT = """
insert into hub.webhook_endpoint (id, name, url, kinds, procedures, offices, created_by)
select %(id)s, %(name)s, %(url)s, %(kinds)s, %(procedures)s, %(offices)s, %(by)s
where (select count(*) from hub.webhook_endpoint where removed_at is null) < %(most)s"""
SELECT = """
select w.id, w.name, w.url, w.kinds, w.procedures, w.offices, w.created_at, w.removed_at,
    (select count(*) from hub.webhook_delivery d where d.endpoint_id = w.id and d.state = 'WAITING') as waiting,
    (select count(*) from hub.webhook_delivery d where d.endpoint_id = w.id and d.state = 'DEAD') as dead
from hub.webhook_endpoint w"""
REMOVE = "update hub.webhook_endpoint set removed_at = now() where id = %s and removed_at is null"
DROP_WAITING = "delete from hub.webhook_delivery where endpoint_id = %s and state <> 'DELIVERED'"
SELECT_DELIVERIES = """
select e.message_id::text, d.endpoint_id, e.kind, e.at, e.dossier_code, e.state as said, d.state, d.attempts, d.failure,
    case d.state when 'WAITING' then d.next_try_at end as next_try_at, d.ended_at
from hub.webhook_delivery d join hub.event e on e.id = d.event_id
where (%(endpoint)s::text is null or d.endpoint_id = %(endpoint)s) and (%(state)s::text is null or d.state = %(state)s)
order by d.event_id desc, d.endpoint_id limit %(most)s"""
RETRY = """
update hub.webhook_delivery set state = 'WAITING', attempts = 0, next_try_at = now(), ended_at = null
where endpoint_id = %s and state = 'DEAD'"""


@dataclass(frozen=True)
class WebhookEndpoint:
    """A receiver as it is stored; empty `procedures` and `offices` stand for all."""

    id: str
    name: str
    url: str
    kinds: list[str]
    procedures: list[str]
    offices: list[str]
    created_at: datetime
    removed_at: datetime | None
    waiting: int
    dead: int


@dataclass(frozen=True)
class NewEndpoint:
    """A receiver to register."""

    name: str
    url: str
    kinds: Sequence[str] = EVENT_KINDS
    procedures: Sequence[str] = ()
    offices: Sequence[str] = ()


@dataclass(frozen=True)
class DeliveryRow:
    """What became of one event for one receiver. `said` is the state that the event tells."""

    message_id: str
    endpoint_id: str
    kind: str
    at: datetime
    dossier_code: str | None
    said: str
    state: str
    attempts: int
    failure: str | None
    next_try_at: datetime | None
    ended_at: datetime | None


def add_endpoint(connection: Connection[Any], new: NewEndpoint, by: str) -> str:
    """Register a receiver. Returns its id. Raises OperationRefused, AddressRefused."""
    if not (0 < len(new.name) <= MAX_NAME_CHARS and new.name.isprintable()):
        raise OperationRefused(
            f"the name must have 1 to {MAX_NAME_CHARS} printable characters", next_step="name the system"
        )
    unknown = sorted(set(new.kinds) - set(EVENT_KINDS))
    if unknown or not new.kinds:
        raise OperationRefused(
            f"{unknown[0][:60] if unknown else 'nothing'} is no kind of event",
            next_step=f"use some of {', '.join(EVENT_KINDS)}",
        )
    if max(len(new.procedures), len(new.offices)) > MAX_FILTERS:
        raise OperationRefused(f"more than {MAX_FILTERS} procedures or offices", next_step="leave them out, for all")
    values = {
        "id": "hook-" + "".join(secrets.choice(ALPHABET) for _ in range(8)),
        "name": new.name,
        "url": str(check_url(new.url)),
        "kinds": sorted(set(new.kinds)),
        "procedures": sorted({find_purpose(code).code for code in new.procedures}),
        "offices": sorted({parse_office(office) for office in new.offices}),
        "by": by,
        "most": MAX_ENDPOINTS,
    }
    if connection.execute(INSERT, values).rowcount != 1:
        raise OperationRefused(
            f"there are {MAX_ENDPOINTS} receivers already", next_step="remove one that is not used: hub webhooks remove"
        )
    return str(values["id"])


def find_endpoint(connection: Connection[Any], identifier: str) -> WebhookEndpoint:
    """The receiver of this id that was not removed. Raises OperationRefused."""
    with connection.cursor(row_factory=class_row(WebhookEndpoint)) as cursor:
        found = cursor.execute(f"{SELECT} where w.id = %s and w.removed_at is null", (identifier,)).fetchone()
    if found is None:
        raise _unknown_endpoint()
    return found


def list_endpoints(connection: Connection[Any], *, every: bool = False) -> list[WebhookEndpoint]:
    """Receivers, newest first; `every` includes those that were removed."""
    only = "" if every else " where w.removed_at is null"
    with connection.cursor(row_factory=class_row(WebhookEndpoint)) as cursor:
        return cursor.execute(f"{SELECT}{only} order by w.created_at desc, w.id limit {MAX_LISTED}").fetchall()


def remove_endpoint(connection: Connection[Any], identifier: str) -> int:
    """Remove a receiver, and drop what waits for it. Returns how many deliveries that were. Raises OperationRefused."""
    with connection.transaction():
        if connection.execute(REMOVE, (identifier,)).rowcount != 1:
            raise _unknown_endpoint()
        return connection.execute(DROP_WAITING, (identifier,)).rowcount


def list_deliveries(
    connection: Connection[Any], endpoint: str | None, state: str | None, limit: int
) -> list[DeliveryRow]:
    """What became of events, newest first; at most MAX_LISTED."""
    values = {"endpoint": endpoint, "state": state, "most": max(0, min(limit, MAX_LISTED))}
    with connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        return cursor.execute(SELECT_DELIVERIES, values).fetchall()


def retry_dead(connection: Connection[Any], identifier: str) -> int:
    """Requeue the deliveries given up for a receiver. Returns their number. Raises OperationRefused."""
    find_endpoint(connection, identifier)
    return connection.execute(RETRY, (identifier,)).rowcount


def _unknown_endpoint() -> OperationRefused:
    return OperationRefused("there is no such receiver", code="ENDPOINT_UNKNOWN", next_step="see `hub webhooks list`")
