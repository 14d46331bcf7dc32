"""Sockets that commands listen on: the public one of `hub serve`, and the port of metrics."""

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from hub.cli.operate.logs import write_log_line
from hub.errors import HubMisconfigured
from hub.settings import Settings

if TYPE_CHECKING:
    from hub.metrics.catalogue import Sample
    from hub.metrics.server import Health

BACKLOG = 1_024


def bind_socket(host: str, port: int, *, option: str = "--port 0") -> socket.socket:
    """A listening socket. Raises HubMisconfigured if the port cannot be had, before anything else is started.

    `option` is what lets the system choose a port, for the error.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise HubMisconfigured(
            f"cannot listen on {host}:{port}: {error.strerror}",
            next_step=f"stop what uses the port, or choose another: {option} takes a free one",
        ) from None
    listener.listen(BACKLOG)
    return listener


@contextlib.contextmanager
def open_metrics(
    settings: Settings,
    read: "Callable[[], Iterable[Sample]]",
    health: "Health",
    list_pids: "Callable[[], Iterable[int]] | None" = None,
) -> Iterator[None]:
    """Serve metrics on HUB_METRICS_PORT while the block runs; nothing if it is not set. Raises HubMisconfigured."""
    if settings.metrics_port is None:
        yield
        return
    from hub.metrics.server import serve_metrics

    with bind_socket(settings.metrics_host, settings.metrics_port, option="HUB_METRICS_PORT=0") as listener:
        write_log_line(settings, "Metrics at http://{}:{}/metrics".format(*listener.getsockname()[:2]))
        with serve_metrics(listener, read, health, list_pids):
            yield
