"""How large the parts of the store are, how fast they grow, and what they will be in a year: read from the database, nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from hub.errors import StoreUnavailable
from hub.store.query import fetch_row, fetch_value

OBSERVED_DAYS = 30
YEAR_DAYS = 365
READ_WITHIN = "300s"
LIST_TABLES = """
select n.nspname, c.relname, pg_total_relation_size(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = any(%s) and (%s::text[] is null or c.relname = any(%s))
  and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = %s)
order by 1, 2
"""
COUNT_ROWS = """
select count(*), count(*) filter (where {column} >= now() - make_interval(days => {days})), min({column}) from {table}
"""
CATALOGUE = """
select coalesce(sum(pg_total_relation_size(s.relid)), 0)::bigint, coalesce(sum(s.n_live_tup), 0)::bigint, coalesce(sum(s.n_dead_tup), 0)::bigint,
    current_setting('autovacuum') = 'on'
from pg_stat_sys_tables s where s.schemaname = 'pg_catalog'
"""


@dataclass(frozen=True)
class StorePart:
    """A part of the store that grows with time: its tables, the column that says when a row came, and for how many days rows are kept."""

    name: str
    schemas: tuple[str, ...]
    tables: tuple[str, ...] | None
    column: str
    kept_days: int | None
    kept_by: str


@dataclass(frozen=True)
class PartSize:
    """How large a part is. `days` were looked at; the forecast is None if that was less than a day."""

    name: str
    size_bytes: int
    rows: int
    days: float
    rows_a_day: float | None
    year_bytes: int | None
    kept_by: str


@dataclass(frozen=True)
class CatalogueSize:
    """PostgreSQL's own tables, in which each temporary table of a run leaves dead rows."""

    size_bytes: int
    live_rows: int
    dead_rows: int
    is_vacuumed: bool


def measure_parts(connection: psycopg.Connection[Any], parts: Sequence[StorePart]) -> list[PartSize]:
    """Size and growth of each part. Counts rows, so it takes as long as reading the tables. Raises StoreUnavailable."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("set local statement_timeout = {}").format(sql.Literal(READ_WITHIN)))
            return [_measure_part(connection, part) for part in parts]
    except psycopg.errors.QueryCanceled:
        raise StoreUnavailable(
            f"counting the rows of a table took longer than {READ_WITHIN}",
            next_step="ask a replica, or at a quieter hour",
        ) from None


def _measure_part(connection: psycopg.Connection[Any], part: StorePart) -> PartSize:
    names = None if part.tables is None else list(part.tables)
    tables = connection.execute(LIST_TABLES, (list(part.schemas), names, names, part.column)).fetchall()
    rows = recent = 0
    days = 0.0
    for schema, table, _ in tables:
        statement = sql.SQL(COUNT_ROWS).format(
            column=sql.Identifier(part.column), days=sql.Literal(OBSERVED_DAYS), table=sql.Identifier(schema, table)
        )
        found = fetch_row(connection, statement)
        rows, recent = rows + found[0], recent + found[1]
        if found[2] is not None:
            age = fetch_value(connection, "select extract(epoch from now() - %s::timestamptz) / 86400", (found[2],))
            days = max(days, float(age))
    return forecast_size(part, sum(size for _, _, size in tables), rows, recent, min(days, OBSERVED_DAYS))


def forecast_size(part: StorePart, size_bytes: int, rows: int, recent: int, days: float) -> PartSize:
    """What a part is in a year, if as many rows come each day as in the last days. Rows that are forgotten in time do not add up."""
    if days < 1:
        return PartSize(part.name, size_bytes, rows, days, None, None, part.kept_by)
    a_day = recent / days
    row_bytes = size_bytes / rows if rows else 0
    if part.kept_days is not None and part.kept_days <= YEAR_DAYS:
        in_a_year = a_day * part.kept_days
    else:
        in_a_year = rows + a_day * YEAR_DAYS
    return PartSize(part.name, size_bytes, rows, days, a_day, round(in_a_year * row_bytes), part.kept_by)


def read_catalogue(connection: psycopg.Connection[Any]) -> CatalogueSize:
    """How large PostgreSQL's catalogue is, and how much of it is dead."""
    return CatalogueSize(*fetch_row(connection, CATALOGUE))
