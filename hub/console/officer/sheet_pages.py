"""The sheet of a dossier: /console/dossiers/{code}."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.console.layout.navigation import CONSOLE_PATH
from hub.console.layout.page_base import LONGEST_REASON, REASON_NEEDED, PageParts, PagePerson, answer_signed_in
from hub.console.layout.page_cookies import forget_values, keep_values, read_values
from hub.console.officer import operations
from hub.console.officer.dossier_pages import CHOICE_COOKIE, DOSSIER_ROUTE, NOTICES, OfficerPages
from hub.console.officer.source_grades import GradeBook, find_grade
from hub.console.quality.quality_pages import QualityPages
from hub.console.quality.quality_rows import source_path
from hub.errors import OperationRefused
from schema.core import Label

OUTCOMES: Mapping[str, str] = {"CLOSED": "closed", "WITHDRAWN": "withdrawn"}


class SheetPages(OfficerPages):
    """The sheet, and the actions on its dossier."""

    def __init__(self, parts: PageParts, receipt_path: str) -> None:
        super().__init__(parts)
        self.receipt_path = receipt_path
        """Where the receipt of `{code}` is."""
        self.grades = GradeBook(parts.graph)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(DOSSIER_ROUTE, self.sheet_page, methods=["GET"]),
            Route(DOSSIER_ROUTE, self.change_dossier, methods=["POST"]),
        ]

    @answer_signed_in
    async def sheet_page(self, request: Request, officer: PagePerson) -> Response:
        """The sheet of a dossier."""
        return await self._show_sheet(request, officer, NOTICES.get(request.query_params.get("notice", "")))

    @answer_signed_in
    async def change_dossier(self, request: Request, officer: PagePerson) -> Response:
        """Choose an item of a list, keep what the sheet says for the receipt, or end the dossier."""
        given, path = request.state.form, request.url.path
        if "choose" in given or "choose_again" in given:
            response = RedirectResponse(path, 303)
            chosen = {given["choose"]: given.get("key", "")} if "choose" in given else {}
            keep_values(response, CHOICE_COOKIE, chosen, path, is_secure=self.is_secure)
            return response
        if "keep" in given:
            caller = await self.graph.admit(officer.headers, dossier=request.path_params["code"])
            await self.graph.run(caller, operations.KEEP_PREFILL, {"input": {"choices": self.read_choices(request)}})
            return RedirectResponse(self.receipt_path.format(code=quote(request.path_params["code"], safe="")), 303)
        outcome, reason = given.get("outcome", ""), given.get("reason", "").strip()
        if outcome not in OUTCOMES:
            raise OperationRefused("the form has no such button")
        if not 1 <= len(reason) <= LONGEST_REASON:
            return await self._show_sheet(request, officer, None, REASON_NEEDED)
        ending = {"code": request.path_params["code"], "outcome": outcome, "reason": reason}
        await self.graph.run(await self.graph.admit(officer.headers), operations.END_DOSSIER, {"input": ending})
        response = RedirectResponse(f"{CONSOLE_PATH}?notice={OUTCOMES[outcome]}", 303)
        self.forget_draft(request, response)
        forget_values(response, CHOICE_COOKIE, path, is_secure=self.is_secure)
        return response

    async def _show_sheet(
        self, request: Request, officer: PagePerson, notice: Label | None, end_error: Label | None = None
    ) -> Response:
        _, sheet = await self.read_sheet_of(request, officer)
        grades = await self.grades.read(officer)
        values = {
            "grade_of": lambda sources: find_grade(grades, sources),
            "quality_path": source_path if QualityPages.roles & officer.principal.roles else None,
            "sheet": sheet,
            "chosen": list(read_values(request, CHOICE_COOKIE).values()),
            "notice": notice,
            "end_error": end_error,
            "reason": self.read_draft(request).get("reason", ""),
            "path": request.url.path,
        }
        return self.render("officer/sheet.html", officer, values, 422 if end_error else 200)
