"""The look-up server: the part of a worker that asks sources for the rows that procedures request.

It runs where the sources' secrets and the right to merge already are (docs/decisions/0019). A thread listens for requests, claims them
by stream and hands each batch to one of a few threads, so that a slow source never keeps others waiting.
"""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection

from hub.refresh import lookup_statements as sql
from hub.refresh.lookup_batch import LookupBatch, serve_batch
from hub.sdk.lookup_keys import count_keys_per_request, promises_lookup
from hub.sdk.manifest import Manifest
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION, connect_for_run

LOOKUP_THREADS = 8
THREADS_PER_SOURCE = 4
"""Batches in progress, of one source at most: one that is slow leaves threads for the others."""
REQUESTS_PER_BATCH = 4
"""Requests that one batch sends one after another; what they bring is visible when the last one has been answered."""
IDLE_WAIT_S = 1.0
BUSY_WAIT_S = 0.05
"""How long to wait for an announcement, with and without batches in progress that may free a thread."""
FORGET_EVERY_S = 600.0
MAX_REMEMBERED = 100_000
"""Look-ups that the store remembers: about 20 MB."""
LONGEST_REST_S = 30.0


@dataclass
class LookupServer:
    """Serves look-ups until told to stop. `tell` receives a line for each batch, `changed` the number of changed rows."""

    url: str
    manifests: Iterable[Manifest]
    timeout_s: float
    stop: threading.Event
    tell: Callable[[str], None]
    changed: Callable[[int], None]
    _active: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _idle: "queue.LifoQueue[Connection[Any]]" = field(default_factory=queue.LifoQueue)

    def run(self) -> None:
        """Serve, and connect again if the database connection is lost."""
        attempt = 0
        while not self.stop.is_set():
            try:
                self._serve()
            except psycopg.Error as error:
                attempt += 1
                self.tell(f"look-ups: the database connection was lost: {type(error).__name__}; retrying")
                self.stop.wait(random.uniform(0.5, min(LONGEST_REST_S, 2.0 ** min(attempt, 10))))
            else:
                attempt = 0
        self._close_idle()

    def _serve(self) -> None:
        with StoreConnection.connect(self.url, options=SESSION, autocommit=True) as session:
            session.execute(sql.SERVE)
            session.execute(f"listen {sql.CHANNEL}")
            forgotten = float("-inf")
            while not self.stop.is_set():
                while (batch := self._claim(session)) is not None:
                    # Not an executor's thread: one that waits for a silent source would keep the process from ending.
                    threading.Thread(target=self._serve_batch, args=(batch,), name=batch.where, daemon=True).start()
                if time.monotonic() - forgotten > FORGET_EVERY_S:
                    session.execute(sql.FORGET, {"most": MAX_REMEMBERED})
                    forgotten = time.monotonic()
                wait_s = BUSY_WAIT_S if self._active.total() else IDLE_WAIT_S
                for _ in session.notifies(timeout=wait_s, stop_after=1):
                    pass

    def _claim(self, session: Connection[Any]) -> LookupBatch | None:
        """Claim requests of one stream for which a thread is free. None if there are none."""
        with self._lock:
            if self._active.total() >= LOOKUP_THREADS:
                return None
            busy = {name for name, count in self._active.items() if count >= THREADS_PER_SOURCE}
        streams = self._find_streams(session, busy)
        patience = timedelta(seconds=self.timeout_s)
        found = session.execute(sql.FIND_WAITING, {"patience": patience, "streams": list(streams)}).fetchone()
        if found is None:
            return None
        manifest, name = streams[found[0]]
        most = REQUESTS_PER_BATCH * count_keys_per_request(manifest.streams[name])
        rows = session.execute(sql.CLAIM, {"stream": found[0], "patience": patience, "most": most}).fetchall()
        if not rows:  # another worker was quicker
            return None
        with self._lock:
            self._active[manifest.name] += 1
        return LookupBatch(found[0], manifest, name, tuple(sorted(key for (key,) in rows)), self.timeout_s)

    def _find_streams(self, session: Connection[Any], busy: set[str]) -> Mapping[int, tuple[Manifest, str]]:
        """Return the streams that can be looked up now, by their number in the store."""
        known = {m.name: m for m in self.manifests if m.name not in busy}
        rows = session.execute("select id, connector, name from hub.stream").fetchall()
        return {
            number: (known[connector], name)
            for number, connector, name in rows
            if connector in known and (stream := known[connector].streams.get(name)) and promises_lookup(stream)
        }

    def _serve_batch(self, batch: LookupBatch) -> None:
        try:
            connection = self._take_connection()
            try:
                done = serve_batch(connection, self.url, batch)
            finally:
                self._give_back(connection)
            self.tell(done.describe(batch))
            if done.changed:
                self.changed(done.changed)
        except psycopg.Error as error:
            self.tell(f"look up {batch.where}: the database connection was lost: {type(error).__name__}")
        except Exception as error:
            # The exception type only: its message may quote a value.
            self.tell(f"look up {batch.where}: unforeseen failure: {type(error).__name__}")
        finally:
            with self._lock:
                self._active[batch.manifest.name] -= 1

    def _take_connection(self) -> Connection[Any]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return connect_for_run(self.url)

    def _give_back(self, connection: Connection[Any]) -> None:
        """Keep a connection for the next batch; its temporary tables are empty after every commit."""
        if connection.broken or connection.closed or self.stop.is_set():
            connection.close()
        else:
            self._idle.put(connection)

    def _close_idle(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()


def start_lookup_server(
    url: str,
    manifests: Sequence[Manifest],
    timeout_s: float,
    stop: threading.Event,
    tell: Callable[[str], None],
    changed: Callable[[int], None],
) -> threading.Thread | None:
    """Start a server in a thread of its own. None if look-ups are turned off or no source promises them."""
    promising = [m for m in manifests if any(map(promises_lookup, m.streams.values()))]
    if not timeout_s or not promising:
        return None
    server = LookupServer(url, promising, timeout_s, stop, tell, changed)
    thread = threading.Thread(target=server.run, name="look-ups", daemon=True)
    thread.start()
    return thread
