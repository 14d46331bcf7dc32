"""Migrations: forward only, drafted from the difference between the database and what `schema/` derives."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege, LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.advisory_locks import LockKey
from hub.store.contractions import ContractionLog
from hub.store.meta import METADATA, OWN_TABLES
from hub.store.migrated_mark import SCHEMAS, mark_migrated
from hub.store.revision import (
    COMMENT,
    HUB_MIGRATIONS,
    MIGRATIONS_FOLDER,
    VOCABULARY_MIGRATIONS,
    StoreRevision,
    check_revision,
    newest_revision,
    read_revision,
)
from hub.store.roles import grant_roles
from hub.store.sql_functions import list_function_statements

MONTH_PARTITION = re.compile("_[0-9]{4}_[0-9]{2}$")
HUB_SCHEMAS = ("hub", "ledger")
"""All of their tables are the hub's own; of the other schemas, those that `hub/store/meta` declares."""
LAST_OF_ONE_BRANCH = "0028"
"""Until this revision one branch held the tables of the vocabulary too."""
MIGRATION_WAIT_S = 600
"""How long to wait for another migration: building one index may take minutes."""
LOCK_WITHIN_MS = 1_000
LOCK_PAUSE_S = 2.0
LOCK_ATTEMPTS = 30


class TablesLocked(StoreUnavailable):
    """A table that the migration changes stays locked."""

    code = "TABLES_LOCKED"


def migrate_store(engine: Engine) -> str:
    """Bring the database to the newest revision. Returns it. Safe to call by several processes at once.

    Raises StoreUnavailable if the database does not answer, HubMisconfigured if it is newer than this program, TablesLocked.
    """
    try:
        for attempt in range(1, LOCK_ATTEMPTS + 1):
            try:
                _migrate_once(engine)
                break
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable):
                    raise
                if attempt == LOCK_ATTEMPTS:
                    raise TablesLocked(
                        f"a table that the migration changes stayed locked through {LOCK_ATTEMPTS} attempts; nothing was changed",
                        next_step="end the oldest transactions of pg_stat_activity, or stop the worker, then run `hub migrate` again",
                    ) from None
            time.sleep(LOCK_PAUSE_S)
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


def _migrate_once(engine: Engine) -> None:
    with engine.begin() as connection:
        _take_turn(connection)
        # Whatever waits for a table, makes everybody who comes after it wait, too: readers stand still for this long at most.
        connection.execute(text(f"set local lock_timeout = '{LOCK_WITHIN_MS}ms'"))
        prepare_schemas(connection)
        _check_known(connection)
        _split_revision(connection)
        before, log = read_revision(connection), ContractionLog()
        config = make_alembic_config(connection)
        config.attributes["on_version_apply"] = log.end_revision
        with log.watch(connection):
            command.upgrade(config, "heads")
        _say_who_can_read(connection, before, log)
        if not grant_roles(connection):
            mark_migrated(connection)


def _take_turn(connection: Connection) -> None:
    connection.execute(text(f"set local lock_timeout = '{MIGRATION_WAIT_S}s'"))
    try:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": int(LockKey.MIGRATE_STORE)})
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        raise StoreUnavailable(
            f"another migration of this database has not ended for {MIGRATION_WAIT_S} s; nothing was changed",
            next_step="if pg_stat_activity shows it at work, e.g. on an index, run `hub migrate` again later;"
            " if it is idle in transaction, end it",
        ) from None


def _say_who_can_read(connection: Connection, before: StoreRevision | None, log: ContractionLog) -> None:
    after = read_revision(connection)
    assert after is not None
    oldest = log.oldest_program(before, after.revision)
    # Every command comes here, and each comment is a dead row in the catalogue.
    if oldest != after.oldest_program:
        connection.exec_driver_sql(f"comment on table hub.alembic_version is '{COMMENT.format(oldest)}'")


def prepare_schemas(connection: Connection) -> None:
    """Schemas, functions and the sequence of ids, which migrations take for granted. Idempotent."""
    for name in SCHEMAS:
        connection.execute(text(f"create schema if not exists {name}"))
    # One sequence for every row of the hub: Alembic does not draft sequences.
    connection.execute(text("create sequence if not exists hub.id_seq as bigint cache 100"))
    for statement in list_function_statements():
        connection.execute(text(statement.replace(":", r"\:")))


def draft_migrations(engine: Engine, message: str) -> list[Path]:
    """Write what the schema declares and the database lacks as migrations: one for each branch in which something differs."""
    with engine.begin() as connection:
        drafted = []
        for branch, folder in (("hub", HUB_MIGRATIONS), ("vocabulary", VOCABULARY_MIGRATIONS)):
            folder.mkdir(exist_ok=True)
            config = make_alembic_config(connection)
            config.attributes["branch"] = branch
            if _list_differences(connection, branch):
                known = ScriptDirectory.from_config(config).get_revisions(f"{branch}@head") if _has_any(folder) else ()
                script = command.revision(
                    config,
                    message=message,
                    autogenerate=True,
                    rev_id=_next_revision(branch),
                    head=known[0].revision if known else "base",
                    branch_label=None if known else branch,
                    version_path=str(folder),
                )
                assert script is not None
                assert not isinstance(script, list)
                drafted.append(Path(script.path))
        return drafted


def find_schema_differences(connection: Connection) -> list[Any]:
    """What Alembic finds different between the database and the derived tables; empty when migrated = derived."""
    return _list_differences(connection, None)


def _list_differences(connection: Connection, branch: str | None) -> list[Any]:
    options = {
        "include_schemas": True,
        "include_name": is_ours,
        "include_object": make_branch_filter(branch),
        "compare_type": True,
        "version_table_schema": "hub",
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


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


def make_branch_filter(branch: str | None) -> Callable[..., bool]:
    """Alembic's `include_object` for one branch, `hub` or `vocabulary`; None takes both."""

    def is_included(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        table = item if kind == "table" else item.table
        return branch is None or (branch == "hub") == _is_own_table(table.schema, table.name)

    return is_included


def _is_own_table(schema: str, name: str) -> bool:
    return schema in HUB_SCHEMAS or f"{schema}.{name}" in OWN_TABLES


def _has_any(folder: Path) -> bool:
    return any(folder.glob("*[0-9]_*.py"))


def _next_revision(branch: str) -> str:
    # The greatest number of both, not how many there are: one number then says in which order they were written.
    numbers = [int(revision.removeprefix("v")) for revision in _list_known()]
    return f"{'v' if branch == 'vocabulary' else ''}{max(numbers, default=0) + 1:04d}"


def _list_known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(make_alembic_config(None)).walk_revisions()}


def _check_known(connection: Connection) -> None:
    unknown = set(_list_current(connection)) - _list_known()
    if unknown:
        raise HubMisconfigured(
            f"the database is at revision {', '.join(sorted(unknown))}, which this program does not know",
            next_step="run the newer program that migrated it; migrations only go forward",
        )


def _list_current(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection, opts={"version_table_schema": "hub"}).get_current_heads()


def _split_revision(connection: Connection) -> None:
    """Say at which revision of the vocabulary a store is that was last migrated while there was one branch."""
    current = _list_current(connection)
    if len(current) != 1 or not "0001" <= current[0] <= LAST_OF_ONE_BRANCH:
        return
    reached = [known for known in _list_known() if known.startswith("v") and known[1:] <= current[0]]
    if reached:
        insert = text("insert into hub.alembic_version (version_num) values (:revision)")
        connection.execute(insert, {"revision": max(reached)})


def make_alembic_config(connection: Connection | None) -> Config:
    """Alembic's configuration with the folders of both branches, for the environment that runs on this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{HUB_MIGRATIONS}\n{VOCABULARY_MIGRATIONS}")
    config.attributes["connection"] = connection
    return config
