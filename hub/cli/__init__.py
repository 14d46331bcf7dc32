"""The command line. Errors say what, where and the next step; `--json` prints for machines."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import cyclopts

from hub.cli.terminal import ERR, guard_logs, show_error
from hub.errors import HubError, HubMisconfigured, StoreUnavailable, UnforeseenFailure
from hub.extras import explain_missing_module
from hub.garbage_collection import defer_collection

app = cyclopts.App(
    name="hub",
    help="A GraphQL data-integration hub for cross-sector data linking.",
    version=lambda: version("cross-sector-hub"),
    version_flags=["--version"],
    help_format="plaintext",  # no text has markup, and the reader of Markdown takes half of the start
    error_console=ERR,
)
# Commands are imported when they are typed, so `hub --help` is answered at once. A text given here takes
# the place of a function's own; a test holds both to be the same.
for target, name, text in (
    ("hub.cli.operate.demo:demo_command", "demo", "Create a demo province, run its five sector systems, read and link them, prefill a land transfer, and serve the graph. People sign in as an officer, a reviewer, an operator, an auditor, a citizen or an explorer of masked data; a dossier is open to read for."),
    ("hub.cli.operate.serve.serve:serve_command", "serve", "Serve the graph (/graphql, GraphiQL, /healthz, /readyz) and accept pushed deliveries at /push."),
    ("hub.cli.ingest.sync:sync_command", "sync", "Read sector systems into the store: all connectors, or those you name. If one fails, the others still run."),
    ("hub.cli.operate.worker:worker_command", "worker", "Run scheduled, queued and streaming connectors and look up single rows until stopped."),
    ("hub.cli.ingest.runs:app", "runs", "Show past runs, and approve or refuse what a run asks for."),
    ("hub.cli.linking.link:app", "link", "Link records to subjects."),
    ("hub.cli.linking.review:app", "review", "Answer the questions that linking left open, and list or undo decisions."),
    ("hub.cli.permission.keys:app", "keys", "Make, list and revoke API keys of apps."),
    ("hub.cli.permission.subjects:app", "subjects", "Export what the hub holds about one person, and restrict its processing."),
    ("hub.cli.permission.seals:app", "seals", "List, add and lift seals: identities whose data no read may show."),
    ("hub.cli.permission.senders:app", "senders", "Register, list and revoke one-stop systems that send dossiers."),
    ("hub.cli.operate.webhooks:app", "webhooks", "Register, list, try and remove receivers of events, and see what became of events."),
    ("hub.cli.ledger.commands:app", "ledger", "Keep the ledger of reads, and check that it was not changed."),
    ("hub.cli.permission.limits:app", "limits", "List who has met a limit of reading, and lift it."),
    ("hub.cli.permission.alarms:app", "alarms", "List and acknowledge alarms."),
    ("hub.cli.graph.statistics:app", "statistics", "List the available counts and export them as Parquet files."),
    ("hub.cli.operate.quality:app", "quality", "Measure and show how correct, sufficient, clean and live the data is."),
    ("hub.cli.operate.backup:app", "backup", "Back up the database, check a backup, and restore it."),
    ("hub.cli.operate.migrate:migrate_command", "migrate", "Upgrade the database to this version of the hub."),
    ("hub.cli.graph.explain:explain_command", "explain", "Show the plan and the SQL of an operation, with PostgreSQL's cost estimate. No data is read."),
    ("hub.cli.operate.doctor.doctor:doctor_command", "doctor", "Check settings, schema, access, connectors, procedures, page, store and ledger. Exits with 78 if a check fails."),
    ("hub.cli.graph.schema_files:app", "schema", "Export or check the files derived from schema/: SDL, tables, reference page, migrations."),
    ("hub.cli.permission.purposes:app", "purposes", "List, show, compare and check the purposes under which callers may read."),
    ("hub.cli.permission.access:app", "access", "Say who could run an operation, and why a caller was refused."),
    ("hub.cli.procedures.procedures:app", "procedures", "List, show, check and count procedures, and print the JSON Schema of their answers."),
    ("hub.cli.procedures.prefill:prefill_command", "prefill", "Prefill a procedure for the subjects that you name: what the state holds, and what the citizen must still be asked."),
    ("hub.cli.procedures.snapshots:app", "snapshots", "List the snapshots of a dossier, compare one with today, and write and check receipts."),
    ("hub.cli.procedures.evidence:app", "evidence", "Export what a register said as a signed statement, and check one offline."),
    ("hub.cli.ingest.connector:app", "connector", "List, check, preview and draft connectors."),
    ("hub.cli.linking.discrepancies:app", "discrepancies", "List, count and export copies that differ from the authoritative source."),
    ("hub.cli.procedures.corrections:app", "corrections", "List requests to correct a source's data, decide about them, and send them."),
    ("hub.cli.ingest.drift:app", "drift", "List and accept schema drift."),
    ("hub.cli.ingest.quarantine:app", "quarantine", "List, correct, retry and dismiss rejected rows."),
):  # fmt: skip
    app.command(target, name=name, help=text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code. A HubError becomes its message; other failures name a kind, not a trace."""
    guard_logs()
    defer_collection()
    # numpy would start a thread for each core, 25 ms of processor time; nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(arguments)
    except HubError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        show_error(HubError("stopped", next_step="run it again; committed work is kept", code="INTERRUPTED"))
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has gone, as `head` does. Nothing more can be printed, not even by the interpreter as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("HUB_TRACE"):
            raise
        failure = (
            _explain_extra(error)
            or _explain_store(error)
            or UnforeseenFailure(str((arguments or sys.argv[1:] or ["hub"])[0]), error)
        )
        show_error(failure)
        sys.exit(failure.exit_code)


def _explain_extra(error: Exception) -> HubError | None:
    return explain_missing_module(error, "this command") if isinstance(error, ModuleNotFoundError) else None


AWAY = {"psycopg.OperationalError", "sqlalchemy.OperationalError", "psycopg_pool.PoolTimeout"}
MAY_NOT_WRITE = {"psycopg.InsufficientPrivilege", "psycopg.ReadOnlySqlTransaction"}


def _explain_store(error: Exception) -> HubError | None:
    """A database that is away, or that this role may not write to, is an ordinary end of any command. None if the error is another."""
    # By name: the drivers are imported by the commands that need them.
    causes = (error, getattr(error, "orig", None))
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for one in causes for kind in type(one).__mro__}
    if kinds & MAY_NOT_WRITE:
        return HubMisconfigured(
            "the database refused: the role of HUB_DATABASE_URL lacks a privilege, or the server is a read-only replica",
            next_step="use the primary and a role that owns the hub's tables; docs/how-to/run-in-production.md says which commands need one",
        )
    if not kinds & AWAY:
        return None
    return StoreUnavailable(
        "the database does not answer, or went away meanwhile",
        next_step="check that it runs and that HUB_DATABASE_URL is right, then run the command again",
    )
