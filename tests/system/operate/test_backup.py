"""The drill: a province in use is backed up, more happens, and the backup is restored on another database with its ledger."""

import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.cli import main
from hub.ledger.checkpoints.signing_keys import create_signing_key
from hub.store.backup import dump
from hub.store.roles import LEDGER
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import copy_database
from tests.system.ledger.test_ledger_faults import Store
from tests.system.ledger.test_ledger_verify import fill

CONTENT = "select md5(string_agg(t::text, '|' order by id)) from data.citizen t"
READS = 10


@dataclass(frozen=True)
class Drill:
    """A store in use, a backup of it, and the folder with the ledger's key and witness."""

    store: Store
    backup: Path
    folder: Path

    @property
    def witness(self) -> Path:
        return self.folder / "witness.jsonl"


Run = Callable[..., str]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(url: str, *arguments: str, fails: int = 0) -> str:
        monkeypatch.setenv("HUB_DATABASE_URL", url)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([*arguments])
        printed = capsys.readouterr()
        assert (left.value.code or 0) == fails, printed
        assert str(conninfo_to_dict(url)["password"]) not in printed.out + printed.err
        return printed.out + printed.err

    return run


@pytest.fixture(scope="module")
def drill(province_url: str, postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Drill:
    folder = tmp_path_factory.mktemp("drill")
    create_signing_key(folder / "key.pem")
    name = str(conninfo_to_dict(province_url)["dbname"])
    store = Store(province_url, postgres_server.login_url(LEDGER, name))
    asyncio.run(fill(store, folder, READS, datetime.now(UTC)))
    over = threading.Event()

    def write_on() -> None:
        with psycopg.connect(province_url, autocommit=True) as connection:
            while not over.is_set():
                connection.execute("insert into hub.alarm (kind, details) values ('LEDGER_UNAVAILABLE', '{}')")

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        dump.create_backup(province_url, folder / "backup", jobs=2)
    finally:
        over.set()
        writer.join(30)
    # After the backup: what is lost with the database.
    asyncio.run(fill(store, folder, READS, datetime.now(UTC)))
    return Drill(store, folder / "backup", folder)


@pytest.fixture
def empty_url(postgres_server: EmbeddedServer, migrated: str) -> Iterator[str]:
    name = f"restored_{secrets.token_hex(4)}"
    yield copy_database(postgres_server, "template1", name)
    postgres_server.drop_database(name)


def test_a_backup_is_restored_whole_and_the_ledger_says_what_is_lost(
    drill: Drill, empty_url: str, hub: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_LEDGER_WITNESS_FILE", str(drill.witness))
    monkeypatch.setenv("HUB_LEDGER_SIGNING_KEY", str(drill.folder / "key.pem"))
    assert "is whole" in hub(empty_url, "backup", "check", str(drill.backup))
    said = hub(empty_url, "backup", "restore", str(drill.backup))
    assert "goes on with checkpoint" in said
    assert f"ledger: {2 * READS + 2} records" in said  # and the begin and the end of their chain
    before, after = (Store(url, "").run(CONTENT) for url in (drill.store.owner, empty_url))
    assert before == after
    public_key = str(drill.folder / "key.pem.pub")
    verified = json.loads(
        hub(empty_url, "ledger", "verify", "--head", str(drill.witness), "--public-key", public_key, "--json")
    )
    assert (verified["integrity"], verified["completeness"]) == ("HOLDS", "HOLDS_WITH_GAPS")
    assert verified["counts"]["LOST_BY_RESTORE"] == 1
    assert hub(empty_url, "schema", "diff").strip() == ""
    # The role that reads may read again.
    (allowed,) = Store(empty_url, "").run("select has_table_privilege('hub_reader', 'data.citizen', 'select')")
    assert allowed == (True,)


def test_rows_that_did_not_come_back_are_noticed(
    drill: Drill, empty_url: str, hub: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restore_less(path: str, arguments: list[str], url: str) -> None:
        run_program(path, arguments, url)
        Store(empty_url, "").run("delete from hub.stream where ctid = (select min(ctid) from hub.stream)")

    run_program = dump.run_program  # type: ignore[attr-defined]  # looked up there
    monkeypatch.setattr(dump, "run_program", restore_less)
    said = hub(empty_url, "backup", "restore", str(drill.backup), fails=65)
    assert "BACKUP_BROKEN" in said
    assert "hub.stream" in said


def test_a_backup_that_was_changed_is_broken(drill: Drill, empty_url: str, hub: Run, tmp_path: Path) -> None:
    assert (drill.backup.stat().st_mode & 0o777) == 0o700
    data = max((drill.backup / "dump").iterdir(), key=lambda path: path.stat().st_size)
    good = data.read_bytes()
    try:
        data.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        for command in ("check", "restore"):
            assert data.name in hub(empty_url, "backup", command, str(drill.backup), fails=65)
        data.unlink()
        assert "are missing" in hub(empty_url, "backup", "check", str(drill.backup), fails=65)
    finally:
        data.write_bytes(good)
    assert "has no backup.json" in hub(empty_url, "backup", "check", str(tmp_path), fails=64)


def test_nothing_is_written_over(drill: Drill, hub: Run) -> None:
    assert "exists already" in hub(drill.store.owner, "backup", "create", str(drill.backup), fails=64)
    assert "is not empty" in hub(drill.store.owner, "backup", "restore", str(drill.backup), fails=64)


def test_a_dump_that_fails_leaves_nothing_and_tells_no_row(
    drill: Drill, hub: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo 'pg_dump (PostgreSQL) 99.1' || { echo 'DETAIL: Nguyễn Văn An; No space left' >&2; exit 3; }\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    said = hub(drill.store.owner, "backup", "create", str(tmp_path / "new"), fails=70)
    assert "pg_dump ended with 3: the disk is full" in " ".join(said.split())
    assert "Nguyễn" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pg_dump"]


def test_the_command_makes_what_check_accepts(drill: Drill, hub: Run, tmp_path: Path) -> None:
    made = hub(drill.store.owner, "backup", "create", str(tmp_path / "deep" / "backup"), "--jobs", "1")
    assert "rows in" in made
    assert "is whole" in hub(drill.store.owner, "backup", "check", str(tmp_path / "deep" / "backup"))
