"""The parent of `hub serve --workers`: keeps a number of processes answering, and replaces them one by one at SIGHUP.

All of them accept from one listening socket, which the parent holds as well. So a connection that no process has accepted yet is lost
with none of them, and none is refused while one takes the place of another.
"""

import logging
import selectors
import signal
import socket
import subprocess
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from hub.errors import HubError
from hub.metrics import catalogue as m
from hub.metrics.catalogue import Sample
from hub.metrics.sample_wire import Series, add_up, keep_counts, list_samples
from hub.processes.child import ChildProcess

LOG = logging.getLogger("hub.start")
LOOK_EVERY_S = 0.2
END_WITHIN_S = 5.0
RESTARTED, CRASHED, STUCK = "restarted", "crashed", "stuck"


@dataclass(frozen=True)
class Patience:
    """How long what may take, in seconds, and how many crashes are too many."""

    start_s: float = 90.0
    """Until a process says that it is ready."""
    leave_s: float = 40.0
    """From SIGTERM to the end of a process; then it is killed."""
    stuck_s: float = 30.0
    """Without a word from a process, or a turn of its event loop; then it is killed."""
    first_pause_s: float = 0.5
    """After a crash, before the next start; doubled with each crash of the last `crash_window_s`."""
    longest_pause_s: float = 30.0
    max_crashes: int = 5
    """Of one slot within `crash_window_s`: then the parent gives up."""
    crash_window_s: float = 120.0


class Slot:
    """A place for one process."""

    def __init__(self) -> None:
        self.child: ChildProcess | None = None
        self.start_at = 0.0
        self.crashes: deque[float] = deque()


class Supervisor:
    """Keeps `count` processes. `start` starts one for a slot. Signals reach it if `run` is called in the main thread."""

    def __init__(
        self,
        count: int,
        start: Callable[[int], ChildProcess],
        listener: socket.socket,
        patience: Patience | None = None,
    ) -> None:
        self._start = start
        self._listener = listener
        self._patience = patience or Patience()
        self._slots = [Slot() for _ in range(count)]
        self._successor: ChildProcess | None = None
        self._leaving: list[ChildProcess] = []
        self._to_replace: deque[int] = deque()
        self._ends: Counter[str] = Counter({RESTARTED: 0, CRASHED: 0, STUCK: 0})
        self._retired: Series = {}
        self._reading = threading.Lock()
        self._wants_replacing = False
        self._is_replacing = False
        self._is_ending = False
        self._has_been_ready = False

    # --- What the metrics port asks, in other threads ---------------------------------------------------------------

    def read_samples(self) -> Iterator[Sample]:
        """The samples of all processes, those that have ended included, and of this one."""
        with self._reading:
            children = self._list_children()
            series = add_up([self._retired, *(child.series for child in children)])
            ends = dict(self._ends)
        yield from list_samples(series)
        yield m.PROCESSES.at(sum(child.is_ready for child in children))
        yield m.PROCESSES_WANTED.at(len(self._slots))
        for how, count in ends.items():
            yield m.PROCESS_ENDS.at(count, how)

    def list_pids(self) -> list[int]:
        """The processes that run now."""
        with self._reading:
            return [child.process.pid for child in self._list_children()]

    def describe(self) -> tuple[bool, list[dict[str, object]]]:
        """Whether a process answers, and the state of each."""
        with self._reading:
            children = self._list_children()
        found: list[dict[str, object]] = [
            {"pid": child.process.pid, "isReady": child.is_ready, "ledger": child.ledger} for child in children
        ]
        return any(child.is_ready for child in children), found

    # --- The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the processes until SIGTERM or SIGINT. Raises HubError if they crash again and again."""
        woken, waker = socket.socketpair()
        with woken, waker, selectors.DefaultSelector() as selector:
            woken.setblocking(False)
            waker.setblocking(False)
            selector.register(woken, selectors.EVENT_READ)
            before = {
                sig: signal.signal(sig, self._on_signal) for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
            }
            fd = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
            try:
                while self._take_turn():
                    self._wait(selector, woken)
            finally:
                self._is_ending = True
                for child in self._list_children():
                    child.kill()
                    child.process.wait()
                    self._bury(child)
                signal.set_wakeup_fd(fd)
                for sig, handler in before.items():
                    signal.signal(sig, handler)

    def _on_signal(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGHUP:
            self._wants_replacing = True
        elif self._is_ending and sig == signal.SIGINT:
            for child in self._list_children():
                child.kill()
        else:
            self._is_ending = True

    def _wait(self, selector: selectors.BaseSelector, woken: socket.socket) -> None:
        """Until a signal or a message comes, for LOOK_EVERY_S at most: a child that ends closes its connection."""
        known = {key.fileobj for key in selector.get_map().values()} - {woken}
        wanted = {child.connection for child in self._list_children()}
        for connection in known - wanted:
            selector.unregister(connection)
        for connection in wanted - known:
            selector.register(connection, selectors.EVENT_READ)
        ready = {key.fileobj for key, _ in selector.select(LOOK_EVERY_S)}
        if woken in ready:
            woken.recv(1_024)
        for child in self._list_children():
            if child.connection in ready and not child.read_messages():
                _await_end(child)

    def _take_turn(self) -> bool:
        """Do the work that is due. False once all processes have ended."""
        for child in self._list_children():
            if child.process.poll() is not None:
                self._bury(child)
        self._kill_overdue()
        if self._is_ending:
            return self._end()
        now = monotonic()
        for number, slot in enumerate(self._slots):
            if slot.child is None and now >= slot.start_at:
                slot.child = self._start(number)
        self._has_been_ready = self._has_been_ready or any(child.is_ready for child in self._list_children())
        if self._wants_replacing:
            self._wants_replacing, self._is_replacing = False, True
            self._to_replace = deque(range(len(self._slots)))
        self._replace()
        return True

    def _end(self) -> bool:
        self._listener.close()  # whoever connects from now on is told at once that nobody is here
        for child in self._list_children():
            child.ask_to_end(self._patience.leave_s)
        return bool(self._list_children())

    def _replace(self) -> None:
        """Go on with a rolling restart: start the next one, let it become ready, then let the old one go, and wait until it has."""
        if self._successor is not None and self._successor.is_ready:
            slot = self._slots[self._successor.slot]
            with self._reading:
                old, slot.child, self._successor = slot.child, self._successor, None
                if old is not None:
                    self._leaving.append(old)
            if old is not None:
                old.ask_to_end(self._patience.leave_s)
        if self._successor is not None or self._leaving:
            return
        if self._to_replace:
            self._successor = self._start(self._to_replace.popleft())
        elif self._is_replacing:
            self._is_replacing = False
            LOG.info("all processes are replaced")

    def _kill_overdue(self) -> None:
        now, patience = monotonic(), self._patience
        for child in self._list_children():
            if child.leaves_by is not None:
                is_overdue = now > child.leaves_by
            elif child.is_ready:
                is_overdue = max(now - child.heard_at, child.loop_silent_s) > patience.stuck_s
            else:
                is_overdue = now > child.started_at + patience.start_s
            if is_overdue:
                child.is_killed_stuck = True
                child.kill()

    def _bury(self, child: ChildProcess) -> None:
        """Keep what a process that has ended had counted, and decide what comes in its place."""
        child.read_messages()
        child.connection.close()
        how = STUCK if child.is_killed_stuck else CRASHED if child.leaves_by is None else RESTARTED
        with self._reading:
            self._retired = add_up([self._retired, keep_counts(child.series)])
            self._ends[how] += 1
            is_leaving = child in self._leaving
            if is_leaving:
                self._leaving.remove(child)
            elif child is self._successor:
                self._successor = None
            else:
                self._slots[child.slot].child = None
        if self._is_ending or is_leaving:
            return
        if self._slots[child.slot].child is None:
            self._note_crash(child, how)
        else:
            self._to_replace.clear()
            self._is_replacing = False
            LOG.error(
                "a new process %s (exit %s) before it was ready, so the ones that run are kept; correct that, and send SIGHUP again",
                *(how, child.process.returncode),
            )

    def _note_crash(self, child: ChildProcess, how: str) -> None:
        code = child.process.returncode
        if not self._has_been_ready and code > 0:
            error = HubError(
                "a process could not start; the line above says why", next_step="correct that, and start again"
            )
            error.exit_code = code
            raise error
        slot, now, patience = self._slots[child.slot], monotonic(), self._patience
        slot.crashes.append(now)
        while slot.crashes[0] < now - patience.crash_window_s:
            slot.crashes.popleft()
        if len(slot.crashes) >= patience.max_crashes:
            raise HubError(
                f"a process ended {len(slot.crashes)} times within {patience.crash_window_s:.0f} s, the last time with exit code {code}",
                code="CRASH_LOOP",
                next_step="look at the log above; exit code -9 can mean that the machine has too little memory",
            )
        slot.start_at = now + min(patience.longest_pause_s, patience.first_pause_s * 2 ** (len(slot.crashes) - 1))
        LOG.error(
            "process %d %s (exit %s): another one starts in %.1f s", child.process.pid, how, code, slot.start_at - now
        )

    def _list_children(self) -> list[ChildProcess]:
        """Those of the slots, those that leave, and the one that is to take the place of another."""
        running = [slot.child for slot in self._slots if slot.child is not None]
        return [*running, *self._leaving, *([self._successor] if self._successor is not None else [])]


def _await_end(child: ChildProcess) -> None:
    """It has closed its connection, which it does at its end."""
    try:
        child.process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
