"""Affected: how many values of each column a merge would empty, change or set aside, counted in the rows that differ.

A column that was renamed, a number that is now written with another point: each row of it is a change like any other, and only
their number says that something is wrong. Counting costs one more join of the rows that differ; what the store has of a column
is counted only as far as it takes to see that the share is small.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from psycopg import Connection

from hub.ingest.quarantine.rejections import DUPLICATES
from hub.ingest.write.merge_sql import Merge, MergeSql
from hub.model.names import quote_identifier
from hub.store.query import fetch_row, fetch_value


@dataclass(frozen=True)
class Affected:
    """Values of one column that the store has and a merge would not leave as they are."""

    emptied: int = 0
    changed: int = 0
    aside: int = 0
    """Values of rows that would be set aside for this column: the store would keep the old ones from now on."""

    @property
    def values(self) -> int:
        """All of them."""
        return self.emptied + self.changed + self.aside

    def __add__(self, other: "Affected") -> "Affected":
        return Affected(self.emptied + other.emptied, self.changed + other.changed, self.aside + other.aside)

    def words(self) -> str:
        """What would happen to them."""
        told = ((self.emptied, "emptied"), (self.changed, "changed"), (self.aside, "set aside"))
        return ", ".join(f"{count} {what}" for count, what in told if count)


def count_differing(connection: Connection[Any], sql: MergeSql) -> Mapping[str, Affected]:
    """Column → values that are emptied or changed, by the rows that a merge found to differ."""
    names = [column.name for column in sql.entity.columns]
    counted = ", ".join(
        f"count(*) filter (where t.{name} is not null and s.{name} is null), count(*) filter (where s.{name} <> t.{name})"
        for name in map(quote_identifier, names)
    )
    row = fetch_row(
        connection,
        f"select {counted} from {sql.diff} d join {sql.data} t on t.id = d.id join {sql.stage} s on s.source_key = d.source_key",
    )
    return {name: Affected(row[2 * at], row[2 * at + 1]) for at, name in enumerate(names)}


def count_set_aside(connection: Connection[Any], sql: MergeSql) -> Mapping[str, Affected]:
    """Column → rows of the store that are set aside for it, and did not wait for that already."""
    if not fetch_value(connection, f"select exists (select from {sql.reject})"):
        return {}
    found = connection.execute(
        f"select r.field, count(distinct t.id) from {sql.reject} r join {sql.data} t"
        f" on t.stream_id = {sql.stream_id} and t.source_key = r.source_key where r.rule <> all(%(duplicates)s)"
        " and not exists (select from hub.quarantine q where q.stream_id = t.stream_id and q.entity = %(entity)s"
        " and q.resolved_at is null and q.source_key = r.source_key and q.field = r.field)"
        " and not exists (select from hub.correction c where c.stream_id = t.stream_id and c.entity = %(entity)s"
        " and c.payload_hash = md5(r.payload::text)) group by 1",
        {"duplicates": list(DUPLICATES), "entity": sql.entity.name},
    ).fetchall()
    return {name: Affected(aside=rows) for name, rows in found if name in {c.name for c in sql.entity.columns}}


def has_values(connection: Connection[Any], work: Merge, column: str, least: float) -> int | None:
    """How many values of a column the store has; None where there are at least so many: it is not looked further."""
    most = ceil(least)
    found = int(
        fetch_value(
            connection,
            f"select count(*) from (select from {MergeSql(work).data} where stream_id = {work.stream_id:d}"
            f" and {quote_identifier(column)} is not null limit {most:d}) found",
        )
    )
    return found if found < most else None


def together(*counts: Mapping[str, Affected]) -> Iterator[tuple[str, Affected]]:
    """The columns of several counts, with the sum of each."""
    for name in dict.fromkeys(name for count in counts for name in count):
        yield name, sum((count.get(name, Affected()) for count in counts), Affected())
