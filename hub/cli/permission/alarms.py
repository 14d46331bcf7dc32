"""`hub alarms`: what an operator has to look at soon. No alarm has personal data."""

import getpass
from dataclasses import asdict
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.access.alarms import Alarm, acknowledge_alarm, list_alarms
from hub.cli.options import Json
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.settings import load_settings

app = cyclopts.App(name="alarms")
COLUMNS = ("id", "at", "kind", "caller", "dossier", "seen by")


@app.command(name="list")
def list_command(*, all: bool = False, json: Json = False) -> None:
    """List alarms that nobody has acknowledged, newest first, at most 500.

    Parameters
    ----------
    all
        Include acknowledged ones.
    """
    with connect_to_read(load_settings()) as connection:
        found = list_alarms(connection, every=all)
    if json:
        show_json([asdict(alarm) for alarm in found])
    else:
        show_table("Alarms", COLUMNS, [_row(alarm) for alarm in found])


@app.command(name="acknowledge")
def acknowledge_command(number: Annotated[int, Parameter(help="The id that `hub alarms list` shows.")]) -> None:
    """Acknowledge an alarm, so that it is listed no more."""
    with connect_to_store(load_settings()) as connection:
        acknowledge_alarm(connection, number, getpass.getuser())
    OUT.print(f"alarm {number} is acknowledged")


def _row(alarm: Alarm) -> tuple[object, ...]:
    return (alarm.id, f"{alarm.at:%Y-%m-%d %H:%M:%S}", alarm.kind, alarm.principal, alarm.dossier, alarm.seen_by)
