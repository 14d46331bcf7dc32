"""What the pages of one dossier share: its address, its sheet as it is now, and the choices made on it."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from starlette.requests import Request

from hub.access.callers.principals import Role
from hub.console.layout.navigation import DOSSIERS_PATH
from hub.console.layout.page_base import PageGroup, PagePerson
from hub.console.layout.page_cookies import read_values
from hub.console.officer import operations
from hub.console.officer.sheet import Sheet, SheetNames, read_sheet
from hub.errors import OperationRefused
from hub.graph.permission.callers import Caller
from schema.core import Label

DOSSIER_ROUTE = f"{DOSSIERS_PATH}/{{code}}"
CHOICE_COOKIE = "hub_choice"
NOTICES: Mapping[str, Label] = {
    "opened": Label("Đã mở hồ sơ.", "The dossier is open."),
    "corrected": Label("Đã gửi yêu cầu chỉnh sửa đến cơ quan quản lý dữ liệu.", "The source has been asked to correct it."),
    "asked": Label("Đã ghi nhận yêu cầu công dân nộp giấy tờ.", "The citizen is asked for the papers; it is recorded."),
    "kept": Label("Đã lưu nội dung phiếu hôm nay.", "What the sheet says today is kept."),
    "closed": Label("Đã đóng hồ sơ.", "The dossier is closed."),
    "withdrawn": Label("Đã rút hồ sơ.", "The dossier is withdrawn."),
}  # fmt: skip


class OfficerPages(PageGroup):
    """Pages for officers, with the sheet that several of them read."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.OFFICER})

    async def read_sheet_of(self, request: Request, officer: PagePerson) -> tuple[Caller, Sheet]:
        """The caller who reads the dossier, and its sheet. Raises as the graph does, and OperationRefused with UNKNOWN_PROCEDURE."""
        caller = await self.graph.admit(officer.headers, dossier=request.path_params["code"])
        assert caller.purpose is not None  # a dossier has one
        purpose = caller.purpose
        if not purpose.is_procedure:
            raise OperationRefused("the dossier is of no procedure", code="UNKNOWN_PROCEDURE")
        variables = {"procedure": purpose.code, "choices": self.read_choices(request)}
        data = await self.graph.run(caller, operations.SHEET, variables)
        return caller, read_sheet(data["prefill"], self.name_parts(caller), data["paperRequests"])

    def name_parts(self, caller: Caller) -> SheetNames:
        """What the roles of the caller's dossier are called, and the sources."""
        assert caller.purpose is not None  # a dossier has one
        subjects = caller.purpose.declaration.subjects
        roles = {role: Label(one.name.vi, one.name.en) for role, one in subjects.items()}
        return SheetNames(roles, self.parts.sources)

    def read_choices(self, request: Request) -> list[dict[str, Any]]:
        """Which items of lists the case is about, as variables of operations."""
        chosen = read_values(request, CHOICE_COOKIE)
        return [{"requirement": requirement, "keys": [key]} for requirement, key in chosen.items()]


def dossier_path(code: str) -> str:
    """The address of a dossier's sheet."""
    return f"{DOSSIERS_PATH}/{quote(code, safe='')}"
