"""The tables of the queue: create procrastinate's schema, or apply its newer migrations to an existing one.

Alembic ignores the SQL schema `jobs`; `jobs.applied` records which of procrastinate's migrations have run.
"""

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.advisory_locks import LockKey, wait_for_lock
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION
from hub.store.roles import STEWARD, WORKER

JOBS_SCHEMA = "jobs"
SESSION_OPTIONS = f"{SESSION} -c search_path={JOBS_SCHEMA}"
"""For every session of the queue: its statements and functions name tables without a schema."""
LOCK_WAIT_S = 600
"""How long it waits for another process that migrates the queue: a first migration takes seconds."""
QUEUED_TABLES = ("procrastinate_jobs", "procrastinate_events")
"""Where a job is added."""


def migrate_queue(url: str) -> None:
    """Migrate the queue to the installed procrastinate. Several processes may call it at once.

    Raises StoreUnavailable; HubMisconfigured if the queue is newer than this program.
    """
    try:
        with StoreConnection.connect(url, options=SESSION_OPTIONS, autocommit=True) as connection:
            if not wait_for_lock(connection, LockKey.MIGRATE_QUEUE, LOCK_WAIT_S):
                raise StoreUnavailable(
                    f"another process has been migrating the queue for {LOCK_WAIT_S} s",
                    next_step="end it, or wait until it is over; then run this again",
                )
            if _list_applied(connection) != list_migrations().keys():
                _migrate(connection)
            _grant_roles(connection)
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database does not answer",
            next_step="check HUB_DATABASE_URL and whether PostgreSQL is running; `hub doctor` tells more",
        ) from None


def list_migrations() -> dict[str, Path]:
    """Return every migration of the installed procrastinate by name, in order. The package is not imported, which would
    be slow.
    """
    return {path.stem: path for path in sorted((_find_folder() / "migrations").glob("*.sql"))}


def _find_folder() -> Path:
    spec = find_spec("procrastinate")
    if spec is None or spec.origin is None:
        raise HubMisconfigured("procrastinate is not installed", next_step="install the project, `make venv`")
    return Path(spec.origin).parent / "sql"


def _list_applied(connection: Connection[Any]) -> set[str]:
    """The migrations that are in; none if there is no queue yet."""
    if connection.execute("select to_regclass(%s)", (f"{JOBS_SCHEMA}.applied",)).fetchone() == (None,):
        return set()
    rows = connection.execute(f"select migration from {JOBS_SCHEMA}.applied")  # noqa: S608 constants and quoted identifiers
    return {name for (name,) in rows.fetchall()}


def _grant_roles(connection: Connection[Any]) -> None:
    """Let workers use the queue, and stewards look at it and add jobs; nothing of a role that is missing, or is not ours to grant to."""
    tables = f"all tables in schema {JOBS_SCHEMA}"
    added = ", ".join(f"{JOBS_SCHEMA}.{table}" for table in QUEUED_TABLES)
    privileges = {
        WORKER: (f"select, insert, update, delete on {tables}",),
        STEWARD: (f"select on {tables}", f"insert on {added}"),
    }
    for role, granted in privileges.items():
        if connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is None:
            continue
        with suppress(InsufficientPrivilege), connection.transaction():
            connection.execute(f"grant usage on schema {JOBS_SCHEMA} to {role}")
            for one in granted:
                connection.execute(f"grant {one} to {role}")
            connection.execute(f"grant usage on all sequences in schema {JOBS_SCHEMA} to {role}")


def _migrate(connection: Connection[Any]) -> None:
    known = list_migrations()
    connection.execute(f"create schema if not exists {JOBS_SCHEMA}")
    connection.execute(
        f"create table if not exists {JOBS_SCHEMA}.applied (migration text primary key, at timestamptz not null default now())"
    )
    applied = _list_applied(connection)
    if not applied:
        with connection.transaction():
            _run_file(connection, _find_folder() / "schema.sql")
            _record(connection, *known)
        return
    unknown = sorted(applied - known.keys())
    if unknown:
        raise HubMisconfigured(
            f"the queue is at migration {unknown[-1]}, which this program does not know",
            next_step="run the newer program version that migrated it; migrations only go forward",
        )
    for name in sorted(known.keys() - applied):
        # One transaction each: a value added to an enum can only be used after its transaction.
        with connection.transaction():
            _run_file(connection, known[name])
            _record(connection, name)


def _run_file(connection: Connection[Any], path: Path) -> None:
    connection.execute(path.read_text(encoding="utf-8"))


def _record(connection: Connection[Any], *names: str) -> None:
    for name in names:
        connection.execute(f"insert into {JOBS_SCHEMA}.applied (migration) values (%s)", (name,))  # noqa: S608 constants and quoted identifiers
