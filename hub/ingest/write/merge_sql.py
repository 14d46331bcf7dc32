"""The SQL of one merge, rendered from the entity's column names. Everything else in it is constant, except the hub's
own numbers.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ingest.write.stage import StagingTables
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import Entity
from hub.store.change_feed import announce_changes

PROVENANCE_COLUMNS = "stream_id, source_key, run_id, row_digest, first_seen, changed_at_source, sys_from"
ANALYZED_ROWS = 1_000
"""From this many staged rows on, the planner gets statistics. Below, gathering them costs more than a bad plan."""


@dataclass(frozen=True)
class MergeTask:
    """The parameters of one merge: the entity, stream, run and instant, and facts about the read."""

    entity: Entity
    stream_id: int
    run_id: int
    at: datetime
    whole: bool
    digested: bool = False
    """Whether rows that were not staged are known, by digest, to be unchanged."""
    exploded: bool = False
    sweeps: bool = False
    """Whether a sweep before this merge deletes what a whole read lacks, including items of its lists."""
    key_parts: int = 1
    """Number of key columns of a row, without what identifies an item."""


class MergeStatements:
    """The statements of one merge, and the names of its tables."""

    def __init__(self, work: MergeTask) -> None:
        entity, staged = work.entity, StagingTables(work.entity)
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
        kept = quote_identifiers(["id", *written, *PROVENANCE_COLUMNS.split(", ")], "t")
        self.to_history = f"insert into {self.history} (id, {columns}, {PROVENANCE_COLUMNS}, sys_to) select {kept}, {self.at} from {self.data} t"
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
            f"insert into {self.data} ({columns}, {PROVENANCE_COLUMNS}) select {given}, {provenance} from {self.stage} s"
            f" join {self.diff} d on d.source_key = s.source_key where d.id is null"
        )
        self.take_out_moving = f"delete from {self.data} t using {self.moving} m where t.id = m.id"
        moved = provenance.replace(f"{self.at}, s.changed_at_source", "m.first_seen, s.changed_at_source", 1)
        self.insert_moving = (
            f"insert into {self.data} (id, {columns}, {PROVENANCE_COLUMNS}) select m.id, {given}, {moved}"
            f" from {self.stage} s join {self.moving} m on m.source_key = s.source_key"
        )
        # The values are equal but come from a changed row or from newer rules: store the new digest.
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

    def match_missing(self, *, listed: bool) -> str:
        """Return the condition for stored rows that the source no longer has: not among its keys, or not in a whole
        read.
        """
        if listed:
            present = f"exists (select from {self.listed} l where {self.match_key('l.source_key')})"
            return f"t.stream_id = {self.stream_id} and not {present}"
        unseen = f" and t.row_digest in (select digest from {self.lost})" if self.work.digested else ""
        return (
            f"t.stream_id = {self.stream_id}{unseen}"
            f" and not exists (select from {self.stage} s where s.source_key = t.source_key)"
            f" and not exists (select from {self.reject} r where r.source_key = t.source_key)"
        )

    def match_key(self, key: str) -> str:
        """Return the condition for the stored row of a source key, or for the items of its list."""
        if not self.work.exploded:
            return f"t.source_key = {key}"
        # `}` is the character after `|`: an index range, where LIKE would scan every row.
        return f"(t.source_key > {key} || '|' and t.source_key < {key} || '}}')"

    def join_stored(self, keys: str) -> str:
        """Return a FROM clause: a table of keys `k`, each joined by index with its stored rows `t`."""
        return f"{keys} k join {self.data} t on t.stream_id = {self.stream_id} and {self.match_key('k.source_key')}"


def delete_rows(connection: Connection[Any], sql: MergeStatements, which: str) -> int:
    """Move stored rows to history and announce their deletion. Returns how many."""
    kept = connection.execute(f"{sql.to_history} where {which}").rowcount
    if not kept:
        return 0
    announce_changes(connection, f"{sql.announced_deleted} {which}")
    return connection.execute(f"delete from {sql.data} t where {which}").rowcount


def analyze_table(connection: Connection[Any], table: str, rows: int) -> None:
    """Analyze a temporary table if it has many rows."""
    if rows >= ANALYZED_ROWS:
        connection.execute(f"analyze {table}")
