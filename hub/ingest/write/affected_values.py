"""Affected values: count, per column, how many stored values a merge would empty, change or set aside.

If a column was renamed, or its numbers now use another separator, each single change looks ordinary; only their number
shows that something is wrong. Counting costs one more join of the differing rows. The stored values of a column are
counted only as far as needed to see that the affected share is small.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from psycopg import Connection

from hub.ingest.quarantine.rejections import DUPLICATE_RULES
from hub.ingest.write.merge_sql import MergeStatements, MergeTask
from hub.model.names import quote_identifier
from hub.store.query import fetch_row, fetch_value


@dataclass(frozen=True)
class AffectedValues:
    """Stored values of one column that a merge would not leave as they are."""

    emptied: int = 0
    changed: int = 0
    aside: int = 0
    """Values of rows that would be set aside for this column: the store would keep its old values from now on."""

    @property
    def total(self) -> int:
        """The number of affected values."""
        return self.emptied + self.changed + self.aside

    def __add__(self, other: "AffectedValues") -> "AffectedValues":
        return AffectedValues(self.emptied + other.emptied, self.changed + other.changed, self.aside + other.aside)

    def describe(self) -> str:
        """Describe what would happen to the values."""
        told = ((self.emptied, "emptied"), (self.changed, "changed"), (self.aside, "set aside"))
        return ", ".join(f"{count} {what}" for count, what in told if count)


def count_differing(connection: Connection[Any], sql: MergeStatements) -> Mapping[str, AffectedValues]:
    """Count, per column, the values that the differing rows would empty or change."""
    names = [column.name for column in sql.entity.columns]
    counted = ", ".join(
        f"count(*) filter (where t.{name} is not null and s.{name} is null), count(*) filter (where s.{name} <> t.{name})"
        for name in map(quote_identifier, names)
    )
    row = fetch_row(
        connection,
        f"select {counted} from {sql.diff} d join {sql.data} t on t.id = d.id join {sql.stage} s on s.source_key = d.source_key",
    )
    return {name: AffectedValues(row[2 * at], row[2 * at + 1]) for at, name in enumerate(names)}


def count_set_aside(connection: Connection[Any], sql: MergeStatements) -> Mapping[str, AffectedValues]:
    """Count, per column, stored rows that are newly set aside for it."""
    if not fetch_value(connection, f"select exists (select from {sql.reject})"):
        return {}
    found = connection.execute(
        f"select r.field, count(distinct t.id) from {sql.reject} r join {sql.data} t"
        f" on t.stream_id = {sql.stream_id} and t.source_key = r.source_key where r.rule <> all(%(duplicates)s)"
        " and not exists (select from hub.quarantine q where q.stream_id = t.stream_id and q.entity = %(entity)s"
        " and q.resolved_at is null and q.source_key = r.source_key and q.field = r.field)"
        " and not exists (select from hub.correction c where c.stream_id = t.stream_id and c.entity = %(entity)s"
        " and c.payload_hash = md5(r.payload::text)) group by 1",
        {"duplicates": list(DUPLICATE_RULES), "entity": sql.entity.name},
    ).fetchall()
    return {name: AffectedValues(aside=rows) for name, rows in found if name in {c.name for c in sql.entity.columns}}


def count_values_below(connection: Connection[Any], work: MergeTask, column: str, limit: float) -> int | None:
    """Count the stored values of a column, up to `limit`. None if there are at least that many."""
    most = ceil(limit)
    found = int(
        fetch_value(
            connection,
            f"select count(*) from (select from {MergeStatements(work).data} where stream_id = {work.stream_id:d}"
            f" and {quote_identifier(column)} is not null limit {most:d}) found",
        )
    )
    return found if found < most else None


def add_counts(*counts: Mapping[str, AffectedValues]) -> Iterator[tuple[str, AffectedValues]]:
    """Add several counts, column by column."""
    for name in dict.fromkeys(name for count in counts for name in count):
        yield name, sum((count.get(name, AffectedValues()) for count in counts), AffectedValues())
