"""The SQL of one merge, rendered from the entity's own column names: constant text but for numbers of the hub's own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ingest.write.stage import Staged
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import Entity
from hub.store.change_feed import announce_changes

PROVENANCE = "stream_id, source_key, run_id, row_digest, first_seen, changed_at_source, sys_from"
ANALYZED_ROWS = 1_000
"""From this many staged rows the planner is given statistics; below, gathering them costs more than a bad plan."""


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
    sweeps: bool = False
    """Whether a sweep before this merge removes what a whole read lacks, the items of its lists included."""
    key_parts: int = 1
    """Columns of the key of a row, before what identifies an item."""


class MergeSql:
    """The statements of one merge, and the names of its tables."""

    def __init__(self, work: Merge) -> None:
        entity, staged = work.entity, Staged(work.entity)
        table = quote_identifier(entity.table)
        self.work, self.entity = work, entity
        self.data, self.history = f"data.{table}", f"history.{table}"
        self.stage, self.diff, self.reject = staged.rows, staged.differing, staged.rejects
        self.gone, self.parents, self.unseen, self.listed = staged.gone, staged.parents, staged.unseen, staged.listed
        self.met, self.lost, self.moving = staged.met, staged.lost, staged.moving
        self.stream_id = f"{work.stream_id:d}::smallint"
        self.at = f"'{work.at.isoformat()}'::timestamptz"
        here, there = (quote_identifiers((c.name for c in entity.columns), alias) for alias in "st")
        written = [*(c.name for c in entity.columns), *(c.search_key for c in entity.columns if c.search_key)]
        columns = quote_identifiers(written)
        kept = quote_identifiers(["id", *written, *PROVENANCE.split(", ")], "t")
        self.to_history = f"insert into {self.history} (id, {columns}, {PROVENANCE}, sys_to) select {kept}, {self.at} from {self.data} t"
        self.here, self.there = here, there
        self.difference = (
            f"insert into {self.diff} select s.source_key, t.id from {self.stage} s left join {self.data} t"
            f" on t.stream_id = {self.stream_id} and t.source_key = s.source_key"
            f" where t.id is null or row({there}) is distinct from row({here})"
        )
        self.keep_history = f"{self.to_history} join {self.diff} d on d.id = t.id"
        sets = ", ".join(f"{name} = s.{name}" for name in map(quote_identifier, written))
        self.update = (
            f"update {self.data} t set {sets}, run_id = {work.run_id:d}, row_digest = s.row_digest,"
            f" changed_at_source = s.changed_at_source, sys_from = {self.at}"
            f" from {self.diff} d join {self.stage} s on s.source_key = d.source_key where t.id = d.id"
        )
        given = quote_identifiers(written, "s")
        provenance = (
            f"{self.stream_id}, s.source_key, {work.run_id:d}, s.row_digest, {self.at}, s.changed_at_source, {self.at}"
        )
        self.insert_new = (
            f"insert into {self.data} ({columns}, {PROVENANCE}) select {given}, {provenance} from {self.stage} s"
            f" join {self.diff} d on d.source_key = s.source_key where d.id is null"
        )
        self.take_out_moving = f"delete from {self.data} t using {self.moving} m where t.id = m.id"
        moved = provenance.replace(f"{self.at}, s.changed_at_source", "m.first_seen, s.changed_at_source", 1)
        self.insert_moving = (
            f"insert into {self.data} (id, {columns}, {PROVENANCE}) select m.id, {given}, {moved}"
            f" from {self.stage} s join {self.moving} m on m.source_key = s.source_key"
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

    def keyed(self, keys: str) -> str:
        """FROM: rows of a table of keys, `k`, each with the rows of the store that are its own, `t`, found by index."""
        return f"{keys} k join {self.data} t on t.stream_id = {self.stream_id} and {self.within('k.source_key')}"


def delete(connection: Connection[Any], sql: MergeSql, which: str) -> int:
    """Move rows of the store to history, and announce that they are gone. Returns how many."""
    kept = connection.execute(f"{sql.to_history} where {which}").rowcount
    if not kept:
        return 0
    announce_changes(connection, f"{sql.announced_deleted} {which}")
    return connection.execute(f"delete from {sql.data} t where {which}").rowcount


def analyze(connection: Connection[Any], table: str, rows: int) -> None:
    """Tell the planner what is in a temporary table that has many rows."""
    if rows >= ANALYZED_ROWS:
        connection.execute(f"analyze {table}")
