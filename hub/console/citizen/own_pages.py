"""A citizen's page: /console/mine. The portal's identity provider has signed them in, and its token names their identifier."""

from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.callers.principals import Principal
from hub.console.citizen.own_data import read_own_data
from hub.console.layout.page_base import PageGroup, PagePerson, answer_signed_in
from hub.console.words import show_instant
from hub.model.labels import make_readable
from hub.model.names import to_snake_case
from hub.model.registry import load_registry
from schema.core import Label

OWN_PATH = "/console/mine"
PURPOSE = "portal"
PAGE = 20


class OwnPages(PageGroup):
    """The data of the citizen who is signed in, and who looked at it."""

    home: ClassVar[str] = OWN_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(OWN_PATH, self.own_page, methods=["GET"])]

    def is_for(self, principal: Principal) -> bool:
        """Whether a citizen is signed in."""
        return bool(principal.personal_ids)

    @answer_signed_in
    async def own_page(self, request: Request, person: PagePerson) -> Response:
        """The data with its sources, and who looked and why."""
        after = request.query_params.get("after") or None
        number = min(person.principal.personal_ids)
        held = await self.graph.run_purpose(person.headers, PURPOSE, "OwnData", {"personalId": number})
        read = await self.graph.run_purpose(person.headers, PURPOSE, "OwnAccessLog", {"first": PAGE, "after": after})
        log = read["myAccessLog"]
        page = log["entries"]["pageInfo"]
        values = {
            "here": OWN_PATH,
            "sections": read_own_data(held["citizen"], self.parts.sources) if held["citizen"] else (),
            "differing": held["citizen"]["discrepancies"]["nodes"] if held["citizen"] else (),
            "entries": log["entries"]["nodes"],
            "notes": log["notes"],
            "complete_since": show_instant(log["completeSince"]),
            "more": page["endCursor"] if page["hasNextPage"] else "",
            "label_of": name_own_field,
            "show_instant": show_instant,
        }
        return self.render("citizen/mine.html", person, values)


def name_own_field(field: str) -> Label:
    """A field of the citizen, as a discrepancy names it."""
    return load_registry()["Citizen"].find_label(to_snake_case(field)) or make_readable(field)
