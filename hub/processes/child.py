"""One process that serves, as its parent sees it."""

import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from hub.metrics.sample_wire import Series, load_series
from hub.processes.channel import READ_BYTES, MessageReader, send_message

ORDER_WITHIN_S = 10.0


class ChildProcess:
    """A process started by `start_child`. Used from the thread of the supervisor."""

    def __init__(self, slot: int, process: "subprocess.Popen[bytes]", connection: socket.socket) -> None:
        self.slot = slot
        self.process = process
        self.connection = connection
        self.is_ready = False
        self.series: Series = {}
        """What it has counted, as it last said."""
        self.ledger: Mapping[str, Any] | None = None
        self.started_at = monotonic()
        self.heard_at = self.started_at
        self.loop_silent_s = 0.0
        """How long its event loop has taken no turn, as it last said."""
        self.leaves_by: float | None = None
        """When it is killed, once it was asked to end."""
        self.is_killed_stuck = False
        self._reader = MessageReader()

    def read_messages(self) -> bool:
        """Take in what it has said. False at the end."""
        while True:
            try:
                data = self.connection.recv(READ_BYTES)
                if not data:
                    return False
                for message in self._reader.feed(data):
                    self._note(message)
            except BlockingIOError:
                return True
            except (OSError, ValueError):
                return False

    def _note(self, message: Mapping[str, Any]) -> None:
        self.heard_at = monotonic()
        if message["kind"] == "ready":
            self.is_ready = True
        else:
            self.series, self.ledger = load_series(message["samples"]), message["ledger"]
            self.loop_silent_s = message["silentS"]

    def ask_to_end(self, within_s: float) -> None:
        """Send SIGTERM: it takes no more connections, and finishes what it has begun."""
        if self.leaves_by is None:
            self.leaves_by = monotonic() + within_s
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)


def start_child(
    slot: int, program: str, listener: socket.socket, environment: Mapping[str, str], order: Mapping[str, Any]
) -> ChildProcess:
    """Start `program` (Python) anew, so with the code that is installed now, and give it the order. Raises OSError.

    Its arguments are the descriptors of its connection to this process and of the socket that it is to listen on. The order may hold passwords,
    so it is no argument.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, str(theirs.fileno()), str(listener.fileno())],
            pass_fds=(theirs.fileno(), listener.fileno()),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, which ends its children in order
        )
    ours.settimeout(ORDER_WITHIN_S)
    with suppress(OSError):  # a process that has ended already is found as such
        send_message(ours, order)
    ours.setblocking(False)
    return ChildProcess(slot, process, ours)
