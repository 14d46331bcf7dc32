"""Faults of our own: killed at every commit, at any message, raced, without disk, without a server. Nothing lost, nothing doubled."""

import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.system.faults.runs import Runs, Said, counted_run, killed_run
from tests.system.faults.source import MANIFEST, VARIABLE, Source, check_history, held, waiting


@pytest.fixture(scope="module")
def server(scratch: Path) -> Iterator[EmbeddedServer]:
    """A server of our own, durable, since it is killed and has to have kept what it said it had."""
    started = EmbeddedServer.start(scratch / "faults", durable=True)
    started.create_database("template_store")
    made = make_engine(started.url("template_store"))
    migrate_store(made)
    made.dispose()
    yield started
    # It may have been started anew since, by a test; the folder knows which process it is.
    EmbeddedServer.start(scratch / "faults").stop()
    started.stop()


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'source.db'}")
    started = Runs()
    yield started
    started.close()


def fresh(server: EmbeddedServer) -> str:
    """A migrated database of its own."""
    name = f"faults_{secrets.token_hex(4)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template template_store")
    return server.url(name)


def filled(path: Path) -> Source:
    source = Source(path)
    for n in range(1, 9):
        source.person(n, f"Lê Văn {'ABCDEFGH'[n - 1]}", deleted=n == 3)
        source.household(n, f"Tổ {n}")
    source.person(90, "Lê Sai", wrong=True)
    return source


def changed(source: Source) -> None:
    source.person(1, "Lê Văn Mới")
    source.person(2, "Lê Văn B", deleted=True)
    source.person(9, "Trần Thị Muộn", late=30)
    source.household(1, "Tổ 11")
    source.household(2, None)
    source.household(9, "Tổ 9")


def test_killed_at_every_commit(server: EmbeddedServer, runs: Runs, tmp_path: Path) -> None:
    """A first run and a later one, each killed before and after each of its commits; the run after it makes all good."""
    source = filled(tmp_path / "source.db")
    first, commits = counted_run(runs, fresh(server), MANIFEST, commits_only=True)
    assert first == Said("SUCCEEDED")
    assert commits == 2  # a first read is one transaction
    for at in range(1, commits + 1):
        for after in (False, True):
            url = fresh(server)
            assert killed_run(runs, url, MANIFEST, at, commits_only=True, after=after) == Said("KILLED")
            check_history(url)
            assert runs.wait(runs.start(url, MANIFEST)) == Said("SUCCEEDED")
            assert held(url) == source.expected(), (at, after)
            assert waiting(url) == {"90"}
            check_history(url)
    url = fresh(server)
    runs.wait(runs.start(url, MANIFEST))
    changed(source)
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database once template {url.rpartition('/')[2]}")
    _, commits = counted_run(runs, server.url("once"), MANIFEST, commits_only=True)
    assert commits >= 3  # reads of changes are committed as they go
    for at in range(1, commits + 1):
        for after in (False, True):
            name = f"again_{at}_{after}".lower()
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"create database {name} template {url.rpartition('/')[2]}")
            assert killed_run(runs, server.url(name), MANIFEST, at, commits_only=True, after=after) == Said("KILLED")
            assert runs.wait(runs.start(server.url(name), MANIFEST)) == Said("SUCCEEDED")
            assert held(server.url(name)) == source.expected(), (at, after)
            check_history(server.url(name))


class Faults(RuleBasedStateMachine):
    """A source that changes while runs come to their end, are killed, race, and lose their server."""

    server: EmbeddedServer
    runs: Runs
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        path = self.folder / "source.db"
        path.unlink(missing_ok=True)
        self.source = Source(path)
        self.url = fresh(self.server)
        self.clean = False

    @rule(number=st.integers(1, 6), name=st.sampled_from(["Lê Văn An", "Trần Thị Bình"]), late=st.integers(0, 40))
    def write_person(self, number: int, name: str, late: int) -> None:
        # What was changed at the same minute or before is no newer version: a source that says so means the old one.
        self.source.person(number, name, late=late if number not in self.source.people else 0)
        self.clean = False

    @rule(number=st.integers(1, 6))
    def delete_person(self, number: int) -> None:
        if number in self.source.people:
            self.source.person(number, self.source.people[number][1], deleted=True)
            self.clean = False

    @rule(number=st.integers(91, 92))
    def write_a_wrong_person(self, number: int) -> None:
        self.source.person(number, "Lê Sai", wrong=True)
        self.clean = False

    @rule(number=st.integers(1, 4), address=st.sampled_from([None, "Tổ 1", "Tổ 2"]))
    def write_household(self, number: int, address: str | None) -> None:
        if self.source.households.keys() - {number} or address is not None:
            self.source.household(number, address)
            self.clean = False

    @rule()
    def run(self) -> None:
        assert self._run() == Said("SUCCEEDED")

    @rule(at=st.integers(1, 120), after=st.booleans())
    def run_and_kill(self, at: int, after: bool) -> None:
        said = killed_run(self.runs, self.url, MANIFEST, at, commits_only=False, after=after)
        assert said.status in ("KILLED", "SUCCEEDED"), said
        self.clean = said.status == "SUCCEEDED"

    @rule()
    def race(self) -> None:
        started = [self.runs.start(self.url, MANIFEST) for _ in range(2)]
        said = [self.runs.wait(pid) for pid in started]
        for one in said:
            assert one.status == "SUCCEEDED" or "another run of this connector" in one.problems[0], one
        assert any(one.status == "SUCCEEDED" for one in said)
        self.clean = True

    @precondition(lambda self: self.source.changes % 5 == 4)
    @rule()
    def lose_the_server(self) -> None:
        pid = self.runs.start(self.url, MANIFEST)
        restart(self.server)
        said = self.runs.wait(pid)
        assert said.status in ("SUCCEEDED", "STORE_UNAVAILABLE"), said
        self.clean = said.status == "SUCCEEDED"

    @invariant()
    def nothing_is_doubled(self) -> None:
        check_history(self.url)

    @invariant()
    def nothing_is_lost(self) -> None:
        if self.clean:
            assert held(self.url) == self.source.expected()
            assert waiting(self.url) == {str(number) for number in self.source.wrong}

    def teardown(self) -> None:
        assert self._run() == Said("SUCCEEDED")
        self.nothing_is_lost()
        self.nothing_is_doubled()
        self.server.drop_database(self.url.rpartition("/")[2])

    def _run(self) -> Said:
        said = self.runs.wait(self.runs.start(self.url, MANIFEST))
        self.clean = said.status == "SUCCEEDED"
        return said


def restart(server: EmbeddedServer) -> None:
    """Take the server down at once, as a crash would, and start it again on the same port."""
    assert server._process is not None
    server._process.send_signal(signal.SIGQUIT)
    server._process.wait(120)
    again = EmbeddedServer.start(server.data, durable=True)
    server._process, again._process = again._process, None
    again.stop()  # it used the server beside `server`, which goes on


def wait_until_it_serves(url: str) -> None:
    """Wait for a server that recovers from a crash of one of its processes: it refuses connections until it has.

    A full disk may end the process that writes the log, and then the server restarts all others in its own time.
    """
    deadline = time.monotonic() + 300
    while True:
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def test_nothing_is_lost_and_nothing_doubled(server: EmbeddedServer, runs: Runs, tmp_path: Path) -> None:
    class Machine(Faults):
        pass

    Machine.server, Machine.runs, Machine.folder = server, runs, tmp_path
    examples = int(os.environ.get("FAULT_EXAMPLES", "6"))
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=10,
            deadline=None,
            phases=(Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_full_disk_costs_nothing_but_the_run(small_disk: Path, runs: Runs, tmp_path: Path) -> None:
    source = Source(tmp_path / "source.db")
    source.person(1, "Lê Văn An")
    settings_ = {"min_wal_size": "32MB", "max_wal_size": "48MB", "shared_buffers": "16MB"}
    ballast = small_disk / "ballast"
    with EmbeddedServer.start(small_disk / "pg", durable=True, settings=settings_) as server:
        server.create_database("small")
        url = server.url("small")
        made = make_engine(url)
        migrate_store(made)
        made.dispose()
        assert runs.wait(runs.start(url, MANIFEST)) == Said("SUCCEEDED")
        before = held(url)
        with source._open() as rows:
            rows.execute("begin")
            rows.executemany(
                "insert into households values (?, ?, null, ?)", ((n, f"H{n:06d}", "x" * 200) for n in range(60_000))
            )
            rows.execute("commit")
        free = shutil.disk_usage(small_disk).free
        with ballast.open("wb") as out:
            out.write(b"\0" * (free - 6_000_000))
        said = runs.wait(runs.start(url, MANIFEST))
        assert said.status in ("PARTIAL", "FAILED", "STORE_UNAVAILABLE"), said
        ballast.unlink()
        server.keep_running()  # a full disk may have ended it
        wait_until_it_serves(url)
        assert held(url) == before
        assert runs.wait(runs.start(url, MANIFEST)) == Said("SUCCEEDED")
        assert len(held(url)["household"]) == 60_000
