"""Merge: write staged rows to the store, set-based. Only rows whose values differ are touched; old versions move to
history.

Each commit runs one merge per entity, within the transaction of its stream, so readers see all of it or nothing. A
*whole* read contains every row once: a duplicate key is an error of the source, and a row that is missing was deleted.
A read of *changes* contains versions of rows in order of arrival: the newest wins, and a version older than the stored
one never overwrites it.

In both, a row is deleted if the source marks it as deleted or if it no longer meets the condition of its entity
(`unmet`). It moves to history and is announced, like any deleted row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import Connection

from hub.ingest.write import affected_values as affected
from hub.ingest.write import row_versions as versions
from hub.ingest.write import unique_keys
from hub.ingest.write.affected_values import AffectedValues
from hub.ingest.write.merge_sql import MergeStatements, MergeTask, analyze_table, delete_rows
from hub.store.change_feed import announce_changes
from hub.store.query import fetch_value

ALWAYS_DELETABLE_ROWS = 20
"""Deleting up to this many rows never needs approval: percentages mean little for small tables."""


@dataclass(frozen=True)
class MergeCounts:
    """Rows by what happened to them. `conflicting` rows were rejected."""

    added: int
    changed: int
    staged: int
    deleted: int
    conflicting: int
    stale: int = 0
    """Staged rows that are older than the stored version, by the source's own change time. The stored version stays."""

    @property
    def unchanged(self) -> int:
        """Staged rows that the store already had, or had in a newer version."""
        return self.staged - self.added - self.changed


class MergeGuard(Protocol):
    """What a merge asks before it writes. Each method raises ApprovalRequired if a person has to agree first."""

    def check_leaving(self, work: MergeTask, going: int) -> None:
        """Check stored rows that would be deleted because they no longer meet the condition of their entity."""

    def check_changes(self, work: MergeTask, counts: Mapping[str, AffectedValues]) -> None:
        """Check, per column, stored values that would be emptied, changed or set aside."""


def merge_staged(
    connection: Connection[Any], work: MergeTask, *, deleted: int = 0, guard: MergeGuard | None = None
) -> MergeCounts:
    """Merge the staged rows of one entity.

    `deleted` counts rows already deleted by a sweep. Raises ApprovalRequired if the guard does.
    """
    sql = MergeStatements(work)
    staged = int(fetch_value(connection, f"select count(*) from {sql.stage}"))
    if not work.digested:  # otherwise `hub.ingest.write.missing_rows` has analysed it
        analyze_table(connection, sql.stage, staged)
    conflicting = 0
    if work.whole:
        conflicting = unique_keys.set_duplicates_aside(connection, sql) if staged else 0
        versions.keep_living(connection, sql)
    else:
        conflicting = versions.keep_newest(connection, sql)
        versions.rekey_items(connection, work)
    stale = versions.drop_stale(connection, sql) if staged or work.exploded else 0
    deleted += _delete_gone(connection, sql, guard)
    if work.exploded and not (work.whole and work.sweeps):
        deleted += _delete_items(connection, sql)
    aside = affected.count_set_aside(connection, sql) if guard is not None else {}
    if not staged:
        _ask_guard(sql, guard, aside)
        return MergeCounts(0, 0, 0, deleted, conflicting)
    keys = unique_keys.set_conflicts_aside(connection, sql)
    conflicting += keys.set_aside
    differing = connection.execute(sql.difference).rowcount
    analyze_table(connection, sql.diff, differing)
    if guard is not None:
        counts = affected.count_differing(connection, sql) if differing else {}
        _ask_guard(sql, guard, dict(affected.add_counts(counts, aside)))
    added, changed = _write_differing(connection, sql, differing, moving=keys.moving)
    return MergeCounts(added, changed, staged - conflicting, deleted, conflicting, stale)


def _ask_guard(sql: MergeStatements, guard: MergeGuard | None, counts: Mapping[str, AffectedValues]) -> None:
    found = {name: count for name, count in counts.items() if count.total}
    if guard is not None and found:
        guard.check_changes(sql.work, found)


def _write_differing(
    connection: Connection[Any], sql: MergeStatements, differing: int, *, moving: bool
) -> tuple[int, int]:
    """Write the differing rows. Returns how many were added and how many changed."""
    changed = added = 0
    if differing:
        changed = connection.execute(sql.keep_history).rowcount
        moved = unique_keys.record_moving(connection, sql) if moving else 0
        if moved:
            connection.execute(sql.take_out_moving)
        connection.execute(sql.update)
        if moved:
            connection.execute(sql.insert_moving)
        added = connection.execute(sql.insert_new).rowcount
        announce_changes(connection, sql.announced)
    if sql.work.digested:
        connection.execute(sql.refresh_digests)
    return added, changed


def count_rows(connection: Connection[Any], work: MergeTask) -> int:
    """Count the stored rows of the stream."""
    return int(
        fetch_value(
            connection, f"select count(*) from {MergeStatements(work).data} where stream_id = {work.stream_id:d}"
        )
        or 0
    )


def count_missing(connection: Connection[Any], work: MergeTask, *, listed: bool = False) -> int:
    """Count the rows that a sweep would delete."""
    sql = MergeStatements(work)
    if work.digested and not fetch_value(connection, f"select exists (select from {sql.lost})"):
        return 0
    return int(
        fetch_value(connection, f"select count(*) from {sql.data} t where {sql.match_missing(listed=listed)}") or 0
    )


def delete_missing(connection: Connection[Any], work: MergeTask, *, listed: bool = False) -> int:
    """Delete rows that the source no longer has. A row that arrived and was rejected still exists, and keeps its stored
    version.
    """
    sql = MergeStatements(work)
    return delete_rows(connection, sql, sql.match_missing(listed=listed))


def _delete_gone(connection: Connection[Any], sql: MergeStatements, guard: MergeGuard | None) -> int:
    """Delete rows that the source marks as deleted or that left their entity, unless the stored version is newer."""
    keys = int(fetch_value(connection, f"select count(*) from {sql.gone}"))
    if not keys:
        return 0
    analyze_table(connection, sql.gone, keys)
    concerned = f"select t.id from {sql.join_stored(sql.gone)} where not coalesce({versions.IS_STALE.format(staged='k')}, false)"
    if sql.work.digested:
        # The same key also arrived as a living row, which was skipped as known by its digest.
        concerned += f" and t.row_digest in (select digest from {sql.unseen})"
    if guard is not None:
        going = int(fetch_value(connection, f"select count(distinct id) from ({concerned} and k.unmet) leaving"))
        if going:
            guard.check_leaving(sql.work, going)
    return delete_rows(connection, sql, f"t.id in ({concerned})")


def _delete_items(connection: Connection[Any], sql: MergeStatements) -> int:
    """Delete the items that a list no longer has."""
    if not fetch_value(connection, f"select exists (select from {sql.parents})"):
        return 0
    which = (
        f"select t.id from {sql.join_stored(sql.parents)}"
        f" where not exists (select from {sql.stage} s where s.source_key = t.source_key)"
        f" and not exists (select from {sql.reject} r where r.source_key = t.source_key)"
    )
    return delete_rows(connection, sql, f"t.id in ({which})")
