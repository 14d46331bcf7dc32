"""One linked field in a run: its temporary tables made, its records decided, its links written. See `hub.link.sql`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.link import changed, companions, sql
from hub.link.lock import WRITE
from hub.link.parties import FAMILY
from hub.link.sql import LinkTable
from hub.model.registry import Linked, Registry
from hub.store.changes import announce


@dataclass(frozen=True)
class Field:
    """A linked field and its link table."""

    name: str
    table: LinkTable
    linked: Linked

    @property
    def weighed(self) -> bool:
        """Whether what rules leave open is weighed by likeness."""
        return self.linked.family == FAMILY

    @property
    def companion(self) -> str | None:
        """The field of the subjects that stand beside its records, if any do."""
        known = companions.COMPANIONS.get(self.name)
        return known.field if known else None


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


def fields_of(known: Registry) -> Mapping[str, Field]:
    """Every linked field by its name, `Entity.field`."""
    found = {}
    for entity in known:
        for linked in entity.linked:
            table = sql.link_table(entity, linked)
            found[table.field] = Field(table.field, table, linked)
    return found


def start(connection: Connection[Any], field: Field, *, whole: bool) -> None:
    """Make `touched`: every record, or what changes touch directly."""
    if whole:
        touched = field.table.temporary("touched")
        connection.execute(
            f"create temporary table {touched} as select id as record_id from data.{field.table.owner.table}"
        )
        connection.execute(f"create unique index on {touched} (record_id)")
        return
    for statement in changed.touched(field.table):
        connection.execute(statement)


def decide(connection: Connection[Any], field: Field) -> None:
    """Make `recorded`, `found` and `one` of the records touched, and an empty `scored`."""
    table = field.table
    touched, recorded = table.temporary("touched"), table.temporary("recorded")
    connection.execute(f"analyze {touched}")
    connection.execute(f"create temporary table {recorded} as {sql.records(table, field.linked, only=touched)}")
    connection.execute(f"analyze {recorded}")
    *finds, one = sql.found(table, field.linked)
    for statement in finds:
        connection.execute(statement)
    connection.execute(f"analyze {table.temporary('found')}")
    connection.execute(one)
    connection.execute(f"create index on {table.temporary('one')} (record_id)")
    connection.execute(f"analyze {table.temporary('one')}")
    connection.execute(sql.scored(table))


def apply(connection: Connection[Any], field: Field, run_id: int, *, whole: bool) -> tuple[Report, datetime]:
    """Bring the link table to `wanted` in one transaction. Returns what that came to, and its instant."""
    table, started = field.table, time.monotonic()
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (WRITE,))
        values = {"at": _value(connection, "select clock_timestamp()"), "by": f"run:{run_id}"}
        forget, renew, keep, delete, insert = sql.changes(table, whole=whole)
        first = not _value(connection, f"select exists (select from link.{table.table})")
        connection.execute(forget)
        connection.execute(renew)
        connection.execute(f"analyze {table.temporary('wanted')}")
        connection.execute(keep, values)
        withdrawn = connection.execute(delete).rowcount
        added = connection.execute(insert, values).rowcount
        if not first and added + withdrawn:
            announce(connection, sql.announced(table), values)
    if added + withdrawn > SEVERAL:
        connection.execute(f"analyze link.{table.table}")
    return _report(connection, field, added, withdrawn, time.monotonic() - started), values["at"]


SEVERAL = 1_000
"""From so many changed links on the planner is told; below, telling takes longer than the run."""


def reset(connection: Connection[Any], field: Field, keep: tuple[str, ...] = ()) -> None:
    """Drop the temporary tables of a field."""
    for name in sql.TEMPORARY:
        if name not in keep:
            connection.execute(f"drop table if exists {field.table.temporary(name)}")


def _report(connection: Connection[Any], field: Field, added: int, withdrawn: int, seconds: float) -> Report:
    table = field.table
    total = _value(connection, f"select count(*) from data.{table.owner.table}")
    looked_at = _value(connection, f"select count(*) from {table.temporary('touched')}")
    rows = connection.execute(
        f"select method, status, count(*) from link.{table.table} where status <> 'UNCONFIRMED' group by 1, 2 order by 1, 2"
    ).fetchall()
    waiting = _value(
        connection, f"select count(distinct record_id) from link.{table.table} where status = 'UNCONFIRMED'"
    )
    by_status = {status: sum(n for _, s, n in rows if s == status) for status in ("CONFIRMED", "PROBABLE")}
    methods = {method: sum(n for m, _, n in rows if m == method) for method, _, _ in rows}
    unlinked = total - sum(by_status.values()) - waiting
    outcome = (by_status["CONFIRMED"], by_status["PROBABLE"], waiting, unlinked)
    return Report(field.name, total, *outcome, methods, looked_at, added, withdrawn, round(seconds, 3))


def _value(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # each returns a value
    return row[0]
