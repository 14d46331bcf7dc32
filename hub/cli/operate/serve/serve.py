"""`hub serve`: the graph over HTTP."""

import asyncio
import contextlib
import logging
import math
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING

import psycopg
import uvicorn

from hub.access.oidc.local_issuer import LocalIssuer
from hub.access.service import check_access_is_safe
from hub.cli.operate.logs import log_start, make_log_config, start_log, write_log_line
from hub.cli.operate.serve.sockets import bind_socket, open_metrics
from hub.cli.store import open_store_to_serve
from hub.errors import HubMisconfigured
from hub.garbage_collection import collect_rarely
from hub.ingest.connectors import load_manifests
from hub.ledger.keeper import check_witness_file, refuse_revoked_key
from hub.sdk.manifest import Manifest
from hub.settings import Settings, load_settings
from hub.store.connections.logins import Logins
from hub.store.connections.pooled_reads import check_pooled_reads
from hub.store.engine import add_silence_timeouts
from hub.store.roles import find_excess, may_append_to_ledger
from hub.tracing.exporter import trace_process
from hub.web.app import NO_EXAMPLES, create_app
from hub.web.edge import Edge
from hub.web.http_timeouts import ImpatientProtocol, PatientConfig
from hub.web.pages.access_starters import AccessExamples
from hub.web.pages.starters import Examples

if TYPE_CHECKING:
    from hub.processes.parent_link import ParentLink


def serve_command(*, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """Serve the graph (/graphql, GraphiQL, /healthz, /readyz) and accept pushed deliveries at /push.

    Parameters
    ----------
    host
        Address to listen on; by default HUB_HOST.
    port
        Port to listen on; by default HUB_PORT.
    workers
        Processes that answer, each on a processor core of its own. SIGHUP replaces them one by one, without refusing a connection: after an
        upgrade, or a change of `.hub/hub.env`. Without this, the command itself answers.
    """
    environment = dict(os.environ)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(**given)
    check_access_is_safe(settings)  # before anybody can connect, or reads that it has started
    start_log(settings, "serve")
    with bind_socket(settings.host, settings.port) as listener, open_store_to_serve(settings) as store:
        where = "{}:{}".format(*listener.getsockname()[:2])
        write_log_line(settings, f"GraphQL and GraphiQL at http://{where}/graphql")
        log_start(settings, f"http://{where}", load_manifests())
        if workers is None:
            serve_on(listener, settings, store.logins)
        else:
            from hub.cli.operate.serve.serve_processes import serve_in_processes

            serve_in_processes(workers, listener, settings, store, environment)


def serve_on(
    listener: socket.socket,
    settings: Settings,
    logins: Logins,
    *,
    examples: Examples = NO_EXAMPLES,
    local_issuer: LocalIssuer | None = None,
    access_examples: AccessExamples | None = None,
    keeps_ledger: bool = True,
    parent: "ParentLink | None" = None,
) -> None:
    """Serve on an open listener until interrupted. Raises HubMisconfigured. `parent` is that of `hub serve --workers`; the other keywords are
    those of `create_app`.
    """
    warn_of_excess(settings, logins.reader)
    if settings.pooled_reads_url is not None:
        check_pooled_reads(settings.pooled_reads_url.get_secret_value())
    if settings.access == "on" and keeps_ledger:
        check_ledger_login(settings, logins.ledger)
        refuse_revoked_key(settings, logins.ledger)
        check_witness_file(settings, logins.ledger)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})  # which --port 0 leaves to the system
    connectors = load_manifests()
    app = create_app(
        settings,
        logins,
        examples=examples,
        connectors=connectors,
        local_issuer=local_issuer,
        access_examples=access_examples,
        keeps_ledger=keeps_ledger,
    )
    # Request lines can hold identifiers of people (GET), so uvicorn's access log stays off.
    config = PatientConfig(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # no answer depends on the address or scheme of a client
        http=ImpatientProtocol,
        max_connections=settings.max_connections,
        ws_max_size=settings.max_body_bytes,
        log_config=make_log_config(settings),
        timeout_graceful_shutdown=count_grace_s(settings),
    )
    collect_rarely()
    with (
        trace_process("hub-serve"),
        parent.report(app) if parent is not None else watch_web(settings, app, logins, connectors),
    ):
        # uvicorn hands the signal on once it has stopped. Without this it would kill the process, and leave the embedded database running.
        signal.signal(signal.SIGTERM, _exit_in_order)
        _Server(config, app.end_streams, parent.tell_ready if parent is not None else None).run(sockets=[listener])


@contextlib.contextmanager
def watch_web(settings: Settings, app: Edge, logins: Logins, connectors: Mapping[str, Manifest]) -> Iterator[None]:
    """While the block runs, the metrics of a web process are on HUB_METRICS_PORT; nothing if it is not set."""
    from hub.metrics.health import describe_web
    from hub.metrics.web_samples import read_web_samples

    with open_metrics(settings, lambda: read_web_samples(app), lambda: describe_web(app, logins.reader, connectors)):
        yield


def _exit_in_order(sig: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """A stop ends subscriptions in order, instead of waiting for them and then cutting them off. A second Ctrl-C ends requests at once, as
    in uvicorn, but the application is still closed in order: the ledger ends its chain.
    """

    def __init__(
        self, config: PatientConfig, end_streams: Callable[[], None], on_ready: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._end_streams = end_streams
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and self._on_ready is not None:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if sig == signal.SIGINT and isinstance(self.config, PatientConfig):
            self.config.drain_idle_s = 0.0  # a person at a terminal waits for it
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_streams)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()


def warn_of_excess(settings: Settings, url: str) -> None:
    """Say what the role that serves reads may do beside reading; nothing if access is off, or the database is away."""
    if settings.access == "off":
        return
    try:
        with psycopg.connect(add_silence_timeouts(url)) as connection:
            excess = find_excess(connection)
    except psycopg.Error:
        return  # /readyz says it
    if excess:
        write_log_line(
            settings,
            f"warning: the database role of HUB_DATABASE_URL {', '.join(excess)}."
            " Next step: use a login in the role hub_reader, and HUB_CLERK_URL; see docs/how-to/create-database-roles.md",
            level=logging.WARNING,
        )


def check_ledger_login(settings: Settings, url: str) -> None:
    """Raise HubMisconfigured if the login for the ledger may not write there: every read would be refused. Nothing if the database is away."""
    try:
        with psycopg.connect(add_silence_timeouts(url)) as connection:
            if may_append_to_ledger(connection):
                return
    except psycopg.Error:
        return  # /readyz says it
    given = "HUB_LEDGER_URL" if settings.ledger_url else "HUB_CLERK_URL" if settings.clerk_url else "HUB_DATABASE_URL"
    unset = "" if settings.ledger_url else " (HUB_LEDGER_URL is not set)"
    raise HubMisconfigured(
        f"the login of {given} may not write the ledger{unset}, so every read would be refused",
        next_step="set HUB_LEDGER_URL to a login in the role hub_ledger; see docs/how-to/create-database-roles.md",
    )


def count_grace_s(settings: Settings) -> int:
    """Seconds that a process which stops has to finish what it has begun: a read may take HUB_STATEMENT_TIMEOUT_S."""
    return math.ceil(settings.statement_timeout_s + GRACE_S)


GRACE_S = 5
"""Time allowed besides the statement: waiting for a connection, the ledger, sending the answer."""
