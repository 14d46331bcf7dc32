"""Stage: accepted rows by COPY into a temporary table, rejected ones beside them. Nothing is seen before the merge commits.

The tables live as long as the connection and are emptied at every commit, so that a connector that is followed, with a
commit every few hundred milliseconds, does not fill the system catalogue.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import orjson
import polars as pl
from psycopg import Connection

from hub.ingest.transform.map import CHANGED_AT, NUMBER, SOURCE_KEY
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import Entity
from hub.model.tables import sql_type


@dataclass(frozen=True)
class Staged:
    """Names of the temporary tables of one kind of record."""

    entity: Entity

    @property
    def rows(self) -> str:
        """Accepted rows."""
        return f"stage_{self.entity.table}"

    @property
    def rejects(self) -> str:
        """Rejected rows."""
        return f"reject_{self.entity.table}"

    @property
    def gone(self) -> str:
        """Keys of rows that the source says are deleted, or that no longer are of this kind."""
        return f"gone_{self.entity.table}"

    @property
    def parents(self) -> str:
        """Keys of the rows whose list was unfolded."""
        return f"parent_{self.entity.table}"

    @property
    def unseen(self) -> str:
        """Digests that the store has and a full read has not seen."""
        return f"unseen_{self.entity.table}"

    @property
    def met(self) -> str:
        """What the store has under the keys that a full read staged or rejected."""
        return f"met_{self.entity.table}"

    @property
    def lost(self) -> str:
        """Unseen digests that none of those keys accounts for."""
        return f"lost_{self.entity.table}"

    @property
    def listed(self) -> str:
        """Every key that the source has, where a sweep listed them alone."""
        return f"listed_{self.entity.table}"

    @property
    def moving(self) -> str:
        """Changed rows that take a unique key which another changed row gives up."""
        return f"moving_{self.entity.table}"

    @property
    def differing(self) -> str:
        """What a merge has to write."""
        return f"diff_{self.entity.table}"


@dataclass(frozen=True)
class Written:
    """Rows as the text that COPY reads: the columns, COPY's options, the text, how many rows."""

    names: tuple[str, ...]
    options: LiteralString
    text: bytes
    height: int


def create(connection: Connection[Any], entity: Entity) -> None:
    """Make the tables of one kind of record, where this connection has not got them yet."""
    names = Staged(entity)
    key = 'source_key text collate "C"'
    kinds = {column.name: sql_type(column) for column in entity.columns}
    kinds |= {column.search_key: 'text collate "C"' for column in entity.columns if column.search_key}
    columns = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in kinds.items())
    tables = {
        names.rows: f"{NUMBER} bigint, {key}, changed_at_source timestamptz, row_digest bigint, {columns}",
        names.rejects: f"{key}, field text, rule text, reason text, payload jsonb, identity text, {NUMBER} bigint, row_digest bigint",
        names.gone: f"{NUMBER} bigint, {key}, changed_at_source timestamptz, unmet boolean not null default false",
        names.parents: f"{NUMBER} bigint, {key}, changed_at_source timestamptz",
        names.unseen: "digest bigint",
        names.met: f"{key}, row_digest bigint, changed_at_source timestamptz",
        names.lost: "digest bigint",
        names.listed: key,
        names.differing: f"{key}, id bigint",
        names.moving: f"{key}, id bigint, first_seen timestamptz",
    }
    for name, inside in tables.items():
        connection.execute(f"create temporary table if not exists {name} ({inside}) on commit delete rows")


def accept(connection: Connection[Any], entity: Entity, rows: Written) -> None:
    """Copy accepted rows: `n`, source key, time of change, digest, values."""
    send(connection, Staged(entity).rows, rows)


def reject(
    connection: Connection[Any],
    entity: Entity,
    rejected: pl.DataFrame,
    read: pl.DataFrame,
    keys: pl.Series,
    beside: Sequence[str] = (),
) -> None:
    """Copy rejected rows with what was read: `rejected` names rows of `read` by position. The columns `beside` the content of
    a row, such as the number of its message, do not count for its identity.
    """
    if rejected.is_empty():
        return
    payloads = payloads_of(read[rejected["row"]])
    reject_as(connection, entity, rejected, payloads, keys, beside)


def payloads_of(rows: pl.DataFrame) -> list[str]:
    """Rows as JSON, without the character that the store cannot hold."""
    return [orjson.dumps(row, default=str).decode().replace("\\u0000", "") for row in rows.iter_rows(named=True)]


def reject_as(
    connection: Connection[Any],
    entity: Entity,
    rejected: pl.DataFrame,
    payloads: Sequence[str],
    keys: pl.Series,
    beside: Sequence[str] = (),
) -> None:
    """Copy rejected rows with the payload of each, as JSON; `rejected` names rows of `keys` by position."""
    if rejected.is_empty():
        return
    rows = rejected.select(
        keys.gather(rejected["row"]).alias(SOURCE_KEY),
        "field",
        "rule",
        "reason",
        pl.Series("payload", payloads, dtype=pl.String),
    )
    table = Staged(entity).rejects
    copy(connection, table, rows.columns, rows)
    connection.execute(
        f"update {table} set identity = md5((payload - %s::text[])::text) where identity is null", (list(beside),)
    )


def gone(connection: Connection[Any], entity: Entity, keys: pl.DataFrame, *, unmet: bool = False) -> None:
    """Copy keys of rows that go: `n`, key, time of change. `unmet` ones are still at the source, as something else."""
    marked = keys.with_columns(pl.lit(value=unmet).alias("unmet"))
    copy(connection, Staged(entity).gone, [NUMBER, SOURCE_KEY, CHANGED_AT, "unmet"], marked)


def parents(connection: Connection[Any], entity: Entity, keys: pl.DataFrame) -> None:
    """Copy `n`, key and time of change of rows whose list was unfolded."""
    copy(connection, Staged(entity).parents, [NUMBER, SOURCE_KEY, CHANGED_AT], keys)


def listed(connection: Connection[Any], entity: Entity, keys: pl.Series) -> None:
    """Copy keys that the source has."""
    copy(connection, Staged(entity).listed, [SOURCE_KEY], keys.alias(SOURCE_KEY).to_frame())


def unseen(connection: Connection[Any], entity: Entity, digests: pl.Series) -> None:
    """Copy digests that a read has not seen."""
    copy(connection, Staged(entity).unseen, ["digest"], digests.alias("digest").to_frame())
    connection.execute(f"analyze {Staged(entity).unseen}")


def lost(connection: Connection[Any], entity: Entity, digests: pl.Series) -> None:
    """Copy digests of which rows may be lost, whatever keys came."""
    copy(connection, Staged(entity).lost, ["digest"], digests.alias("digest").to_frame())


def copy(connection: Connection[Any], table: str, names: Sequence[str], frame: pl.DataFrame) -> None:
    """COPY columns of a frame into a table, which may be schema.table."""
    send(connection, table, written(frame, names))


def written(frame: pl.DataFrame, names: Sequence[str]) -> Written:
    """Columns of a frame as COPY reads them, in its text format where no value has a character that is special there.

    PostgreSQL reads that a seventh faster than CSV, and Polars writes it a third faster, since no value is looked at. The text
    is counted instead: one separator or line end too many, and it is CSV after all.
    """
    # Values are never empty text, so an empty field is always null.
    plain = io.BytesIO()
    chosen = frame.select(names)
    chosen.write_csv(plain, include_header=False, separator="\t", quote_style="never", null_value="")
    text = plain.getvalue()
    if (
        text.count(b"\t") == frame.height * (len(names) - 1)
        and text.count(b"\n") == frame.height
        and not any(special in text for special in (b"\\", b"\r"))
    ):
        return Written(tuple(names), "format text, null ''", text, frame.height)
    quoted = io.BytesIO()
    chosen.write_csv(quoted, include_header=False, null_value="")
    return Written(tuple(names), "format csv", quoted.getvalue(), frame.height)


def send(connection: Connection[Any], table: str, rows: Written) -> None:
    """COPY rows into a table, which may be schema.table."""
    target = f"copy {table} ({quote_identifiers(rows.names)}) from stdin ({rows.options})"
    with connection.cursor() as cursor, cursor.copy(target) as out:
        out.write(rows.text)
