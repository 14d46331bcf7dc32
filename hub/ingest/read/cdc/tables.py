"""The table behind a slot: what following it needs, who must run what where it is missing, and its rows as frames."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import sql

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.cdc.changes import Row
from hub.ingest.read.cdc.slot import Connection, Wanted, one

OP = "_op"
NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})
"""Type numbers of int8, int2, int4, float4, float8 and numeric."""
BOOL, BYTEA = 16, 17
"""Types whose text in the log and in COPY is not how the hub writes their values: `t`, `\\x00`."""
OLDEST = 130_000
"""The first version that says whether a slot is lost."""


@dataclass(frozen=True)
class Storage:
    """Where the rows of a table are: the file of the table, or of each of its partitions, by the oid of each.

    A log tells of rows, and of TRUNCATE of the table itself. It does not tell that a partition came with its rows, went with
    them, or was emptied, nor that a table was rewritten: each gives another file, or another list of them.
    """

    files: tuple[tuple[int, int], ...]
    parted: bool

    @property
    def newest(self) -> int:
        """The highest oid: what is made later has a higher one."""
        return max((oid for oid, _ in self.files), default=0)

    def digest(self, newest: int) -> str:
        """What tells these files from others, of those that were there when `newest` was the highest oid."""
        known = sorted(found for found in self.files if found[0] <= newest)
        return hashlib.blake2b(repr(known).encode(), digest_size=8).hexdigest()

    def state(self) -> dict[str, Any]:
        """What a state keeps of it, however many partitions there are."""
        return {"newest": self.newest, "digest": self.digest(self.newest)}


@dataclass(frozen=True)
class Table:
    """The table as it is now: the columns that are published, their types, and which rows are."""

    oid: int
    schema: str
    name: str
    types: dict[str, tuple[str, int]]
    """Column → its type as SQL has it, and the type's oid."""
    only: str | None
    """The publication's row filter, as SQL."""
    membership: str
    """Which entry of which publication it has: a table that was taken out and put in again has another."""
    altered: str
    """By which transaction the publication's options were last set: one that left out deletes for a while has another."""
    storage: Storage

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

    def empty(self) -> pl.DataFrame:
        """A frame of its columns, and `_op`, without rows."""
        return framed(self.columns, self.oids, [])

    def select(self, columns: Sequence[str]) -> sql.Composed:
        """A select of all published rows."""
        query = sql.SQL("select {} from {} t").format(_listed(columns), self.identifier)
        # The filter is SQL of the source's own catalogue.
        return query + sql.SQL(" where " + self.only) if self.only else query


def table(connection: Connection, wanted: Wanted) -> Table:
    """The table, after a look at everything that following it needs. Raises HubMisconfigured, SourceUnavailable."""
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
            f"{wanted.where}: there is no table {wanted.table}", next_step="ask the owner whether it was renamed"
        )
    oid, schema, name, parted = row
    publication = _publication(connection, wanted, sql.Identifier(schema, name).as_string(None), parted)
    only, columns = _published(connection, wanted, schema, name, parted)
    member = connection.execute(
        "select oid from pg_publication_rel where prpubid = %s and prrelid = %s", (publication, oid)
    ).fetchone()
    membership = f"{publication}.{member[0] if member else 0}"
    altered = one(connection.execute("select xmin::text from pg_publication where oid = %s", (publication,)))[0]
    types = _types(connection, oid, columns)
    found = Table(oid, schema, name, types, only, membership, altered, _storage(connection, oid, parted=parted))
    _check_columns(wanted, found)
    _check_identity(connection, wanted, found)
    return found


def _storage(connection: Connection, oid: int, *, parted: bool) -> Storage:
    found = connection.execute(
        "select relid::oid::bigint, coalesce(pg_relation_filenode(relid), 0)::bigint from pg_partition_tree(%s) where isleaf"
        if parted
        else "select oid::bigint, coalesce(pg_relation_filenode(oid), 0)::bigint from pg_class where oid = %s",
        (oid,),
    ).fetchall()
    return Storage(tuple(sorted((int(part), int(file)) for part, file in found)), parted)


def has_rows(connection: Connection, parts: Iterable[int]) -> bool:
    """Whether any of these partitions has a row."""
    for part in parts:
        row = connection.execute(
            "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.oid = %s",
            (part,),
        ).fetchone()
        if row is not None:
            query = sql.SQL("select exists (select from {})").format(sql.Identifier(*row))
            if one(connection.execute(query))[0]:
                return True
    return False


def _check_server(connection: Connection, wanted: Wanted) -> None:
    if connection.info.server_version < OLDEST:
        raise HubMisconfigured(
            f"{wanted.where}: the source is older than PostgreSQL 13", next_step="read the table with a sql connector"
        )
    if one(connection.execute("select pg_is_in_recovery()"))[0]:
        raise HubMisconfigured(
            f"{wanted.where}: the address leads to a standby", next_step="give the address of the primary server"
        )
    if one(connection.execute("show wal_level"))[0] != "logical":
        raise HubMisconfigured(
            f"{wanted.where}: the source does not write its log for followers",
            next_step="ask the owner to set wal_level = logical and to restart PostgreSQL",
        )


def _publication(connection: Connection, wanted: Wanted, table: str, parted: bool) -> int:
    """The publication's oid. The owner made it: the hub makes none, and changes none."""
    row = connection.execute(
        "select oid, pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = %s",
        (wanted.publication,),
    ).fetchone()
    name = sql.Identifier(wanted.publication).as_string(None)
    if row is None:
        raise HubMisconfigured(
            f"{wanted.where}: there is no publication {wanted.publication} at the source",
            next_step=f"ask the owner to run: CREATE PUBLICATION {name} FOR TABLE {table}"
            + (" WITH (publish_via_partition_root = true)" if parted else ""),
        )
    if not row[1]:
        raise HubMisconfigured(
            f"{wanted.where}: the publication {wanted.publication} leaves out kinds of changes",
            next_step=f"ask the owner to run: ALTER PUBLICATION {name} SET (publish = 'insert, update, delete, truncate')",
        )
    return int(row[0])


def _published(
    connection: Connection, wanted: Wanted, schema: str, name: str, parted: bool
) -> tuple[str | None, list[str] | None]:
    """The row filter and the columns of the table in the publication; None: every row, every column."""
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


def _types(connection: Connection, oid: int, published: list[str] | None) -> dict[str, tuple[str, int]]:
    rows = connection.execute(
        "select attname::text, format_type(atttypid, atttypmod), atttypid from pg_attribute where attrelid = %s"
        " and attnum > 0 and not attisdropped and (case when %s::text[] is null then attgenerated = '' else attname = any(%s) end)"
        " order by attnum",
        (oid, published, published),
    ).fetchall()
    return {name: (kind, type_oid) for name, kind, type_oid in rows}


def _check_columns(wanted: Wanted, table: Table) -> None:
    if OP in table.types:
        raise HubMisconfigured(
            f"{wanted.where}: {wanted.table} has a column {OP}, which is the hub's own",
            next_step=f"ask the owner to leave {OP} out of the publication's columns",
        )


def _check_identity(connection: Connection, wanted: Wanted, table: Table) -> None:
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
            " a delete would not say which row",
            next_step=f"ask the owner to run: ALTER TABLE {table.identifier.as_string(None)} REPLICA IDENTITY FULL,"
            " or USING INDEX with a unique index of these columns",
        )


def rows_of(
    connection: Connection, table: Table, key: Sequence[str], values: Sequence[Sequence[Any]], columns: Sequence[str]
) -> list[tuple[str | None, ...]]:
    """Columns of the rows with these keys, as text, the key's columns in front. Keys without a row give none."""
    names = [f"k{i}" for i in range(len(key))]
    query = sql.SQL("select {} from unnest({}) k ({}) join {} t on {}").format(
        sql.SQL(", ").join([*(sql.Identifier("k", n) for n in names), *(sql.Identifier("t", c) for c in columns)]),
        sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in key),
        _listed(names),
        table.identifier,
        sql.SQL(" and ").join(
            # The key's own type, so that its index is used.
            sql.SQL("t.{} = k.{}::{}").format(sql.Identifier(k), sql.Identifier(n), sql.SQL(table.types[k][0]))
            for k, n in zip(key, names, strict=True)
        ),
    )
    query += sql.SQL(" where " + table.only) if table.only else sql.SQL("")
    with connection.cursor(binary=False) as cursor:
        result = cursor.execute(query, [[row[i] for row in values] for i in range(len(key))]).pgresult
        assert result is not None  # a select has one
        # The server's own text, as COPY and the log have it; psycopg would make Python values of it.
        return [
            tuple(
                [text.decode() if (text := result.get_value(r, c)) is not None else None for c in range(result.nfields)]
            )
            for r in range(result.ntuples)
        ]


def copied(connection: Connection, table: Table, columns: Sequence[str], batch_rows: int) -> Iterator[pl.DataFrame]:
    """Columns of all rows, by COPY. It hands over one row at a time, so a count of rows is a count of messages."""
    copy = sql.SQL("copy ({}) to stdout (format csv)").format(table.select(columns))
    buffer, count = io.BytesIO(), 0
    with connection.cursor() as cursor, cursor.copy(copy) as rows:
        for row in rows:
            buffer.write(row)
            count += 1
            if count == batch_rows:
                yield _parsed(table, columns, buffer)
                buffer, count = io.BytesIO(), 0
    if count:
        yield _parsed(table, columns, buffer)


def _parsed(table: Table, columns: Sequence[str], buffer: io.BytesIO) -> pl.DataFrame:
    frame = pl.read_csv(buffer.getvalue(), has_header=False, new_columns=list(columns), infer_schema=False)
    return _written(frame, columns, [table.types[column][1] for column in columns])


def framed(columns: Sequence[str], types: Sequence[int], rows: Iterable[Row]) -> pl.DataFrame:
    """Changes as a frame: the columns, all text, and `_op`."""
    listed = [*zip(*[(*row.values, row.op) for row in rows], strict=True)] or [()] * (len(columns) + 1)
    series = [pl.Series(name, texts, pl.String) for name, texts in zip((*columns, OP), listed, strict=True)]
    return _written(pl.DataFrame(series), columns, types)


def _written(frame: pl.DataFrame, columns: Sequence[str], types: Sequence[int]) -> pl.DataFrame:
    """Values as the hub writes them, whichever way they came: `true`, hex without a prefix."""
    by_type = {
        BOOL: lambda column: pl.col(column).replace({"t": "true", "f": "false"}),
        BYTEA: lambda column: pl.col(column).str.strip_prefix("\\x"),
    }
    return frame.with_columns(by_type[kind](c) for c, kind in zip(columns, types, strict=True) if kind in by_type)


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
