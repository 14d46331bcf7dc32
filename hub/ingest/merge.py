"""Merge: staged rows into the store, set-based. Only rows whose content hash differs are touched; old versions go to history.

One merge per stream and kind of record, within the transaction of its stream: all of it is seen, or nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.model.registry import Entity
from hub.store.changes import announce


@dataclass(frozen=True)
class Merge:
    """What one merge is about: whose rows, in which run, at which instant; whether rows not staged are to go."""

    entity: Entity
    stream_id: int
    run_id: int
    at: datetime
    sweep: bool
    max_deleted: float
    accept_deletes: bool


@dataclass(frozen=True)
class Merged:
    """Rows by what happened to them; `refused` says why deletions were not made."""

    added: int
    changed: int
    unchanged: int
    deleted: int
    conflicting: int
    refused: str | None


FEW = 20
"""So many rows may always go: a share says little of a small table."""


def merge(connection: Connection[Any], work: Merge) -> Merged:
    """Merge the staged rows of one entity."""
    names = _Names(work)
    conflicting = _duplicates(connection, names)
    first_load = not _one(connection, f"select exists (select from {names.data})")
    deleted, refused = (0, None) if first_load or not work.sweep else _sweep(connection, work, names)
    if first_load:
        added = _load(connection, names)
        return Merged(added, 0, 0, 0, conflicting, None)
    connection.execute(f"analyze {names.stage}")
    conflicting += _conflicts(connection, names)
    connection.execute(names.difference)
    connection.execute(f"analyze {names.diff}")
    changed = connection.execute(names.keep_history).rowcount
    connection.execute(names.update)
    added = connection.execute(names.insert_new).rowcount
    if changed or added:
        announce(connection, names.announced)
    staged = _one(connection, f"select count(*) from {names.stage}")
    return Merged(added, changed, staged - added - changed, deleted, conflicting, refused)


class _Names:
    """The SQL of one merge, rendered from the entity's own column names."""

    def __init__(self, work: Merge) -> None:
        entity = work.entity
        self.entity = entity
        self.table = entity.table
        self.data, self.history = f"data.{entity.table}", f"history.{entity.table}"
        self.stage, self.diff, self.reject = f"stage_{entity.table}", f"diff_{entity.table}", f"reject_{entity.table}"
        self.stream_id, self.run_id = work.stream_id, work.run_id
        self.at = f"'{work.at.isoformat()}'::timestamptz"
        self.columns = ", ".join(c.name for c in entity.columns)
        staged = ", ".join(f"s.{c.name}" for c in entity.columns)
        self.hash = f"md5(row({staged})::text)::uuid"
        searched = [c.search_key for c in entity.columns if c.search_key]
        history = ", ".join(["id", *(c.name for c in entity.columns), *searched, PROVENANCE, "sys_to"])
        kept = ", ".join(
            ["t.id", *(f"t.{c.name}" for c in entity.columns), *(f"t.{n}" for n in searched), _prefixed("t")]
        )
        self.to_history = f"insert into {self.history} ({history}) select {kept}, {self.at} from {self.data} t"
        sets = ", ".join(f"{c.name} = s.{c.name}" for c in entity.columns)
        provenance = (
            f"{self.stream_id}, s.source_key, {self.run_id}, {{hash}}, {self.at}, s.changed_at_source, {self.at}"
        )
        self.insert = (
            f"insert into {self.data} ({self.columns}, {PROVENANCE}) select {staged}, {provenance} from {self.stage} s"
        )
        # What differs, in one pass over the staged rows: a run with nothing new reads everything and writes nothing.
        self.difference = (
            f"create temporary table {self.diff} on commit drop as"
            f" select s.source_key, t.id, {self.hash} as hash from {self.stage} s left join {self.data} t"
            f" on t.stream_id = {self.stream_id} and t.source_key = s.source_key"
            f" where t.id is null or t.content_hash <> {self.hash}"
        )
        self.keep_history = f"{self.to_history} join {self.diff} d on d.id = t.id"
        self.update = (
            f"update {self.data} t set {sets}, run_id = {self.run_id}, content_hash = d.hash,"
            f" changed_at_source = s.changed_at_source, sys_from = {self.at}"
            f" from {self.diff} d join {self.stage} s on s.source_key = d.source_key where t.id = d.id"
        )
        self.insert_new = (
            self.insert.format(hash="d.hash") + f" join {self.diff} d on d.source_key = s.source_key where d.id is null"
        )
        self.announced = (
            f"select '{entity.name}', t.id, case when d.id is null then 'ADDED' else 'CHANGED' end, null,"
            f" t.stream_id, t.sys_from from {self.diff} d join {self.data} t"
            f" on t.stream_id = {self.stream_id} and t.source_key = d.source_key"
        )
        self.announced_deleted = (
            f"select '{entity.name}', t.id, 'DELETED', null, t.stream_id, {self.at} from {self.data} t where"
        )


PROVENANCE = "stream_id, source_key, run_id, content_hash, first_seen, changed_at_source, sys_from"


def _prefixed(alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in PROVENANCE.split(", "))


def _load(connection: Connection[Any], names: _Names) -> int:
    """Fill an empty table: its indexes are made after the rows, which is several times faster than with them."""
    indexes = connection.execute(
        "select pg_get_indexdef(i.indexrelid), i.indexrelid::regclass::text from pg_index i"
        " where i.indrelid = %s::regclass and not i.indisprimary",
        (names.data,),
    ).fetchall()
    for _, name in indexes:
        connection.execute(f"drop index {name}")
    # A table emptied in the transaction that fills it needs no WAL for its rows where the server keeps none for replicas.
    connection.execute(f"truncate {names.data}")
    connection.execute(f"alter table {names.data} drop constraint {names.table}_pkey")
    added = connection.execute(names.insert.format(hash=names.hash)).rowcount
    connection.execute(f"alter table {names.data} add constraint {names.table}_pkey primary key (id)")
    for definition, _ in indexes:
        connection.execute(definition)
    connection.execute(f"analyze {names.data}")
    return added


def _duplicates(connection: Connection[Any], names: _Names) -> int:
    """Set aside staged rows whose source key or own key stands twice: the one changed last stays, then the smallest key."""
    found = 0
    for column in ("source_key", *(key.name for key in names.entity.keys)):
        if not _one(
            connection,
            f"select exists (select from {names.stage} where {column} is not null group by {column} having count(*) > 1)",
        ):
            continue
        doubled = (
            f"select ctid from (select ctid, row_number() over (partition by {column}"
            f" order by changed_at_source desc nulls last, source_key, ctid) as rank from {names.stage}"
            f" where {column} is not null) ranked where rank > 1"
        )
        rule = "duplicate_source_key" if column == "source_key" else "duplicate_key"
        found += _set_aside(
            connection, names, column, rule, "stands on another row of the same read", f"ctid in ({doubled})"
        )
    return found


def _conflicts(connection: Connection[Any], names: _Names) -> int:
    """Set aside staged rows whose own key a row of the store has under another source key."""
    found = 0
    for key in names.entity.keys:
        taken = (
            f"exists (select from {names.data} t where t.{key.name} = {names.stage}.{key.name}"
            f" and (t.stream_id, t.source_key) is distinct from ({names.stream_id}::smallint, {names.stage}.source_key))"
        )
        found += _set_aside(connection, names, key.name, "duplicate_key", "stands on another row of the store", taken)
    return found


def _set_aside(connection: Connection[Any], names: _Names, field: str, rule: str, words: str, where: str) -> int:
    moved = (
        f"with gone as (delete from {names.stage} where {where} returning *)"
        f" insert into {names.reject} (source_key, field, rule, reason, payload)"
        f" select source_key, %s, %s, %s, to_jsonb(gone) from gone"
    )
    return connection.execute(moved, (field, rule, f"{field} {words}")).rowcount


def _sweep(connection: Connection[Any], work: Merge, names: _Names) -> tuple[int, str | None]:
    """Remove rows that the source no longer has. A row that came and was rejected is still there, and stays as it was."""
    gone = (
        f"t.stream_id = {names.stream_id}"
        f" and not exists (select from {names.stage} s where s.source_key = t.source_key)"
        f" and not exists (select from {names.reject} r where r.source_key = t.source_key)"
    )
    count = _one(connection, f"select count(*) from {names.data} t where {gone}")
    if not count:
        return 0, None
    held = _one(connection, f"select count(*) from {names.data} t where t.stream_id = {names.stream_id}")
    if count > FEW and count > held * work.max_deleted and not work.accept_deletes:
        return 0, (
            f"{work.entity.name}: the source no longer has {count} of {held} rows, more than the manifest allows;"
            " nothing was deleted. Next step: ask the owner, then run `hub sync` with --accept-deletes"
        )
    connection.execute(f"{names.to_history} where {gone}")
    announce(connection, f"{names.announced_deleted} {gone}")
    return connection.execute(f"delete from {names.data} t where {gone}").rowcount, None


def _one(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # each is an aggregate or exists
    return row[0]
