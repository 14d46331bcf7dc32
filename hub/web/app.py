"""The web application. `create_app(settings, logins)` wires it; nothing is global."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from hub.access.limits.limiter import make_limiter
from hub.access.oidc.local_issuer import LocalIssuer
from hub.access.service import make_access
from hub.console.operator.source_tiles import SourcePromise
from hub.console.pages import Console
from hub.errors import HubError
from hub.graph.execution.reads import Reads
from hub.graph.federation.subgraph_execution import SubgraphExecutor
from hub.graph.procedures.receipts import ReceiptPrinter
from hub.graph.service import make_executor, make_gate, make_pool
from hub.ledger.checkpoints.signing_keys import load_signing_key
from hub.ledger.keeper import make_keeper
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest
from hub.settings import Settings
from hub.store.logins import Logins
from hub.store.revision import newest_revision
from hub.web import graphiql_page, negotiate
from hub.web.access_starters import AccessExamples, access_starters
from hub.web.cors import allow_origins
from hub.web.dossier_push import DOSSIERS_PATH, DossierEndpoint
from hub.web.edge import Edge
from hub.web.endpoint import COMPRESSED_FROM, COMPRESSION, GraphQLEndpoint, Headers
from hub.web.negotiate import HttpRefused
from hub.web.parts import WebParts
from hub.web.push import PUSH_PATH, PushEndpoint
from hub.web.receipts import PDF_PATH, RECEIPT_PATH, ReceiptEndpoint
from hub.web.sign_in import SignInPages
from hub.web.starters import Examples, starter_queries
from hub.web.websocket import WebSocketEndpoint
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
    logins = logins.with_timeouts()
    pool = make_pool(settings, logins.reader)
    push = PushEndpoint(connectors, settings, logins.clerk)
    enforced = settings.access == "on"
    limiter = make_limiter(settings, logins.clerk) if enforced else None
    executor = make_executor(
        settings, pool, logins, enforced=enforced, connectors=connectors, limiter=limiter, keeps_ledger=keeps_ledger
    )
    keeper = None
    if executor.ledger is not None:
        keeper = make_keeper(settings, logins.ledger)
        executor.ledger.writer.on_append = keeper.checkpointer.note_appended
    access = make_access(settings, logins.clerk, local_issuer=local_issuer)
    gate = make_gate(settings, executor, access.authenticator)
    promises = {
        name: SourcePromise(Label(one.title.vi, one.title.en), one.max_age_hours, one.schedule)
        for name, one in connectors.items()
    }
    grades = {name: one.grade for name, one in connectors.items() if one.grade is not None}
    console = Console(
        executor, gate, access, promises, receipt_path=RECEIPT_PATH, graphql_path=GRAPHQL_PATH, grades=grades
    )
    web = _Web(executor.reads, console)
    subgraph = GraphQLEndpoint(SubgraphExecutor(executor, load_registry(), settings), gate, settings, None)
    dossiers = DossierEndpoint(executor)
    key = settings.receipt_signing_key
    receipts = ReceiptEndpoint(executor, gate, ReceiptPrinter(connectors, load_signing_key(key) if key else None))
    starters = access_starters(access_examples) if access_examples else starter_queries(examples)
    page = graphiql_page.render_graphiql_page(GRAPHQL_PATH, starters, has_sign_in=settings.access == "on").encode()
    headers: Headers = [(b"content-type", b"text/html; charset=utf-8"), (b"vary", b"Accept")]
    headers += [(name.lower().encode(), value.encode()) for name, value in graphiql_page.PAGE_HEADERS.items()]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The pool fills itself in the background: the process starts, and says so in /readyz, when the database is away.
        await pool.open(wait=False)
        await access.open()
        if executor.ledger is not None:
            await executor.ledger.writer.open()
        if executor.log is not None:
            await executor.log.open()
        if keeper is not None:
            keeper.open()
        if limiter is not None:
            await limiter.open()
        yield
        if limiter is not None:
            await limiter.close()
        await push.close()
        await dossiers.close()
        await executor.dossier_events.close()
        await executor.changes.close()
        if executor.ledger is not None:
            await executor.ledger.close()
        if keeper is not None:
            await keeper.close()
        executor.reviews.close()
        await executor.refresher.close()
        if executor.log is not None:
            await executor.log.close()
        await pool.close()
        await access.close()

    rest = Starlette(
        routes=[
            Route("/", web.home, methods=["GET"]),
            WebSocketRoute(GRAPHQL_PATH, WebSocketEndpoint(executor, gate, settings).__call__),
            Route(FEDERATION_PATH, subgraph),
            Route("/healthz", web.healthz, methods=["GET"]),
            Route("/readyz", web.readyz, methods=["GET"]),
            Route(PUSH_PATH, push.take, methods=["POST"]),
            Route(DOSSIERS_PATH, dossiers.take, methods=["POST"]),
            Route(RECEIPT_PATH, receipts.show, methods=["GET"]),
            Route(PDF_PATH, receipts.show_pdf, methods=["GET"]),
            *SignInPages(access).routes(),
            *console.routes(),
            *graphiql_page.graphiql_routes(),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION)],
        exception_handlers={HTTPException: _http_error, HttpRefused: _answer_refusal, 500: _server_error},
        lifespan=lifespan,
    )
    graphql = GraphQLEndpoint(executor, gate, settings, lambda: (page, headers))
    return Edge(rest, allow_origins(graphql, settings), GRAPHQL_PATH, settings, WebParts(executor, keeper, limiter))


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
