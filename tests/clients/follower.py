"""The program follow.mjs, driven line by line."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.clients.conftest import NODE, NodeProject


class Follower:
    """A running client. What it says waits here until a test asks for it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.put(json.loads(line))

    def subscribe(self, query: str, identifier: str = "1", **variables: Any) -> None:
        self._command(subscribe={"id": identifier, "query": query, "variables": variables})

    def leave(self, identifier: str = "1") -> None:
        self._command(leave=identifier)

    def _command(self, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def hear(self, event: str, timeout_s: float = 90) -> dict[str, Any]:
        """The next thing it says, which has to be this; that it connected is passed over where that is not asked."""
        said = self.heard.get(timeout=timeout_s)
        if said["event"] == "connected" != event:
            return self.hear(event, timeout_s)
        assert said["event"] == event, said
        return said

    def is_quiet(self) -> bool:
        """Whether nothing that it said waits here, but that it connected."""
        return all(said["event"] == "connected" for said in list(self.heard.queue))

    def change(self) -> Any:
        """The record of the next change."""
        result = self.hear("next")["result"]
        assert "errors" not in result, result
        return result["data"]["recordChanged"]


@contextmanager
def following(node: NodeProject, kind: str, url: str, attempts: int = 0) -> Iterator[Follower]:
    """A client of one kind, `ws` or `sse`, that tries so often to come back; stopped at the end."""
    command = [str(NODE), "follow.mjs", kind, f"{url}/graphql", str(attempts)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=node.folder, env=node.environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        follower = Follower(process)
        try:
            follower.hear("ready")
            yield follower
        finally:
            process.kill()
            process.wait()
            follower.reader.join(10)
