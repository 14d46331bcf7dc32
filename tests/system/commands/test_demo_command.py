"""`hub demo` as a process of its own: it serves, its worker reads what changes in a system, and both end in order."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import psutil
import psycopg
import pytest

from hub.settings import ENV_FILE
from hub.store.server.embedded import EmbeddedServer

WITHIN_S = 240
NEW_NAME = "Nguyễn Thị Đổi Tên"


class Demonstration:
    """A demonstration with the smallest province, and what it has printed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.printed = home / "printed.txt"
        environment = {
            **{name: value for name, value in os.environ.items() if name != "HUB_DATABASE_URL"},
            "HUB_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
        }
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "from hub.cli import main; main()",
                    *("demo", "--open", "--citizens", "1000", "--port", "0"),
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=home,
                process_group=0,
            )

    def interrupt(self) -> None:
        """Ctrl-C: a terminal tells every process of the group, not only the command."""
        os.killpg(self.process.pid, signal.SIGINT)

    @property
    def log(self) -> str:
        """What the worker has said."""
        return (self.home / "demo" / "worker.log").read_text(encoding="utf-8")

    def wait(self, words: str) -> str:
        """Wait until it has printed something of this pattern. Returns the first group."""
        found: list[str] = []

        def look() -> bool:
            found[:] = re.findall(words, self.printed.read_text(encoding="utf-8"))
            return bool(found)

        self.until(look)
        return found[0]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not holds():
            assert self.process.poll() is None, self.printed.read_text(encoding="utf-8")[-2_000:]
            assert time.monotonic() < deadline, self.log[-2_000:]
            time.sleep(0.2)

    def is_reading(self, server: EmbeddedServer) -> bool:
        """Whether it has begun to read the systems that are read two at a time."""
        begun = "select count(*) from hub.run where connector <> 'place'"
        try:
            with psycopg.connect(server.url("hub")) as store:
                return bool(store.execute(begun).fetchall()[0][0])
        except psycopg.Error:  # the store is being made
            return False


@pytest.fixture
def demonstration(scratch: Path, request: pytest.FixtureRequest) -> Iterator[Demonstration]:
    home = scratch / request.node.name
    home.mkdir()
    home.chmod(0o711)
    running = Demonstration(home)
    yield running
    if running.process.poll() is None:
        running.interrupt()
        running.process.wait(60)


def test_what_changes_in_a_system_appears_in_the_graph_and_nothing_is_left_behind(demonstration: Demonstration) -> None:
    address = demonstration.wait(r"GraphiQL: (http://\S+)/graphql")
    person = demonstration.wait(r'"personalId": "(\d{12})"')
    query = {
        "query": "query($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName } }",
        "variables": {"id": person},
    }

    def read_name() -> str:
        answer = httpx.post(f"{address}/graphql", json=query, timeout=60).json()
        return str(answer["data"]["citizen"]["fullName"])

    assert read_name() != NEW_NAME
    data = demonstration.home / "demo" / "postgresql"
    with EmbeddedServer.start(data, durable=False) as server, psycopg.connect(server.url("dan_cu")) as population:
        changed = population.execute(
            "update dan_cu.cong_dan set ho_va_ten = %s, cap_nhat_luc = now() where so_dinh_danh = %s",
            (NEW_NAME, person),
        )
        assert changed.rowcount >= 1
    demonstration.until(lambda: read_name() == NEW_NAME)
    # What the change means for links follows: nobody has to say `hub link`.
    demonstration.until(lambda: re.search(r"link: [\d,]+ links changed", demonstration.log) is not None)
    assert NEW_NAME not in demonstration.log
    parts = psutil.Process(demonstration.process.pid).children(recursive=True)
    assert any("worker" in " ".join(part.cmdline()) for part in parts)
    demonstration.interrupt()
    assert demonstration.process.wait(60) in (0, 130, -signal.SIGINT)
    _, alive = psutil.wait_procs(parts, timeout=20)
    assert alive == []
    assert "Traceback" not in demonstration.printed.read_text(encoding="utf-8")
    assert demonstration.log.rstrip().endswith("worker: stopped")
    assert not (demonstration.home / ENV_FILE).exists()


def test_an_interruption_while_two_systems_are_read_ends_in_order(demonstration: Demonstration) -> None:
    demonstration.wait("(Starting five sector systems)")
    with EmbeddedServer.start(demonstration.home / "demo" / "postgresql", durable=False) as server:
        demonstration.until(lambda: demonstration.is_reading(server))
        parts = psutil.Process(demonstration.process.pid).children(recursive=True)
        demonstration.interrupt()
    assert demonstration.process.wait(60) == 130
    _, alive = psutil.wait_procs(parts, timeout=20)
    assert alive == []
    assert "Traceback" not in demonstration.printed.read_text(encoding="utf-8")
