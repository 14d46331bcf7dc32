"""`hub serve --workers`: several processes that answer. The parent keeps the socket, the embedded database and the metrics port."""

import socket
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from hub.cli.operate.logs import start_log
from hub.cli.operate.serve.serve import count_grace_s, serve_on
from hub.cli.operate.serve.sockets import open_metrics
from hub.cli.store import OpenStore, open_store_to_read
from hub.cli.terminal import guard_logs, show_error
from hub.errors import HubError, HubMisconfigured
from hub.garbage_collection import collect_rarely
from hub.ingest.connectors import load_manifests
from hub.metrics.health import describe_sources
from hub.processes.channel import receive_message
from hub.processes.child import ORDER_WITHIN_S, ChildProcess, start_child
from hub.processes.parent_link import ParentLink
from hub.processes.supervisor import Patience, Supervisor
from hub.settings import Settings, load_settings
from hub.store.connections.logins import Logins

MAX_WORKERS = 64
# Collection is deferred before anything else is imported.
PROGRAM = "; ".join(
    (
        "from hub.garbage_collection import defer_collection",
        "defer_collection()",
        "from hub.cli.operate.serve.serve_processes import run_child",
        "run_child()",
    )
)
END_S = 15.0
"""For what a process does after its last answer: the ledger, checkpoints, closing connections."""


def serve_in_processes(
    count: int, listener: socket.socket, settings: Settings, store: OpenStore, environment: Mapping[str, str]
) -> None:
    """Keep `count` processes answering on the listener until interrupted.

    `environment` is what this process was started with: each new process reads the settings file anew. Raises HubMisconfigured, HubError.
    """
    if not 1 <= count <= MAX_WORKERS:
        raise HubMisconfigured(
            f"--workers {count}: must be from 1 to {MAX_WORKERS}", next_step="take one for each processor core"
        )
    host, port = listener.getsockname()[:2]
    order: dict[str, Any] = {"host": host, "port": port, "home": str(settings.home)}
    if store.server is not None:
        order["logins"] = vars(store.logins)
    listener.setblocking(False)
    start = partial(start_for_slot, listener=listener, environment=environment, order=order)
    supervisor = Supervisor(count, start, listener, Patience(leave_s=count_grace_s(settings) + END_S))

    def describe() -> tuple[bool, dict[str, Any]]:
        answers, processes = supervisor.describe()
        well, found = describe_sources(store.logins.reader, manifests)
        return answers and well, {**found, "processes": processes}

    manifests = load_manifests()
    collect_rarely()
    with open_metrics(settings, supervisor.read_samples, describe, supervisor.list_pids):
        supervisor.run()


def start_for_slot(
    slot: int, *, listener: socket.socket, environment: Mapping[str, str], order: Mapping[str, Any]
) -> ChildProcess:
    """Start one process that serves."""
    return start_child(slot, PROGRAM, listener, environment, order)


def run_child() -> None:
    """The whole life of one process that serves."""
    guard_logs()
    connection, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    try:
        connection.settimeout(ORDER_WITHIN_S)
        order = receive_message(connection)
        connection.settimeout(None)
        settings = load_settings(host=order["host"], port=order["port"], home=order["home"])
        start_log(settings, "serve")
        parent = ParentLink(connection)
        if "logins" in order:
            serve_on(listener, settings, Logins(**order["logins"]), parent=parent)
        else:
            with open_store_to_read(settings) as store:
                serve_on(listener, settings, store.logins, parent=parent)
    except HubError as error:
        show_error(error)
        sys.exit(error.exit_code)
