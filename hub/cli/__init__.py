"""The command line. Errors say what, where and the next step; `--json` prints for machines."""

import os
import sys
from collections.abc import Sequence

import cyclopts

from hub.cli import connector, discrepancies, doctor, drift, link_evaluate, quarantine, review, run, runs, vocabulary
from hub.cli.demo import demo
from hub.cli.explain import explain
from hub.cli.shown import show_error
from hub.cli.worker import worker
from hub.errors import HubError

app = cyclopts.App(
    name="hub", help="A GraphQL data-integration hub for cross-sector data linking.", version_flags=["--version"]
)
link = cyclopts.App(name="link", help="Link records to subjects.")
link.default(run.link)
link.command(link_evaluate.evaluate)
app.command(demo)
app.command(run.serve)
app.command(run.sync)
app.command(worker)
app.command(runs.app)
app.command(link)
app.command(review.app)
app.command(run.migrate)
app.command(explain)
app.command(doctor.doctor)
app.command(vocabulary.app)
app.command(connector.app)
app.command(discrepancies.app)
app.command(drift.app)
app.command(quarantine.app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code. A HubError becomes its message; other failures name a kind, not a trace."""
    try:
        app(arguments)
    except HubError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("HUB_TRACE"):
            raise
        # A message of an unforeseen error may quote a value, and values are personal data.
        show_error(
            HubError(f"unforeseen failure: {type(error).__name__}", next_step="run again with HUB_TRACE=1 to see where")
        )
        sys.exit(HubError.exit_code)
