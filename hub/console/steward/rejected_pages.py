"""Rejected rows for stewards: groups by rule at /console/rejected, and the rows of one group, with one correction for all of them.

Text typed into a correction can be personal, so it is kept in a cookie of the page and not in its address.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import (
    LONGEST_REASON,
    REASON_NEEDED,
    PageGroup,
    PagePerson,
    answer_signed_in,
    own_address,
)
from hub.console.layout.page_cookies import forget_values, keep_values, read_values
from hub.console.layout.page_graph import GraphRefused
from hub.console.operator.rejected_groups import read_rejected
from hub.console.steward.row_edits import (
    DAY_WORDS,
    EDIT_WORDS,
    FIX_FIELDS,
    describe_group,
    read_edit,
    read_rows,
)
from hub.errors import OperationRefused
from schema.core import Label

REJECTED_PATH = "/console/rejected"
GROUP_ROUTE = f"{REJECTED_PATH}/{{source}}/{{stream}}/{{entity}}/{{rule}}"
COUNTS, PURPOSE = "operations", "quarantine"
PAGE = 20
FIX_COOKIE = "hub_fix"
NOTICES: Mapping[str, Label] = {
    "fixed": Label(
        "Đã ghi cách sửa. Các bản ghi được đọc lại trong ít phút; bản ghi nào nhận được sẽ rời danh sách.",
        "The correction is kept. The rows are read again within minutes; those accepted leave the list.",
    ),
    "replayed": Label("Đã xếp hàng để đọc lại.", "They are queued to be read again."),
    "dismissed": Label(
        "Đã để ngoài. Mở lại được ở mục Bản ghi đã để ngoài.", "Left out. The list of rows left out takes it back."
    ),
    "reopened": Label("Đã mở lại: bản ghi lại chờ xử lý.", "Reopened: the row waits again."),
}  # fmt: skip
ALREADY_REOPENED = Label("Bản ghi này không còn ở ngoài: đã được mở lại.", "This row is no longer left out.")
LONGEST_NUMBER = 18
NOTHING_CHOSEN = Label("Đánh dấu ít nhất một bản ghi.", "Tick at least one row.")
BESIDE_FORM: Mapping[str, Label] = {
    "EDIT_INVALID": Label(
        "Cách sửa này thiếu hoặc sai một ô: xem lại các ô bên dưới.", "A field of the correction is missing or wrong."
    ),
    "PREVIEW_CHANGED": Label(
        "Các bản ghi vừa thay đổi: xem lại kết quả trước khi áp dụng.",
        "The rows have changed: look at the preview again.",
    ),
}
"""Refusals of a correction that stand beside its form."""


class RejectedPages(PageGroup):
    """Rejected rows, for stewards and operators."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.OPERATOR, Role.REVIEWER})
    home: ClassVar[str] = REJECTED_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(REJECTED_PATH, self.groups_page, methods=["GET"]),
            Route(GROUP_ROUTE, self.group_page, methods=["GET"]),
            Route(GROUP_ROUTE, self.answer, methods=["POST"]),
        ]

    @answer_signed_in
    async def groups_page(self, request: Request, person: PagePerson) -> Response:
        """Groups of rejected rows, the largest first: of those that wait, or of those that were left out."""
        is_dismissed = request.query_params.get("dismissed") == "1"
        found = await self.graph.run_purpose(person.headers, COUNTS, "RejectedRows", {"dismissed": is_dismissed})
        nodes = found["rejectedRows"]
        groups = [
            (make_address(node, dismissed=is_dismissed), view)
            for node, view in zip(nodes, read_rejected(nodes), strict=True)
        ]
        values = {
            "here": REJECTED_PATH,
            "dismissed_address": f"{REJECTED_PATH}?dismissed=1",
            "is_dismissed": is_dismissed,
            "groups": groups,
            "total": sum(view.rows for _, view in groups),
        }
        return self.render("steward/rejected.html", person, values)

    @answer_signed_in
    async def group_page(self, request: Request, person: PagePerson) -> Response:
        """Rows of one group, and a preview of the correction that was proposed."""
        draft = self.read_draft(request)
        proposed = draft if "edit" in draft else read_values(request, FIX_COOKIE)
        return await self._show_group(request, person, proposed, {})

    @answer_signed_in
    async def answer(self, request: Request, person: PagePerson) -> Response:
        """Propose, apply or drop a correction; replay; or dismiss the ticked rows."""
        given = request.state.form
        made = next(
            (name for name in ("preview", "drop", "apply", "replay", "dismiss", "reopen") if name in given), None
        )
        if made is None:
            raise OperationRefused("the form has no such button", next_step="use the buttons of the page")
        response = RedirectResponse(own_address(request), 303)
        if made == "preview":
            proposed = {name: given.get(name, "").strip() for name in FIX_FIELDS}
            if not 1 <= len(proposed["note"]) <= LONGEST_REASON:
                return await self._show_group(request, person, proposed, {"note": REASON_NEEDED})
            keep_values(response, FIX_COOKIE, proposed, request.url.path, is_secure=self.is_secure)
            self.forget_draft(request, response)
        elif made == "drop":
            forget_values(response, FIX_COOKIE, request.url.path, is_secure=self.is_secure)
        elif made == "apply":
            return await self._apply(request, person)
        elif made == "replay":
            await self.graph.run_purpose(person.headers, PURPOSE, "ReplayRejectedRows", read_group(request))
            return RedirectResponse(_with_notice(request, "replayed"), 303)
        elif made == "reopen":
            return await self._reopen(request, person)
        else:
            return await self._dismiss(request, person)
        return response

    async def _apply(self, request: Request, person: PagePerson) -> Response:
        """Keep the correction that was previewed."""
        given, proposed = request.state.form, read_values(request, FIX_COOKIE)
        expected = given.get("apply", "")
        count = int(expected) if expected.isdecimal() and len(expected) < 6 else -1
        variables = read_group(request) | read_edit(proposed) | {"expected": count, "note": proposed.get("note", "")}
        try:
            await self.graph.run_purpose(person.headers, PURPOSE, "FixRejectedRows", variables)
        except GraphRefused as refused:
            if refused.code not in BESIDE_FORM:
                raise
            return await self._show_group(request, person, proposed, {"edit": BESIDE_FORM[refused.code]})
        response = RedirectResponse(_with_notice(request, "fixed"), 303)
        forget_values(response, FIX_COOKIE, request.url.path, is_secure=self.is_secure)
        return response

    async def _dismiss(self, request: Request, person: PagePerson) -> Response:
        """Leave the ticked rows out."""
        given = request.state.form
        numbers = [
            int(name[4:]) for name in given if name.startswith("row.") and name[4:].isdecimal() and len(name) < 20
        ]
        note = given.get("dismiss_note", "").strip()
        errors = {}
        if not numbers:
            errors["rows"] = NOTHING_CHOSEN
        if not 1 <= len(note) <= LONGEST_REASON:
            errors["dismiss_note"] = REASON_NEEDED
        if errors:
            return await self._show_group(request, person, read_values(request, FIX_COOKIE), errors)
        await self.graph.run_purpose(person.headers, PURPOSE, "DismissRejectedRows", {"numbers": numbers, "note": note})
        response = RedirectResponse(_with_notice(request, "dismissed"), 303)
        self.forget_draft(request, response)
        return response

    async def _reopen(self, request: Request, person: PagePerson) -> Response:
        """Take the dismissal of one row back."""
        number = request.state.form["reopen"]
        if not number.isdecimal() or len(number) > LONGEST_NUMBER:
            raise OperationRefused("the form has no such button", next_step="use the buttons of the page")
        try:
            await self.graph.run_purpose(person.headers, PURPOSE, "ReopenRejectedRow", {"number": int(number)})
        except GraphRefused as refused:
            if refused.code != "NOT_DISMISSED":
                raise
            return await self._show_group(request, person, {}, {"rows": ALREADY_REOPENED})
        return RedirectResponse(_with_notice(request, "reopened"), 303)

    async def _show_group(
        self, request: Request, person: PagePerson, proposed: Mapping[str, str], errors: Mapping[str, Label]
    ) -> Response:
        group, shown = read_group(request), dict(errors)
        text = request.query_params.get("after", "0")
        after = int(text) if text.isdecimal() and len(text) < 18 else 0
        is_dismissed = request.query_params.get("dismissed") == "1"
        variables = {**group, "rows": PAGE, "after": after, "dismissed": is_dismissed}
        page = (await self.graph.run_purpose(person.headers, PURPOSE, "RejectedRowValues", variables))[
            "rejectedRowValues"
        ]
        preview = None
        if proposed.get("edit") and page["rows"] and not is_dismissed and not {"note", "edit"} & errors.keys():
            try:
                found = await self.graph.run_purpose(
                    person.headers, PURPOSE, "PreviewRowFix", group | read_edit(proposed)
                )
                preview = found["previewRowFix"]
            except GraphRefused as refused:
                if refused.code not in BESIDE_FORM:
                    raise
                shown["edit"] = BESIDE_FORM[refused.code]
        rows = read_rows(page["nodes"])
        more = rows[-1].number if len(rows) == PAGE and page["rows"] > PAGE else None
        given = self.read_draft(request)
        values = {
            "here": REJECTED_PATH,
            "head": describe_group(group),
            "rows": rows,
            "total": page["rows"],
            "columns": page["columns"],
            "action": own_address(request),
            "is_dismissed": is_dismissed,
            "open_address": f"{request.url.path}?{urlencode(_field_of(request))}",
            "dismissed_address": f"{request.url.path}?{urlencode({**_field_of(request), 'dismissed': 1})}",
            "more": f"{request.url.path}?{urlencode({**_list_of(request), 'after': more})}" if more else "",
            "first_address": f"{request.url.path}?{urlencode(_list_of(request))}" if after else "",
            "edits": EDIT_WORDS,
            "days": DAY_WORDS,
            "proposed": {name: proposed.get(name, "") for name in FIX_FIELDS},
            "preview": preview,
            "ticked": {name[4:] for name in given if name.startswith("row.")},
            "dismiss_note": given.get("dismiss_note", ""),
            "notice": NOTICES.get(request.query_params.get("notice", "")) if not shown else None,
            "errors": shown,
        }
        return self.render("steward/rejected_group.html", person, values, 422 if shown else 200)


def make_address(node: Mapping[str, Any], *, dismissed: bool = False) -> str:
    """The address of a group's page, of its rows that wait or of those that were left out."""
    path = "/".join(quote(str(node[name]), safe="") for name in ("source", "stream", "entity", "rule"))
    asked = {**({"field": node["field"]} if node["field"] else {}), **({"dismissed": 1} if dismissed else {})}
    return f"{REJECTED_PATH}/{path}" + (f"?{urlencode(asked)}" if asked else "")


def read_group(request: Request) -> dict[str, str | None]:
    """The group that the address names."""
    names = ("source", "stream", "entity", "rule")
    return {name: request.path_params[name] for name in names} | {"field": request.query_params.get("field") or None}


def _field_of(request: Request) -> dict[str, str]:
    field = request.query_params.get("field")
    return {"field": field} if field else {}


def _list_of(request: Request) -> dict[str, str]:
    """The parts of the address that say which list it is: open rows, or those left out."""
    return _field_of(request) | ({"dismissed": "1"} if request.query_params.get("dismissed") == "1" else {})


def _with_notice(request: Request, notice: str) -> str:
    return f"{request.url.path}?{urlencode({**_list_of(request), 'notice': notice})}"
