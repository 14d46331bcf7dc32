"""A real PgBouncer in transaction mode between the hub and its database: reads go through it, and everything else is told not to."""

import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from hub.errors import HubMisconfigured
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.connections.pooled_reads import NEEDED, check_pooled_reads
from hub.store.roles import READER
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.serving.test_proxies import free_port

SERVER_CONNECTIONS = 2
ASKED = (
    "query($first: Int!) { citizens(first: $first, orderBy: [{ personalId: ASC }]) { nodes { personalId birthDate } } }"
)
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {most}
server_tls_sslmode = disable
admin_users = nobody
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pooled(folder: Path, *urls: str, ignored: str = "extra_float_digits") -> Iterator[list[str]]:
    """The same URLs through PgBouncer while the block runs."""
    program = shutil.which("pgbouncer", path="/usr/sbin:" + os.environ["PATH"])
    if program is None:
        pytest.skip("PgBouncer is not installed: run tests/install_packages.sh")
    port, parts = free_port(), [urlsplit(url) for url in urls]
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "users.txt").write_text("".join(f'"{part.username}" "{part.password}"\n' for part in parts))
    (folder / "pgbouncer.ini").write_text(
        CONFIGURATION.format(server=parts[0].port, port=port, folder=folder, most=SERVER_CONNECTIONS, ignored=ignored)
    )
    # It refuses to run as root.
    account = {"user": pwd.getpwnam("nobody").pw_uid} if os.geteuid() == 0 else {}
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([program, str(folder / "pgbouncer.ini")], stdout=out, stderr=out, **account)
    through = [url.replace(f":{parts[0].port}/", f":{port}/") for url in urls]
    try:
        until = time.monotonic() + 60
        while "process up" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield through
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def reader_url(served_hub: ServedHub, postgres_server: EmbeddedServer) -> str:
    return postgres_server.login_url(READER, served_hub.database.rpartition("/")[2])


def alter_reader(served_hub: ServedHub, reader_url: str, words: str) -> None:
    user, database = urlsplit(reader_url).username, served_hub.database.rpartition("/")[2]
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        connection.execute(f'alter role "{user}" in database "{database}" {words}')


@pytest.fixture
def prepared_reader(served_hub: ServedHub, reader_url: str) -> Iterator[str]:
    """The login with the settings that the page says."""
    for name, value in NEEDED.items():
        alter_reader(served_hub, reader_url, f"set {name} = '{value}'")
    yield reader_url
    alter_reader(served_hub, reader_url, "reset all")


def test_reads_share_the_pooler_s_connections(
    served_hub: ServedHub, prepared_reader: str, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(url: str, first: int) -> object:
        return httpx2.post(f"{url}/graphql", json={"query": ASKED, "variables": {"first": first}}, timeout=60).json()

    wanted = [ask(served_hub.url, first) for first in range(1, 41)]
    with pooled(scratch / "pooled", prepared_reader) as (url,):
        check_pooled_reads(url)
        monkeypatch.setenv("HUB_POOLED_READS_URL", url)
        app = create_app(load_settings(pool_size=12), Logins.one(served_hub.database))
        with served(app) as hub, ThreadPoolExecutor(12) as threads:
            # Many more readers than connections, each statement on whichever is free.
            assert list(threads.map(lambda first: ask(hub, first), range(1, 41))) == wanted
            with psycopg.connect(served_hub.database) as connection:
                rows = connection.execute(
                    "select count(*) from pg_stat_activity where usename = %s", (urlsplit(url).username,)
                ).fetchall()
            assert 1 <= rows[0][0] <= SERVER_CONNECTIONS
            # The feed of changes has a connection of its own, past the pooler.
            query = {"query": "subscription { recordChanged { action } }"}
            head = {"accept": "text/event-stream"}
            with httpx2.stream("POST", f"{hub}/graphql", json=query, headers=head, timeout=60) as events:
                assert events.status_code == 200
                assert httpx2.get(f"{hub}/readyz", timeout=60).status_code == 200


def test_a_login_without_the_settings_is_refused_with_the_statements_that_set_them(
    served_hub: ServedHub, reader_url: str, scratch: Path
) -> None:
    with pooled(scratch / "unset", reader_url) as (url,):
        with pytest.raises(HubMisconfigured, match="search_path, default_transaction_read_only") as refused:
            check_pooled_reads(url)
        statements = str(refused.value).partition("superuser: ")[2].partition("; then")[0]
        with psycopg.connect(served_hub.database, autocommit=True) as connection:
            connection.execute(statements)
        try:
            with pooled(scratch / "set", reader_url) as (again,):
                check_pooled_reads(again)
        finally:
            alter_reader(served_hub, reader_url, "reset all")


@pytest.mark.parametrize("ignored", ["extra_float_digits", "options,extra_float_digits"], ids=["refused", "dropped"])
def test_serving_through_a_pooler_alone_is_refused(served_hub: ServedHub, scratch: Path, ignored: str) -> None:
    with pooled(scratch / f"alone-{len(ignored)}", served_hub.database, ignored=ignored) as (url,):
        done = subprocess.run(
            [sys.executable, "-c", "from hub.cli import main; main(['serve', '--port', '0'])"],
            env={**os.environ, "HUB_DATABASE_URL": url},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 78, done.stderr
    assert "leads to a connection pooler" in done.stderr
    assert "HUB_POOLED_READS_URL" in done.stderr
