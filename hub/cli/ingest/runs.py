"""`hub runs`: what runs did, and the questions that wait for a person."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from psycopg import Connection

from hub.cli.ingest.run_reports import show_reports
from hub.cli.options import Json
from hub.cli.store import OpenStore, open_store, open_store_to_read
from hub.cli.terminal import OUT, make_progress, mark_text, show_bars, show_json, show_table
from hub.ingest.guards import approvals as approvals_
from hub.ingest.guards.approvals import Approval
from hub.ingest.run.history import RunRecord, load_run
from hub.ingest.run.history import list_runs as load_runs
from hub.settings import load_settings
from hub.store.engine import connect_for_run, store_url

app = cyclopts.App(name="runs")
By = Annotated[str | None, Parameter(name="--by", help="Who decides; by default, the user of this machine.")]


@app.command(name="list")
def list_runs(connector: str | None = None, *, limit: int = 20, json: Json = False) -> None:
    """List the newest runs.

    Parameters
    ----------
    connector
        Only of this connector.
    limit
        How many.
    """
    with _session_to_read() as (_, connection):
        found = load_runs(connection, connector, limit)
    if json:
        show_json([_describe_run(record) for record in found])
        return
    columns = ("id", "connector", "mode", "status", "started", "seconds", "read", "changed", "quarantined", "reason")
    show_table("Runs", columns, [_row(record) for record in found], numbers=("id", "seconds", *columns[6:9]))


@app.command(name="show")
def show_command(number: int, *, json: Json = False) -> None:
    """Show one run: counts, timings, drift, problems.

    Parameters
    ----------
    number
        The run, as `hub runs list` names it.
    """
    with _session_to_read() as (_, connection):
        record = load_run(connection, number)
    if json:
        show_json(asdict(record))
        return
    ended = f", ended {record.ended_at:%Y-%m-%d %H:%M:%S%z}" if record.ended_at else ""
    OUT.print(f"run {record.id} of {record.connector} {record.connector_version}: {record.mode} {record.status}")
    OUT.print(f"started {record.started_at:%Y-%m-%d %H:%M:%S%z}{ended}, {record.seconds:.1f} s")
    columns = ("stream", "entity", "read", "added", "changed", "unchanged", "deleted", "quarantined")
    show_table("Rows", columns, [[c[name] for name in columns] for c in record.counts], numbers=columns[2:])
    seconds = ("seconds", "source_s", "store_s")
    times = [(name, *(f"{spent[part]:.1f}" for part in seconds)) for name, spent in record.timings.items()]
    show_table("Seconds", ("stream", "in all", "for the source", "for the store"), times, numbers=("in all",))
    for words in record.drift:
        OUT.print(mark_text("bold yellow", "drift", f" {words}"))
    for words in record.notes:
        OUT.print(mark_text("bold", "note", f" {words}"))
    if record.reason:
        OUT.print(mark_text("bold red", "problem", f" {record.reason}"))


@app.command(name="approvals")
def approvals_command(*, every: Annotated[bool, Parameter(name="--all")] = False, json: Json = False) -> None:
    """List what runs ask a person to approve.

    Parameters
    ----------
    every
        Those that were answered, too.
    """
    with _session_to_read() as (_, connection):
        found = approvals_.list_approvals(connection, every=every)
    if json:
        show_json([asdict(approval) for approval in found])
        return
    columns = ("id", "connector", "stream", "kind", "record", "rows", "of", "asked", "answer", "reason")
    show_table("Questions", columns, [_question(a) for a in found], numbers=("id", "rows", "of"))


@app.command(name="approve")
def approve_command(number: int, *, by: By = None, later: bool = False) -> None:
    """Approve what a run asked for, and run its connector.

    Parameters
    ----------
    number
        The question, as `hub runs approvals` names it.
    later
        Leave the run to the next one that is scheduled or started.
    """

    with _session() as (store, connection):
        decided = approvals_.decide_approval(connection, number, approved=True, by=_who(by))
        OUT.print(f"question {number} of {decided.connector}.{decided.stream} is approved")
        if later:
            return
        with make_progress() as bars:
            # Only this reads sources: lists of runs need no frames.
            from hub.ingest.run.connector_run import sync_connectors

            reports = sync_connectors(store.engine, [decided.connector], progress=show_bars(bars))
    show_reports(reports, json=False)


@app.command(name="refuse")
def refuse_command(number: int, *, by: By = None) -> None:
    """Refuse what a run asked for. The store stays as it is.

    Parameters
    ----------
    number
        The question, as `hub runs approvals` names it.
    """
    with _session() as (_, connection):
        decided = approvals_.decide_approval(connection, number, approved=False, by=_who(by))
    OUT.print(f"question {number} of {decided.connector}.{decided.stream} is refused")


@contextmanager
def _session() -> Iterator[tuple[OpenStore, Connection[Any]]]:
    with open_store(load_settings()) as store, connect_for_run(store_url(store.engine)) as connection:
        yield store, connection


@contextmanager
def _session_to_read() -> Iterator[tuple[OpenStore, Connection[Any]]]:
    with open_store_to_read(load_settings()) as store, connect_for_run(store_url(store.engine)) as connection:
        yield store, connection


def _who(given: str | None) -> str:
    return given or getpass.getuser()


def _describe_run(record: RunRecord) -> dict[str, Any]:
    totals = ("read", "added", "changed", "unchanged", "deleted", "quarantined")
    kept = ("id", "connector", "mode", "status", "started_at", "seconds", "reason")
    return {**{name: getattr(record, name) for name in kept}, **{name: record.total(name) for name in totals}}


def _row(record: RunRecord) -> tuple[object, ...]:
    changed = record.total("added") + record.total("changed") + record.total("deleted")
    started = f"{record.started_at:%Y-%m-%d %H:%M:%S}"
    facts = (record.id, record.connector, record.mode, record.status, started, f"{record.seconds:.1f}")
    return (*facts, record.total("read"), changed, record.total("quarantined"), record.reason or "")


def _question(approval: Approval) -> tuple[object, ...]:
    answer = None if approval.approved is None else "approved" if approval.approved else "refused"
    asked = f"{approval.requested_at:%Y-%m-%d %H:%M}"
    facts = (approval.id, approval.connector, approval.stream, approval.kind, approval.entity)
    by = f"{answer} by {approval.decided_by}" if answer else None
    return (*facts, approval.rows, approval.held, asked, by, approval.reason)
