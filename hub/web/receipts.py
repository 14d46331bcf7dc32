"""The receipt of a dossier to print: GET /dossiers/{code}/receipt as a page, and …/receipt.pdf as a PDF."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.access.callers.principals import AuthenticationRefused
from hub.access.limits.refusals import ReadingRefused
from hub.errors import HubError, StoreUnavailable
from hub.graph.execution.execute import Executor
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER, Gate, collect_headers
from hub.graph.procedures.receipts import ReceiptPrinter, Render, read_receipt
from hub.snapshots.receipt_page import PAGE_HEADERS
from hub.snapshots.records import PrefillSnapshot
from hub.web.graphql_http.negotiate import HttpRefused, caller_refusal
from hub.web.pushes.dossier_push import DOSSIERS_PATH

RECEIPT_PATH = f"{DOSSIERS_PATH}/{{code}}/receipt"
PDF_PATH = f"{RECEIPT_PATH}.pdf"
NAMED_BY_PATH = frozenset({DOSSIER_HEADER, PURPOSE_HEADER})
"""Headers that are not read: the path says which dossier is meant, and the dossier, for which purpose."""
STATUSES = {
    "DOSSIER_UNKNOWN": 404,
    "SNAPSHOT_NEEDED": 404,
    "SNAPSHOT_FORGOTTEN": 410,
    "SNAPSHOT_ALTERED": 500,
    "MISCONFIGURED": 501,
}
FAILURES = StoreUnavailable | AuthenticationRefused | ReadingRefused


class ReceiptEndpoint:
    """Shows receipts to whoever may read the dossier, also when it has ended."""

    def __init__(self, executor: Executor, gate: Gate, printer: ReceiptPrinter) -> None:
        self.executor = executor
        self.gate = gate
        self.printer = printer

        self._printing = asyncio.Semaphore(1)
        """One PDF at a time: it is a second of work at worst, and in a thread of its own."""

    async def show(self, request: Request) -> Response:
        """The page. Raises HttpRefused."""
        return HTMLResponse(await self._read(request, self._make_page), headers=PAGE_HEADERS)

    async def show_pdf(self, request: Request) -> Response:
        """The PDF. Raises HttpRefused."""
        file = await self._read(request, self._make_pdf)
        # The code was found in the store, so it has its form.
        name = f"{request.path_params['code'].strip().upper()}.pdf"
        headers = {**PAGE_HEADERS, "content-disposition": f'inline; filename="{name}"'}
        return Response(file, media_type="application/pdf", headers=headers)

    async def _read(self, request: Request, render: Render) -> bytes:
        given = collect_headers(request.headers.raw)
        headers = {name: values for name, values in given.items() if name not in NAMED_BY_PATH}
        try:
            caller = await self.gate.admit(headers, request.url.query.encode())
            return await read_receipt(self.executor, render, caller, request.path_params["code"])
        except HubError as error:
            raise _refuse(error) from None

    async def _make_page(self, snapshot: PrefillSnapshot) -> bytes:
        return self.printer.render(snapshot)

    async def _make_pdf(self, snapshot: PrefillSnapshot) -> bytes:
        async with self._printing:
            return await asyncio.to_thread(self.printer.render_pdf, snapshot)


def _refuse(error: HubError) -> HttpRefused:
    refusal = caller_refusal(error)
    return (
        refusal
        if isinstance(error, FAILURES)
        else HttpRefused(STATUSES.get(error.code, refusal.status), error.code, str(error))
    )
