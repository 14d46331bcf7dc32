"""The receipt of a dossier as a page to print: GET /dossiers/{code}/receipt."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.access.limits.refusals import ReadingRefused
from hub.access.principals import AuthenticationRefused
from hub.errors import HubError, StoreUnavailable
from hub.graph.execution.execute import Executor
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER, Gate, collect_headers
from hub.graph.procedures.receipts import ReceiptPrinter, read_receipt
from hub.snapshots.receipt_page import PAGE_HEADERS
from hub.web.dossier_push import DOSSIERS_PATH
from hub.web.negotiate import HttpRefused, caller_refusal

RECEIPT_PATH = f"{DOSSIERS_PATH}/{{code}}/receipt"
NAMED_BY_PATH = frozenset({DOSSIER_HEADER, PURPOSE_HEADER})
"""Headers that are not read: the path says which dossier is meant, and the dossier, for which purpose."""
STATUSES = {"DOSSIER_UNKNOWN": 404, "SNAPSHOT_NEEDED": 404, "SNAPSHOT_FORGOTTEN": 410, "SNAPSHOT_ALTERED": 500}
FAILURES = StoreUnavailable | AuthenticationRefused | ReadingRefused


class ReceiptEndpoint:
    """Shows receipts to whoever may read the dossier, also when it has ended."""

    def __init__(self, executor: Executor, gate: Gate, printer: ReceiptPrinter) -> None:
        self.executor = executor
        self.gate = gate
        self.printer = printer

    async def show(self, request: Request) -> Response:
        """The page. Raises HttpRefused."""
        given = collect_headers(request.headers.raw)
        headers = {name: values for name, values in given.items() if name not in NAMED_BY_PATH}
        try:
            caller = await self.gate.admit(headers, request.url.query.encode())
            page = await read_receipt(self.executor, self.printer, caller, request.path_params["code"])
        except HubError as error:
            raise _refuse(error) from None
        return HTMLResponse(page, headers=PAGE_HEADERS)


def _refuse(error: HubError) -> HttpRefused:
    refusal = caller_refusal(error)
    return (
        refusal
        if isinstance(error, FAILURES)
        else HttpRefused(STATUSES.get(error.code, refusal.status), error.code, str(error))
    )
