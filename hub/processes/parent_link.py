"""The child's side: it says that it is ready, reports what it has counted, and stops when its parent has gone."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from hub.metrics.health import describe_ledger
from hub.metrics.sample_wire import dump_samples
from hub.metrics.web_samples import read_web_samples
from hub.processes.channel import READ_BYTES, send_message
from hub.web.edge import Edge

REPORT_EVERY_S = 2.0
"""How old what the parent shows Prometheus may be, and how much of the counts a crash loses."""
LAST_REPORT_WITHIN_S = 2.0


class ParentLink:
    """The connection of one process that serves to the one that started it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turned_at = monotonic()
        self._is_ending = threading.Event()
        self._sending = threading.Lock()

    def tell_ready(self) -> None:
        """Say that requests are answered from now on. Called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._note_turn()
        self._send({"kind": "ready"})

    @contextmanager
    def report(self, app: Edge) -> Iterator[None]:
        """While the block runs, report what the application has counted; once more at its end."""
        sender = threading.Thread(target=self._report_often, args=(app,), name="report", daemon=True)
        threading.Thread(target=self._end_with_parent, name="parent", daemon=True).start()
        sender.start()
        try:
            yield
        finally:
            self._is_ending.set()
            sender.join(LAST_REPORT_WITHIN_S)

    def _report_often(self, app: Edge) -> None:
        while not self._is_ending.wait(REPORT_EVERY_S):
            self._send_report(app)
        self._send_report(app)

    def _send_report(self, app: Edge) -> None:
        if self._loop is not None:
            # The loop is closed at the end. Until then, a turn that it does not take says that it is stuck.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._note_turn)
        self._send(
            {
                "kind": "report",
                "silentS": monotonic() - self._turned_at,
                "samples": dump_samples(read_web_samples(app)),
                "ledger": describe_ledger(app),
            }
        )

    def _note_turn(self) -> None:
        self._turned_at = monotonic()

    def _send(self, message: dict[str, object]) -> None:
        with self._sending, suppress(OSError):  # _end_with_parent sees that it has gone
            send_message(self._connection, message)

    def _end_with_parent(self) -> None:
        # Nothing is sent this way after the order: what can be read is the end.
        with suppress(OSError):
            while self._connection.recv(READ_BYTES):
                pass
        if not self._is_ending.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
