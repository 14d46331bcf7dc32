"""Stage: COPY accepted and rejected rows into temporary tables. Nothing is visible before the merge commits.

The tables live as long as the connection and are emptied at every commit, so that following a connector, with a commit
every few hundred milliseconds, does not bloat the system catalogue.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import orjson
import polars as pl
from psycopg import Connection

from hub.ingest.transform.map import CHANGED_AT, ROW_NUMBER, SOURCE_KEY
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import Entity
from hub.model.tables import sql_type


@dataclass(frozen=True)
class StagingTables:
    """Names of the temporary tables of one entity."""

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
        """Keys of rows that are marked as deleted, or that left this entity."""
        return f"gone_{self.entity.table}"

    @property
    def parents(self) -> str:
        """Keys of the rows whose list was unfolded."""
        return f"parent_{self.entity.table}"

    @property
    def unseen(self) -> str:
        """Stored digests that a full read has not seen."""
        return f"unseen_{self.entity.table}"

    @property
    def met(self) -> str:
        """Stored rows whose keys a full read staged or rejected."""
        return f"met_{self.entity.table}"

    @property
    def lost(self) -> str:
        """Unseen digests that none of those keys accounts for."""
        return f"lost_{self.entity.table}"

    @property
    def listed(self) -> str:
        """Every key of the source, if a sweep listed keys only."""
        return f"listed_{self.entity.table}"

    @property
    def moving(self) -> str:
        """Changed rows that take over a unique key which another changed row gives up."""
        return f"moving_{self.entity.table}"

    @property
    def differing(self) -> str:
        """Rows that the merge has to write."""
        return f"diff_{self.entity.table}"


@dataclass(frozen=True)
class CopyText:
    """Rows as the text that COPY reads: column names, COPY options, text, and number of rows."""

    names: tuple[str, ...]
    options: LiteralString
    text: bytes
    height: int


def create_tables(connection: Connection[Any], entity: Entity) -> None:
    """Create the temporary tables of one entity if this connection does not have them yet."""
    names = StagingTables(entity)
    key = 'source_key text collate "C"'
    kinds = {column.name: sql_type(column) for column in entity.columns}
    kinds |= {column.search_key: 'text collate "C"' for column in entity.columns if column.search_key}
    columns = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in kinds.items())
    tables = {
        names.rows: f"{ROW_NUMBER} bigint, {key}, changed_at_source timestamptz, row_digest bigint, {columns}",
        names.rejects: f"{key}, field text, rule text, reason text, payload jsonb, identity text, {ROW_NUMBER} bigint, row_digest bigint",
        names.gone: f"{ROW_NUMBER} bigint, {key}, changed_at_source timestamptz, unmet boolean not null default false",
        names.parents: f"{ROW_NUMBER} bigint, {key}, changed_at_source timestamptz",
        names.unseen: "digest bigint",
        names.met: f"{key}, row_digest bigint, changed_at_source timestamptz",
        names.lost: "digest bigint",
        names.listed: key,
        names.differing: f"{key}, id bigint",
        names.moving: f"{key}, id bigint, first_seen timestamptz",
    }
    creations = [
        f"create temporary table if not exists {name} ({inside}) on commit delete rows"
        for name, inside in tables.items()
    ]
    # One round trip: a read of a few rows spends most of its time on them. A prepared statement cannot hold several.
    connection.execute("; ".join(creations), prepare=False)


def stage_accepted(connection: Connection[Any], entity: Entity, rows: CopyText) -> None:
    """Copy accepted rows: `n`, source key, change time, digest, values."""
    copy_text(connection, StagingTables(entity).rows, rows)


def stage_rejected(
    connection: Connection[Any],
    entity: Entity,
    rejected: pl.DataFrame,
    read: pl.DataFrame,
    keys: pl.Series,
    incidental: Sequence[str] = (),
) -> None:
    """Copy rejected rows with their payloads. `rejected` names rows of `read` by position.

    `incidental` columns, such as the number of a message, do not count for a row's identity.
    """
    if rejected.is_empty():
        return
    payloads = encode_payloads(read[rejected["row"]])
    stage_rejected_payloads(connection, entity, rejected, payloads, keys, incidental)


def encode_payloads(rows: pl.DataFrame) -> list[str]:
    """Encode rows as JSON, without the one character that the store cannot hold."""
    return [orjson.dumps(row, default=str).decode().replace("\\u0000", "") for row in rows.iter_rows(named=True)]


def stage_rejected_payloads(
    connection: Connection[Any],
    entity: Entity,
    rejected: pl.DataFrame,
    payloads: Sequence[str],
    keys: pl.Series,
    incidental: Sequence[str] = (),
) -> None:
    """Copy rejected rows with their JSON payloads. `rejected` names rows of `keys` by position."""
    if rejected.is_empty():
        return
    rows = rejected.select(
        keys.gather(rejected["row"]).alias(SOURCE_KEY),
        "field",
        "rule",
        "reason",
        pl.Series("payload", payloads, dtype=pl.String),
    )
    table = StagingTables(entity).rejects
    copy_frame(connection, table, rows.columns, rows)
    connection.execute(
        f"update {table} set identity = md5((payload - %s::text[])::text) where identity is null", (list(incidental),)
    )


def stage_deleted(connection: Connection[Any], entity: Entity, keys: pl.DataFrame, *, unmet: bool = False) -> None:
    """Copy keys of rows to delete: `n`, key, change time. `unmet` rows still exist at the source, as something else."""
    marked = keys.with_columns(pl.lit(value=unmet).alias("unmet"))
    copy_frame(connection, StagingTables(entity).gone, [ROW_NUMBER, SOURCE_KEY, CHANGED_AT, "unmet"], marked)


def stage_parents(connection: Connection[Any], entity: Entity, keys: pl.DataFrame) -> None:
    """Copy `n`, key and change time of rows whose list was unfolded."""
    copy_frame(connection, StagingTables(entity).parents, [ROW_NUMBER, SOURCE_KEY, CHANGED_AT], keys)


def stage_listed(connection: Connection[Any], entity: Entity, keys: pl.Series) -> None:
    """Copy the keys that the source has."""
    copy_frame(connection, StagingTables(entity).listed, [SOURCE_KEY], keys.alias(SOURCE_KEY).to_frame())


def stage_unseen(connection: Connection[Any], entity: Entity, digests: pl.Series) -> None:
    """Copy digests that a read has not seen."""
    copy_frame(connection, StagingTables(entity).unseen, ["digest"], digests.alias("digest").to_frame())
    connection.execute(f"analyze {StagingTables(entity).unseen}")


def stage_lost(connection: Connection[Any], entity: Entity, digests: pl.Series) -> None:
    """Copy digests of rows that may be missing, whatever keys arrived."""
    copy_frame(connection, StagingTables(entity).lost, ["digest"], digests.alias("digest").to_frame())


def copy_frame(connection: Connection[Any], table: str, names: Sequence[str], frame: pl.DataFrame) -> None:
    """COPY columns of a frame into a table, which may be schema.table."""
    copy_text(connection, table, encode_copy(frame, names))


def encode_copy(frame: pl.DataFrame, names: Sequence[str]) -> CopyText:
    """Encode columns of a frame for COPY, in its text format unless a value contains a character that is special there.

    PostgreSQL reads the text format a seventh faster than CSV, and Polars writes it a third faster because it inspects
    no value. Instead the separators and line ends are counted: if there is one too many, CSV is used.
    """
    # Values are never empty text, so an empty field always means null.
    plain = io.BytesIO()
    chosen = frame.select(names)
    chosen.write_csv(plain, include_header=False, separator="\t", quote_style="never", null_value="")
    text = plain.getvalue()
    if (
        text.count(b"\t") == frame.height * (len(names) - 1)
        and text.count(b"\n") == frame.height
        and not any(special in text for special in (b"\\", b"\r"))
    ):
        return CopyText(tuple(names), "format text, null ''", text, frame.height)
    quoted = io.BytesIO()
    chosen.write_csv(quoted, include_header=False, null_value="")
    return CopyText(tuple(names), "format csv", quoted.getvalue(), frame.height)


def copy_text(connection: Connection[Any], table: str, rows: CopyText) -> None:
    """COPY rows into a table, which may be schema.table."""
    target = f"copy {table} ({quote_identifiers(rows.names)}) from stdin ({rows.options})"
    with connection.cursor() as cursor, cursor.copy(target) as out:
        out.write(rows.text)
