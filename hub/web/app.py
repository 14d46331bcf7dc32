"""The web application. `create_app(settings, logins)` wires it; nothing is global."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from hub.access.oidc.local_issuer import LocalIssuer
from hub.console.operator.source_tiles import SourcePromise
from hub.console.pages import Console
from hub.errors import HubError
from hub.graph.execution.reads import Reads
from hub.graph.federation.subgraph_execution import SubgraphExecutor
from hub.graph.procedures.receipts import ReceiptPrinter
from hub.ledger.checkpoints.signing_keys import load_signing_key
from hub.sdk.manifest import Manifest
from hub.settings import Settings
from hub.store.connections.logins import Logins
from hub.store.revision import newest_revision
from hub.web.cors import allow_origins
from hub.web.edge import Edge
from hub.web.graphql_http import negotiate
from hub.web.graphql_http.endpoint import COMPRESSED_FROM, COMPRESSION, GraphQLEndpoint, Headers
from hub.web.graphql_http.negotiate import HttpRefused
from hub.web.graphql_http.websocket import WebSocketEndpoint
from hub.web.pages import graphiql_page
from hub.web.pages.access_starters import AccessExamples, access_starters
from hub.web.pages.sign_in import SignInPages
from hub.web.pages.starters import Examples, starter_queries
from hub.web.parts import WebParts
from hub.web.pushes.dossier_push import DOSSIERS_PATH
from hub.web.pushes.row_push import PUSH_PATH
from hub.web.receipts import PDF_PATH, RECEIPT_PATH, ReceiptEndpoint
from hub.web.services import WebServices, make_services
from schema.core import Label

GRAPHQL_PATH = "/graphql"
FEDERATION_PATH = "/federation"
READY_WITHIN_S = 2.0
"""How long a look at the database may take before the process is said not to be ready."""
NO_CONNECTORS: Mapping[str, Manifest] = {}
NO_EXAMPLES = Examples()


def create_app(
    settings: Settings,
    logins: Logins,
    *,
    examples: Examples = NO_EXAMPLES,
    connectors: Mapping[str, Manifest] = NO_CONNECTORS,
    local_issuer: LocalIssuer | None = None,
    access_examples: AccessExamples | None = None,
    keeps_ledger: bool = True,
) -> Edge:
    """Return the application over the database that `logins` lead to. Raises HubMisconfigured.

    `examples` go into the starter queries of a demonstration. Of `connectors`, by name, those that push may
    deliver, and those with `lookup` are asked before a procedure reads. `local_issuer` signs the tokens of a demonstration.
    Without `keeps_ledger` no read is written down: only for measuring what that costs.
    """
    services = make_services(
        settings,
        logins.with_timeouts(),
        connectors=connectors,
        local_issuer=local_issuer,
        keeps_ledger=keeps_ledger,
    )
    executor, gate = services.executor, services.gate
    rest = Starlette(
        routes=_list_routes(settings, services, connectors),
        middleware=[Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION)],
        exception_handlers={HTTPException: _http_error, HttpRefused: _answer_refusal, 500: _server_error},
        lifespan=lambda app: services.running(),
    )
    starters = access_starters(access_examples) if access_examples else starter_queries(examples)
    page = graphiql_page.render_graphiql_page(GRAPHQL_PATH, starters, has_sign_in=settings.access == "on").encode()
    headers: Headers = [(b"content-type", b"text/html; charset=utf-8"), (b"vary", b"Accept")]
    headers += [(name.lower().encode(), value.encode()) for name, value in graphiql_page.PAGE_HEADERS.items()]
    graphql = GraphQLEndpoint(executor, gate, settings, lambda: (page, headers))
    parts = WebParts(executor, services.keeper, services.limiter)
    return Edge(rest, allow_origins(graphql, settings), GRAPHQL_PATH, settings, parts)


def _list_routes(settings: Settings, services: WebServices, connectors: Mapping[str, Manifest]) -> list[BaseRoute]:
    """Every route but that of GraphQL, which the edge answers itself."""
    executor, gate = services.executor, services.gate
    console = _make_console(services, connectors)
    web = _Web(executor.reads, console)
    key = settings.receipt_signing_key
    receipts = ReceiptEndpoint(executor, gate, ReceiptPrinter(connectors, load_signing_key(key) if key else None))
    subgraph = GraphQLEndpoint(SubgraphExecutor(executor, settings), gate, settings, None)
    return [
        Route("/", web.home, methods=["GET"]),
        WebSocketRoute(GRAPHQL_PATH, WebSocketEndpoint(executor, gate, settings).__call__),
        Route(FEDERATION_PATH, subgraph),
        Route("/healthz", web.healthz, methods=["GET"]),
        Route("/readyz", web.readyz, methods=["GET"]),
        Route(PUSH_PATH, services.push.take, methods=["POST"]),
        Route(DOSSIERS_PATH, services.dossiers.take, methods=["POST"]),
        Route(RECEIPT_PATH, receipts.show, methods=["GET"]),
        Route(PDF_PATH, receipts.show_pdf, methods=["GET"]),
        *SignInPages(services.access).routes(),
        *console.routes(),
        *graphiql_page.graphiql_routes(),
    ]


def _make_console(services: WebServices, connectors: Mapping[str, Manifest]) -> Console:
    promises = {
        name: SourcePromise(Label(one.title.vi, one.title.en), one.max_age_hours, one.schedule)
        for name, one in connectors.items()
    }
    grades = {name: one.grade for name, one in connectors.items() if one.grade is not None}
    return Console(
        services.executor,
        services.gate,
        services.access,
        promises,
        receipt_path=RECEIPT_PATH,
        graphql_path=GRAPHQL_PATH,
        grades=grades,
    )


class _Web:
    def __init__(self, reads: Reads, console: Console) -> None:
        self.reads = reads
        self.console = console
        self.program = newest_revision()  # now: an upgrade puts the files of a newer version under a process that runs

    async def home(self, request: Request) -> Response:
        """Where whoever is signed in begins; for everybody else, the start of developers."""
        home = await self.console.find_home(request)
        return await self.console.developer.start_page(request) if home is None else RedirectResponse(home)

    async def healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Ready if the database answers and this program can read it: a newer version may have migrated it already."""
        try:
            revision = await self.reads.revision(deadline_s=READY_WITHIN_S)
        except HubError:
            return JSONResponse(
                {"status": "not ready", "reason": "the database does not answer or is not migrated"}, 503
            )
        if revision is None or not revision.is_read_by(self.program):
            return JSONResponse(
                {"status": "not ready", "reason": "the database is at another revision; run `hub migrate`"}, 503
            )
        return JSONResponse({"status": "ready"})


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # Without the path, in which somebody may have written an identifier.
    body = negotiate.refusal_body("HTTP", f"{error.detail}: {request.method}")
    return Response(body, error.status_code, error.headers, media_type=negotiate.JSON)


async def _answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpRefused)
    body = negotiate.refusal_body(error.code, error.message)
    return Response(body, error.status, error.headers, media_type=negotiate.JSON)


async def _server_error(request: Request, error: Exception) -> Response:
    # The edge logs it, by its kind.
    return Response(negotiate.refusal_body("INTERNAL", "internal error"), 500, media_type=negotiate.JSON)
