"""An installation without extras: it migrates, reads files and serves, and says by a command which extra something else needs."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import httpx2

from hub.extras import EXTRA_OF_MODULE
from tests.forked_hub import run_hub

WITHOUT_EXTRAS = f"""
import sys
from importlib.abc import MetaPathFinder
class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(EXTRA_OF_MODULE)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from hub.cli import main
main(sys.argv[1:])
"""


def kept_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}


def start(*arguments: str, url: str, cwd: Path, **variables: str) -> "subprocess.Popen[str]":
    environment = kept_variables() | {"HUB_DATABASE_URL": url, "HUB_ACCESS": "off"} | variables
    return subprocess.Popen(
        [sys.executable, "-c", WITHOUT_EXTRAS, *arguments],
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_store_is_migrated_filled_and_served(new_database_url: str, tmp_path: Path) -> None:
    filled = start("sync", "place", url=new_database_url, cwd=tmp_path)
    said, _ = filled.communicate(timeout=300)
    assert filled.returncode == 0, said
    server = start("serve", "--port", "0", url=new_database_url, cwd=tmp_path)
    timer = threading.Timer(300, server.kill)
    timer.start()
    try:
        assert server.stdout is not None
        found = next((m for line in server.stdout if (m := re.search(r"http://[\d.:]+", line))), None)
        assert found is not None
        query = {"query": "{ administrativeUnits(first: 1) { totalCount } }"}
        answer = httpx2.post(f"{found[0]}/graphql", json=query, timeout=60).json()
        assert answer["data"]["administrativeUnits"]["totalCount"] > 3_000
    finally:
        timer.cancel()
        server.terminate()
        server.communicate(timeout=60)


def test_what_needs_an_extra_says_how_to_install_it(tmp_path: Path) -> None:
    bare = start("sync", "place", url="", cwd=tmp_path, HUB_HOME=str(tmp_path / "home"))
    said, _ = bare.communicate(timeout=120)
    assert "pip install 'cross-sector-hub[embedded]'" in " ".join(said.split())


def test_a_url_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    for url in ("postgresql//hub@localhost/hub", "mysql://hub@localhost/hub", "hub"):
        environment = kept_variables() | {"HUB_DATABASE_URL": url}
        done = run_hub("doctor", environment=environment, cwd=tmp_path, timeout_s=120)
        said = done.stdout + done.stderr
        assert "postgresql://user:password@host:5432/database" in " ".join(said.split()), said
