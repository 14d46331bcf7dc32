"""Merge: staged rows into the store, set-based. Only rows whose values differ are touched; old versions go to history.

One merge per commit and kind of record, within the transaction of its stream: all of it is seen, or nothing. A read is of one
of two sorts. A *whole* read has every row once: a key that stands twice is a fault of the source, and a row that it lacks is
gone. A read of *changes* has versions of rows in the order in which they came: the newest wins, and an older version than the
store's never overwrites it.

In both, a row is gone that the source marks as deleted, or that no longer meets the condition of its kind (`unmet`): it goes as
any deleted row does, to history, and is announced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import Connection

from hub.ingest.write import affected_values as affected
from hub.ingest.write import row_versions as versions
from hub.ingest.write import unique_keys
from hub.ingest.write.affected_values import Affected
from hub.ingest.write.merge_sql import Merge, MergeSql, analyze, delete
from hub.store.change_feed import announce_changes
from hub.store.query import fetch_value

FEW = 20
"""So many rows may always go: a share says little of a small table."""


@dataclass(frozen=True)
class Merged:
    """Rows by what happened to them; `conflicting` ones went to the rejects."""

    added: int
    changed: int
    staged: int
    deleted: int
    conflicting: int
    stale: int = 0
    """Staged rows of which the store has a newer version, by the source's own time of change: that one stays."""

    @property
    def unchanged(self) -> int:
        """Staged rows that the store had just so, or newer."""
        return self.staged - self.added - self.changed


class Guard(Protocol):
    """What a merge asks before it writes. Each method raises Refused where a person has to agree first."""

    def leave(self, work: Merge, going: int) -> None:
        """Rows of the store that are to go because they no longer meet the condition of their kind."""

    def change(self, work: Merge, counts: Mapping[str, Affected]) -> None:
        """Column → values of the store that are to be emptied, changed or set aside."""


def merge(connection: Connection[Any], work: Merge, *, deleted: int = 0, guard: Guard | None = None) -> Merged:
    """Merge the staged rows of one kind of record. `deleted` rows went in a sweep before. Raises Refused by the guard's word."""
    sql = MergeSql(work)
    staged = int(fetch_value(connection, f"select count(*) from {sql.stage}"))
    if not work.digested:  # where it is, `hub.ingest.write.missing_rows` has told
        analyze(connection, sql.stage, staged)
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
        _ask(sql, guard, aside)
        return Merged(0, 0, 0, deleted, conflicting)
    keys = unique_keys.set_conflicts_aside(connection, sql)
    conflicting += keys.set_aside
    differing = connection.execute(sql.difference).rowcount
    analyze(connection, sql.diff, differing)
    if guard is not None:
        counts = affected.count_differing(connection, sql) if differing else {}
        _ask(sql, guard, dict(affected.together(counts, aside)))
    added, changed = _write(connection, sql, differing, moving=keys.moving)
    return Merged(added, changed, staged - conflicting, deleted, conflicting, stale)


def _ask(sql: MergeSql, guard: Guard | None, counts: Mapping[str, Affected]) -> None:
    found = {name: count for name, count in counts.items() if count.values}
    if guard is not None and found:
        guard.change(sql.work, found)


def _write(connection: Connection[Any], sql: MergeSql, differing: int, *, moving: bool) -> tuple[int, int]:
    """Write what differs. Returns how many rows were added and changed."""
    changed = added = 0
    if differing:
        changed = connection.execute(sql.keep_history).rowcount
        moved = unique_keys.note_moving(connection, sql) if moving else 0
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


def held(connection: Connection[Any], work: Merge) -> int:
    """How many rows of the stream the store has."""
    return int(
        fetch_value(connection, f"select count(*) from {MergeSql(work).data} where stream_id = {work.stream_id:d}") or 0
    )


def swept(connection: Connection[Any], work: Merge, *, listed: bool = False) -> int:
    """How many rows a sweep would remove."""
    sql = MergeSql(work)
    if work.digested and not fetch_value(connection, f"select exists (select from {sql.lost})"):
        return 0
    return int(fetch_value(connection, f"select count(*) from {sql.data} t where {sql.missing(listed=listed)}") or 0)


def sweep(connection: Connection[Any], work: Merge, *, listed: bool = False) -> int:
    """Remove rows that the source no longer has. A row that came and was rejected is still there, and stays as it was."""
    sql = MergeSql(work)
    return delete(connection, sql, sql.missing(listed=listed))


def _delete_gone(connection: Connection[Any], sql: MergeSql, guard: Guard | None) -> int:
    """Delete what the source marks as deleted, and what no longer is of this kind, unless the store has a newer version."""
    keys = int(fetch_value(connection, f"select count(*) from {sql.gone}"))
    if not keys:
        return 0
    analyze(connection, sql.gone, keys)
    concerned = f"select t.id from {sql.keyed(sql.gone)} where not coalesce({versions.STALE.format(staged='k')}, false)"
    if sql.work.digested:
        # The same key stands in the read as a living row that was known by its digest.
        concerned += f" and t.row_digest in (select digest from {sql.unseen})"
    if guard is not None:
        going = int(fetch_value(connection, f"select count(distinct id) from ({concerned} and k.unmet) leaving"))
        if going:
            guard.leave(sql.work, going)
    return delete(connection, sql, f"t.id in ({concerned})")


def _delete_items(connection: Connection[Any], sql: MergeSql) -> int:
    """Delete the items that a list has no more."""
    if not fetch_value(connection, f"select exists (select from {sql.parents})"):
        return 0
    which = (
        f"select t.id from {sql.keyed(sql.parents)}"
        f" where not exists (select from {sql.stage} s where s.source_key = t.source_key)"
        f" and not exists (select from {sql.reject} r where r.source_key = t.source_key)"
    )
    return delete(connection, sql, f"t.id in ({which})")
