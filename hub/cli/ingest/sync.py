"""`hub sync`: read sector systems into the store."""

from collections.abc import Mapping

from hub.cli.ingest.run_reports import show_reports
from hub.cli.options import Json
from hub.cli.store import open_store
from hub.cli.terminal import ERR, OUT, make_progress, mark_text, show_bars, show_json
from hub.corrections.settlement import SettlingCounts, settle_corrections
from hub.ingest.connectors import list_broken_connectors
from hub.ingest.run.connector_run import RunChoices, report_broken, select_manifests
from hub.ingest.run.connector_run import run_connectors as run_connectors
from hub.jobs.queue import queue_syncs
from hub.settings import load_settings
from hub.store.engine import connect_for_run, store_url
from hub.tracing.exporter import trace_command


def sync_command(
    *connectors: str,
    accept_deletes: bool = False,
    full: bool = False,
    anyway: bool = False,
    later: bool = False,
    json: Json = False,
) -> None:
    """Read sector systems into the store: all connectors, or those you name. If one fails, the others still run.

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
    choices = RunChoices(accept_deletes, full, anyway)
    manifests = select_manifests(connectors or None)
    with trace_command("sync"), open_store(load_settings()) as store, make_progress() as bars:
        if later:
            queued = queue_syncs(store_url(store.engine), [manifest.name for manifest in manifests], choices)
            show_json(queued) if json else show_queued(queued)
            return
        reports = run_connectors(store.engine, manifests, choices, progress=show_bars(bars))
        settled = _settle(store_url(store.engine)) if any(report.changed for report in reports) else SettlingCounts()
    reports = [*report_broken(connectors or None), *reports]
    show_reports(reports, json=json)
    if not json and settled.resolved + settled.reopened:
        OUT.print(f"corrections: {settled.resolved:,} resolved, {settled.reopened:,} reopened")
    for name, error in list_broken_connectors().items():
        if connectors and name not in connectors:
            ERR.print(mark_text("bold yellow", "broken", f" {name} is left out: {error!s}"))


def _settle(url: str) -> SettlingCounts:
    """Close the corrections that the sources have made."""
    with connect_for_run(url) as connection:
        return settle_corrections(connection)


def show_queued(queued: Mapping[str, bool]) -> None:
    """Print the queued runs."""
    for name, new in queued.items():
        OUT.print(f"{name}: {'queued' if new else 'waits in the queue already'}")
