"""Why a value is on the sheet: /console/dossiers/{code}/evidence."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.console.layout.page_base import PagePerson, answer_signed_in
from hub.console.officer import operations
from hub.console.officer.dossier_pages import DOSSIER_ROUTE, OfficerPages, dossier_path
from hub.console.officer.evidence.reasons import name_record, read_reason
from hub.console.officer.sheet import find_value
from hub.errors import OperationRefused
from schema.core import Label

GRADE_WORDS: Mapping[str, Label] = {
    "A": Label("hạng A: kết nối đã thử cả khi nguồn gặp sự cố", "grade A: checked with every fault of a source"),
    "B": Label("hạng B: kết nối đã thử với dữ liệu hỏng, bị xóa, đổi cấu trúc", "grade B: checked with damaged and deleted rows and drift"),
    "C": Label("hạng C: kết nối mới thử với dữ liệu mẫu", "grade C: checked with samples"),
}  # fmt: skip
"""What `hub connector check` has shown of a source's connector, by the grade in its manifest."""


class EvidencePages(OfficerPages):
    """The evidence of one value."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(f"{DOSSIER_ROUTE}/evidence", self.evidence_page, methods=["GET"])]

    @answer_signed_in
    async def evidence_page(self, request: Request, officer: PagePerson) -> Response:
        """The value, where it is from, and what linked its record to the person."""
        caller, sheet = await self.read_sheet_of(request, officer)
        record, field = (request.query_params.get(name, "") for name in ("record", "field"))
        found = find_value(sheet, record, field)
        if found is None:
            raise OperationRefused(
                "the sheet has no such value", code="RECORD_NOT_FOUND", next_step="open the sheet again"
            )
        answer, value = found
        nodes = []
        if value.is_linked:
            nodes = (await self.graph.run(caller, operations.LINK_EVIDENCE, {"record": record}))["linkEvidence"]
        grades = [self.parts.grades.get(code, "") for code in value.source_codes]
        values = {
            "dossier": request.path_params["code"],
            "back": dossier_path(request.path_params["code"]),
            "answer": answer,
            "value": value,
            "grades": [GRADE_WORDS[grade] for grade in grades if grade in GRADE_WORDS],
            "reasons": [read_reason(node) for node in nodes],
            "record": name_record(value.record_id) if value.record_id else None,
        }
        return self.render("officer/evidence.html", officer, values)
