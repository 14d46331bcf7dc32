"""`hub serve`: the graph over HTTP."""

import gc
import socket

import psycopg
import uvicorn

from hub.access.oidc.local_issuer import LocalIssuer
from hub.cli.store import open_store_to_serve
from hub.cli.terminal import ERR, LineFormatter
from hub.errors import HubMisconfigured
from hub.ingest.connectors import load_manifests
from hub.ledger.keeper import check_witness_file
from hub.settings import Settings, load_settings
from hub.store.engine import add_silence_timeouts
from hub.store.roles import find_excess
from hub.web.access_starters import AccessExamples
from hub.web.app import NO_EXAMPLES, create_app
from hub.web.edge import WithRequestId
from hub.web.http_timeouts import ImpatientProtocol
from hub.web.starters import Examples


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Serve the graph (/graphql, GraphiQL, /healthz, /readyz) and accept pushed deliveries at /push.

    Parameters
    ----------
    host
        Address to listen on; by default HUB_HOST.
    port
        Port to listen on; by default HUB_PORT.
    """
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(**given)
    with bind_socket(settings) as listener, open_store_to_serve(settings) as store:
        where = "{}:{}".format(*listener.getsockname()[:2])
        ERR.print(f"GraphQL and GraphiQL at http://{where}/graphql")
        serve_on(
            listener,
            settings,
            store.reader_url,
            clerk_url=store.clerk_url,
            ledger_url=store.ledger_url,
            auditor_url=store.auditor_url,
        )


def serve_on(
    listener: socket.socket,
    settings: Settings,
    url: str,
    *,
    examples: Examples = NO_EXAMPLES,
    local_issuer: LocalIssuer | None = None,
    clerk_url: str | None = None,
    ledger_url: str | None = None,
    auditor_url: str | None = None,
    access_examples: AccessExamples | None = None,
) -> None:
    """Serve on an open listener until interrupted. `url` and `auditor_url` are read, `clerk_url` and `ledger_url` are written."""
    warn_of_excess(settings, url)
    if settings.access == "on":
        check_witness_file(settings, ledger_url or clerk_url or url)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})  # which --port 0 leaves to the system
    app = create_app(
        settings,
        url,
        examples=examples,
        connectors=load_manifests(),
        local_issuer=local_issuer,
        clerk_url=clerk_url,
        ledger_url=ledger_url,
        auditor_url=auditor_url,
        access_examples=access_examples,
    )
    # Request lines can hold identifiers of people (GET), so uvicorn's access log stays off.
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        http=ImpatientProtocol,
        ws_max_size=settings.max_body_bytes,
        log_config=LOGGING,
        # A stream has no end of its own to wait for.
        timeout_graceful_shutdown=GRACE_S,
    )
    # What has been made by now stays for good: the collector need not walk it again while requests wait.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


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
        ERR.print(
            f"warning: the database role of HUB_DATABASE_URL {', '.join(excess)}."
            " Next step: use a login in the role hub_reader, and HUB_CLERK_URL; see docs/how-to/create-database-roles.md"
        )


GRACE_S = 5
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": WithRequestId}},
    "formatters": {
        "line": {"()": LineFormatter, "format": "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"}
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request"],
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {name: {"handlers": ["stderr"], "level": "WARNING", "propagate": False} for name in ("hub", "uvicorn")},
}
"""Each line says which request it belongs to; the answer to that request says so too, in X-Request-Id."""


def bind_socket(settings: Settings) -> socket.socket:
    """A listening socket. Raises HubMisconfigured if the port cannot be had, before anything else is started."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise HubMisconfigured(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            next_step="stop what uses the port, or choose another: --port 0 takes a free one",
        ) from None
    listener.listen(1024)
    return listener
