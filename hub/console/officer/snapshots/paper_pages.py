"""Asking the citizen for papers: /console/dossiers/{code}/papers.

A request rests on a snapshot, which is kept first: it shows the data held at that moment. A request for a held paper is refused and counted.
"""

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.console.layout.page_base import PagePerson, answer_signed_in
from hub.console.layout.page_graph import GraphRefused
from hub.console.officer import operations
from hub.console.officer.dossier_pages import DOSSIER_ROUTE, NOTICES, OfficerPages, dossier_path
from hub.console.officer.snapshots.papers import (
    NONE_CHOSEN,
    REFUSALS,
    PaperKey,
    RefusedPaper,
    find_label,
    list_papers,
    read_chosen,
)
from hub.graph.permission.callers import Caller
from schema.core import Label


class PaperPages(OfficerPages):
    """The form of papers, and those that were asked for."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        path = f"{DOSSIER_ROUTE}/papers"
        return [
            Route(path, self.paper_page, methods=["GET"]),
            Route(path, self.request_papers, methods=["POST"]),
        ]

    @answer_signed_in
    async def paper_page(self, request: Request, officer: PagePerson) -> Response:
        """Papers that may be requested, and those that have been."""
        chosen = read_chosen(self.read_draft(request) or request.query_params)
        return await self._show_papers(request, officer, chosen)

    @answer_signed_in
    async def request_papers(self, request: Request, officer: PagePerson) -> Response:
        """Keep what the hub says now, and ask for each ticked paper on the ground of it."""
        chosen = read_chosen(request.state.form)
        if not chosen:
            return await self._show_papers(request, officer, chosen, error=NONE_CHOSEN)
        caller = await self.graph.admit(officer.headers, dossier=request.path_params["code"])
        await self.graph.run(caller, operations.KEEP_PREFILL, {"input": {"choices": self.read_choices(request)}})
        refused = [(key, why) for key in chosen if (why := await self._request(caller, key))]
        if refused:
            return await self._show_papers(request, officer, (), refused=refused)
        response = RedirectResponse(f"{request.url.path}?notice=asked", 303)
        self.forget_draft(request, response)
        return response

    async def _request(self, caller: Caller, key: PaperKey) -> Label | None:
        """Ask for one paper. Returns why it is refused, if it is. Raises as the graph does for any other refusal."""
        given = {"requirement": key.requirement, "role": key.role}
        try:
            await self.graph.run(caller, operations.REQUEST_PAPER, {"input": given})
        except GraphRefused as error:
            if error.code not in REFUSALS:
                raise
            return REFUSALS[error.code]
        return None

    async def _show_papers(
        self,
        request: Request,
        officer: PagePerson,
        chosen: Iterable[PaperKey],
        *,
        refused: Sequence[tuple[PaperKey, Label]] = (),
        error: Label | None = None,
    ) -> Response:
        _, sheet = await self.read_sheet_of(request, officer)
        papers = list_papers(sheet, chosen)
        values = {
            "sheet": sheet,
            "back": dossier_path(request.path_params["code"]),
            "action": request.url.path,
            "papers": papers,
            "asked": [paper for paper in papers if paper.first.paper_at],
            "refused": [RefusedPaper(find_label(sheet, key), why) for key, why in refused],
            "error": error,
            "notice": None if refused or error else NOTICES.get(request.query_params.get("notice", "")),
        }
        return self.render("officer/papers.html", officer, values, 409 if refused else 422 if error else 200)
