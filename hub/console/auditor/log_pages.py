"""The log of reads for auditors: /console/log. A search can name a person, so it stands in a cookie and not in the address."""

from collections.abc import Mapping
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.access.purposes import read_purposes
from hub.console.auditor.log_search import FIELDS, list_purposes, read_row, read_search
from hub.console.layout.page_base import PageGroup, PagePerson, answer_signed_in
from hub.console.layout.page_cookies import keep_values, read_values
from hub.console.layout.page_graph import GraphRefused
from schema.core import Label

LOG_PATH = "/console/log"
PURPOSE = "audit"
PAGE = 50
SEARCH_COOKIE = "hub_log_search"
NOBODY = Label("Không có người nào mang số này.", "Nobody has this identifier.")


class LogPages(PageGroup):
    """The search of the log."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.AUDITOR})
    home: ClassVar[str] = LOG_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(LOG_PATH, self.log_page, methods=["GET"]), Route(LOG_PATH, self.search_log, methods=["POST"])]

    @answer_signed_in
    async def log_page(self, request: Request, person: PagePerson) -> Response:
        """The entries that the last search found, newest first."""
        return await self._show_log(request, person, self.read_draft(request) or read_values(request, SEARCH_COOKIE))

    @answer_signed_in
    async def search_log(self, request: Request, person: PagePerson) -> Response:
        """Keep the search, and show its entries."""
        given = {name: request.state.form.get(name, "").strip() for name in FIELDS}
        if read_search(given).errors:
            return await self._show_log(request, person, given)
        response = RedirectResponse(LOG_PATH, 303)
        typed = {name: text for name, text in given.items() if text}
        keep_values(response, SEARCH_COOKIE, typed, LOG_PATH, is_secure=self.is_secure)
        self.forget_draft(request, response)
        return response

    async def _show_log(self, request: Request, person: PagePerson, given: Mapping[str, str]) -> Response:
        search = read_search(given)
        errors, rows, more = dict(search.errors), [], ""
        if not errors:
            after = request.query_params.get("after") or None
            variables = {**search.variables, "first": PAGE, "after": after}
            try:
                found = (await self.graph.run_purpose(person.headers, PURPOSE, "AccessLog", variables))["accessLog"]
            except GraphRefused as refused:
                if refused.code != "SUBJECT_UNKNOWN":
                    raise
                errors["personalId"] = NOBODY
            else:
                rows = [read_row(node, read_purposes()) for node in found["nodes"]]
                more = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else ""
        values = {
            "here": LOG_PATH,
            "fields": FIELDS,
            "purposes": list_purposes(read_purposes(), given.get("purpose", "")),
            "given": given,
            "errors": errors,
            "rows": rows,
            "more": more,
            "is_searched": bool(search.variables),
        }
        return self.render("auditor/log.html", person, values, 422 if errors else 200)
