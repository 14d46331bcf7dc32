"""One linked field in a run: its temporary tables made, its records decided, its links written. See `hub.link.rules.sql`."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.link.field import Field
from hub.link.lock import PATIENCE_S, hold_link_lock
from hub.link.profile import load_profile
from hub.link.rules import sql, vetoes
from hub.link.rules.declared_evidence import render_contest
from hub.link.run import changed
from hub.link.workspace import FIELD_TABLES, LinkWorkspace, render_analyze
from hub.store.change_feed import announce_changes
from hub.store.query import fetch_row, fetch_value


@dataclass(frozen=True)
class Report:
    """One linked field after a run: records by outcome, accepted ones by method; how many records the run looked at, and what
    it changed."""

    field: str
    records: int
    confirmed: int
    probable: int
    unconfirmed: int
    unlinked: int
    methods: dict[str, int]
    looked_at: int
    added: int
    withdrawn: int
    seconds: float


def start_field(workspace: LinkWorkspace, field: Field, *, whole: bool) -> None:
    """Make `touched`: every record, or what changes touch directly."""
    everything = f"select id as record_id from data.{field.entity.table}"
    select = everything if whole else changed.select_touched_records(field)
    workspace.create(field.temporary("touched"), select, unique="record_id")


def decide_field(workspace: LinkWorkspace, field: Field) -> None:
    """Make `recorded`, `found` and `one` of the records touched, and an empty `scored`."""
    touched, one = field.temporary("touched"), field.temporary("one")
    workspace.analyze(touched)
    workspace.create(field.temporary("recorded"), sql.select_records(field, only=touched), analyze=True)
    _find_candidates(workspace, field)
    found = workspace.create(one, sql.select_best_candidates(field), index="record_id", analyze=True)
    if found:
        if any(rule.subject.weighed for rule in load_profile().rules_for(field.recorded.family, field.kinds)):
            workspace.connection.execute(render_contest(one))
        vetoes.veto_ruled(workspace.connection, field)
    workspace.create_empty(field.temporary("scored"), sql.SCORED_COLUMNS)


def _find_candidates(workspace: LinkWorkspace, field: Field) -> None:
    """Make `found`: by the rules of the first tier, and by the others where those do not answer."""
    found = field.temporary("found")
    workspace.create_empty(found, sql.FOUND_COLUMNS)
    first, later = sql.render_candidates(field)
    if later:
        workspace.execute(*first)
        with workspace.dropped_after("answered"):
            workspace.create("answered", sql.SELECT_ANSWERED.format(found=found))
            workspace.execute(*later, render_analyze(found))
    else:
        workspace.execute(*first, render_analyze(found))


def apply_field(workspace: LinkWorkspace, field: Field, run_id: int, *, whole: bool) -> tuple[Report, datetime]:
    """Bring the link table to `wanted` in one transaction. Returns what that came to, and its instant."""
    started, connection = time.monotonic(), workspace.connection
    with connection.transaction():
        at = hold_link_lock(connection, wait_s=PATIENCE_S)
        values = {"at": at, "by": f"run:{run_id}"}
        to = sql.render_link_changes(field, whole=whole)
        first = not fetch_value(connection, f"select exists (select from link.{field.table})")
        workspace.execute(to.forget, to.renew, render_analyze(field.temporary("wanted")))
        withdrawn = workspace.create(field.temporary("wrong"), to.wrong, analyze=True)
        if withdrawn:
            connection.execute(to.keep, values)
            withdrawn = connection.execute(to.delete).rowcount
        added = connection.execute(to.insert, values).rowcount
        if not first and added + withdrawn:
            announce_changes(connection, sql.render_announced(field), values)
    report = _report(connection, field, added, withdrawn, time.monotonic() - started)
    if added + withdrawn > max(ALWAYS_FEW, CHANGED_SHARE * report.records):
        connection.execute(f"analyze link.{field.table} ({LOOKED_FOR})")
    return report, at


def report_untouched(connection: Connection[Any], field: Field) -> Report:
    """The report of a field of which nothing was looked at."""
    return _report(connection, field, 0, 0, 0.0)


LOOKED_FOR = "record_id, found_id, subject_id, subject_kind, status, method, decided_by, sys_from"
"""Columns of a link table by which linking looks for rows. Statistics of `evidence` take as long as those of all others together."""
ALWAYS_FEW, CHANGED_SHARE = 1_000, 0.1
"""If more links changed than this number and this share of a field's records, the planner is told. PostgreSQL tells itself at the same
share; for 1 % of a million records, telling took a tenth of the run."""


def drop_field_tables(workspace: LinkWorkspace, *fields: Field, keep: tuple[str, ...] = ()) -> None:
    """Drop the temporary tables of fields."""
    workspace.drop(*(field.temporary(name) for field in fields for name in FIELD_TABLES if name not in keep))


def _report(connection: Connection[Any], field: Field, added: int, withdrawn: int, seconds: float) -> Report:
    total, looked_at, waiting, rows = fetch_row(
        connection,
        f"select (select count(*) from data.{field.entity.table}), (select count(*) from {field.temporary('touched')}),"
        f" (select count(distinct record_id) from link.{field.table} where status = 'UNCONFIRMED'),"
        " (select coalesce(jsonb_agg(jsonb_build_array(method, status, n) order by method, status), '[]') from"
        f" (select method, status, count(*) as n from link.{field.table} where status <> 'UNCONFIRMED' group by 1, 2) c)",
    )
    by_status = {status: sum(n for _, s, n in rows if s == status) for status in ("CONFIRMED", "PROBABLE")}
    methods = {method: sum(n for m, _, n in rows if m == method) for method, _, _ in rows}
    unlinked = total - sum(by_status.values()) - waiting
    outcome = (by_status["CONFIRMED"], by_status["PROBABLE"], waiting, unlinked)
    return Report(field.name, total, *outcome, methods, looked_at, added, withdrawn, round(seconds, 3))
