"""The table behind a slot: check what following it requires, say who must run what if it is missing, and read its rows."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import sql

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.cdc.changes import ChangedRow
from hub.ingest.read.cdc.slot import SlotTarget, SourceConnection, fetch_row

OP_COLUMN = "_op"
NUMBER_OIDS = frozenset({20, 21, 23, 700, 701, 1700})
"""Type oids of int8, int2, int4, float4, float8 and numeric."""
BOOL_OID, BYTEA_OID = 16, 17
"""Types whose text in the log and in COPY differs from the hub's form: `t`, `\\x00`."""
OLDEST_VERSION = 130_000
"""The first version that reports whether a slot is lost."""


@dataclass(frozen=True)
class TableStorage:
    """Where the rows of a table are stored: the file of the table or of each of its partitions, by oid.

    A log contains rows, and TRUNCATE of the table itself. It does not contain that a partition was attached or detached
    with its rows, or emptied, nor that a table was rewritten. Each of these changes a file or the list of files.
    """

    files: tuple[tuple[int, int], ...]
    parted: bool

    @property
    def newest_oid(self) -> int:
        """The highest oid: a partition created later has a higher one."""
        return max((oid for oid, _ in self.files), default=0)

    def digest_files(self, newest: int) -> str:
        """Return a digest of the files that existed when `newest` was the highest oid."""
        known = sorted(found for found in self.files if found[0] <= newest)
        return hashlib.blake2b(repr(known).encode(), digest_size=8).hexdigest()

    def build_state(self) -> dict[str, Any]:
        """Return what a state keeps, however many partitions there are."""
        return {"newest": self.newest_oid, "digest": self.digest_files(self.newest_oid)}


@dataclass(frozen=True)
class PublishedTable:
    """The table as it is now: its published columns, their types, and which rows are published."""

    oid: int
    schema: str
    name: str
    types: dict[str, tuple[str, int]]
    """Column → its SQL type, and the type's oid."""
    row_filter: str | None
    """The publication's row filter, as SQL."""
    membership: str
    """Which entry of which publication it has: a table that was removed and added again has a different one."""
    altered: str
    """The transaction that last set the publication's options: if deletes were left out for a while, it differs."""
    storage: TableStorage

    @property
    def columns(self) -> tuple[str, ...]:
        """The published columns, in the table's order."""
        return tuple(self.types)

    @property
    def oids(self) -> tuple[int, ...]:
        """The oids of their types."""
        return tuple(oid for _, oid in self.types.values())

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in SQL."""
        return sql.Identifier(self.schema, self.name)

    def build_empty(self) -> pl.DataFrame:
        """Return a frame with its columns and `_op`, without rows."""
        return build_frame(self.columns, self.oids, [])

    def build_select(self, columns: Sequence[str]) -> sql.Composed:
        """Return a select of all published rows."""
        query = sql.SQL("select {} from {} t").format(_list_identifiers(columns), self.identifier)
        # The filter is SQL from the source's own catalogue.
        return query + sql.SQL(" where " + self.row_filter) if self.row_filter else query


def load_table(connection: SourceConnection, wanted: SlotTarget) -> PublishedTable:
    """Return the table, after checking everything that following it requires. Raises HubMisconfigured,
    SourceUnavailable.
    """
    _check_server(connection, wanted)
    schema, _, name = wanted.table.rpartition(".")
    row = connection.execute(
        "select c.oid, n.nspname::text, c.relname::text, c.relkind = 'p' from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace where c.relname = %s and c.relkind in ('r', 'p')"
        " and case when %s = '' then pg_table_is_visible(c.oid) else n.nspname = %s end",
        (name, schema, schema),
    ).fetchone()
    if row is None:
        raise SourceUnavailable(
            f"{wanted.where}: the table {wanted.table} does not exist", next_step="ask the owner whether it was renamed"
        )
    oid, schema, name, parted = row
    publication = _find_publication(connection, wanted, sql.Identifier(schema, name).as_string(None), parted)
    only, columns = _find_published(connection, wanted, schema, name, parted)
    member = connection.execute(
        "select oid from pg_publication_rel where prpubid = %s and prrelid = %s", (publication, oid)
    ).fetchone()
    membership = f"{publication}.{member[0] if member else 0}"
    altered = fetch_row(connection.execute("select xmin::text from pg_publication where oid = %s", (publication,)))[0]
    types = _load_types(connection, oid, columns)
    found = PublishedTable(
        oid, schema, name, types, only, membership, altered, _load_storage(connection, oid, parted=parted)
    )
    _check_columns(wanted, found)
    _check_identity(connection, wanted, found)
    return found


def _load_storage(connection: SourceConnection, oid: int, *, parted: bool) -> TableStorage:
    found = connection.execute(
        "select relid::oid::bigint, coalesce(pg_relation_filenode(relid), 0)::bigint from pg_partition_tree(%s) where isleaf"
        if parted
        else "select oid::bigint, coalesce(pg_relation_filenode(oid), 0)::bigint from pg_class where oid = %s",
        (oid,),
    ).fetchall()
    return TableStorage(tuple(sorted((int(part), int(file)) for part, file in found)), parted)


def has_rows(connection: SourceConnection, parts: Iterable[int]) -> bool:
    """Whether any of these partitions has a row."""
    for part in parts:
        row = connection.execute(
            "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.oid = %s",
            (part,),
        ).fetchone()
        if row is not None:
            query = sql.SQL("select exists (select from {})").format(sql.Identifier(*row))
            if fetch_row(connection.execute(query))[0]:
                return True
    return False


def _check_server(connection: SourceConnection, wanted: SlotTarget) -> None:
    if connection.info.server_version < OLDEST_VERSION:
        raise HubMisconfigured(
            f"{wanted.where}: the source is older than PostgreSQL 13",
            next_step="read the table with a sql connector instead",
        )
    if fetch_row(connection.execute("select pg_is_in_recovery()"))[0]:
        raise HubMisconfigured(
            f"{wanted.where}: the address leads to a standby", next_step="use the address of the primary server"
        )
    if fetch_row(connection.execute("show wal_level"))[0] != "logical":
        raise HubMisconfigured(
            f"{wanted.where}: the source's log lacks the data for logical decoding",
            next_step="ask the owner to set wal_level = logical and restart PostgreSQL",
        )


def _find_publication(connection: SourceConnection, wanted: SlotTarget, table: str, parted: bool) -> int:
    """Return the publication's oid. The owner creates it: the hub creates and changes none."""
    row = connection.execute(
        "select oid, pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = %s",
        (wanted.publication,),
    ).fetchone()
    name = sql.Identifier(wanted.publication).as_string(None)
    if row is None:
        raise HubMisconfigured(
            f"{wanted.where}: the publication {wanted.publication} does not exist at the source",
            next_step=f"ask the owner to run: CREATE PUBLICATION {name} FOR TABLE {table}"
            + (" WITH (publish_via_partition_root = true)" if parted else ""),
        )
    if not row[1]:
        raise HubMisconfigured(
            f"{wanted.where}: the publication {wanted.publication} omits kinds of changes",
            next_step=f"ask the owner to run: ALTER PUBLICATION {name} SET (publish = 'insert, update, delete, truncate')",
        )
    return int(row[0])


def _find_published(
    connection: SourceConnection, wanted: SlotTarget, schema: str, name: str, parted: bool
) -> tuple[str | None, list[str] | None]:
    """Return the row filter and the columns of the table in the publication; None means every row or every column."""
    described = connection.info.server_version >= 150_000
    columns = "rowfilter, attnames::text[]" if described else "null, null"
    found = connection.execute(
        sql.SQL(
            "select {} from pg_publication_tables where pubname = %s and schemaname = %s and tablename = %s"
        ).format(sql.SQL(columns)),
        (wanted.publication, schema, name),
    ).fetchone()
    if found is None:
        publication, table = sql.Identifier(wanted.publication), sql.Identifier(schema, name)
        change = "SET (publish_via_partition_root = true)" if parted else f"ADD TABLE {table.as_string(None)}"
        raise HubMisconfigured(
            f"{wanted.where}: {wanted.table} is not in the publication {wanted.publication}",
            next_step=f"ask the owner to run: ALTER PUBLICATION {publication.as_string(None)} {change}",
        )
    return found[0], found[1]


def _load_types(connection: SourceConnection, oid: int, published: list[str] | None) -> dict[str, tuple[str, int]]:
    rows = connection.execute(
        "select attname::text, format_type(atttypid, atttypmod), atttypid from pg_attribute where attrelid = %s"
        " and attnum > 0 and not attisdropped and (case when %s::text[] is null then attgenerated = '' else attname = any(%s) end)"
        " order by attnum",
        (oid, published, published),
    ).fetchall()
    return {name: (kind, type_oid) for name, kind, type_oid in rows}


def _check_columns(wanted: SlotTarget, table: PublishedTable) -> None:
    if OP_COLUMN in table.types:
        raise HubMisconfigured(
            f"{wanted.where}: {wanted.table} has a column {OP_COLUMN}, a name reserved for the hub",
            next_step=f"ask the owner to exclude {OP_COLUMN} from the publication's columns",
        )


def _check_identity(connection: SourceConnection, wanted: SlotTarget, table: PublishedTable) -> None:
    rows = connection.execute(
        "select a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " left join pg_index i on i.indrelid = c.oid and a.attnum = any(i.indkey)"
        " and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end"
        " where c.oid = %s and (c.relreplident = 'f' or i.indexrelid is not null)",
        (table.oid,),
    ).fetchall()
    lacking = sorted(set(wanted.key) & set(table.columns) - {name for (name,) in rows})
    if lacking:
        raise HubMisconfigured(
            f"{wanted.where}: the replica identity of {wanted.table} lacks {', '.join(lacking)}:"
            " a delete would not say which row it means",
            next_step=f"ask the owner to run: ALTER TABLE {table.identifier.as_string(None)} REPLICA IDENTITY FULL,"
            " or USING INDEX with a unique index of these columns",
        )


def fetch_rows(
    connection: SourceConnection,
    table: PublishedTable,
    key: Sequence[str],
    values: Sequence[Sequence[Any]],
    columns: Sequence[str],
) -> list[tuple[str | None, ...]]:
    """Return columns of the rows with these keys, as text, after the key's columns. Keys without a row return nothing."""
    names = [f"k{i}" for i in range(len(key))]
    query = sql.SQL("select {} from unnest({}) k ({}) join {} t on {}").format(
        sql.SQL(", ").join([*(sql.Identifier("k", n) for n in names), *(sql.Identifier("t", c) for c in columns)]),
        sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in key),
        _list_identifiers(names),
        table.identifier,
        sql.SQL(" and ").join(
            # The key's own type, so that its index is used.
            sql.SQL("t.{} = k.{}::{}").format(sql.Identifier(k), sql.Identifier(n), sql.SQL(table.types[k][0]))
            for k, n in zip(key, names, strict=True)
        ),
    )
    query += sql.SQL(" where " + table.row_filter) if table.row_filter else sql.SQL("")
    with connection.cursor(binary=False) as cursor:
        result = cursor.execute(query, [[row[i] for row in values] for i in range(len(key))]).pgresult
        assert result is not None  # a select always has a result
        # The server's own text, as in COPY and the log; psycopg would convert it to Python values.
        return [
            tuple(
                [text.decode() if (text := result.get_value(r, c)) is not None else None for c in range(result.nfields)]
            )
            for r in range(result.ntuples)
        ]


def copy_rows(
    connection: SourceConnection, table: PublishedTable, columns: Sequence[str], batch_rows: int
) -> Iterator[pl.DataFrame]:
    """Yield columns of all rows through COPY. It delivers one row per message, so messages can be counted as rows."""
    copy = sql.SQL("copy ({}) to stdout (format csv)").format(table.build_select(columns))
    buffer, count = io.BytesIO(), 0
    with connection.cursor() as cursor, cursor.copy(copy) as rows:
        for row in rows:
            buffer.write(row)
            count += 1
            if count == batch_rows:
                yield _parse_csv(table, columns, buffer)
                buffer, count = io.BytesIO(), 0
    if count:
        yield _parse_csv(table, columns, buffer)


def _parse_csv(table: PublishedTable, columns: Sequence[str], buffer: io.BytesIO) -> pl.DataFrame:
    frame = pl.read_csv(buffer.getvalue(), has_header=False, new_columns=list(columns), infer_schema=False)
    return _convert_values(frame, columns, [table.types[column][1] for column in columns])


def build_frame(columns: Sequence[str], types: Sequence[int], rows: Iterable[ChangedRow]) -> pl.DataFrame:
    """Build a frame of changes: the columns, all text, and `_op`."""
    listed = [*zip(*[(*row.values, row.op) for row in rows], strict=True)] or [()] * (len(columns) + 1)
    series = [pl.Series(name, texts, pl.String) for name, texts in zip((*columns, OP_COLUMN), listed, strict=True)]
    return _convert_values(pl.DataFrame(series), columns, types)


def _convert_values(frame: pl.DataFrame, columns: Sequence[str], types: Sequence[int]) -> pl.DataFrame:
    """Convert values to the hub's form, whichever way they arrived: `true`, hex without a prefix."""
    by_type = {
        BOOL_OID: lambda column: pl.col(column).replace({"t": "true", "f": "false"}),
        BYTEA_OID: lambda column: pl.col(column).str.strip_prefix("\\x"),
    }
    return frame.with_columns(by_type[kind](c) for c, kind in zip(columns, types, strict=True) if kind in by_type)


def _list_identifiers(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
