"""The process of an embedded server as the system sees it: whether it lives, what a killed one left, and who still uses it.

A server that was killed may be a zombie, whose number PostgreSQL takes for a living server, and its sessions may still work on
the data. Both are cleared here before another is started, always by whoever holds the lock of the folder.
"""

import contextlib
import fcntl
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from hub.errors import HubMisconfigured, StoreUnavailable

LOCK_TIMEOUT_S = 120.0
"""How long one process waits for another that starts or stops the server of the same folder."""
STOP_TIMEOUT_S = 60.0
LEAVE_TIMEOUT_S = 5.0
"""How long sessions of a dead server have to notice it, before they are killed."""
LOOK_S = 0.05
NEXT_STEPS: tuple[tuple[str, str], ...] = (
    (r"no space left|disk quota|disk full", "free space on the disk of this folder, or set HUB_HOME to a folder on another"),
    (r"shared memory|semaphore|cannot allocate memory|out of memory", "free memory, or allow more shared memory (in a container: --shm-size), then start again"),
    (r"as root|unprivileged", "run the hub as an ordinary user, or set HUB_DATABASE_URL"),
    (r"locale|encoding|lc_", "unset LANG and LC_ALL, or set them to C.UTF-8"),
    (r"could not bind|address already in use|could not create any tcp", "stop what uses the port, then start again"),
    (r"incompatible with server|initialized by postgresql version", "run the version of the hub that made the folder, or set HUB_HOME to another"),
    (r"permission denied|wrong ownership|invalid permissions|read-only file system", "give the user that runs the hub the rights of this folder, or set HUB_HOME to another"),
    (r"lock file|shared memory block .* is still in use", "another server runs on this folder: stop it, or set HUB_HOME to another"),
    (r"error while loading shared libraries|exec format|no such file or directory", "install the hub's packages again (`make venv`), or set HUB_DATABASE_URL"),
)  # fmt: skip
"""What to do by what PostgreSQL says: the first pattern that is found in it."""


def suggest_next_step(said: str, otherwise: str) -> str:
    """The next step after a start that failed, by its cause."""
    return next((step for pattern, step in NEXT_STEPS if re.search(pattern, said, re.IGNORECASE)), otherwise)


@contextlib.contextmanager
def lock_folder(data: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of a folder. Raises HubMisconfigured, StoreUnavailable."""
    with _open(data / "lock") as lock:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while not _try_lock(lock.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"another process has been starting or stopping the database in {data} for {LOCK_TIMEOUT_S:.0f} s",
                    next_step="wait until it is done, or end it, then run the command again",
                )
            time.sleep(LOOK_S)
        yield


class ServerUse:
    """That a process uses the server of a folder: a shared lock, which ends with the process, however it ends."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._file = _open(data / "users")
        fcntl.flock(self._file, fcntl.LOCK_SH)  # never waits long: the exclusive one is held for a moment, in `end`

    def end(self) -> bool:
        """Use it no more. Returns whether nobody does; called by who holds the lock of the folder."""
        fcntl.flock(self._file, fcntl.LOCK_UN)  # for copies of it in forked processes too
        self._file.close()
        with _open(self._data / "users") as users:
            return _try_lock(users.fileno(), fcntl.LOCK_EX)


def running_port(data: Path) -> int | None:
    """The port of a server that runs for this folder; None if none does. A file left by a dead server is no server."""
    if server_pid(data) is None:
        return None
    try:
        port = int((data / "server" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[3])
    except (OSError, IndexError, ValueError):
        return None
    with socket.socket() as probe:
        return port if probe.connect_ex(("127.0.0.1", port)) == 0 else None


def server_pid(data: Path) -> int | None:
    """The process of the server of this folder, if it lives and is PostgreSQL. A zombie has no command line."""
    try:
        pid = int((data / "server" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError, ValueError):
        return None
    return pid if b"postgres" in command and str(data / "server").encode() in command else None


def clear_dead_server(data: Path) -> None:
    """Clear what a server left that was killed: its sessions, and the file with its number. Raises StoreUnavailable.

    One that is shutting down is waited for.
    """
    if not wait_until(lambda: server_pid(data) is None, STOP_TIMEOUT_S):
        raise StoreUnavailable(
            f"the database in {data} neither answers nor stops",
            next_step=f"end process {server_pid(data)}, then run the command again",
        )
    if not wait_until(lambda: not _find_server_processes(data), LEAVE_TIMEOUT_S):
        for pid in _find_server_processes(data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not wait_until(lambda: not _find_server_processes(data), STOP_TIMEOUT_S):
            raise StoreUnavailable(
                f"sessions of a dead server still work on {data}",
                next_step=f"end the processes {', '.join(map(str, _find_server_processes(data)))}, then run the command again",
            )
    (data / "server" / "postmaster.pid").unlink(missing_ok=True)


def stop_server(data: Path) -> None:
    """Stop the server of a folder, whoever started it, ending its sessions. Raises StoreUnavailable."""
    pid = server_pid(data)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
    if not wait_until(lambda: server_pid(data) is None, STOP_TIMEOUT_S):
        raise StoreUnavailable(
            f"the database in {data} did not stop within {STOP_TIMEOUT_S:.0f} s", next_step=f"end process {pid}"
        )


def wait_until(holds: Callable[[], bool], timeout_s: float) -> bool:
    """Whether something comes to hold in time."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True


def _find_server_processes(data: Path) -> list[int]:
    """Living processes that work in the folder of the server's data, as each of PostgreSQL's own does."""
    try:
        server = (data / "server").stat()
    except OSError:
        return []
    found = []
    for process in Path("/proc").iterdir():
        # One that has ended, or is another user's, has no folder for us; a zombie has none at all.
        with contextlib.suppress(OSError):
            if process.name.isdigit() and os.path.samestat((process / "cwd").stat(), server):
                name = (process / "cmdline").read_bytes()
                if name.startswith(b"postgres") or b"/postgres" in name.split(b"\0")[0]:
                    found.append(int(process.name))
    return found


def _open(path: Path) -> TextIO:
    try:
        return path.open("a")
    except PermissionError:
        raise HubMisconfigured(
            f"the database in {path.parent} belongs to another user",
            next_step="run as that user, or set HUB_HOME to a folder you own",
        ) from None


def _try_lock(descriptor: int, kind: int) -> bool:
    """Take a lock if that needs no waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
