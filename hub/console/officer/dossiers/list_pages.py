"""The dossiers of an officer's offices: /console/dossiers. It has no value of any subject, so its filters stand in the address."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.purposes import read_purposes
from hub.console.layout.navigation import DOSSIERS_PATH
from hub.console.layout.page_base import PageParts, PagePerson, answer_signed_in
from hub.console.officer import operations
from hub.console.officer.dossier_pages import OfficerPages
from hub.console.officer.dossiers.work_list import STATES, list_purposes, read_filter, read_item


class DossierListPages(OfficerPages):
    """The list of work."""

    def __init__(self, parts: PageParts, receipt_path: str) -> None:
        super().__init__(parts)
        self.receipt_path = receipt_path
        """Where the receipt of `{code}` is."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(DOSSIERS_PATH, self.list_page, methods=["GET"])]

    @answer_signed_in
    async def list_page(self, request: Request, officer: PagePerson) -> Response:
        """One page of the list."""
        wanted, now, purposes = read_filter(request.query_params), datetime.now(UTC), read_purposes()
        caller = await self.graph.admit(officer.headers)
        data = await self.graph.run(caller, operations.LIST_DOSSIERS, wanted.make_variables(now))
        found = data["dossiers"]
        after = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
        values = {
            "here": DOSSIERS_PATH,
            "wanted": wanted,
            "states": STATES,
            "purposes": list_purposes(purposes, wanted.purpose),
            "items": [read_item(node, purposes, now, self.receipt_path) for node in found["nodes"]],
            "total": found["totalCount"],
            "has_office": bool(officer.principal.offices),
            "newest": wanted.make_address() if wanted.after else None,
            "older": wanted.make_address(after) if after else None,
        }
        return self.render("officer/dossiers.html", officer, values)
