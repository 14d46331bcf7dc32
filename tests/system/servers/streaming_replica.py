"""A primary that streams to replicas, with the embedded server's own programs."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import psutil
import psycopg

from hub.store.server.embedded import EmbeddedServer
from hub.store.server.server_location import PASSWORD_FILE, find_account, find_binaries, make_data_folder
from hub.store.server.server_process import server_pid
from tests.prepared_server import migrate_empty

STREAMS = {"wal_level": "replica", "max_wal_senders": "10", "wal_keep_size": "1GB"}
"""A replica that is cut off for a while finds what it missed: on a busy machine a checkpoint had thrown it away."""
AT_ONCE = {**STREAMS, "max_standby_streaming_delay": "0", "max_standby_archive_delay": "0"}
"""Of a replica that stops whatever is in the way of its replay."""
WITHIN_S = 60.0


def start_primary(folder: Path) -> EmbeddedServer:
    """A primary with the hub's roles."""
    server = EmbeddedServer.start(folder, durable=False, settings=STREAMS)
    migrate_empty(server)
    return server


def start_replica(
    primary: EmbeddedServer, folder: Path, settings: Mapping[str, str] = MappingProxyType(AT_ONCE)
) -> EmbeddedServer:
    """A replica in a folder that is not there yet, or the one that was there, started again."""
    account = find_account()
    data = make_data_folder(folder, account)
    server = data / "server"
    if not server.exists():
        server.mkdir(mode=0o700)
        if account.uid is not None:
            shutil.chown(server, account.uid, account.gid)
        shutil.copy(primary.data / PASSWORD_FILE, data / PASSWORD_FILE)
        program = find_binaries(account) / "pg_basebackup"
        command = [
            program,
            "-D",
            server,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-d",
            primary.url("postgres"),
        ]
        subprocess.run(command, check=True, timeout=120, cwd="/", **account.options)  # type: ignore[call-overload]
    return EmbeddedServer.start(data, durable=False, settings=settings)


def copy_database_between(source: EmbeddedServer, database: str, target: EmbeddedServer) -> str:
    """Copy a database to another server. Returns its URL there."""
    target.create_database(database)
    programs = find_binaries(find_account())
    with subprocess.Popen([programs / "pg_dump", "-Fc", source.url(database)], stdout=subprocess.PIPE) as dump:
        subprocess.run(
            [programs / "pg_restore", "--exit-on-error", "-d", target.url(database)],
            stdin=dump.stdout,
            check=True,
            timeout=120,
        )
    assert dump.returncode == 0
    return target.url(database)


def send_signal(server: EmbeddedServer, number: signal.Signals) -> None:
    """Send every process of a server a signal: SIGKILL is a machine that dies, SIGSTOP one that falls silent."""
    pid = server_pid(server.data)
    assert pid is not None
    postmaster = psutil.Process(pid)
    for process in (postmaster, *postmaster.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, number)


def tell(url: str, statement: str) -> None:
    """Run one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def await_that(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def on_server(server: EmbeddedServer, url: str) -> str:
    """The URL of the same database on another server of the pair."""
    return url.replace(f":{urlsplit(url).port}/", f":{server.port}/")
