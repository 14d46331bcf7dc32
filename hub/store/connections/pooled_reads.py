"""Reads through a pooler that shares connections between transactions, e.g. PgBouncer with `pool_mode = transaction`.

Such a pooler keeps nothing of a session: no prepared statement, no setting that a client asked for. So reads come as unnamed statements, and
the settings that the text forms of values depend on are those of the login in this database, which is checked on each connection.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection

from hub.errors import HubMisconfigured
from hub.store.engine import add_silence_timeouts

NEEDED: Mapping[str, str] = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "iso_8601",
    "search_path": "pg_catalog",
    "default_transaction_read_only": "on",
}
"""What a session of a read must have, as `alter role … set` writes it."""
CURRENT = (
    "select current_setting('timezone'), split_part(current_setting('datestyle'), ',', 1), current_setting('intervalstyle'),"
    " current_setting('search_path'), current_setting('default_transaction_read_only')"
)
"""The settings of NEEDED, in their order."""
UNSUPPORTED = "unsupported startup parameter"
"""PgBouncer's words for the settings that a session of the hub begins with."""


def make_pooler_error(variable: str) -> HubMisconfigured:
    """The error for a URL of a pooler where a session of the hub's own is needed."""
    return HubMisconfigured(
        f"{variable} leads to a connection pooler, and this connection needs a session of its own: locks, temporary tables, notifications",
        next_step="let it lead to PostgreSQL itself, and name the pooler in HUB_POOLED_READS_URL;"
        " see docs/how-to/run-in-production.md",
    )


def check_pooled_reads(url: str) -> None:
    """Raise HubMisconfigured if reads through the pooler at `url` would give values in other forms, or could write. Nothing if it is away."""
    try:
        with psycopg.connect(add_silence_timeouts(url), prepare_threshold=None, autocommit=True) as connection:
            row = connection.execute(CURRENT).fetchone()
            user, database = connection.info.user, connection.info.dbname
    except psycopg.Error:
        return  # /readyz says it
    assert row is not None
    missing = _find_missing(row)
    if missing:
        statements = "; ".join(
            f'alter role "{user}" in database "{database}" set {name} = \'{value}\'' for name, value in missing.items()
        )
        raise HubMisconfigured(
            f"the login of HUB_POOLED_READS_URL lacks settings that a pooler cannot pass on: {', '.join(missing)}",
            next_step=f"run as a superuser: {statements}; then RECONNECT in the pooler's console",
        )


async def refuse_other_settings(connection: AsyncConnection[Any]) -> None:
    """For each new connection of a pool: raise OperationalError if its settings are not those of NEEDED."""
    cursor = await connection.execute(CURRENT)
    row = await cursor.fetchone()
    if row is None or _find_missing(row):
        raise psycopg.OperationalError("the pooler's sessions lack settings that reads need")


def _find_missing(row: tuple[Any, ...]) -> dict[str, str]:
    return {name: value for (name, value), found in zip(NEEDED.items(), row, strict=True) if found != value}
