"""The server of metrics: /metrics, /healthz and /healthz?deep on a port of its own, in a thread of its own.

It answers while the event loop of the process is busy, and nothing that it answers is on the public port.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.metrics.catalogue import Sample
from hub.metrics.exposition import CONTENT_TYPE, make_registry, render_metrics
from hub.web.http_timeouts import ImpatientProtocol

MAX_CONNECTIONS = 32
STOP_WITHIN_S = 2
Health = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Whether the process can do its work, and its state, without personal data. It may ask the database, within a timeout."""


@contextmanager
def serve_metrics(
    listener: socket.socket,
    read: Callable[[], Iterable[Sample]],
    health: Health,
    list_pids: Callable[[], Iterable[int]] | None = None,
) -> Iterator[None]:
    """Serve on an open listener while the block runs. `list_pids` lists children, if their memory and time are to be added."""
    server = uvicorn.Server(
        uvicorn.Config(
            make_metrics_app(read, health, list_pids),
            log_config=None,
            access_log=False,
            http=ImpatientProtocol,
            ws="none",
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(2 * STOP_WITHIN_S)


def make_metrics_app(
    read: Callable[[], Iterable[Sample]], health: Health, list_pids: Callable[[], Iterable[int]] | None = None
) -> Starlette:
    """The application of the metrics port."""
    registry = make_registry(read, list_pids)

    # Plain functions: Starlette runs them in threads, so a database that is slow to answer does not hold up a scrape.
    def metrics(request: Request) -> Response:
        return Response(render_metrics(registry), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})

    def healthz(request: Request) -> Response:
        if "deep" not in request.query_params:
            return JSONResponse({"status": "alive"})
        well, found = health()
        return JSONResponse(dict(found), 200 if well else 503, headers={"cache-control": "no-store"})

    return Starlette(routes=[Route("/metrics", metrics, methods=["GET"]), Route("/healthz", healthz, methods=["GET"])])
