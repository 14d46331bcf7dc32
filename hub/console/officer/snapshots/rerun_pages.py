"""Kept prefills of a dossier: /console/dossiers/{code}/snapshots, and one of them against today: …/snapshots/{id}."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.console.layout.page_base import PageParts, PagePerson, answer_signed_in
from hub.console.officer import operations
from hub.console.officer.dossier_pages import DOSSIER_ROUTE, NOTICES, OfficerPages, dossier_path
from hub.console.officer.snapshots.rerun import read_difference, read_kept
from hub.extras import is_installed

HAS_PDF = is_installed("reportlab")
"""Whether receipts can be had as PDF: whether the extra `pdf` is installed."""


class SnapshotPages(OfficerPages):
    """The list of snapshots, and the comparison."""

    def __init__(self, parts: PageParts, receipt_path: str) -> None:
        super().__init__(parts)
        self.receipt_path = receipt_path
        """Where the receipt of `{code}` is."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        path = f"{DOSSIER_ROUTE}/snapshots"
        return [
            Route(path, self.snapshots_page, methods=["GET"]),
            Route(path, self.keep_snapshot, methods=["POST"]),
            Route(f"{path}/{{id}}", self.difference_page, methods=["GET"]),
        ]

    @answer_signed_in
    async def snapshots_page(self, request: Request, officer: PagePerson) -> Response:
        """The snapshots of the dossier."""
        code = request.path_params["code"]
        caller = await self.graph.admit(officer.headers, dossier=code)
        data = await self.graph.run(caller, operations.LIST_SNAPSHOTS, {})
        values = {
            "dossier": code,
            "back": dossier_path(code),
            "path": request.url.path,
            "receipt": self.receipt_path.format(code=quote(code, safe="")),
            "has_pdf": HAS_PDF,
            "kept": [read_kept(node) for node in data["prefillSnapshots"]],
            "notice": NOTICES.get(request.query_params.get("notice", "")),
        }
        return self.render("officer/snapshots.html", officer, values)

    @answer_signed_in
    async def keep_snapshot(self, request: Request, officer: PagePerson) -> Response:
        """Keep what the sheet says now."""
        caller = await self.graph.admit(officer.headers, dossier=request.path_params["code"])
        await self.graph.run(caller, operations.KEEP_PREFILL, {"input": {"choices": self.read_choices(request)}})
        return RedirectResponse(f"{request.url.path}?notice=kept", 303)

    @answer_signed_in
    async def difference_page(self, request: Request, officer: PagePerson) -> Response:
        """Today's answers of the dossier compared with a snapshot."""
        code = request.path_params["code"]
        caller = await self.graph.admit(officer.headers, dossier=code)
        data = await self.graph.run(caller, operations.RERUN, {"id": request.path_params["id"]})
        values = {
            "dossier": code,
            "back": f"{dossier_path(code)}/snapshots",
            "sheet_path": dossier_path(code),
            "difference": read_difference(data["prefillSnapshot"], self.name_parts(caller)),
        }
        return self.render("officer/difference.html", officer, values)
