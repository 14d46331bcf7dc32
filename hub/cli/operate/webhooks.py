"""`hub webhooks`: systems that are told what changes. Nothing here is personal data: events have codes and states."""

import asyncio
import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import uuid4

import cyclopts
from cyclopts import Parameter

from hub.cli.options import Json
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import SourceUnavailable
from hub.settings import load_settings
from hub.store.event_outbox import EVENT_KINDS
from hub.webhooks.delivery_signatures import describe_public_key
from hub.webhooks.endpoints import (
    NewEndpoint,
    WebhookEndpoint,
    add_endpoint,
    find_endpoint,
    list_deliveries,
    list_endpoints,
    remove_endpoint,
    retry_dead,
)
from hub.webhooks.messages import TEST_KIND, EventMessage
from hub.webhooks.poster import load_poster

app = cyclopts.App(name="webhooks")
Endpoint = Annotated[str, Parameter(help="The id that `hub webhooks list` shows.")]
DeliveryState = Literal["WAITING", "DELIVERED", "DEAD"]
COLUMNS = ("id", "name", "address", "events", "procedures", "offices", "waiting", "dead", "removed")
DELIVERY_COLUMNS = ("event", "receiver", "kind", "at", "dossier", "said", "delivery", "tries", "next try", "failure")


@app.command(name="add")
def add_command(
    name: str,
    url: str,
    *,
    event: Annotated[list[str] | None, Parameter(negative=())] = None,
    procedure: Annotated[list[str] | None, Parameter(negative=())] = None,
    office: Annotated[list[str] | None, Parameter(negative=())] = None,
) -> None:
    """Register a receiver of events. Prints its id, and the public key that it checks signatures with.

    Parameters
    ----------
    name
        The system and who runs it.
    url
        Where events are posted to: https, or http to this machine.
    event
        Only events of this kind: dossierChanged, correctionChanged or dependentWithdrawn. Repeat it for several.
    procedure
        Only events of this procedure. Repeat it for several.
    office
        Only events of dossiers of this office, e.g. 06820@2025-07-01. Repeat it for several.
    """
    settings = load_settings()
    key = load_poster(settings).key
    new = NewEndpoint(name, url, event or EVENT_KINDS, procedure or (), office or ())
    with connect_to_store(settings) as connection:
        made = add_endpoint(connection, new, getpass.getuser())
    OUT.print(made)
    OUT.print(f"public key: {describe_public_key(key)}")


@app.command(name="list")
def list_command(*, all: bool = False, json: Json = False) -> None:
    """List receivers, newest first, with how many events wait for each and how many were given up.

    Parameters
    ----------
    all
        Include those that were removed.
    """
    with connect_to_read(load_settings()) as connection:
        found = list_endpoints(connection, every=all)
    if json:
        show_json([asdict(one) for one in found])
    else:
        show_table("Receivers of events", COLUMNS, [_describe_endpoint(one) for one in found])


@app.command(name="remove")
def remove_command(endpoint: Endpoint) -> None:
    """Remove a receiver. What waits for it is dropped."""
    with connect_to_store(load_settings()) as connection:
        dropped = remove_endpoint(connection, endpoint)
    OUT.print(f"removed {endpoint}; {dropped:,} deliveries dropped")


@app.command(name="test")
def test_command(endpoint: Endpoint) -> None:
    """Post an event of the kind `test` to a receiver now, once, and say what it answers."""
    settings = load_settings()
    poster = load_poster(settings)
    with connect_to_read(settings) as connection:
        found = find_endpoint(connection, endpoint)
    outcome = asyncio.run(poster.post(found.url, EventMessage(uuid4(), TEST_KIND, datetime.now(UTC))))
    if outcome.failure is not None:
        raise SourceUnavailable(
            f"{endpoint}: {outcome.failure}", next_step="check the receiver's log; it must answer 200 to 299"
        )
    OUT.print(f"{endpoint}: delivered")


@app.command(name="deliveries")
def deliveries_command(
    endpoint: Annotated[str | None, Parameter(help="Only those to this receiver.")] = None,
    *,
    state: DeliveryState | None = None,
    limit: int = 100,
    json: Json = False,
) -> None:
    """List what became of events, newest first.

    Parameters
    ----------
    state
        Only WAITING, DELIVERED or DEAD ones: those that were given up.
    limit
        Maximum number of rows, at most 500.
    """
    with connect_to_read(load_settings()) as connection:
        found = list_deliveries(connection, endpoint, state, limit)
    if json:
        show_json([asdict(one) for one in found])
        return
    rows = [
        (d.message_id, d.endpoint_id, d.kind, f"{d.at:%Y-%m-%d %H:%M:%S}", d.dossier_code or "", d.said, d.state,
         d.attempts, f"{d.next_try_at:%Y-%m-%d %H:%M:%S}" if d.next_try_at else "", d.failure or "")
        for d in found
    ]  # fmt: skip
    show_table("Deliveries", DELIVERY_COLUMNS, rows)


@app.command(name="retry")
def retry_command(endpoint: Endpoint) -> None:
    """Retry the deliveries that were given up for a receiver."""
    with connect_to_store(load_settings()) as connection:
        count = retry_dead(connection, endpoint)
    OUT.print(f"{endpoint}: {count:,} deliveries wait again")


def _describe_endpoint(one: WebhookEndpoint) -> tuple[object, ...]:
    removed = f"{one.removed_at:%Y-%m-%d %H:%M}" if one.removed_at else None
    procedures, offices = ", ".join(one.procedures) or "all", ", ".join(one.offices) or "all"
    return (one.id, one.name, one.url, ", ".join(one.kinds), procedures, offices, one.waiting, one.dead, removed)
