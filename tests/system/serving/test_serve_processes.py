"""`hub serve --workers` as an operator runs it: under load, restarted, with processes that are killed, stopped or cannot start."""

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
from prometheus_client.parser import text_string_to_metric_families

from hub.errors import HubError
from hub.processes.child import ChildProcess, start_child
from hub.processes.supervisor import Patience, Supervisor
from tests.system.servers.keep_alive_clients import SHORT_PAUSE_S, KeepAliveClients

CLIENTS = 16
REFUSED = {"ConnectionRefusedError", "ConnectionResetError"}


@dataclass(frozen=True)
class SupervisedHub:
    """A `hub serve --workers 2` of its own."""

    url: str
    metrics: str
    parent: psutil.Process
    log: Path

    def health(self) -> Any:
        return httpx2.get(f"{self.metrics}/healthz?deep", timeout=60).json()

    def ready_pids(self) -> set[int]:
        return {one["pid"] for one in self.health()["processes"] if one["isReady"]}

    def read(self, name: str, **labels: str) -> float:
        text = httpx2.get(f"{self.metrics}/metrics", timeout=60).text
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def wait_for(holds: Callable[[], bool], within_s: float = 120) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def hub(module_database_url: str, scratch: Path) -> Iterator[SupervisedHub]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PG"))},
        "HUB_DATABASE_URL": module_database_url,
        "HUB_ACCESS": "off",
        "HUB_METRICS_PORT": "0",
        "HUB_POOL_SIZE": "3",
    }
    log = scratch / "supervised.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "from hub.cli import main; main(['serve', '--port', '0', '--workers', '2'])"],
            env=environment, stdout=out, stderr=out, cwd=scratch,
        )  # fmt: skip
    try:
        find = lambda what: re.search(rf"{what} at (http://[\d.:]+)", log.read_text())  # noqa: E731
        wait_for(lambda: find("Metrics") is not None or process.poll() is not None)
        url, metrics = find("GraphiQL"), find("Metrics")
        assert url, log.read_text()
        assert metrics, log.read_text()
        served = SupervisedHub(url[1], metrics[1], psutil.Process(process.pid), log)
        wait_for(lambda: len(served.ready_pids()) == 2)
        yield served
    finally:
        process.terminate()
        process.wait(60)


def test_a_rolling_restart_under_load_fails_no_request(hub: SupervisedHub) -> None:
    before = hub.ready_pids()
    counted = hub.read("hub_http_responses_total", status="200")
    clients = KeepAliveClients(hub.url, CLIENTS, pause_s=SHORT_PAUSE_S)
    with clients.asking():
        clients.wait_for(200)
        hub.parent.send_signal(signal.SIGHUP)
        wait_for(lambda: "all processes are replaced" in hub.log.read_text())
        clients.wait_for(200)
    assert (clients.failures, clients.failures_of_new) == ([], [])
    assert len(hub.ready_pids()) == 2
    assert not hub.ready_pids() & before
    # Every client was with a process that ended, and was told.
    assert clients.last_ones >= CLIENTS
    # What the processes that have ended had counted is still in the sum.
    wait_for(lambda: hub.read("hub_http_responses_total", status="200") == counted + clients.answers, 30)
    assert hub.read("hub_process_ends_total", how="restarted") == 2
    assert hub.read("hub_processes") == 2
    wait_for(lambda: hub.read("hub_pool_connections_max") == 6, 30)


def test_clients_that_pause_between_requests_are_not_reset_either(hub: SupervisedHub) -> None:
    before = hub.ready_pids()
    clients = KeepAliveClients(hub.url, CLIENTS, pause_s=0.5)
    with clients.asking():
        clients.wait_for(2 * CLIENTS)
        hub.parent.send_signal(signal.SIGHUP)
        wait_for(lambda: len(hub.ready_pids()) == 2 and not hub.ready_pids() & before)
        clients.wait_for(2 * CLIENTS)
    assert (clients.failures, clients.failures_of_new) == ([], [])


def test_a_killed_process_is_started_again(hub: SupervisedHub) -> None:
    crashed = hub.read("hub_process_ends_total", how="crashed")
    victim = min(hub.ready_pids())
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in hub.ready_pids() and len(hub.ready_pids()) == 2)
    assert hub.read("hub_process_ends_total", how="crashed") == crashed + 1
    assert "crashed (exit -9): another one starts" in hub.log.read_text()
    assert httpx2.get(f"{hub.url}/readyz", timeout=30).status_code == 200


def test_what_is_in_flight_at_sigterm_is_answered_and_nobody_stays_behind(hub: SupervisedHub) -> None:
    family = [hub.parent, *hub.parent.children()]
    clients = KeepAliveClients(hub.url, CLIENTS)
    with clients.asking():
        clients.wait_for(200)
        hub.parent.terminate()
        psutil.wait_procs(family, 60)
    assert [process for process in family if process.is_running()] == []
    # Whoever connects after the end is refused, or reset if nobody had accepted it yet. No client that was being answered fails.
    assert clients.failures == []
    assert {failure.partition("(")[0] for failure in clients.failures_of_new} <= REFUSED
    assert clients.last_ones >= CLIENTS


CHILD = """
import json, socket, sys, time
from hub.processes.channel import receive_message, send_message
parent = socket.socket(fileno=int(sys.argv[1]))
order = receive_message(parent)
if order["end"] is not None:
    time.sleep(order["after_s"]); sys.exit(order["end"])
send_message(parent, {"kind": "ready"})
while True:
    send_message(parent, {"kind": "report", "silentS": order["silent_s"], "samples": [], "ledger": None})
    time.sleep(0.05)
"""


@pytest.mark.parametrize(("end", "code", "words"), [(0, "CRASH_LOOP", "ended 3 times"), (78, "INTERNAL", "could not start")])  # fmt: skip
def test_processes_that_cannot_start_end_the_parent_with_a_sentence(end: int, code: str, words: str) -> None:
    order = {"end": end, "after_s": 0, "silent_s": 0}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        supervisor = Supervisor(
            2,
            lambda slot: start_child(slot, CHILD, listener, os.environ, order),
            listener,
            Patience(first_pause_s=0.01, max_crashes=3),
        )
        with pytest.raises(HubError, match=words) as raised:
            supervisor.run()
    assert raised.value.code == code
    assert raised.value.exit_code == (end or 70)
    assert supervisor.list_pids() == []


def test_a_process_whose_event_loop_is_stuck_is_killed_and_another_one_started() -> None:
    started: list[ChildProcess] = []

    def start(slot: int) -> ChildProcess:
        if len(started) == 1:
            os.kill(os.getpid(), signal.SIGTERM)  # enough was seen
        order = {"end": None, "after_s": 0, "silent_s": 0 if started else 31.0}
        started.append(start_child(slot, CHILD, listener, os.environ, order))
        return started[-1]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        supervisor = Supervisor(1, start, listener, Patience(first_pause_s=0.01))
        supervisor.run()
    ends = {sample.labels: sample.value for sample in supervisor.read_samples() if sample.labels}
    assert ends == {("restarted",): 1, ("crashed",): 0, ("stuck",): 1}
    assert [child.process.returncode for child in started] == [-signal.SIGKILL, -signal.SIGTERM]
