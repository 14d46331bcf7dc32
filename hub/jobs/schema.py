"""The tables of the queue: procrastinate's own schema if there is none, its newer migrations if there is an older one.

Alembic does not look at the SQL schema `jobs`; `jobs.applied` says which of procrastinate's migrations are in.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.connection import StoreConnection
from hub.store.engine import SESSION

SCHEMA = "jobs"
OPTIONS = f"{SESSION} -c search_path={SCHEMA}"
"""For every session of the queue: its statements and functions name tables without a schema."""
LOCK = 7_022_003


def apply(url: str) -> None:
    """Bring the queue to the installed procrastinate. Safe to call by several processes at once.

    Raises StoreUnavailable, HubMisconfigured if the queue is newer than this program.
    """
    try:
        with StoreConnection.connect(url, options=OPTIONS, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(%s)", (LOCK,))
            _apply(connection)
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database does not answer",
            next_step="check HUB_DATABASE_URL and that PostgreSQL runs; `hub doctor` tells more",
        ) from None


def migrations() -> dict[str, Path]:
    """Every migration of the installed procrastinate by name, in order. The package is not imported: that takes its time."""
    return {path.stem: path for path in sorted((_folder() / "migrations").glob("*.sql"))}


def _folder() -> Path:
    spec = find_spec("procrastinate")
    if spec is None or spec.origin is None:
        raise HubMisconfigured("procrastinate is not installed", next_step="install the project, `make venv`")
    return Path(spec.origin).parent / "sql"


def _apply(connection: Connection[Any]) -> None:
    known = migrations()
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(
        f"create table if not exists {SCHEMA}.applied (migration text primary key, at timestamptz not null default now())"
    )
    applied = {name for (name,) in connection.execute(f"select migration from {SCHEMA}.applied").fetchall()}  # noqa: S608 constants and quoted identifiers
    if not applied:
        with connection.transaction():
            _run(connection, _folder() / "schema.sql")
            _note(connection, *known)
        return
    unknown = sorted(applied - known.keys())
    if unknown:
        raise HubMisconfigured(
            f"the queue is at {unknown[-1]}, which this program does not know",
            next_step="run the newer program that migrated it; migrations only go forward",
        )
    for name in sorted(known.keys() - applied):
        # One transaction each: a value that is added to an enum may be used only after its own.
        with connection.transaction():
            _run(connection, known[name])
            _note(connection, name)


def _run(connection: Connection[Any], path: Path) -> None:
    connection.execute(path.read_text(encoding="utf-8"))


def _note(connection: Connection[Any], *names: str) -> None:
    for name in names:
        connection.execute(f"insert into {SCHEMA}.applied (migration) values (%s)", (name,))  # noqa: S608 constants and quoted identifiers
