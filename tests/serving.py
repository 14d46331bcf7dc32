"""Serving an application for a test."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from hub.graph.events.changes import ChangeReader
from hub.web.edge import Edge
from hub.web.graphql_http.endpoint import GraphQLEndpoint
from hub.web.http_timeouts import ImpatientProtocol

FEEDS: dict[str, ChangeReader] = {}
"""The feed of changes of each hub that is served now, by its address."""


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve an application in a thread, on a port of its own if none is given."""
    config = uvicorn.Config(
        app, http=ImpatientProtocol, log_level="error", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with followable(url, app):
                yield url
        finally:
            server.should_exit = True
            thread.join(60)


@contextmanager
def followable(url: str, app: ASGIApp) -> Iterator[None]:
    """While an application is served at an address, let `settled` know its feed, where it has one."""
    if isinstance(app, Edge) and isinstance(app.graphql, GraphQLEndpoint):
        FEEDS[url] = app.graphql.executor.changes
    try:
        yield
    finally:
        FEEDS.pop(url, None)


def settled(url: str, subscriptions: int = 1) -> None:
    """Wait until so many subscriptions are open at a hub, and each waits at the end of the feed: what comes now is theirs."""
    open_now = FEEDS[url].subscribers
    until = time.monotonic() + 90
    while not (len(open_now) == subscriptions and all(woken._waiters for woken in list(open_now))):
        assert time.monotonic() < until, f"{len(open_now)} subscriptions are open"
        time.sleep(0.01)
