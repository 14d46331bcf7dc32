"""What every group of pages does alike: find out who is signed in, read forms, answer refusals as pages, keep the typed values.

Every form goes to the address of its own page. If it succeeds, the answer is a redirect, so that reload and back repeat nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.access.callers.authenticator import RequestAuthenticator
from hub.access.callers.principals import NoCredentials, Principal, Role
from hub.access.service import Access
from hub.console.layout.forms import check_csrf_token, check_own_page, read_form
from hub.console.layout.navigation import find_home, list_links
from hub.console.layout.page_cookies import forget_values, keep_values, read_values
from hub.console.layout.page_graph import ConsoleGraph
from hub.console.layout.page_response import render_page
from hub.console.layout.refusals import SIGNED_OUT_CODES, describe_refusal, read_label
from hub.errors import HubError, OperationRefused
from hub.graph.permission.callers import Headers, collect_headers
from schema.core import Label

BODY_WITHIN_S = 30.0
MAX_FORM_BYTES = 20_000
MAX_FIELDS = 60
LONGEST_REASON = 500
DRAFT_COOKIE = "hub_draft_"
REASON_NEEDED = Label("Ghi lý do, tối đa 500 ký tự.", "Give a reason of at most 500 characters.")


@dataclass(frozen=True)
class PagePerson:
    """Who is signed in, with the headers of the request and the token that forms send back."""

    principal: Principal
    csrf_token: str
    headers: Headers


@dataclass(frozen=True)
class PageParts:
    """What groups of pages share. `sources` are the titles of the connectors, by name, and `grades` those of their manifests."""

    graph: ConsoleGraph
    access: Access
    sources: Mapping[str, Label]
    grades: Mapping[str, str]

    def name_source(self, name: str) -> Label:
        """The title of a source; its name if no connector has it any more."""
        return self.sources.get(name, Label(name, name))

    async def find_signed_in(self, request: Request) -> PagePerson:
        """Who is signed in to pages. Raises AuthenticationRefused; OperationRefused with ACCESS_OFF."""
        authenticator = self.access.authenticator
        if not isinstance(authenticator, RequestAuthenticator):
            raise OperationRefused("the console needs HUB_ACCESS=on", code="ACCESS_OFF")
        headers = collect_headers(request.scope["headers"])
        cookie = authenticator.find_cookie(headers)
        if cookie is None:
            raise NoCredentials(next_step="sign in at /sign-in")
        principal = await authenticator.authenticate(headers, request.scope["query_string"])
        session = await self.access.sessions.find(cookie)
        return PagePerson(principal, session.csrf_token, headers)


Handler = Callable[[Any, Request, PagePerson], Awaitable[Response]]


def answer_signed_in(handler: Handler) -> Callable[[Any, Request], Awaitable[Response]]:
    """Find out who is signed in, and answer a refusal as a page. Without a session, a page leads to /sign-in and back."""

    @wraps(handler)
    async def answered(self: "PageGroup", request: Request) -> Response:
        person = None
        try:
            if request.method == "POST":
                check_own_page(request, self.parts.access.public_url)
                request.state.form = await read_form(
                    request, within_s=BODY_WITHIN_S, max_bytes=MAX_FORM_BYTES, max_fields=MAX_FIELDS
                )
            person = await self.parts.find_signed_in(request)
            if not self.is_for(person.principal):
                raise OperationRefused("these pages are for other people", code="PURPOSE_FORBIDDEN")
            if request.method == "POST":
                check_csrf_token(request.state.form.get("csrf_token", ""), person.csrf_token, "open the page again")
            return await handler(self, request, person)
        except HubError as error:
            return self.refuse(request, error, person)
        except TimeoutError:
            return self.refuse(request, OperationRefused(code="REQUEST_TIMEOUT"))

    return answered


class PageGroup:
    """Pages for people with one of `roles`."""

    roles: ClassVar[frozenset[Role]] = frozenset()
    home: ClassVar[str] = "/console"

    def __init__(self, parts: PageParts) -> None:
        self.parts = parts
        self.graph = parts.graph
        self.is_secure = parts.access.public_url.startswith("https:")

    def is_for(self, principal: Principal) -> bool:
        """Whether somebody may open these pages. What they read there is for the purpose to say."""
        return bool(self.roles & principal.roles)

    def refuse(self, request: Request, error: HubError, person: PagePerson | None = None) -> Response:
        """A refusal as a page, with the links of whoever is signed in. The values typed into a form are kept for when its page is opened
        again.
        """
        is_post = request.method == "POST"
        address = own_address(request)
        if error.code in SIGNED_OUT_CODES and not is_post:
            return RedirectResponse(f"/sign-in?next={quote(address, safe='/')}", 303)
        page = describe_refusal(error.code, read_label(error.extensions))
        values = {
            "page": page,
            "back": address if is_post else self._find_way_back(person),
            "sign_in": f"/sign-in?next={quote(address, safe='/')}",
            "is_signed_out": error.code in SIGNED_OUT_CODES,
        }
        response = self.render("refusal.html", person, values, page.status)
        # It is read after `check_own_page`: what a page of another site sends is never kept.
        if is_post and "origin" in request.headers and hasattr(request.state, "form"):
            typed = {name: text for name, text in request.state.form.items() if name != "csrf_token"}
            keep_values(response, self._draft_cookie(request), typed, request.url.path, is_secure=self.is_secure)
        wait = error.extensions.get("retryAfterS")
        if wait is not None:
            response.headers["retry-after"] = str(wait)
        return response

    def _find_way_back(self, person: PagePerson | None) -> str:
        """Where somebody goes on after a refusal: the home of these pages, or their own if these are not for them."""
        if person is None or self.is_for(person.principal):
            return self.home
        return find_home(person.principal) or "/me"

    def render(
        self, template: str, person: PagePerson | None, values: Mapping[str, Any], status: int = 200
    ) -> Response:
        """A page, with who is signed in and the pages that they may open."""
        shared = {
            "signed_in": person and person.principal,
            "links": list_links(person.principal) if person else (),
            "home": find_home(person.principal) if person else self.home,
            "csrf_token": person.csrf_token if person else "",
            "name_source": self.parts.name_source,
        }
        return render_page(template, {**shared, **values}, status)

    def read_draft(self, request: Request) -> dict[str, str]:
        """The values typed into the form of this page, and not taken yet."""
        if request.method == "GET":
            return read_values(request, self._draft_cookie(request))
        form: dict[str, str] = request.state.form
        return form

    def forget_draft(self, request: Request, response: Response) -> None:
        """Forget the typed values: they have been taken."""
        forget_values(response, self._draft_cookie(request), request.url.path, is_secure=self.is_secure)

    def _draft_cookie(self, request: Request) -> str:
        # A browser sends the cookies of /console to the pages below it as well.
        return f"{DRAFT_COOKIE}{request.url.path.count('/')}"


def own_address(request: Request) -> str:
    """The address of the page, without a notice that was shown once."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "notice"]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
