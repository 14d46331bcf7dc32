"""Asking the source to correct a value: /console/dossiers/{code}/correct."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.console.layout.page_base import LONGEST_REASON, REASON_NEEDED, PagePerson, answer_signed_in, own_address
from hub.console.layout.page_graph import GraphRefused
from hub.console.layout.refusals import FIELD_ERRORS
from hub.console.officer import operations
from hub.console.officer.corrections import list_code_options, read_claim, show_claim
from hub.console.officer.dossier_pages import DOSSIER_ROUTE, OfficerPages, dossier_path
from hub.console.officer.search_kinds import SearchRefusal
from hub.console.officer.sheet import SheetAnswer, SheetValue, find_value
from hub.errors import OperationRefused
from hub.graph.permission.callers import Caller
from hub.model.registry import load_registry
from schema.core import Label

CLAIM_NEEDED = Label(
    "Ghi giá trị đúng, hoặc xóa ô này và đánh dấu “phải để trống”.",
    "Give the correct value, or clear the field and tick “should be empty”.",
)

ASKED_MEANWHILE = Label(
    "Người khác vừa yêu cầu chỉnh sửa giá trị này, xem ở trên. Nếu vẫn cần yêu cầu riêng, gửi lại.",
    "Somebody else has just asked to correct this value, see above. Send it again if you still need a request of your own.",
)


class CorrectionPages(OfficerPages):
    """The form of a correction."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"{DOSSIER_ROUTE}/correct", self.correction_page, methods=["GET"]),
            Route(f"{DOSSIER_ROUTE}/correct", self.open_correction, methods=["POST"]),
        ]

    @answer_signed_in
    async def correction_page(self, request: Request, officer: PagePerson) -> Response:
        """The form that asks the source to correct a value."""
        return await self._show_correction(request, officer, self.read_draft(request), {})

    @answer_signed_in
    async def open_correction(self, request: Request, officer: PagePerson) -> Response:
        """Ask the source to correct a value, and go back to the sheet."""
        given = request.state.form
        caller, _, value = await self._find_value(request, officer)
        reason = given.get("reason", "").strip()
        errors = {} if 1 <= len(reason) <= LONGEST_REASON else {"reason": REASON_NEEDED}
        claimed = read_claim(value.kind, given.get("claimed", ""))
        if claimed is None:
            errors["claimed"] = SearchRefusal.NOT_A_DAY.value
        elif bool(claimed) is ("empty" in given):
            errors["claimed"] = CLAIM_NEEDED
        elif given.get("disputes", "0") != str(len(value.disputes)) and value.disputes:
            errors["claimed"] = ASKED_MEANWHILE
        if not errors:
            made = {"recordId": value.record_id, "field": value.field, "claimed": claimed or None, "reason": reason}
            seen = given.get("seen")
            try:
                await self.graph.run(
                    caller, operations.OPEN_CORRECTION, {"input": {**made, **({"seen": seen} if seen else {})}}
                )
            except GraphRefused as refused:
                if refused.code not in FIELD_ERRORS:
                    raise
                name, error = FIELD_ERRORS[refused.code]
                errors[name] = error
            else:
                response = RedirectResponse(f"{dossier_path(request.path_params['code'])}?notice=corrected", 303)
                self.forget_draft(request, response)
                return response
        return await self._show_correction(request, officer, given, errors)

    async def _show_correction(
        self, request: Request, officer: PagePerson, given: Mapping[str, str], errors: Mapping[str, Label]
    ) -> Response:
        _, answer, value = await self._find_value(request, officer)
        values = {
            "dossier": request.path_params["code"],
            "back": dossier_path(request.path_params["code"]),
            "action": own_address(request),
            "answer": answer,
            "value": value,
            "options": list_code_options(load_registry(), value.record_id or "", value.field),
            "claimed": given.get("claimed", show_claim(value.kind, value.exact)),
            "is_empty": "empty" in given,
            "reason": given.get("reason", ""),
            "errors": errors,
        }
        return self.render("officer/correct.html", officer, values, 422 if errors else 200)

    async def _find_value(self, request: Request, officer: PagePerson) -> tuple[Caller, SheetAnswer, SheetValue]:
        """The value that the address names, on the sheet as it is now. Raises OperationRefused with CORRECTION_FIELD_UNKNOWN."""
        caller, sheet = await self.read_sheet_of(request, officer)
        record, field = (request.query_params.get(name, "") for name in ("record", "field"))
        found = find_value(sheet, record, field)
        if found is None:
            raise OperationRefused("the sheet has no such value", code="CORRECTION_FIELD_UNKNOWN")
        return caller, *found
