"""A real Prometheus for tests, with the configuration of `docker/` and the test's own targets."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.doc_blocks import ROOT

CONFIGURATION = ROOT / "docker" / "prometheus.yml"
RULES = ROOT / "docker" / "alerts.yml"


def find_program(name: str) -> str:
    """Where a program of Prometheus is. Skips the test if it is not installed."""
    found = shutil.which(name, path="/usr/bin:" + os.environ["PATH"])
    if found is None:
        pytest.skip(f"{name} is not installed: run tests/install_packages.sh")
    return found


@dataclass(frozen=True)
class Prometheus:
    """A server that scrapes every 200 ms."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression, now."""
        answer = httpx2.get(f"{self.url}/api/v1/query?query={urllib.parse.quote(expression)}", timeout=60).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def wait_for(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression once there are any."""
        until = time.monotonic() + 30
        while not (found := self.query(expression)):
            assert time.monotonic() < until, f"{expression} has no series"
            time.sleep(0.1)
        return found


@contextmanager
def run_prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Run it until the block ends. `targets`: those of the shipped configuration, and the test's instead."""
    text = CONFIGURATION.read_text().replace("15s", "200ms").replace("5s", "200ms").replace("30s", "200ms")
    for shipped, own in targets.items():
        assert shipped in text
        text = text.replace(shipped, own.removeprefix("http://"))
    (folder / "prometheus.yml").write_text(text)
    (folder / "alerts.yml").write_text(RULES.read_text())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [
        find_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        served = Prometheus(f"http://127.0.0.1:{port}")
        until = time.monotonic() + 30
        while not _is_ready(served.url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield served
    finally:
        process.terminate()
        process.wait(20)


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/-/ready", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def read_dashboard() -> dict[str, Any]:
    """The shipped dashboard of Grafana."""
    found: dict[str, Any] = json.loads((ROOT / "docker" / "grafana-dashboard.json").read_text())
    return found
