"""`hub serve`, `hub sync`, `hub link`, `hub migrate`: the ways data and requests go."""

import dataclasses
import gc
import socket
from collections.abc import Callable, Mapping
from typing import Annotated

import uvicorn
from cyclopts import Parameter
from rich.progress import Progress

from hub.cli.shown import ERR, OUT, LineFormatter, marked, progress, show_json, show_table
from hub.cli.store import open_store, open_store_to_serve
from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.discover import broken, discover
from hub.ingest.run import Choices, RunReport, chosen, left_out, store_url
from hub.ingest.run import run as run_connectors
from hub.jobs.queue import put_syncs
from hub.link.run import LinkReport
from hub.link.run import link as run_link
from hub.settings import Settings, load
from hub.store.migrate import head
from hub.web.app import NO_EXAMPLES, create_app
from hub.web.edge import WithRequestId
from hub.web.http_timeouts import ImpatientProtocol
from hub.web.starters import Examples

Json = Annotated[bool, Parameter(name="--json", help="Print one JSON document for machines.")]


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Serve the graph: /graphql, GraphiQL, /healthz, /readyz; and take deliveries at /push.

    Parameters
    ----------
    host
        Address to listen on; HUB_HOST where not given.
    port
        Port to listen on; HUB_PORT where not given.
    """
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load(**given)
    with bound(settings) as listener, open_store_to_serve(settings) as store:
        where = "{}:{}".format(*listener.getsockname()[:2])
        ERR.print(f"GraphQL and GraphiQL at http://{where}/graphql")
        serve_on(listener, settings, store.url)


def serve_on(listener: socket.socket, settings: Settings, url: str, *, examples: Examples = NO_EXAMPLES) -> None:
    """Serve on an open listener until interrupted."""
    app = create_app(settings, url, examples=examples, connectors=discover())
    # Request lines can hold identifiers of people (GET), so uvicorn's access log stays off.
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        http=ImpatientProtocol,
        ws_max_size=settings.max_body_bytes,
        log_config=LOGGING,
        # A stream has no end of its own to wait for.
        timeout_graceful_shutdown=GRACE_S,
    )
    # What has been made by now stays for good: the collector need not walk it again while requests wait.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


GRACE_S = 5
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": WithRequestId}},
    "formatters": {
        "line": {"()": LineFormatter, "format": "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"}
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request"],
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {name: {"handlers": ["stderr"], "level": "WARNING", "propagate": False} for name in ("hub", "uvicorn")},
}
"""Each line says which request it belongs to; the answer to that request says so too, in X-Request-Id."""


def bound(settings: Settings) -> socket.socket:
    """A listening socket. Raises HubMisconfigured where the port cannot be had, before anything else is started."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise HubMisconfigured(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            next_step="stop what uses the port, or choose another: --port 0 takes a free one",
        ) from None
    listener.listen(1024)
    return listener


def sync(
    *connectors: str,
    accept_deletes: bool = False,
    full: bool = False,
    anyway: bool = False,
    later: bool = False,
    json: Json = False,
) -> None:
    """Read sector systems into the store. Without names, all connectors; one that fails does not stop the others.

    Parameters
    ----------
    connectors
        Names of connectors.
    accept_deletes
        Let a full read remove more rows than its manifest allows.
    full
        Read everything, not only what changed.
    anyway
        Read a source that is in maintenance, or left alone because it failed.
    later
        Queue the runs for `hub worker`.
    """
    choices = Choices(accept_deletes, full, anyway)
    manifests = chosen(connectors or None)
    with open_store(load()) as store, progress() as bars:
        if later:
            queued = put_syncs(store_url(store.engine), [manifest.name for manifest in manifests], choices)
            show_json(queued) if json else show_queued(queued)
            return
        reports = run_connectors(store.engine, manifests, choices, progress=bars_of(bars))
    reports = [*left_out(connectors or None), *reports]
    show_reports(reports, json=json)
    for name, error in broken().items():
        if connectors and name not in connectors:
            ERR.print(marked("bold yellow", "broken", f" {name} is left out: {error!s}"))


def show_reports(reports: list[RunReport], *, json: bool) -> None:
    """Print what runs did. Raises SourceUnavailable if one failed, or read less than it should; one that was put off did not."""
    show_json([dataclasses.asdict(report) for report in reports]) if json else show_runs(reports)
    failed = [report for report in reports if report.status == "FAILED"]
    if failed:
        raise SourceUnavailable(
            f"{len(failed)} of {len(reports)} connectors failed: {', '.join(r.connector for r in failed)}",
            next_step="see the reasons above; the others are stored, so run `hub sync` again for these",
        )
    partial = [report.connector for report in reports if report.status == "PARTIAL"]
    if partial:
        raise SourceUnavailable(
            f"{len(partial)} of {len(reports)} connectors were read in part: {', '.join(partial)}",
            next_step="see the reasons above; what waits for a person is listed by `hub runs approvals`",
        )


def show_queued(queued: Mapping[str, bool]) -> None:
    """Print what was queued."""
    for name, new in queued.items():
        OUT.print(f"{name}: {'queued' if new else 'waits in the queue already'}")


def link(*fields: str, full: bool = False, train: bool = False, json: Json = False) -> None:
    """Link records to subjects: by rule, and by likeness what rules leave open. What has changed since the last run, unless told
    otherwise; the first run, with enough to learn from, trains the model that later runs score with.

    Parameters
    ----------
    fields
        Linked fields, as Entity.field: all of their records.
    full
        Look at every record.
    train
        Train a new version of the model from the records of now, and link everything with it.
    """
    with open_store(load()) as store, progress() as bars:
        report = run_link(store.engine, fields or None, full=full, train=train, progress=bars_of(bars))
    show_json(dataclasses.asdict(report)) if json else show_links(report)


def migrate() -> None:
    """Bring the database to this program's revision."""
    with open_store(load()):
        OUT.print(f"the database is at revision {head()}")


def bars_of(bars: Progress) -> Callable[[str, int], None]:
    """A progress callback that draws one bar for each name it is told of."""
    tasks = {}

    def tell(name: str, done: int) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=None)
        bars.update(tasks[name], completed=done)

    return tell


def show_runs(reports: list[RunReport]) -> None:
    """Print what was read, row counts by what happened to them, then problems and drift."""
    columns = ("connector", "stream", "record", "read", "added", "changed", "unchanged", "deleted", "quarantined")
    rows = [
        (r.connector, c.stream, c.entity, c.read, c.added, c.changed, c.unchanged, c.deleted, c.quarantined)
        for r in reports
        for c in r.counts
    ]
    show_table("Sync", columns, rows, numbers=columns[3:])
    for report in reports:
        for problem in report.problems:
            ERR.print(marked("bold red", f"{report.connector}", f" {report.status}: {problem}"))
        for drift in report.drift:
            ERR.print(marked("bold yellow", "drift", f" {drift}"))
        for words in report.notes:
            ERR.print(marked("bold", "note", f" {words}"))


def show_links(report: LinkReport) -> None:
    """Print linked fields by outcome."""
    columns = ("field", "records", "confirmed", "probable", "unconfirmed", "unlinked", "methods")
    rows = [
        (
            f.field,
            f.records,
            f.confirmed,
            f.probable,
            f.unconfirmed,
            f.unlinked,
            ", ".join(f"{m} {n:,}" for m, n in f.methods.items()),
        )
        for f in report.fields
    ]
    which = {"FULL": "every record", "CHANGES": "what has changed", "SOME": "some fields"}[report.mode]
    model = f"model {report.model}" if report.model else "no model: rules alone"
    show_table(f"Links ({which}; {model})", columns, rows, numbers=columns[1:-1])
    opened = sum(found.opened for found in report.discrepancies)
    closed = sum(found.closed for found in report.discrepancies)
    if opened or closed:
        OUT.print(f"Discrepancies: {opened:,} opened, {closed:,} closed; see `hub discrepancies counts`.")
