"""What every test process begins with: a database server with an empty store and the linked demonstration province.

Beside each other (pytest-xdist) the processes make it once: whichever needs it first, while those that need it too wait. Each gets a copy
of the server's files, which takes less than a second; migrating, reading and linking take 20 s of processor time.
"""

import fcntl
import os
import pickle
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.ingest.run.connector_run import RunReport, sync_connectors
from hub.link.run.linking_run import LinkReport, run_linking
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.store.server.server_location import find_account, make_data_folder

MIGRATED_DATABASE, LINKED_DATABASE = "migrated", "linked"
SHARED_FOLDER_VARIABLE = "TEST_SHARED_FOLDER"
"""Set for processes that run beside each other: where the first one leaves its server's files."""
SERVER_FOLDER, PROVINCE_FOLDER = "postgresql", "province"
MEMORY = Path("/dev/shm")
COPIED = ("server", "password")
"""Of a server's folder: not its port and locks."""


@dataclass(frozen=True)
class LinkedProvince:
    """The demo province of 1,000 citizens, read and linked. Nobody is connected to `database`, so it can be copied."""

    database: str
    folder: Path
    showcase_personal_id: str
    runs: tuple[RunReport, ...]
    links: LinkReport


def make_scratch_folder() -> Path:
    """A folder in memory where there is one, which the server's own user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="hub-test-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    folder.chmod(0o711)
    return folder


def copy_database(server: EmbeddedServer, template: str, name: str) -> str:
    """Make a database that is as another one is now. Returns its URL."""
    # Copied as files: by way of the WAL, as is usual, it takes three times the processor time (90 ms, and 30 as files).
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} strategy file_copy")
    return server.url(name)


def migrate_empty(server: EmbeddedServer) -> None:
    """Make the database that is migrated and empty."""
    server.create_database(MIGRATED_DATABASE)
    made = make_engine(server.url(MIGRATED_DATABASE))
    migrate_store(made)
    made.dispose()


def link_province(server: EmbeddedServer, folder: Path) -> LinkedProvince:
    """Four real sector systems, read and linked, as `hub demo` does."""
    province = generate_province(folder, 1_000)
    made = make_engine(copy_database(server, MIGRATED_DATABASE, LINKED_DATABASE))
    with start_systems(Path(province.folder), server.url("postgres")) as systems:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in systems.environment.items():
                patch.setenv(name, value)
            runs = tuple(sync_connectors(made))
        links = run_linking(made)
    made.dispose()
    return LinkedProvince(LINKED_DATABASE, Path(province.folder), province.showcase_personal_id, runs, links)


def copy_shared_server(scratch: Path) -> LinkedProvince | None:
    """Copy the shared server's files and its province, making them if nobody has. None if this process runs alone."""
    if SHARED_FOLDER_VARIABLE not in os.environ:
        return None
    shared = Path(os.environ[SHARED_FOLDER_VARIABLE])
    described = shared / "province.pickle"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not described.exists():
            for name in (SERVER_FOLDER, PROVINCE_FOLDER):  # what an attempt left that failed
                shutil.rmtree(shared / name, ignore_errors=True)
            with EmbeddedServer.start(shared / SERVER_FOLDER, durable=False) as server:
                migrate_empty(server)
                made = link_province(server, shared / PROVINCE_FOLDER)
            described.write_bytes(pickle.dumps((server.data, made)))
    source, province = pickle.loads(described.read_bytes())
    copy = make_data_folder((scratch / SERVER_FOLDER).absolute(), find_account())
    # With the owner: where tests run as root, the server runs as another user.
    subprocess.run(["cp", "--archive", *(source / name for name in COPIED), copy], check=True)
    shutil.copytree(shared / PROVINCE_FOLDER, scratch / PROVINCE_FOLDER)
    return replace(province, folder=scratch / province.folder.relative_to(shared))
