"""Two versions at one store, as in an upgrade: the newer one migrates and starts while the older one answers, and no read fails.

The newer version is this one with a field and two migrations more, in a folder of its own: they add columns and indexes to the very tables
that are read, which is what a migration may do within one version.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest

from hub.errors import HubMisconfigured
from hub.store.contractions import is_contraction
from hub.store.engine import make_engine
from hub.store.revision import StoreRevision, check_revision, join_revision, newest_revision, split_revision
from tests.forked_hub import ROOT, run_hub
from tests.system.servers.keep_alive_clients import SHORT_PAUSE_S, KeepAliveClients

CLIENTS = 4
NEW_FIELD = '    religion: Text | None = field("Religion as registered.")\n'
BEFORE_FIELD = "    ethnicity: Text | None"
MIGRATION = '''"""One more."""
from alembic import op
revision = "{own}"
down_revision = "{before}"
branch_labels = depends_on = None
{declared}

def upgrade() -> None:
    {statements}
'''
ADDING = """op.execute("alter table data.citizen add column religion text")
    op.execute("alter table history.citizen add column religion text")
    op.execute("create index citizen_religion on data.citizen (religion)")"""
ADDING_OWN = """op.execute("alter table hub.stream add column tried integer not null default 0")
    op.execute("create table hub.tried (id bigint primary key)")"""
REMOVING = """op.execute("alter table hub.stream drop column tried")"""


@dataclass(frozen=True)
class Version:
    """The files of one version of the hub."""

    folder: Path
    database: str
    logs: Path

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of this version."""
        return subprocess.run(
            self._command(arguments), capture_output=True, text=True, env=self.environment(), cwd="/", timeout=300
        )

    @contextmanager
    def serve(self) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
        """Serve with this version while the block runs; gives the address and the process."""
        log = self.logs / f"{self.folder.name}-{time.monotonic_ns()}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                self._command(("serve", "--port", "0")),
                env=self.environment(),
                stdout=out,
                stderr=out,
                cwd="/",
                text=True,
            )
        try:
            until = time.monotonic() + 120
            while not (found := re.search(r"GraphiQL at (http://[\d.:]+)", log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield found[1], process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def add_migration(self, part: str, statements: str, declared: str = "") -> str:
        """Write a migration after the newest one of a branch, '' or 'v'. Returns its number."""
        folder = self.folder / ("schema/migrations" if part else "hub/store/migrations/versions")
        before = max(path.name.partition("_")[0] for path in folder.glob(f"{part}[0-9]*.py"))
        own = f"{part}{int(before.lstrip('v')) + 1:04d}"
        (folder / f"{own}_one_more.py").write_text(
            MIGRATION.format(own=own, before=before, declared=declared, statements=statements)
        )
        return own

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-c", f"from hub.cli import main; main({list(arguments)})"]

    def environment(self) -> dict[str, str]:
        """What its commands are started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PG"))}
        return kept | {
            "PYTHONPATH": str(self.folder),
            "HUB_DATABASE_URL": self.database,
            "HUB_ACCESS": "off",
            "HUB_POOL_SIZE": "3",
        }


@pytest.fixture(scope="module")
def older(province_url: str, scratch: Path) -> Version:
    return Version(ROOT, province_url, scratch)


@pytest.fixture(scope="module")
def newer(province_url: str, scratch: Path) -> Version:
    folder = scratch / "newer-version"
    for name in ("hub", "schema", "connectors"):
        # Compiled modules are copied too. Copies keep size and time, so Python compiles only the modules that the test changes.
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("node_modules"))
    made = Version(folder, province_url, scratch)
    made.add_migration("v", ADDING)
    made.add_migration("", ADDING_OWN)
    citizen = folder / "schema" / "citizen.py"
    text = citizen.read_text()
    assert BEFORE_FIELD in text
    citizen.write_text(text.replace(BEFORE_FIELD, NEW_FIELD + BEFORE_FIELD))
    return made


def is_ready(url: str) -> bool:
    return httpx2.get(f"{url}/readyz", timeout=60).status_code == 200


def test_no_read_fails_while_a_newer_version_migrates_and_takes_over(older: Version, newer: Version) -> None:
    with older.serve() as (url, process):
        told = newer.run("serve", "--port", "0")
        assert (told.returncode, "run `hub migrate`" in told.stderr) == (78, True), told
        body = '{"query": "{ citizens(first: 5) { nodes { fullName landUseRights(first: 2) { totalCount } } } }"}'
        clients = KeepAliveClients(url, CLIENTS, body=body, pause_s=SHORT_PAUSE_S)
        with clients.asking():
            clients.wait_for(100)
            done = newer.run("migrate")
            assert done.returncode == 0, done.stderr
            clients.wait_for(100)
            assert is_ready(url)  # so a proxy leaves it where it is
            with newer.serve() as (new_url, _):
                new_body = body.replace("fullName", "fullName religion")
                new_ones = KeepAliveClients(new_url, CLIENTS, body=new_body, pause_s=SHORT_PAUSE_S)
                with new_ones.asking():
                    new_ones.wait_for(100)
                    clients.pause_s = 0.0  # so requests are under way when it ends
                    clients.wait_for(100)
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)
                    new_ones.wait_for(100)
        assert (clients.failures, new_ones.failures, new_ones.failures_of_new) == ([], [], [])
        # Whoever connects to the older one after its end is refused: a proxy sends them to the newer one.
        assert {failure.partition("(")[0] for failure in clients.failures_of_new} <= {
            "ConnectionRefusedError",
            "ConnectionResetError",
        }
    told = run_hub("doctor", environment=older.environment())
    assert "a newer version migrated them" in re.sub(r"\s+", " ", told.stdout), told
    refused = run_hub("sync", environment=older.environment())  # it would write rows without what the newer one writes
    assert (refused.returncode, "does not know" in refused.stderr) == (78, True), refused


def test_a_version_that_a_migration_took_something_from_does_not_read(older: Version, newer: Version) -> None:
    """After the test above: the store is a version ahead."""
    made = make_engine(older.database)
    try:
        stored = check_revision(made)  # what each start of the older version asks: one that crashed comes back
        assert stored.oldest_program == newest_revision()
        with older.serve() as (url, _):
            own = newer.add_migration("", REMOVING)
            done = newer.run("migrate")
            assert done.returncode == 0, done.stderr
            assert httpx2.get(f"{url}/readyz", timeout=60).json()["status"] == "not ready"
        with pytest.raises(HubMisconfigured, match="this program needs"):
            check_revision(made)
    finally:
        made.dispose()
    with psycopg.connect(older.database) as store:
        (said,) = store.execute("select obj_description('hub.alembic_version'::regclass, 'pg_class')").fetchone()
    assert own in said


def test_a_migration_may_say_which_version_stopped_using_what_it_takes_away(older: Version, newer: Version) -> None:
    made = make_engine(older.database)
    try:
        # As if the last migration had not been: the floor is at this version again.
        with made.begin() as connection:
            connection.exec_driver_sql(
                f"comment on table hub.alembic_version is 'programs from {newest_revision()} on can read this store'"
            )
        declared = f'oldest_program = "{split_revision(newest_revision())[""]}"'
        newer.add_migration("", 'op.execute("drop table hub.tried")', declared)
        done = newer.run("migrate")
        assert done.returncode == 0, done.stderr
        assert check_revision(made).oldest_program == newest_revision()
    finally:
        made.dispose()


@pytest.mark.parametrize(
    ("program", "is_read"),
    [
        ("0031 v0019", False), ("0030 v0020", False), ("0031 v0020", True), ("0033 v0020", True),
        ("0033 v0021", True), ("0034 v0021", False), ("0033 v0022", False), ("0033", False),
    ],
)  # fmt: skip
def test_a_program_reads_a_store_that_is_ahead_within_bounds(program: str, is_read: bool) -> None:
    assert StoreRevision("0033 v0021", "0031 v0020").is_read_by(program) == is_read


def test_revisions_are_split_and_joined() -> None:
    for revision in ("0028", "0028 v0020"):
        assert join_revision(split_revision(revision)) == revision


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE hub.run DROP COLUMN mode", "alter table hub.run\n rename to runs", "ALTER TABLE hub.run RENAME mode TO kind",
        "ALTER TABLE hub.run ALTER COLUMN id TYPE text", "alter table hub.run alter column id set not null",
        "ALTER TABLE hub.run ADD COLUMN n INTEGER NOT NULL", "DROP TABLE hub.run", "drop view data.v", "\n truncate hub.run",
        "alter table hub.run set schema old", "drop function hub.name_key(text)",
    ],
)  # fmt: skip
def test_what_takes_something_away_is_seen(statement: str) -> None:
    assert is_contraction(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE hub.run ADD COLUMN mode TEXT", "ALTER TABLE hub.run ADD COLUMN n BIGINT DEFAULT 1 NOT NULL", "create table a (n int not null)",
        "drop index hub.run_a", "alter table hub.run alter column mode drop not null", "alter table hub.run drop constraint a",
        "ALTER TABLE data.a ADD COLUMN k TEXT GENERATED ALWAYS AS (hub.name_key(b)) STORED NOT NULL", "comment on column hub.run.n is 'drop table'",
    ],
)  # fmt: skip
def test_what_only_adds_is_not(statement: str) -> None:
    assert not is_contraction(statement)
