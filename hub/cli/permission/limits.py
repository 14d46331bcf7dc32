"""`hub limits`: how much people and apps have read in the present hour, and who has met a limit."""

from dataclasses import asdict
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.access.limits.limiter import SYNC_S
from hub.access.limits.use_store import ListedUse, lift_limits, list_use
from hub.cli.options import Json
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.settings import load_settings

app = cyclopts.App(name="limits")
COLUMNS = ("caller", "met", "hour ends", "requests", "people", "refused", "misses")


@app.command(name="list")
def list_command(*, all: bool = False, json: Json = False) -> None:
    """List people and apps that have met a limit in their present hour, at most 500.

    Parameters
    ----------
    all
        Include everyone who has read in it.
    """
    with connect_to_read(load_settings()) as connection:
        found = list_use(connection, every=all)
    if json:
        show_json([asdict(use) for use in found])
    else:
        show_table("Use of reading", COLUMNS, [_row(use) for use in found])


@app.command(name="lift")
def lift_command(caller: Annotated[str, Parameter(help="The caller that `hub limits list` shows.")]) -> None:
    """Let a person or app read on: its counts begin again. Running hubs know within 2 seconds."""
    with connect_to_store(load_settings()) as connection:
        lift_limits(connection, caller)
    OUT.print(f"lifted; running hubs know within {SYNC_S:.0f} s")


def _row(use: ListedUse) -> tuple[object, ...]:
    met = ", ".join(use.met)
    return (use.principal, met, f"{use.ends_at:%H:%M:%S}", use.reads, use.subjects, use.refusals, use.misses)
