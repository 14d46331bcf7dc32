"""Runs of the hub in processes that can be killed, and a proxy before its store that says when."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

COMMIT = b"COMMIT"


@dataclass(frozen=True)
class Said:
    """What became of a run: its status, what stood in its way; killed where it has neither."""

    status: str
    problems: tuple[str, ...] = ()


class Runs:
    """Starts runs. One at a time may be asked for; several may go on."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def start(self, url: str, manifest: dict[str, Any], *, full: bool = False) -> int:
        """Begin a run. Returns its process."""
        return int(self._ask({"url": url, "manifest": json.dumps(manifest), "full": full})["pid"])

    def wait(self, pid: int) -> Said:
        """What became of it."""
        answer = self._ask({"wait": pid})
        if answer["signal"] is not None:
            return Said("KILLED")
        told = json.loads(answer["said"])
        return Said(told["status"], tuple(told["problems"]))

    def close(self) -> None:
        """End."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def _ask(self, job: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@dataclass
class Proxy:
    """Passes on what a run and its store say to each other, one connection; kills the run where it is told to.

    `at` counts messages of the run, or only its commits; `after` lets the store take the message and answer, and the run never
    hears of it.
    """

    store: str
    at: int | None = None
    commits_only: bool = False
    after: bool = False
    kill: Callable[[], None] = lambda: None
    messages: int = 0
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The store's URL, by way of the proxy."""
        parts = urlsplit(self.store)
        where = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self._listener.getsockname()[1]}"
        return urlunsplit((parts.scheme, where, *parts[2:]))

    def close(self) -> None:
        """End; what it passed on is over by then."""
        # Where the run never came, it is still waited for.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)

    def _serve(self) -> None:
        parts = urlsplit(self.store)
        with suppress(OSError):
            client, _ = self._listener.accept()
            with client, socket.create_connection((parts.hostname or "", parts.port or 0)) as server:
                self._pass(client, server)

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        killing = False
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(1 << 16)
                if not data:
                    return
                if ready is server:
                    if killing:
                        self.kill()
                        return
                    client.sendall(data)
                    continue
                due = self._due(data)
                if due and not self.after:
                    self.kill()
                    return
                killing = killing or due
                server.sendall(data)

    def _due(self, data: bytes) -> bool:
        if self.commits_only and COMMIT not in data:
            return False
        self.messages += 1
        return self.messages == self.at


def killed_run(runs: Runs, store: str, manifest: dict[str, Any], at: int, *, commits_only: bool, after: bool) -> Said:
    """A run that is killed at a message, if it sends so many."""
    pid: list[int] = []
    started = threading.Event()

    def kill() -> None:
        started.wait(60)
        os.kill(pid[0], signal.SIGKILL)

    proxy = Proxy(store, at, commits_only, after, kill)
    pid.append(runs.start(proxy.url, manifest))
    started.set()
    said = runs.wait(pid[0])
    proxy.close()
    return said


def counted_run(runs: Runs, store: str, manifest: dict[str, Any], *, commits_only: bool) -> tuple[Said, int]:
    """A run that goes through, and how many messages, or commits, it sent."""
    proxy = Proxy(store, commits_only=commits_only)
    said = runs.wait(runs.start(proxy.url, manifest))
    proxy.close()
    return said, proxy.messages
