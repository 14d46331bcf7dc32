"""`hub serve` as an operator runs it, while its database is stopped or killed: it says so in time, and then answers again."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from hub.store.server.server_process import server_pid

SERVE = ("-c", "from hub.cli import main; main(['serve', '--port', '0'])")
STATEMENT_TIMEOUT_S = 1.0
MAX_CONNECTIONS = 40
LATE_S = 25.0
"""An answer later than this has no timeout of its own: the longest takes about five seconds on an idle machine, and libpq's, which
would end the wait otherwise, are 30 s and more."""
COUNT = "{ citizens(first: 1) { totalCount } }"
AWAY = {"TIMEOUT", "STORE_UNAVAILABLE"}


@dataclass(frozen=True)
class ServedProcess:
    """A `hub serve` of its own, with the embedded server beneath `data`."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, query: str) -> Any:
        answer = httpx2.post(f"{self.url}/graphql", json={"query": query}, timeout=LATE_S)
        return answer.json()

    def code(self) -> str | None:
        """How a read of the store ends: None if with data."""
        answer = self.ask(COUNT)
        code: str | None = answer["errors"][0]["extensions"]["code"] if "errors" in answer else None
        return code

    def ready(self) -> int:
        return httpx2.get(f"{self.url}/readyz", timeout=LATE_S).status_code

    def database(self) -> list[psutil.Process]:
        """The processes of its database server: the first is the parent of the others."""
        pid = server_pid(self.data)
        assert pid is not None
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]


@pytest.fixture(scope="module")
def serving(scratch: Path) -> Iterator[ServedProcess]:
    home = scratch / "serving"
    home.mkdir(mode=0o711)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "HUB_HOME": str(home),
        "HUB_ACCESS": "off",
        "HUB_MAX_CONNECTIONS": str(MAX_CONNECTIONS),
        "HUB_STATEMENT_TIMEOUT_S": str(STATEMENT_TIMEOUT_S),
        "PYTHONUNBUFFERED": "1",
    }
    log = home / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, *SERVE], env=environment, stdout=out, stderr=out, cwd=home)
    try:
        said = lambda: re.search(r"http://[\d.:]+", log.read_text())  # noqa: E731
        wait_for(lambda: said() is not None or process.poll() is not None, 120)
        found = said()
        assert found, log.read_text()
        served = ServedProcess(found[0], home / "postgresql", process, log)
        wait_for(lambda: has_started(served), 60)
        yield served
    finally:
        process.terminate()
        process.wait(60)


def wait_for(holds: Callable[[], bool], within_s: float) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def has_started(serving: ServedProcess) -> bool:
    """Whether it is ready; how soon it first answers says how busy the machine is."""
    with contextlib.suppress(httpx2.TimeoutException):
        return serving.ready() == 200
    return False


def is_away(serving: ServedProcess) -> bool:
    """Whether reads are refused, each in time, while what needs no database is answered."""
    code = serving.code()
    assert code is None or code in AWAY
    assert serving.ask("{ __typename }") == {"data": {"__typename": "Query"}}
    return code is not None


def test_mute_connections_keep_nobody_out(serving: ServedProcess) -> None:
    """More than may be open: those that have been silent for longest are closed, and who asks is answered."""
    with contextlib.ExitStack() as open_ones, httpx2.Client(timeout=LATE_S) as kept:
        busy = lambda: kept.get(f"{serving.url}/healthz").status_code  # noqa: E731
        assert busy() == 200
        address = httpx2.URL(serving.url)
        mute = []
        for number in range(3 * MAX_CONNECTIONS):
            mute.append(open_ones.enter_context(socket.create_connection((address.host, address.port or 0), LATE_S)))
            if number % 10 == 0:
                assert (busy(), serving.code()) == (200, None)
        mute[0].settimeout(10)  # before the wait for its head would be over
        assert mute[0].recv(1) == b""
        mute[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert mute[-1].recv(100).startswith(b"HTTP/1.1 200")


def test_a_database_that_hangs_is_a_timeout_and_answers_again_once_it_runs(serving: ServedProcess) -> None:
    assert serving.code() is None
    stopped = serving.database()
    for process in stopped:
        process.suspend()
    try:
        wait_for(lambda: is_away(serving), 30)
        assert serving.ready() == 503
        assert serving.code() in AWAY
    finally:
        for process in stopped:
            process.resume()
    wait_for(lambda: serving.ready() == 200, 60)
    wait_for(lambda: serving.code() is None, 60)


def test_a_database_that_is_killed_comes_back_on_its_own(serving: ServedProcess) -> None:
    assert serving.code() is None
    killed = serving.database()
    for process in killed[1:]:
        process.suspend()  # they would end by themselves, and leave nothing to clear
    killed[0].send_signal(signal.SIGKILL)
    try:
        wait_for(lambda: is_away(serving), 30)
        assert serving.ready() in (503, 200)  # it may be back already
    finally:
        for process in killed[1:]:
            if process.is_running():
                process.resume()
    wait_for(lambda: serving.ready() == 200, 120)
    wait_for(lambda: serving.code() is None, 60)
    assert serving.database()[0].pid != killed[0].pid


def test_interrupts_end_subscriptions_and_close_in_order(serving: ServedProcess) -> None:
    """The last one here: the server is gone after it. A second interrupt does not wait."""
    before = len(serving.log.read_text())
    query = {"query": "subscription { recordChanged { action } }"}
    with httpx2.stream(
        "POST", f"{serving.url}/graphql", json=query, headers={"accept": "text/event-stream"}, timeout=LATE_S
    ) as stream:
        assert stream.status_code == 200
        for _ in range(2):
            serving.process.send_signal(signal.SIGINT)
            time.sleep(0.05)  # two signals at once are one
        assert "event: complete" in stream.read().decode()
        assert serving.process.wait(60) in (0, 130, -signal.SIGINT)
    assert "Traceback" not in serving.log.read_text()[before:]
