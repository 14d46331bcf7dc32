"""Two PostgreSQL servers under Patroni, etcd and HAProxy, with the configuration of docs/how-to/survive-a-lost-database.md, on this machine."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.error import HTTPError

import psutil

from hub.store.server.server_location import find_account
from tests.doc_blocks import ROOT, blocks_of

PAGE = ROOT / "docs" / "how-to" / "survive-a-lost-database.md"
PROGRAMS = {"etcd": "etcd-server", "patroni": "patroni", "haproxy": "haproxy", "pg_rewind": "postgresql-15"}
"""Program → Debian's package."""
BINARIES = "/usr/lib/postgresql/15/bin"
SEARCHED = os.pathsep.join(("/usr/sbin", "/usr/bin", BINARIES, os.environ.get("PATH", "")))
SUPERUSER, PASSWORD = "postgres", "choose-one"
"""As on the page."""
ENVIRONMENT = {"PATH": SEARCHED, "LC_ALL": "C.UTF-8"}
STARTS_WITHIN_S = 120.0


@dataclass
class Node:
    """A server: Patroni at `api`, PostgreSQL at `port`, its files in `folder`."""

    name: str
    host: str
    api: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def ask(self, path: str) -> int:
        """The status of Patroni's answer; 0 if there is none within two seconds."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.api}{path}", timeout=2) as answer:
                return int(answer.status)
        except HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def list_processes(self) -> list[psutil.Process]:
        """Patroni, the postmaster and all that they have started."""
        roots = [self.process.pid] if self.process is not None else []
        with suppress(OSError, ValueError, IndexError):
            roots.append(int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0]))
        found: list[psutil.Process] = []
        for pid in roots:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                found += [process, *process.children(recursive=True)]
        return found

    def send(self, number: signal.Signals) -> None:
        """Send every process of the server a signal: SIGKILL is a machine that dies, SIGSTOP one that falls silent."""
        for process in self.list_processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


@dataclass
class Cluster:
    """What runs. `port` is HAProxy's, which leads to the primary; every server listens on `server_port` of its own address."""

    folder: Path
    port: int
    server_port: int
    nodes: tuple[Node, ...]
    start_node: Callable[[Node], None] = field(repr=False)

    def url(self, user: str, password: str, database: str) -> str:
        """A URL that leads to the primary, whichever that is."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def list_server_urls(self, user: str, password: str, database: str) -> list[str]:
        """A URL for each server itself, whatever it is."""
        return [f"postgresql://{user}:{password}@{node.host}:{self.server_port}/{database}" for node in self.nodes]

    def find_primary(self) -> Node | None:
        """The server that says it is the primary."""
        return next((node for node in self.nodes if node.ask("/primary") == 200), None)

    def find_standby(self) -> Node | None:
        """The server that has every acknowledged commit and may take over."""
        return next((node for node in self.nodes if node.ask("/sync") == 200), None)

    def await_pair(self) -> float:
        """Wait until there are a primary and a synchronous standby. Returns the seconds that it took."""
        began = time.monotonic()
        await_that(lambda: self.find_primary() is not None and self.find_standby() is not None, "a synchronous standby")
        return time.monotonic() - began


def await_that(holds: Callable[[], bool], what: str, within_s: float = STARTS_WITHIN_S) -> None:
    """Wait until something holds. Raises TimeoutError."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {within_s:.0f} s")
        time.sleep(0.2)


def find_missing_packages() -> list[str]:
    """Debian's packages that are needed and not there."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program, path=SEARCHED) is None]


@contextmanager
def start_cluster(folder: Path, *, dcs: Mapping[str, str] = {}) -> Iterator[Cluster]:
    """All of it, with files in an empty folder that other users may pass through. `dcs` replaces settings of the page, e.g. `ttl`."""
    addresses = {
        "10.0.0.11": "127.0.1.11",
        "10.0.0.12": "127.0.1.12",
        "10.0.0.21": "127.0.1.21",
        "10.0.0.0/24": "127.0.0.0/8",
    }
    ports = {number: find_port() for number in ("5432", "8008", "2379", "2380", "5000")}
    account = find_account()

    def adapt(text: str) -> str:
        text = text.replace(",10.0.0.22:2379,10.0.0.23:2379", "").replace("port 8008", f"port {ports['8008']}")
        text = re.sub(r":(5432|8008|2379|2380|5000)\b", lambda found: f":{ports[found[1]]}", text)
        for written, ours in addresses.items():
            text = text.replace(written, ours)
        return text

    def run(stack: ExitStack, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        program = shutil.which(arguments[0], path=SEARCHED)
        assert program is not None, arguments[0]
        with (folder / f"{name}.log").open("ab") as log:
            made = subprocess.Popen(
                [program, *arguments[1:]],
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=folder,
                env=ENVIRONMENT | {"HOME": str(folder / name)},
                **account.options,  # type: ignore[call-overload]
            )
        stack.callback(end, made)
        return made

    nodes = tuple(make_node(folder, f"db{number}", f"127.0.1.1{number}", int(ports["8008"])) for number in (1, 2))
    with ExitStack() as stack:
        etcd, peers = f"http://127.0.1.21:{ports['2379']}", f"http://127.0.1.21:{ports['2380']}"
        own(folder / "etcd", account)
        run(stack, "etcd", ["etcd", "--name", "etcd1", "--data-dir", str(folder / "etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"etcd1={peers}"])  # fmt: skip
        proxy = folder / "haproxy.cfg"
        proxy.write_text(adapt(read_block("haproxy")))

        def start_node(node: Node) -> None:
            node.process = run(stack, node.name, ["patroni", str(node.folder / "config.yml")])

        for node in nodes:
            own(node.folder, account)
            text = adapt(
                read_block("yaml")
                .replace("10.0.0.11", f"10.0.0.1{node.name[-1]}")
                .replace("name: db1", f"name: {node.name}")
            )
            for name, value in dcs.items():
                text, found = re.subn(rf"(?m)^( *{name}:) .*$", rf"\1 {value}", text)
                assert found == 1, name
            text = text.replace("/var/lib/postgresql/15/hub", f"{node.folder}/data")
            text = text.replace("local all all peer", "local all all trust").replace(
                "  pg_hba:", f"  parameters:\n    unix_socket_directories: {node.folder}\n  pg_hba:"
            )
            (node.folder / "config.yml").write_text(text)
            (node.folder / "config.yml").chmod(0o644)
            stack.callback(node.send, signal.SIGKILL)
            start_node(node)
            await_that(partial(answers, node), node.name)
        run(stack, "haproxy", ["haproxy", "-db", "-f", str(proxy)])
        cluster = Cluster(folder, int(ports["5000"]), int(ports["5432"]), nodes, start_node)
        cluster.await_pair()
        yield cluster


def answers(node: Node) -> bool:
    """Whether a server runs. Raises RuntimeError if its Patroni has ended."""
    if node.process is None or node.process.poll() is not None:
        raise RuntimeError(f"Patroni has ended: see {node.name}.log")
    return node.ask("/health") == 200


def make_node(folder: Path, name: str, host: str, api: int) -> Node:
    """A server that was not started."""
    return Node(name, host, api, folder / name)


def own(folder: Path, account: object) -> None:
    """Make a folder of the account that servers run as."""
    folder.mkdir()
    uid = getattr(account, "uid", None)
    if uid is not None:
        os.chown(folder, uid, account.gid)  # type: ignore[attr-defined]


def read_block(language: str) -> str:
    """The page's one block in a language."""
    (block,) = (block for block in blocks_of(PAGE) if block.language == language)
    return block.text


def find_port() -> str:
    """A port that is free on every address of this machine."""
    with socket.create_server(("", 0)) as found:
        return str(found.getsockname()[1])


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, in order if it can."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)
