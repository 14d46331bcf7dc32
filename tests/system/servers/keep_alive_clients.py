"""Clients that keep their connections, and count what went wrong: no request is tried twice."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

QUERY = json.dumps({"query": "{ citizens(first: 1) { totalCount } }"})
TIMEOUT_S = 60.0
SHORT_PAUSE_S = 0.02
"""Between an answer and the next request, so that processes that start meanwhile get the processor."""


class KeepAliveClients:
    """Clients that each send their next request `pause_s` after the answer to the last one."""

    def __init__(self, url: str, count: int, path: str = "/graphql", body: str = QUERY, pause_s: float = 0.0) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.path, self.body, self.pause_s = path, body, pause_s
        self.answers = 0
        self.connections = 0
        self.last_ones = 0
        """Answers with `Connection: close`."""
        self.failures: list[str] = []
        """On connections that had been answered before."""
        self.failures_of_new: list[str] = []
        """On those where the first request failed, or the connection."""
        self._stop = threading.Event()
        self._counting = threading.Lock()
        self._threads = [threading.Thread(target=self._ask_often, daemon=True) for _ in range(count)]

    @contextmanager
    def asking(self) -> Iterator["KeepAliveClients"]:
        """While the block runs."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(2 * TIMEOUT_S)

    def wait_for(self, answers: int) -> None:
        """Until so many more answers have come."""
        wanted, until = self.answers + answers, time.monotonic() + TIMEOUT_S
        while self.answers < wanted and time.monotonic() < until:
            time.sleep(0.01)
        assert self.answers >= wanted, (self.failures + self.failures_of_new)[:3]

    def _ask_often(self) -> None:
        connection: http.client.HTTPConnection | None = None
        is_kept = False
        while not self._stop.wait(self.pause_s):
            if connection is None:
                connection, is_kept = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S), False
                with self._counting:
                    self.connections += 1
            is_last, failure = self._ask(connection)
            with self._counting:
                self.answers += failure is None
                self.last_ones += is_last
                if failure is not None:
                    (self.failures if is_kept else self.failures_of_new).append(failure)
            is_kept = True
            if is_last or failure is not None:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> tuple[bool, str | None]:
        try:
            connection.request("POST", self.path, self.body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or b'"errors"' in body:
                return False, f"{answer.status} {body[:200]!r}"
            return answer.will_close, None
        except (OSError, http.client.HTTPException) as error:
            return False, repr(error)
