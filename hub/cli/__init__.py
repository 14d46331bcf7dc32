"""The command line. Errors say what, where and the next step; `--json` prints for machines."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import cyclopts

from hub.cli import (
    connector,
    discrepancies,
    doctor,
    drift,
    link_evaluate,
    quarantine,
    review,
    review_sample,
    run,
    runs,
    vocabulary,
)
from hub.cli.demo import demo
from hub.cli.explain import explain
from hub.cli.shown import ERR, guard_logs, show_error
from hub.cli.worker import worker
from hub.errors import HubError, StoreUnavailable, UnforeseenFailure

app = cyclopts.App(
    name="hub",
    help="A GraphQL data-integration hub for cross-sector data linking.",
    version=lambda: version("cross-sector-hub"),
    version_flags=["--version"],
    error_console=ERR,
)
link = cyclopts.App(name="link", help="Link records to subjects.")
link.default(run.link)
link.command(link_evaluate.evaluate)
for command in (review_sample.sample, review_sample.question, review_sample.answer):
    review.app.command(command)
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
    guard_logs()
    try:
        app(arguments)
    except HubError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        show_error(HubError("stopped", next_step="run it again: what was committed is kept", code="INTERRUPTED"))
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has gone, as `head` does. Nothing more can be printed, not even by the interpreter as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("HUB_TRACE"):
            raise
        failure = _explain_store(error) or UnforeseenFailure(str((arguments or sys.argv[1:] or ["hub"])[0]), error)
        show_error(failure)
        sys.exit(failure.exit_code)


def _explain_store(error: Exception) -> StoreUnavailable | None:
    """A database that is away is an ordinary end of any command. None if the error is another."""
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    if not kinds & {"psycopg.OperationalError", "sqlalchemy.OperationalError", "psycopg_pool.PoolTimeout"}:
        return None
    return StoreUnavailable(
        "the database does not answer, or went away meanwhile",
        next_step="check that it runs and that HUB_DATABASE_URL is right, then run the command again",
    )
