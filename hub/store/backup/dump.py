"""Making a backup, and restoring one into an empty database."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hub.errors import HubMisconfigured, OperationRefused
from hub.extras import DISTRIBUTION_NAME
from hub.store.backup.archive import (
    DUMP_FOLDER,
    BackupBroken,
    BackupManifest,
    check_files,
    digest_files,
    write_manifest,
)
from hub.store.backup.programs import find_program, read_server_major, run_program
from hub.store.connections.connection import StoreConnection
from hub.store.query import fetch_value
from hub.store.revision import READ_REVISION

SCHEMAS = ("hub", "data", "history", "link", "link_history", "ledger", "jobs")
"""Those whose rows are counted; `staging` has the tables of runs in progress."""
LIST_TABLES = """
select n.nspname, c.relname
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = any(%s)
order by 1, 2
"""
LAST_CHECKPOINT = "select number, encode(sha256(document), 'hex') from ledger.checkpoint order by number desc limit 1"
LOCK_WITHIN = "60s"


def create_backup(url: str, folder: Path, *, jobs: int) -> BackupManifest:
    """Dump the database at `url` into a new folder, while it is in use. Raises OperationRefused, HubError."""
    if folder.exists():
        raise OperationRefused(f"{folder} exists already", next_step="name a folder that does not exist yet")
    major = read_server_major(url)
    program = find_program("pg_dump", major)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        # Counted in the snapshot that is dumped, however much is written meanwhile.
        with StoreConnection.connect(url) as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            snapshot = fetch_value(connection, "select pg_export_snapshot()")
            arguments = [
                "--format=directory",
                f"--jobs={jobs}",
                f"--snapshot={snapshot}",
                f"--file={partial / DUMP_FOLDER}",
            ]
            run_program(program, [*arguments, "--no-password", f"--lock-wait-timeout={LOCK_WITHIN}"], url)
            rows = count_rows(connection)
            revision = str(fetch_value(connection, READ_REVISION))
            number, digest = connection.execute(LAST_CHECKPOINT).fetchone() or (0, "")
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = BackupManifest(
            *(made_at, version(DISTRIBUTION_NAME), revision, major, rows, number, digest),
            digest_files(partial / DUMP_FOLDER),
        )
        write_manifest(partial, manifest)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def check_backup(folder: Path) -> BackupManifest:
    """Compare every file with its digest, and let pg_restore read the table of contents. Raises BackupBroken, HubError."""
    manifest = check_files(folder)
    program = find_program("pg_restore", manifest.server_major)
    run_program(program, ["--list", str(folder / DUMP_FOLDER)], "")
    return manifest


def restore_backup(folder: Path, url: str, *, jobs: int) -> BackupManifest:
    """Restore into the empty database at `url`, and count its rows. Raises OperationRefused, BackupBroken, HubError."""
    manifest = check_files(folder)
    major = read_server_major(url)
    if major < manifest.server_major:
        raise HubMisconfigured(
            f"the backup is of PostgreSQL {manifest.server_major}, and this server has version {major}",
            next_step=f"restore into PostgreSQL {manifest.server_major} or newer",
        )
    with StoreConnection.connect(url) as connection:
        if connection.execute(LIST_TABLES, (list(SCHEMAS),)).fetchone() is not None:
            raise OperationRefused(
                "the database is not empty", next_step="create a new one, and set HUB_DATABASE_URL to it"
            )
    program = find_program("pg_restore", major)
    # Without privileges: the roles may not exist here. `hub migrate`, which comes next, grants them.
    arguments = ["--exit-on-error", "--no-owner", "--no-privileges", f"--jobs={jobs}", "--no-password"]
    with StoreConnection.connect(url) as connection:
        name = connection.info.dbname
    run_program(program, [*arguments, f"--dbname={name}", str(folder / DUMP_FOLDER)], url)
    with StoreConnection.connect(url) as connection:
        compare_rows(manifest.rows, count_rows(connection))
        connection.rollback()
        connection.autocommit = True
        connection.execute("analyze")  # a dump has no statistics, and reads would be slow until autovacuum comes by
    return manifest


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The rows of each table."""
    tables = connection.execute(LIST_TABLES, (list(SCHEMAS),)).fetchall()
    counts: dict[str, int] = {}
    for schema, table in tables:
        count = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        counts[f"{schema}.{table}"] = fetch_value(connection, count)
    return counts


def compare_rows(wanted: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Raise BackupBroken if a table has other rows than it had."""
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        first = wrong[0]
        raise BackupBroken(
            f"{len(wrong)} tables have other rows than when the backup was made, e.g. {first}: {found.get(first)} instead of {wanted.get(first)}",
            next_step="drop this database, and restore an older backup",
        )
