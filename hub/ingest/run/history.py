"""The records of runs, for a person to look at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.ingest.run.run_lock import IS_HELD

STATUS = (
    "case when status = 'RUNNING' and mode in ('SYNC', 'FULL', 'FOLLOW')"
    f" and not {IS_HELD} then 'INTERRUPTED' else status end as status"
)
"""A run whose process died is shown so at once: its session has gone, and the lock of its connector with it."""
COLUMNS = (
    f"id, connector, connector_version, mode, {STATUS}, started_at, ended_at,"
    " extract(epoch from coalesce(ended_at, now()) - started_at)::float8 as seconds, reason,"
    # Counts of the first revisions were objects.
    " case jsonb_typeof(counts) when 'array' then counts else '[]' end as counts,"
    " coalesce(timings, '{}') as timings, coalesce(drift, '[]') as drift, coalesce(notes, '[]') as notes"
)


@dataclass(frozen=True)
class RunRecord:
    """One run of one connector. `counts` has one item for each stream and kind of record."""

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
        """A count over all streams and kinds of record."""
        return sum(count[what] for count in self.counts)


def runs(connection: Connection[Any], connector: str | None, limit: int) -> list[RunRecord]:
    """The newest runs, of one connector where one is named."""
    with connection.cursor(row_factory=class_row(RunRecord)) as cursor:
        return cursor.execute(
            f"select {COLUMNS} from hub.run where %(connector)s::text is null or connector = %(connector)s"  # noqa: S608 constants and quoted identifiers
            " order by id desc limit %(limit)s",
            {"connector": connector, "limit": limit},
        ).fetchall()


def run_record(connection: Connection[Any], number: int) -> RunRecord:
    """One run. Raises OperationRefused where there is none."""
    with connection.cursor(row_factory=class_row(RunRecord)) as cursor:
        found = cursor.execute(f"select {COLUMNS} from hub.run where id = %s", (number,)).fetchone()  # noqa: S608 constants and quoted identifiers
    if found is None:
        raise OperationRefused(f"there is no run {number}", next_step="see `hub runs list`")
    return found


def last_version(connection: Connection[Any], connector: str, before: int) -> str | None:
    """The connector's version in the last run before this one that read something; None where there is none."""
    row = connection.execute(
        "select connector_version from hub.run where connector = %s and id < %s and mode is distinct from 'LOOKUP'"
        " and mode is distinct from 'REPLAY' and status in ('SUCCEEDED', 'PARTIAL') order by id desc limit 1",
        (connector, before),
    ).fetchone()
    return str(row[0]) if row else None
