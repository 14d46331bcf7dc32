"""Run linking: each linked field in one transaction, as a difference to what the store holds."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.link import sql
from hub.model.registry import Entity, Linked, registry
from hub.store.changes import announce
from hub.store.engine import SESSION

LOCK = 7_022_002
Progress = Callable[[str, int], None]
"""Told the linked field that is done, and how many records it has."""


@dataclass(frozen=True)
class FieldReport:
    """One linked field: records by outcome, accepted ones by method, and what this run changed."""

    field: str
    records: int
    confirmed: int
    probable: int
    unconfirmed: int
    unlinked: int
    methods: dict[str, int]
    added: int
    withdrawn: int
    seconds: float


@dataclass(frozen=True)
class LinkReport:
    """One run of linking. `changed` is what was added or withdrawn over all fields."""

    run_id: int
    fields: tuple[FieldReport, ...]
    changed: int


def link(engine: Engine, fields: Iterable[str] | None = None, *, progress: Progress | None = None) -> LinkReport:
    """Link fields, named `Entity.field`, all where none is named. Raises HubMisconfigured, StoreUnavailable."""
    known = {f"{entity.name}.{linked.name}": (entity, linked) for entity in registry() for linked in entity.linked}
    names = list(fields) if fields is not None else list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise HubMisconfigured(
            f"there is no linked field {', '.join(unknown)}", next_step=f"use one of: {', '.join(known)}"
        )
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, options=f"{SESSION} -c work_mem=256MB", autocommit=True) as connection:
            # Two runs at once would each undo the other's difference: the second waits.
            connection.execute("select pg_advisory_lock(%s)", (LOCK,))
            return _run(connection, [(name, *known[name]) for name in names], progress)
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database went away during linking",
            next_step="start it and run `hub link` again; finished fields are kept",
        ) from None


def _run(
    connection: Connection[Any], fields: list[tuple[str, Entity, Linked]], progress: Progress | None
) -> LinkReport:
    run_id = _one(connection, "insert into hub.link_run default values returning id")
    reports = []
    for name, entity, linked in fields:
        reports.append(_field(connection, run_id, name, entity, linked))
        if progress:
            progress(name, reports[-1].records)
    changed = sum(report.added + report.withdrawn for report in reports)
    counts = {report.field: report.methods for report in reports}
    connection.execute(
        "update hub.link_run set ended_at = now(), counts = %s, changed = %s where id = %s",
        (orjson.dumps(counts).decode(), changed, run_id),
    )
    return LinkReport(run_id, tuple(reports), changed)


def _field(connection: Connection[Any], run_id: int, name: str, entity: Entity, linked: Linked) -> FieldReport:
    started = time.monotonic()
    values = {"at": datetime.now(UTC), "by": f"run:{run_id}"}
    with connection.transaction():
        connection.execute(sql.records(entity, linked))
        connection.execute("analyze recorded")
        for statement in sql.found(linked):
            connection.execute(statement)
        connection.execute("analyze found")
        connection.execute(sql.WANTED)
        connection.execute("analyze wanted")
        keep, delete, insert = sql.changes(linked)
        first = not _one(connection, f"select exists (select from link.{linked.table})")
        connection.execute(keep, values)
        withdrawn = connection.execute(delete).rowcount
        added = connection.execute(insert, values).rowcount
        if not first and added + withdrawn:
            announce(connection, sql.announced(linked), values)
    if added + withdrawn:
        connection.execute(f"analyze link.{linked.table}")
    return _report(connection, name, entity, linked, (added, withdrawn, time.monotonic() - started))


def _report(
    connection: Connection[Any], name: str, entity: Entity, linked: Linked, done: tuple[int, int, float]
) -> FieldReport:
    total = _one(connection, f"select count(*) from data.{entity.table}")
    rows = connection.execute(
        f"select method, status, count(*) from link.{linked.table} where status <> 'UNCONFIRMED' group by 1, 2 order by 1, 2"
    ).fetchall()
    waiting = _one(
        connection, f"select count(distinct record_id) from link.{linked.table} where status = 'UNCONFIRMED'"
    )
    by_status = {status: sum(n for _, s, n in rows if s == status) for status in ("CONFIRMED", "PROBABLE")}
    methods = {method: sum(n for m, _, n in rows if m == method) for method, _, _ in rows}
    added, withdrawn, seconds = done
    unlinked = total - sum(by_status.values()) - waiting
    confirmed, probable = by_status["CONFIRMED"], by_status["PROBABLE"]
    outcome = (confirmed, probable, waiting, unlinked)
    return FieldReport(name, total, *outcome, methods, added, withdrawn, round(seconds, 3))


def _one(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # each returns a value
    return row[0]
