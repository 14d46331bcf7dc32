"""The embedded server: a real PostgreSQL from a wheel, started for one data folder.

PostgreSQL refuses to run as root. Root therefore starts it as an unprivileged user, and no parent folder is opened up for
that: where the binaries or the data lie beneath a folder which that user may not enter (the home of root, say), the
binaries are copied once to a cache folder and the data are kept under /var/lib instead, with a note in the folder asked
for. Only the wheel's binaries are used, not its own start code, which opens parent folders.
"""

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from hub.errors import HubError, StoreUnavailable
from hub.store.server.server_location import Account, find_account, find_binaries, make_data_folder, read_password
from hub.store.server.server_process import (
    ServerUse,
    clear_dead_server,
    lock_folder,
    running_port,
    server_pid,
    stop_server,
    suggest_next_step,
)

USER = "hub"
PORT_FILE = "port"
START_TIMEOUT_S = 60.0
"""How long a server may start without a word in its log."""
RECOVERY_TIMEOUT_S = 3600.0
"""How long it may start at all, while its log says that recovery goes on."""
LOOK_EVERY_S = 1.0
LOG = logging.getLogger(__name__)
_LEFT: "list[subprocess.Popen[bytes]]" = []
"""Servers that this process started and others still use."""
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
    "scram_iterations": "4096",
}
ONE_ROUND = "scram_iterations=1"
"""For the password that is ours, 24 random bytes, which nobody guesses however quickly each guess is tried: the usual 4,096 rounds are
more than half of what a connection costs (6 of 10 ms of processor time). What a person chooses has the usual rounds, by SETTINGS."""
NOT_DURABLE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass
class EmbeddedServer:
    """A running server for one data folder. Whoever uses it last stops it, whoever started it."""

    data: Path
    port: int
    _password: str = field(repr=False)
    _use: ServerUse = field(repr=False)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _start: Callable[[int], "subprocess.Popen[bytes]"] | None = field(default=None, repr=False)
    _stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    _keeper: threading.Thread | None = field(default=None, repr=False)

    @property
    def owner(self) -> bool:
        """Whether this object started the server."""
        return self._process is not None

    @classmethod
    def start(
        cls, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> "EmbeddedServer":
        """Start the server of a data folder, or attach to it if it runs already.

        The folder is made at the first start. `durable=False` trades safety at a power cut for speed: demonstrations and
        tests. Raises HubMisconfigured if the folder cannot be used, StoreUnavailable if the server does not start.
        """
        account = find_account()
        data = make_data_folder(data_dir.absolute(), account)
        with lock_folder(data):
            password = read_password(data)
            binaries = find_binaries(account)
            options = {**SETTINGS, **({} if durable else NOT_DURABLE), **(settings or {})}

            def launch(port: int) -> "subprocess.Popen[bytes]":
                return _launch(binaries, data, account, {**options, "port": str(port)})

            server = cls(data, 0, password, ServerUse(data), _start=launch)
            try:
                server._attach_or_launch(lambda: _initialise(binaries, data, account, password))
            except BaseException:
                server._use.end()
                raise
            return server

    def _attach_or_launch(self, init: Callable[[], None] | None = None) -> None:
        """Find the server running, or start it; called by who holds the lock of the folder."""
        running = running_port(self.data)
        if running is not None:
            self.port = running
            return
        _LEFT[:] = [left for left in _LEFT if left.poll() is None]
        clear_dead_server(self.data)
        if init is not None and not (self.data / "server" / "PG_VERSION").is_file():
            init()
        port = _choose_port(self.data, self.port)
        assert self._start is not None  # set by `start`
        process = self._start(port)
        self.port = port
        _await_ready(self, process)
        self._process = process

    def keep_running(self) -> None:
        """Start the server again, on its port, whenever it ends before `stop`: for processes that go on for long."""
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="database", daemon=True)
            self._keeper.start()

    def _keep(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            if self._process is not None:
                self._process.poll()  # a killed child is a zombie until its parent has asked for it
            if server_pid(self.data) is not None:
                continue
            LOG.warning("the database in %s has ended: it is started again", self.data)
            try:
                with lock_folder(self.data):
                    if not self._stopping.is_set():
                        self._attach_or_launch()
            except (HubError, OSError) as error:
                LOG.error("the database in %s does not start; tried again: %s", self.data, error)

    def url(self, database: str = USER) -> str:
        """A postgresql:// URL of a database."""
        return f"postgresql://{USER}:{quote(self._password)}@127.0.0.1:{self.port}/{quote(database)}"

    def login_url(self, role: str, database: str = USER) -> str:
        """A URL of a database for a login that may do what a role of `hub.store.roles` may, and no more.

        With the owner's URL if the role is missing: before the first migration there is nothing to read either.
        """
        login = f"{role}_login"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = {name for (name,) in connection.execute("select rolname from pg_roles").fetchall()}
            if role not in known:
                return self.url(database)
            verb = "alter" if login in known else "create"
            statement = sql.SQL("{} role {} login password {}").format(
                sql.SQL(verb), sql.Identifier(login), sql.Literal(self._password)
            )
            connection.execute(f"set {ONE_ROUND}")
            connection.execute(statement)
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(login)))
        return f"postgresql://{login}:{quote(self._password)}@127.0.0.1:{self.port}/{quote(database)}"

    def create_database(self, name: str) -> None:
        """Make a database if there is none of this name."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("select from pg_database where datname = %s", (name,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its sessions."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Use the server no more. The last one who does stops it, ending its sessions."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.join(START_TIMEOUT_S)
        with lock_folder(self.data):
            if self._use.end():
                stop_server(self.data)
                if self._process is not None:
                    self._process.wait(START_TIMEOUT_S)
            elif self._process is not None:
                _LEFT.append(self._process)
        self._process = None

    def __enter__(self) -> "EmbeddedServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# --- Start and stop ---------------------------------------------------------------------------------------------------


def _initialise(binaries: Path, data: Path, account: Account, password: str) -> None:
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
    command += ["--set", ONE_ROUND]
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
            f"the database could not be created in {server}: {_last_line(done.stderr)}",
            next_step=suggest_next_step(
                done.stderr, "look at the free space and the rights of this folder, or set HUB_HOME to another"
            ),
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
    """Wait until a server takes connections. After a crash it may read its log for long, and tells how far it is."""
    log = server.data / "server.log"
    given_up = time.monotonic() + RECOVERY_TIMEOUT_S
    told, deadline = 0, 0.0
    while process.poll() is None and time.monotonic() < given_up:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return
        size = log.stat().st_size
        if size != told or not deadline:
            told, deadline = size, time.monotonic() + START_TIMEOUT_S
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)  # an immediate shutdown: a fast one waits until recovery is over
        process.wait(START_TIMEOUT_S)
    said = log.read_text(encoding="utf-8", errors="replace")
    raise StoreUnavailable(
        f"PostgreSQL did not start: {_last_line(said)}",
        next_step=f"{suggest_next_step(_last_line(said), 'see the free space and memory of the machine')}; its log is {log}",
    )


def _choose_port(data: Path, needed: int = 0) -> int:
    """The port of the last start if it is free, so that a hub which outlives the server finds it again; `needed` alone if given."""
    path = data / PORT_FILE
    last = path.read_text(encoding="utf-8") if path.exists() else "0"
    for wanted in (needed,) if needed else (int(last) if last.isdigit() else 0, 0):
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            # As PostgreSQL binds it: connections of the last start that are still closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            port: int = probe.getsockname()[1]
            path.write_text(str(port), encoding="utf-8")
            return port
    which = f"port {needed}" if needed else "no port"
    raise StoreUnavailable(
        f"{which} of 127.0.0.1 is {'in use' if needed else 'free'}", next_step="stop what uses it, and start again"
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if "FATAL" in line or "error" in line.lower() or "could not" in line]
    return (wrong or lines or ["no output"])[-1]
