"""The tables of the queue: create procrastinate's schema, or apply its newer migrations to an existing one.

Alembic ignores the SQL schema `jobs`; `jobs.applied` records which of procrastinate's migrations have run.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.connection import StoreConnection
from hub.store.engine import SESSION

JOBS_SCHEMA = "jobs"
SESSION_OPTIONS = f"{SESSION} -c search_path={JOBS_SCHEMA}"
"""For every session of the queue: its statements and functions name tables without a schema."""
MIGRATION_LOCK = 7_022_003


def migrate_queue(url: str) -> None:
    """Migrate the queue to the installed procrastinate. Several processes may call it at once.

    Raises StoreUnavailable; HubMisconfigured if the queue is newer than this program.
    """
    try:
        with StoreConnection.connect(url, options=SESSION_OPTIONS, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            _migrate(connection)
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


def _migrate(connection: Connection[Any]) -> None:
    known = list_migrations()
    connection.execute(f"create schema if not exists {JOBS_SCHEMA}")
    connection.execute(
        f"create table if not exists {JOBS_SCHEMA}.applied (migration text primary key, at timestamptz not null default now())"
    )
    applied = {name for (name,) in connection.execute(f"select migration from {JOBS_SCHEMA}.applied").fetchall()}  # noqa: S608 constants and quoted identifiers
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
