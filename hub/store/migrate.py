"""Migrations: forward only, drafted from the difference between the database and what `schema/` derives."""

import re
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.meta import METADATA
from hub.store.revision import MIGRATIONS_FOLDER, check_revision, newest_revision
from hub.store.roles import grant_roles
from hub.store.sql_functions import list_function_statements

SCHEMAS = ("hub", "data", "history", "link", "link_history", "ledger", "staging")
MONTH_PARTITION = re.compile("_[0-9]{4}_[0-9]{2}$")
MIGRATION_LOCK = 7_022_001
"""Advisory lock: two hubs that start at once migrate one after the other."""


def migrate(engine: Engine) -> str:
    """Bring the database to the newest revision. Returns it. Safe to call by several processes at once.

    Raises StoreUnavailable if the database does not answer, HubMisconfigured if it is newer than this program.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            prepare_schemas(connection)
            _check_known(connection)
            command.upgrade(_config(connection), "head")
            grant_roles(connection)
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        # A role that may not define tables does not need to, if somebody else has migrated.
        check_revision(engine)
    except OperationalError as error:
        raise StoreUnavailable(
            "the database does not answer",
            next_step="check HUB_DATABASE_URL and that PostgreSQL runs; `hub doctor` tells more",
        ) from error
    return newest_revision()


def prepare_schemas(connection: Connection) -> None:
    """Schemas, functions and the sequence of ids, which migrations take for granted. Idempotent."""
    for name in SCHEMAS:
        connection.execute(text(f"create schema if not exists {name}"))
    # One sequence for every row of the hub: Alembic does not draft sequences.
    connection.execute(text("create sequence if not exists hub.id_seq as bigint cache 100"))
    for statement in list_function_statements():
        connection.execute(text(statement.replace(":", r"\:")))


def draft_migration(engine: Engine, message: str) -> Path | None:
    """Write a migration for what the schema declares and the database lacks; None if nothing differs."""
    with engine.begin() as connection:
        if not find_schema_differences(connection):
            return None
        script = command.revision(_config(connection), message=message, autogenerate=True, rev_id=_next_revision())
    assert script is not None
    assert not isinstance(script, list)
    return Path(script.path)


def find_schema_differences(connection: Connection) -> list[Any]:
    """What Alembic finds different between the database and the derived tables; empty when migrated = derived."""
    context = MigrationContext.configure(
        connection,
        opts={"include_schemas": True, "include_name": is_ours, "compare_type": True, "version_table_schema": "hub"},
    )
    return list(compare_metadata(context, METADATA))


def describe_schema_differences(connection: Connection) -> list[str]:
    """The same in words, sorted: `add table data.pension`, `change column data.citizen.sex: type`."""
    found: set[str] = set()
    for change in find_schema_differences(connection):
        # Changes of one column come as a list: type, nullability, comment, default.
        for verb, *parts in change if isinstance(change, list) else [change]:
            found.add(_describe_difference(verb, parts))
    return sorted(found)


def _describe_difference(verb: str, parts: list[Any]) -> str:
    action, _, kind = verb.partition("_")
    if verb in ("add_table", "remove_table"):
        return f"{action} table {parts[0].fullname}"
    if verb in ("add_column", "remove_column"):
        schema, table, column = parts
        return f"{action} column {schema}.{table}.{column.name}"
    if action == "modify":
        schema, table, column = parts[:3]
        return f"change column {schema}.{table}.{column}: {kind}"
    # Indexes, constraints and comments of tables.
    item = parts[0]
    table = getattr(item, "table", item)
    name = getattr(item, "name", None) or ", ".join(getattr(item, "column_keys", ())) or "without a name"
    return f"{action} {kind.replace('_', ' ')} {name} on {getattr(table, 'fullname', table)}"


def is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Whether Alembic should look at a schema or table: the derived ones and the hub's own, never run-time staging."""
    if kind == "schema":
        return name in SCHEMAS and name != "staging"
    # The partitions of the ledger are made at run time, a month at a time.
    return not (kind == "table" and parents.get("schema_name") == "ledger" and MONTH_PARTITION.search(name or ""))


def _next_revision() -> str:
    # The greatest number, not how many there are: numbers that two branches took may leave one out.
    known = (script.revision for script in ScriptDirectory(str(MIGRATIONS_FOLDER)).walk_revisions())
    return f"{max(map(int, known), default=0) + 1:04d}"


def _check_known(connection: Connection) -> None:
    current = MigrationContext.configure(connection, opts={"version_table_schema": "hub"}).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS_FOLDER)).walk_revisions()}
    if current is not None and current not in known:
        raise HubMisconfigured(
            f"the database is at revision {current}, which this program does not know",
            next_step="run the newer program that migrated it; migrations only go forward",
        )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
    config.attributes["connection"] = connection
    return config
