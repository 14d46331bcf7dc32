"""Merge: staged rows into the store, set-based. Only rows whose values differ are touched; old versions go to history.

One merge per commit and kind of record, within the transaction of its stream: all of it is seen, or nothing. A read is of one
of two sorts. A *whole* read has every row once: a key that stands twice is a fault of the source, and a row that it lacks is
gone. A read of *changes* has versions of rows in the order in which they came: the newest wins, and an older version than the
store's never overwrites it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ingest.map import NUMBER
from hub.ingest.stage import Staged
from hub.model.registry import Entity
from hub.store.changes import announce

PROVENANCE = "stream_id, source_key, run_id, row_digest, first_seen, changed_at_source, sys_from"
FEW = 20
"""So many rows may always go: a share says little of a small table."""
ANALYSED = 1_000
"""From so many staged rows on, the planner is told what it has; below, telling costs more than a bad guess."""


@dataclass(frozen=True)
class Merge:
    """What one merge is about: whose rows, in which run, at which instant; what is known of the read."""

    entity: Entity
    stream_id: int
    run_id: int
    at: datetime
    whole: bool
    digested: bool = False
    """Whether rows that were not staged are known to be as they were, by digest."""
    exploded: bool = False


@dataclass(frozen=True)
class Merged:
    """Rows by what happened to them; `conflicting` ones went to the rejects."""

    added: int
    changed: int
    staged: int
    deleted: int
    conflicting: int

    @property
    def unchanged(self) -> int:
        """Staged rows that the store had just so, or newer."""
        return self.staged - self.added - self.changed


def merge(connection: Connection[Any], work: Merge, *, deleted: int = 0) -> Merged:
    """Merge the staged rows of one kind of record. `deleted` rows went in a sweep before."""
    names = _Names(work)
    staged = _one(connection, f"select count(*) from {names.stage}")
    if staged >= ANALYSED and not work.digested:  # where it is, `hub.ingest.unseen` has told
        connection.execute(f"analyze {names.stage}")
    conflicting = 0
    if work.whole:
        conflicting = _duplicates(connection, names) if staged else 0
    else:
        _newest(connection, names)
    deleted += _removed(connection, names)
    if work.exploded and not work.whole:
        deleted += _items(connection, names)
    if not staged:
        return Merged(0, 0, 0, deleted, conflicting)
    conflicting += _conflicts(connection, names)
    differing = connection.execute(names.difference).rowcount
    if differing >= ANALYSED:
        connection.execute(f"analyze {names.diff}")
    changed = added = 0
    if differing:
        changed = connection.execute(names.keep_history).rowcount
        connection.execute(names.update)
        added = connection.execute(names.insert_new).rowcount
        announce(connection, names.announced)
    if work.digested:
        connection.execute(names.refresh_digests)
    return Merged(added, changed, staged - conflicting, deleted, conflicting)


def held(connection: Connection[Any], work: Merge) -> int:
    """How many rows of the stream the store has."""
    return int(
        _one(connection, f"select count(*) from data.{work.entity.table} where stream_id = {work.stream_id:d}") or 0
    )


def swept(connection: Connection[Any], work: Merge, *, listed: bool = False) -> int:
    """How many rows a sweep would remove."""
    names = _Names(work)
    if work.digested and not _one(connection, f"select exists (select from {names.lost})"):
        return 0
    return int(_one(connection, f"select count(*) from {names.data} t where {names.missing(listed=listed)}") or 0)


def sweep(connection: Connection[Any], work: Merge, *, listed: bool = False) -> int:
    """Remove rows that the source no longer has. A row that came and was rejected is still there, and stays as it was."""
    names = _Names(work)
    return _delete(connection, names, names.missing(listed=listed))


class _Names:
    """The SQL of one merge, rendered from the entity's own column names."""

    def __init__(self, work: Merge) -> None:
        entity, staged = work.entity, Staged(work.entity)
        self.work, self.entity = work, entity
        self.data, self.history = f"data.{entity.table}", f"history.{entity.table}"
        self.stage, self.diff, self.reject = staged.rows, staged.differing, staged.rejects
        self.gone, self.parents, self.unseen, self.listed = staged.gone, staged.parents, staged.unseen, staged.listed
        self.met, self.lost = staged.met, staged.lost
        self.stream_id = f"{work.stream_id:d}::smallint"
        self.at = f"'{work.at.isoformat()}'::timestamptz"
        here, there = (", ".join(f"{alias}.{c.name}" for c in entity.columns) for alias in "st")
        written = [*(c.name for c in entity.columns), *(c.search_key for c in entity.columns if c.search_key)]
        history = ", ".join(["id", *written, PROVENANCE, "sys_to"])
        kept = ", ".join(f"t.{name}" for name in ["id", *written, *PROVENANCE.split(", ")])
        self.to_history = f"insert into {self.history} ({history}) select {kept}, {self.at} from {self.data} t"
        self.difference = (
            f"insert into {self.diff} select s.source_key, t.id from {self.stage} s left join {self.data} t"
            f" on t.stream_id = {self.stream_id} and t.source_key = s.source_key"
            f" where t.id is null or row({there}) is distinct from row({here})"
        )
        self.keep_history = f"{self.to_history} join {self.diff} d on d.id = t.id"
        sets = ", ".join(f"{name} = s.{name}" for name in written)
        self.update = (
            f"update {self.data} t set {sets}, run_id = {work.run_id:d}, row_digest = s.row_digest,"
            f" changed_at_source = s.changed_at_source, sys_from = {self.at}"
            f" from {self.diff} d join {self.stage} s on s.source_key = d.source_key where t.id = d.id"
        )
        given = ", ".join(f"s.{name}" for name in written)
        provenance = (
            f"{self.stream_id}, s.source_key, {work.run_id:d}, s.row_digest, {self.at}, s.changed_at_source, {self.at}"
        )
        self.insert_new = (
            f"insert into {self.data} ({', '.join(written)}, {PROVENANCE}) select {given}, {provenance} from {self.stage} s"
            f" join {self.diff} d on d.source_key = s.source_key where d.id is null"
        )
        # The same values from another row, or by newer rules: told apart by digest no more from now on.
        self.refresh_digests = (
            f"update {self.data} t set row_digest = s.row_digest, changed_at_source = s.changed_at_source"
            f" from {self.stage} s where t.stream_id = {self.stream_id} and t.source_key = s.source_key"
            f" and t.row_digest <> s.row_digest and not exists (select from {self.diff} d where d.source_key = s.source_key)"
        )
        self.announced = (
            f"select '{entity.name}', d.id, 'CHANGED', null::bigint, {self.stream_id}, {self.at} from {self.diff} d"
            f" where d.id is not null union all select '{entity.name}', t.id, 'ADDED', null::bigint, {self.stream_id}, {self.at}"
            f" from {self.diff} d join {self.data} t on t.stream_id = {self.stream_id} and t.source_key = d.source_key"
            f" where d.id is null"
        )
        self.announced_deleted = (
            f"select '{entity.name}', t.id, 'DELETED', null, t.stream_id, {self.at} from {self.data} t where"
        )

    def missing(self, *, listed: bool) -> str:
        """The rows of the store that the source has no more: not in the list of its keys, or not in a whole read."""
        if listed:
            present = f"exists (select from {self.listed} l where {self.within('l.source_key')})"
            return f"t.stream_id = {self.stream_id} and not {present}"
        unseen = f" and t.row_digest in (select digest from {self.lost})" if self.work.digested else ""
        return (
            f"t.stream_id = {self.stream_id}{unseen}"
            f" and not exists (select from {self.stage} s where s.source_key = t.source_key)"
            f" and not exists (select from {self.reject} r where r.source_key = t.source_key)"
        )

    def within(self, key: str) -> str:
        """Whether a row of the store is the one of a source key, or one of the items of its list."""
        if not self.work.exploded:
            return f"t.source_key = {key}"
        # `}` is the character after `|`: a range of the index, where LIKE would look at every row.
        return f"(t.source_key > {key} || '|' and t.source_key < {key} || '}}')"


def _delete(connection: Connection[Any], names: _Names, which: str) -> int:
    kept = connection.execute(f"{names.to_history} where {which}").rowcount
    if not kept:
        return 0
    announce(connection, f"{names.announced_deleted} {which}")
    return connection.execute(f"delete from {names.data} t where {which}").rowcount


def _duplicates(connection: Connection[Any], names: _Names) -> int:
    """Set aside staged rows of a whole read whose key stands twice: the one changed last stays, then the smallest key."""
    found = 0
    forget_copies(connection, names.stage, names.entity)
    for column in ("source_key", *(key.name for key in names.entity.keys)):
        if not _one(connection, doubled(names.stage, column)):
            continue
        found += _set_aside(connection, names, column, f"ctid in ({extra(names.stage, column)})")
    if names.work.digested:
        # The other row of that key was known by its digest, and so not staged.
        known = f"m.row_digest not in (select digest from {names.unseen})"
        newer = f"{names.stage}.changed_at_source > m.changed_at_source"
        found += _set_aside(
            connection,
            names,
            "source_key",
            f"exists (select from {names.met} m where m.source_key = {names.stage}.source_key and {known}"
            f" and m.row_digest <> {names.stage}.row_digest and not coalesce({newer}, false))",
        )
    return found


def forget_copies(connection: Connection[Any], table: str, entity: Entity) -> int:
    """Of rows that came twice just the same keep one: a list that is paged while it grows gives such. Returns how many went."""
    if not _one(connection, doubled(table, "source_key")):
        return 0
    values = ", ".join(c.name for c in entity.columns)
    ranked = f"select ctid, row_number() over (partition by source_key, {values} order by ctid) as rank from {table}"
    which = f"ctid in (select ctid from ({ranked}) copies where rank > 1)"
    return connection.execute(f"delete from {table} where {which}").rowcount


def doubled(table: str, column: str, where: str = "true") -> str:
    """SQL: whether a key stands twice in a table."""
    return (
        f"select exists (select from {table} where {column} is not null and {where}"
        f" group by {column} having count(*) > 1)"
    )


def extra(table: str, column: str) -> str:
    """SQL: the ctids of the rows of a table that give way to another of the same key."""
    return (
        f"select ctid from (select ctid, row_number() over (partition by {column}"
        f" order by changed_at_source desc nulls last, source_key, ctid) as rank from {table}"
        f" where {column} is not null) ranked where rank > 1"
    )


STALE = "t.changed_at_source > {staged}.changed_at_source"


def _newest(connection: Connection[Any], names: _Names) -> None:
    """Keep of each row the newest version only, and nothing that is older than the store's."""
    # By the source's own time where it gives one, by order of arrival otherwise.
    newer = (
        "(coalesce(o.changed_at_source, '-infinity'), o.{n}) > (coalesce({t}.changed_at_source, '-infinity'), {t}.{n})"
    )
    stage, gone = names.stage, names.gone
    if not names.work.exploded:
        for table, others in ((stage, (stage, gone)), (gone, (gone, stage))):
            for other in others:
                connection.execute(
                    f"delete from {table} where exists (select from {other} o where o.source_key = {table}.source_key"
                    f" and {newer.format(n=NUMBER, t=table)})"
                )
    connection.execute(
        f"delete from {stage} using {names.data} t where t.stream_id = {names.stream_id}"
        f" and t.source_key = {stage}.source_key and {STALE.format(staged=stage)}"
    )


def _removed(connection: Connection[Any], names: _Names) -> int:
    """Delete what the source says is deleted, unless the store has a newer version."""
    if not _one(connection, f"select exists (select from {names.gone})"):
        return 0
    which = (
        f"t.stream_id = {names.stream_id} and exists (select from {names.gone} g where {names.within('g.source_key')}"
        f" and not coalesce({STALE.format(staged='g')}, false))"
    )
    return _delete(connection, names, _by_index(names, names.gone, which))


def _items(connection: Connection[Any], names: _Names) -> int:
    """Delete the items that a list has no more."""
    which = (
        f"t.stream_id = {names.stream_id} and exists (select from {names.parents} p where {names.within('p.source_key')})"
        f" and not exists (select from {names.stage} s where s.source_key = t.source_key)"
        f" and not exists (select from {names.reject} r where r.source_key = t.source_key)"
    )
    return _delete(connection, names, _by_index(names, names.parents, which))


def _by_index(names: _Names, keys: str, which: str) -> str:
    """The same rows, found from the few keys: an `exists` over a range would look at every row of the store."""
    return f"t.id in (select t.id from {keys} k join {names.data} t on t.stream_id = {names.stream_id} and {names.within('k.source_key')} where {which})"


def _conflicts(connection: Connection[Any], names: _Names) -> int:
    """Set aside staged rows whose own key another row has: of the store, or of the same commit."""
    found = 0
    for key in names.entity.keys:
        taken = (
            f"exists (select from {names.data} t where t.{key.name} = {names.stage}.{key.name}"
            f" and (t.stream_id, t.source_key) is distinct from ({names.stream_id}, {names.stage}.source_key))"
        )
        found += _set_aside(connection, names, key.name, taken, "stands on another row of the store")
        if not names.work.whole and _one(connection, doubled(names.stage, key.name)):
            found += _set_aside(connection, names, key.name, f"ctid in ({extra(names.stage, key.name)})")
    return found


def _set_aside(
    connection: Connection[Any],
    names: _Names,
    field: str,
    where: str,
    words: str = "stands on another row of the same read",
) -> int:
    return set_aside(connection, names.stage, names.reject, field, where, words)


def set_aside(connection: Connection[Any], table: str, reject: str, field: str, where: str, words: str) -> int:
    """Move rows whose key is another's to the rejects. Returns how many."""
    rule = "duplicate_source_key" if field == "source_key" else "duplicate_key"
    moved = (
        f"with gone as (delete from {table} where {where} returning *)"
        f" insert into {reject} (source_key, field, rule, reason, payload)"
        f" select source_key, %s, %s, %s, jsonb_strip_nulls(to_jsonb(gone)) from gone"
    )
    return connection.execute(moved, (field, rule, f"{field} {words}")).rowcount


def _one(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # each is an aggregate or exists
    return row[0]
