"""History: the records of runs, for a person to read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.ingest.run.run_lock import LOCK_IS_HELD

STATUS_COLUMN = (
    "case when status = 'RUNNING' and mode in ('SYNC', 'FULL', 'FOLLOW')"
    f" and not {LOCK_IS_HELD} then 'INTERRUPTED' else status end as status"
)
"""A run whose process died shows as INTERRUPTED at once: its session is gone, and its connector's lock with it."""
RECORD_COLUMNS = (
    f"id, connector, connector_version, mode, {STATUS_COLUMN}, started_at, ended_at,"
    " extract(epoch from coalesce(ended_at, now()) - started_at)::float8 as seconds, reason,"
    # The first releases stored counts as objects.
    " case jsonb_typeof(counts) when 'array' then counts else '[]' end as counts,"
    " coalesce(timings, '{}') as timings, coalesce(drift, '[]') as drift, coalesce(notes, '[]') as notes"
)


@dataclass(frozen=True)
class RunRecord:
    """One run of one connector. `counts` has one item per stream and entity."""

    id: int
    connector: str
    connector_version: str
    mode: str | None
    status: str
    started_at: datetime
    ended_at: datetime | None
    seconds: float
    reason: str | None
    counts: list[dict[str, Any]]
    timings: dict[str, dict[str, float]]
    drift: list[str]
    notes: list[str]

    def total(self, what: str) -> int:
        """Return a count summed over all streams and entities."""
        return sum(count[what] for count in self.counts)


def list_runs(connection: Connection[Any], connector: str | None, limit: int) -> list[RunRecord]:
    """Return the newest runs, of one connector if given."""
    with connection.cursor(row_factory=class_row(RunRecord)) as cursor:
        return cursor.execute(
            f"select {RECORD_COLUMNS} from hub.run where %(connector)s::text is null or connector = %(connector)s"  # noqa: S608 constants and quoted identifiers
            " order by id desc limit %(limit)s",
            {"connector": connector, "limit": limit},
        ).fetchall()


def load_run(connection: Connection[Any], number: int) -> RunRecord:
    """Return one run. Raises OperationRefused if it does not exist."""
    with connection.cursor(row_factory=class_row(RunRecord)) as cursor:
        found = cursor.execute(f"select {RECORD_COLUMNS} from hub.run where id = %s", (number,)).fetchone()  # noqa: S608 constants and quoted identifiers
    if found is None:
        raise OperationRefused(f"there is no run {number}", next_step="list runs with `hub runs list`")
    return found


def find_last_version(connection: Connection[Any], connector: str, before: int) -> str | None:
    """Return the connector's version in its last successful run before this one. None if there is none."""
    row = connection.execute(
        "select connector_version from hub.run where connector = %s and id < %s and mode is distinct from 'LOOKUP'"
        " and mode is distinct from 'REPLAY' and status in ('SUCCEEDED', 'PARTIAL') order by id desc limit 1",
        (connector, before),
    ).fetchone()
    return str(row[0]) if row else None
