"""`hub corrections`: requests to correct a source's data, for the steward of the source.

Lists have no personal data. `show` prints both values: they are personal data, for the source that owns them.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from psycopg import Connection

from hub.cli.options import Json
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.corrections.delivery import deliver_corrections, queue_message
from hub.corrections.records import Correction, CorrectionSearch, list_corrections, list_events, load_correction
from hub.corrections.requests import decide_correction
from hub.model.correction_states import CorrectionState
from hub.settings import load_settings

app = cyclopts.App(name="corrections")
Number = Annotated[int, Parameter(help="Number of the correction, as `list` shows it.")]
By = Annotated[str | None, Parameter(help="Who says so; your login name if you leave it out.")]
VALUES = frozenset({"held", "claimed", "reason", "answer", "source_key"})
COLUMNS = ("id", "source", "record", "field", "state", "due", "overdue", "reminders", "not sent")


@app.command(name="list")
def list_command(
    source: Annotated[str | None, Parameter(help="Only this source: the name of its connector.")] = None,
    *,
    state: Annotated[CorrectionState | None, Parameter(help="Only those in this state.")] = None,
    all: Annotated[bool, Parameter(help="Include those that the source has nothing to do about any more.")] = False,
    overdue: Annotated[bool, Parameter(help="Only those that should have been done by now.")] = False,
    limit: Annotated[int, Parameter(help="Maximum number of rows.")] = 100,
    json: Json = False,
) -> None:
    """List corrections, those that are due first, without their values."""
    wanted = CorrectionSearch((source,) if source else None, state, pending=not (all or state), overdue=overdue)
    with _store_to_read() as connection:
        found = list_corrections(connection, wanted, limit)
    now = datetime.now(UTC)
    if json:
        show_json([_describe(one, now) for one in found])
        return
    rows = [
        (one.id, one.connector, one.record_entity, one.field, one.state, f"{one.due_at:%Y-%m-%d}",
         "overdue" if one.is_overdue(now) else "", one.reminders, one.failure or "")
        for one in found
    ]  # fmt: skip
    show_table("Corrections", COLUMNS, rows)


@app.command(name="show")
def show_command(number: Number, *, json: Json = False) -> None:
    """Show a correction with its values and its history. The values are personal data."""
    with _store_to_read() as connection:
        found, events = load_correction(connection, number), list_events(connection, number)
        people = ((found.record_entity, found.record_id),)
        record_shown(connection, ShownValues((f"{found.record_entity}.{found.field}",), people))
    if json:
        show_json({**asdict(found), "events": [asdict(event) for event in events]})
        return
    for name, value in asdict(found).items():
        if value is not None:
            OUT.print(f"{name.replace('_', ' ')}: {value}")
    rows = [(f"{e.at:%Y-%m-%d %H:%M}", e.event, e.state, e.by, e.note or "") for e in events]
    show_table("History", ("at", "event", "state", "by", "note"), rows)


@app.command(name="accept")
def accept_command(number: Number, *, by: By = None, answer: str | None = None) -> None:
    """Say that the source works on a correction. It closes when a sync shows the value.

    Parameters
    ----------
    answer
        What to tell whoever asked.
    """
    with _store() as connection:
        found = decide_correction(connection, number, accepted=True, by=by or getpass.getuser(), answer=answer)
    OUT.print(f"correction {found.id}: {found.state}")


@app.command(name="refuse")
def refuse_command(number: Number, *, reason: str, by: By = None) -> None:
    """Say that the source's value is right, and why.

    Parameters
    ----------
    reason
        Why, in a sentence: whoever asked reads it.
    """
    with _store() as connection:
        found = decide_correction(connection, number, accepted=False, by=by or getpass.getuser(), answer=reason)
    OUT.print(f"correction {found.id}: {found.state}")


@app.command(name="send")
def send_command(number: Annotated[int | None, Parameter(help="Send this one again.")] = None) -> None:
    """Do now what the worker does every 10 minutes: close what sources have corrected, send, read answers, remind."""
    with _store() as connection:
        if number is not None:
            queue_message(connection, number)
        done = deliver_corrections(connection)
    OUT.print(done.describe() if done else "another process does so now")


@app.command(name="remind")
def remind_command(number: Number) -> None:
    """Remind the source of a correction with the next delivery."""
    with _store() as connection:
        found = queue_message(connection, number)
    OUT.print(f"correction {found.id}: a {str(found.to_send).lower()} will be sent to {found.connector}")


def _describe(found: Correction, now: datetime) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(found).items() if name not in VALUES}
    return {**shown, "overdue": found.is_overdue(now)}


@contextmanager
def _store_to_read() -> Iterator[Connection[Any]]:
    with connect_to_read(load_settings()) as connection:
        yield connection


@contextmanager
def _store() -> Iterator[Connection[Any]]:
    with connect_to_store(load_settings()) as connection:
        yield connection
