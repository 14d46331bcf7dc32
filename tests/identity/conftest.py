"""Real identity providers: `oidc-provider` of npm, and `oidc-provider-mock`. Each runs as a process of its own, and can be stopped."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.browser.conftest import chromium as chromium
from tests.browser.conftest import watched as watched
from tests.clients.conftest import NODE, NodeProject
from tests.identity.agents import HUB
from tests.system.conftest import cli as cli
from tests.system.conftest import trial as trial

HERE = Path(__file__).parent
STARTS_WITHIN_S = 60


@dataclass
class RunningProvider:
    """A provider on a port of its own, which it keeps when it is started again."""

    command: Callable[[int, Sequence[str]], list[str]]
    environment: dict[str, str]
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        self.process = subprocess.Popen(
            self.command(self.port, options), env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                httpx2.get(f"{self.issuer}/.well-known/openid-configuration", timeout=60).raise_for_status()
                return
            except httpx2.HTTPError:
                assert self.process.poll() is None, "the provider ended"
                assert time.monotonic() < until, "the provider did not start"
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def identity_project(scratch: Path) -> NodeProject:
    """The installed npm provider. Its lock holds hashes, and no script of a package is run."""
    project = NodeProject(scratch / "identity")
    shutil.copytree(HERE, project.folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "node_modules"))
    project.run("npm", "ci", "--ignore-scripts")
    return project


@contextmanager
def running(provider: RunningProvider) -> Iterator[RunningProvider]:
    try:
        yield provider
    finally:
        provider.stop()


def npm_provider(project: NodeProject, hub: str = HUB) -> RunningProvider:
    script = str(project.folder / "provider.mjs")
    return RunningProvider(lambda port, options: [str(NODE), script, str(port), hub, *options], project.environment)


@pytest.fixture
def stopped_provider(identity_project: NodeProject) -> Iterator[RunningProvider]:
    """An npm provider of the test's own, not started yet."""
    with running(npm_provider(identity_project)) as made:
        yield made


@pytest.fixture(scope="module")
def provider(identity_project: NodeProject) -> Iterator[RunningProvider]:
    """The npm provider, for tests that let it run: it knows people by the cookies of their browsers alone."""
    with running(npm_provider(identity_project)) as made:
        made.start()
        yield made


@pytest.fixture
def mock_provider() -> Iterator[RunningProvider]:
    person = json.dumps({"sub": "u1", "name": "Lê Thị Một", "roles": ["reviewer"], "offices": ["22"]})

    def command(port: int, options: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", person, *options]

    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"}
    with running(RunningProvider(command, environment)) as made:
        made.start()
        yield made
