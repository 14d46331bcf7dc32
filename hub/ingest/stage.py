"""Stage: accepted rows by COPY into a temporary table, rejected ones beside them. Nothing is seen before the merge commits."""

from typing import Any

import orjson
import polars as pl
from psycopg import Connection, sql

from hub.ingest.map import CHANGED_AT, SOURCE_KEY
from hub.model.registry import Entity
from hub.model.tables import sql_type


def create(connection: Connection[Any], entity: Entity) -> None:
    """The staging tables of one kind of record; they end with the transaction."""
    columns = ", ".join(f'"{column.name}" {sql_type(column)}' for column in entity.columns)
    connection.execute(
        f"create temporary table stage_{entity.table} (source_key text, changed_at_source timestamptz, {columns}) on commit drop"
    )
    connection.execute(
        f"create temporary table reject_{entity.table}"
        " (source_key text, field text, rule text, reason text, payload jsonb) on commit drop"
    )


def accept(connection: Connection[Any], entity: Entity, frame: pl.DataFrame) -> None:
    """Copy accepted rows."""
    names = [SOURCE_KEY, CHANGED_AT, *(c.name for c in entity.columns if c.name in frame.columns)]
    _copy(connection, f"stage_{entity.table}", names, frame.select(names))


def reject(
    connection: Connection[Any], entity: Entity, rejected: pl.DataFrame, read: pl.DataFrame, keys: pl.Series
) -> None:
    """Copy rejected rows with what was read: `rejected` names rows of `read` by position."""
    if rejected.is_empty():
        return
    positions = rejected["row"]
    payloads = [
        orjson.dumps(row, default=str).decode().replace("\\u0000", "") for row in read[positions].iter_rows(named=True)
    ]
    rows = rejected.select(
        keys.gather(positions).alias(SOURCE_KEY),
        "field",
        "rule",
        "reason",
        pl.Series("payload", payloads, dtype=pl.String),
    )
    _copy(connection, f"reject_{entity.table}", rows.columns, rows)


def _copy(connection: Connection[Any], table: str, names: list[str], frame: pl.DataFrame) -> None:
    target = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name in names)
    )
    # Values are never empty text, so an empty field is always null.
    data = frame.write_csv(include_header=False, null_value="")
    with connection.cursor() as cursor, cursor.copy(target) as out:
        out.write(data)
