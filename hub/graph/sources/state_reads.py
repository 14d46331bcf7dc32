"""The state of sources, read on the connection of reviews. No value of any row is in it: the web process cannot read raw rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row, dict_row

from hub.graph.schema_types.fields import Whole
from hub.ingest.drift.records import DriftRecord, list_drift
from hub.ingest.guards.approvals import Approval, list_approvals
from hub.ingest.guards.circuit_breaker import PAUSED
from hub.ingest.quarantine.rule_groups import DISMISSED_STATE, OPEN_STATE
from hub.ingest.run.history import RunRecord, list_runs
from hub.sdk.manifest import Manifest

STREAMS = """
select s.connector, s.name, s.as_of, s.confirmed_at
from hub.stream s
order by s.connector, s.name"""
CIRCUITS = "select connector, failures, open_until, reason from hub.circuit"
LAST_RUNS = "select distinct on (connector) id, connector from hub.run order by connector, id desc"
LAST_SUCCESSES = """
select connector, max(ended_at) as at
from hub.run
where status = 'SUCCEEDED' and mode is distinct from 'REPLAY' and mode is distinct from 'LOOKUP'
group by connector"""
REJECTED = """
select s.connector, s.name as stream, q.entity, q.rule, q.field, count(*) as rows, min(q.first_seen) as oldest
from hub.quarantine q
join hub.stream s on s.id = q.stream_id
where {state}
group by 1, 2, 3, 4, 5
order by rows desc, 1, 2, 3, 4, 5
limit %(limit)s"""
MAX_COUNTS = 500


@dataclass(frozen=True)
class RejectedRows:
    """How many rows of a stream break one rule in one field, and since when."""

    connector: str
    stream: str
    entity: str
    rule: str
    field: str | None
    rows: int
    oldest: datetime


def read_sources(connection: Connection[Any], manifests: Mapping[str, Manifest]) -> list[Whole]:
    """Every source with its streams, circuit, runs, and how much waits for a person. `manifests` say when it is read next."""
    from hub.jobs.schedules import find_next_run  # the queue's library, which most processes never need

    drift = count_by_connector(list_drift(connection))
    approvals = count_by_connector(list_approvals(connection))
    rejected: dict[str, int] = {}
    for one in _read_rejected(connection):
        rejected[one.connector] = rejected.get(one.connector, 0) + one.rows
    with connection.cursor(row_factory=dict_row) as cursor:
        streams = cursor.execute(STREAMS).fetchall()
        circuits = {row["connector"]: row for row in cursor.execute(CIRCUITS).fetchall()}
        successes = {row["connector"]: row["at"] for row in cursor.execute(LAST_SUCCESSES).fetchall()}
        newest = {row["connector"]: row["id"] for row in cursor.execute(LAST_RUNS).fetchall()}
    runs = {
        name: found[0] for name in newest if (found := list_runs(connection, name, 1)) and found[0].id == newest[name]
    }
    names = sorted({row["connector"] for row in streams} | set(newest) | set(manifests))
    return [
        Whole(
            name=name,
            streams=[_show_stream(row) for row in streams if row["connector"] == name],
            failures=circuits.get(name, {}).get("failures", 0),
            circuitOpenUntil=show_instant(circuits.get(name, {}).get("open_until")),
            isPaused=(circuits.get(name, {}).get("reason") or "").startswith(PAUSED),
            nextRun=show_instant(find_next_run(manifests[name])) if name in manifests else None,
            lastSuccess=show_instant(successes.get(name)),
            lastRun=show_run(runs[name]) if name in runs else None,
            rejectedRows=rejected.get(name, 0),
            openDrift=drift.get(name, 0),
            pendingApprovals=approvals.get(name, 0),
        )
        for name in names
    ]


def read_runs(connection: Connection[Any], connector: str | None, first: int) -> list[Whole]:
    """The newest runs."""
    return [show_run(run) for run in list_runs(connection, connector, first)]


def read_drift(connection: Connection[Any]) -> list[Whole]:
    """Open drift, worst first."""
    found = list_drift(connection)[:MAX_COUNTS]
    rejected = _read_rejected(connection)
    return [
        show_drift(
            one,
            sum(
                rows.rows
                for rows in rejected
                if (rows.connector, rows.stream) == (one.connector, one.stream)
                and rows.field in one.entities.get(rows.entity, ())
            ),
        )
        for one in found
    ]


def read_approvals(connection: Connection[Any]) -> list[Whole]:
    """Open requests, newest first."""
    return [show_approval(one) for one in list_approvals(connection)[:MAX_COUNTS]]


def read_rejected(connection: Connection[Any], *, dismissed: bool = False) -> list[Whole]:
    """Open rejected rows by rule, or those that a person dismissed, the most first."""
    return [
        Whole(
            source=one.connector,
            stream=one.stream,
            entity=one.entity,
            rule=one.rule,
            field=one.field,
            rows=one.rows,
            oldest=show_instant(one.oldest),
        )
        for one in _read_rejected(connection, dismissed=dismissed)
    ]


def show_run(run: RunRecord) -> Whole:
    """A run as the graph tells it."""
    totals = {name: sum(int(count.get(name) or 0) for count in run.counts) for name in ("read", "added", "changed", "deleted", "quarantined")}  # fmt: skip
    return Whole(
        number=run.id,
        source=run.connector,
        mode=run.mode,
        status=run.status,
        startedAt=show_instant(run.started_at),
        endedAt=show_instant(run.ended_at),
        seconds=run.seconds,
        reason=run.reason,
        rowsRead=totals["read"],
        rowsAdded=totals["added"],
        rowsChanged=totals["changed"],
        rowsDeleted=totals["deleted"],
        rowsRejected=totals["quarantined"],
    )


def show_drift(one: DriftRecord, rejected: int) -> Whole:
    """A finding as the graph tells it, with how many rows were rejected for its fields."""
    return Whole(
        number=one.id,
        source=one.connector,
        stream=one.stream,
        kind=one.kind,
        grade=one.grade,
        column=one.column,
        detail=one.detail,
        fields=[f"{entity}.{name}" for entity, names in one.entities.items() for name in names],
        procedures=list(one.procedures),
        rejectedRows=rejected,
        firstSeen=show_instant(one.first_seen),
        canBeAccepted=one.kind == "RETYPED",
    )


def show_approval(one: Approval) -> Whole:
    """A request as the graph tells it."""
    return Whole(
        number=one.id,
        source=one.connector,
        stream=one.stream,
        entity=one.entity,
        kind=one.kind,
        rows=one.rows,
        held=one.held,
        reason=one.reason,
        run=one.run_id,
        requestedAt=show_instant(one.requested_at),
        decidedBy=one.decided_by,
        approved=one.approved,
    )


def count_by_connector(found: list[Any]) -> dict[str, int]:
    """How many there are of each source."""
    counted: dict[str, int] = {}
    for one in found:
        counted[one.connector] = counted.get(one.connector, 0) + 1
    return counted


def show_instant(at: datetime | None) -> str | None:
    """An instant as the graph writes it."""
    return at.isoformat() if at else None


def _read_rejected(connection: Connection[Any], *, dismissed: bool = False) -> list[RejectedRows]:
    with connection.cursor(row_factory=class_row(RejectedRows)) as cursor:
        statement = sql.SQL(REJECTED).format(state=sql.SQL(DISMISSED_STATE if dismissed else OPEN_STATE))
        return cursor.execute(statement, {"limit": MAX_COUNTS}).fetchall()


def _show_stream(row: Mapping[str, Any]) -> Whole:
    return Whole(
        name=row["name"],
        asOf=show_instant(row["as_of"]),
        confirmedAt=show_instant(row["confirmed_at"]),
    )
