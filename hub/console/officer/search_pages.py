"""The search of a counter, and the people it finds: /console, /console/found/{token}."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.console.layout.navigation import CONSOLE_PATH
from hub.console.layout.page_base import PagePerson, answer_signed_in
from hub.console.layout.page_cookies import keep_values, read_values
from hub.console.layout.page_graph import GraphRefused
from hub.console.layout.refusals import FIELD_ERRORS
from hub.console.officer import operations
from hub.console.officer.candidates import Found, read_found
from hub.console.officer.dossier_form import (
    BUSINESS_ENTITY,
    PERSON_ENTITY,
    CounterSubject,
    OpeningForm,
    ProcedureOption,
    check_form,
    list_procedures,
    make_form,
    with_error,
)
from hub.console.officer.dossier_pages import NOTICES, OfficerPages, dossier_path
from hub.console.officer.search_kinds import CounterSearch, SearchKind, SearchRefusal, classify_search
from hub.errors import OperationRefused
from hub.model.registry import load_registry
from hub.procedures.declaration.definition import find_procedure, read_procedures
from schema.core import Label

IDENTIFY = "identify"
TOKEN_BYTES = 9
SEARCH_COOKIE = "hub_search"


class SearchPages(OfficerPages):
    """The search box, and who was found."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        found = f"{CONSOLE_PATH}/found/{{token}}"
        return [
            Route(CONSOLE_PATH, self.search_page, methods=["GET"]),
            Route(CONSOLE_PATH, self.search, methods=["POST"]),
            Route(found, self.found_page, methods=["GET"]),
            Route(found, self.open_dossier, methods=["POST"]),
        ]

    @answer_signed_in
    async def search_page(self, request: Request, officer: PagePerson) -> Response:
        """The search box."""
        notice = NOTICES.get(request.query_params.get("notice", ""))
        return self._show_search(request, officer, self.read_draft(request).get("text", ""), notice=notice)

    @answer_signed_in
    async def search(self, request: Request, officer: PagePerson) -> Response:
        """Read the text of the box, and go to what it finds."""
        text = request.state.form.get("text", "")
        search = classify_search(text)
        if isinstance(search, SearchRefusal):
            return self._show_search(request, officer, text, error=search.value)
        if search.kind is SearchKind.DOSSIER:
            return RedirectResponse(dossier_path(search.dossier), 303)
        path = f"{CONSOLE_PATH}/found/{secrets.token_urlsafe(TOKEN_BYTES)}"
        response = RedirectResponse(path, 303)
        keep_values(response, SEARCH_COOKIE, {"text": text}, path, is_secure=self.is_secure)
        self.forget_draft(request, response)
        return response

    def _show_search(
        self,
        request: Request,
        officer: PagePerson,
        text: str,
        *,
        error: Label | None = None,
        notice: Label | None = None,
    ) -> Response:
        values = {"here": CONSOLE_PATH, "text": text, "error": error, "notice": notice}
        return self.render("officer/search.html", officer, values, 422 if error else 200)

    @answer_signed_in
    async def found_page(self, request: Request, officer: PagePerson) -> Response:
        """Who was found; if it is one person, with the procedures to open a dossier for."""
        code = request.query_params.get("procedure")
        return await self._show_found(request, officer, code, self.read_draft(request))

    @answer_signed_in
    async def open_dossier(self, request: Request, officer: PagePerson) -> Response:
        """Open a dossier for the person who was found, and go to its sheet."""
        given = request.state.form
        procedure = find_procedure(given.get("procedure", ""))
        form = make_form(procedure, officer.principal, load_registry(), given)
        form, made = check_form(form, load_registry(), procedure)
        if not form.has_errors:
            try:
                caller = await self.graph.admit(officer.headers)
                data = await self.graph.run(caller, operations.OPEN_DOSSIER, {"input": made})
            except GraphRefused as refused:
                if refused.code not in FIELD_ERRORS:
                    raise
                form = with_error(form, *FIELD_ERRORS[refused.code])
            else:
                code = data["openDossier"]["dossier"]["code"]
                response = RedirectResponse(f"{dossier_path(code)}?notice=opened", 303)
                self.forget_draft(request, response)
                return response
        return await self._show_found(request, officer, procedure.code, given, form)

    async def _show_found(
        self,
        request: Request,
        officer: PagePerson,
        code: str | None,
        given: Mapping[str, str],
        form: OpeningForm | None = None,
    ) -> Response:
        search = self._read_search(request)
        found = read_found(
            search.kind,
            search.variables,
            await self.graph.run_purpose(officer.headers, IDENTIFY, search.kind.value, search.variables),
        )
        subject = find_subject(found)
        options = self._list_procedures(officer, subject) if subject else ()
        if form is None and subject and code:
            form = self._make_form(officer, options, code, given, subject)
        values = {
            "understood": search.understood,
            "found": found,
            "person": found.person,
            "business": found.business,
            "procedures": options,
            "form": form,
        }
        return self.render("officer/found.html", officer, values, 422 if form and form.has_errors else 200)

    def _read_search(self, request: Request) -> CounterSearch:
        """The search that led to this page. Raises OperationRefused with SEARCH_EXPIRED."""
        search = classify_search(read_values(request, SEARCH_COOKIE).get("text", ""))
        if isinstance(search, SearchRefusal) or search.kind is SearchKind.DOSSIER:
            raise OperationRefused("the search has expired", code="SEARCH_EXPIRED", next_step="search again")
        return search

    def _list_procedures(self, officer: PagePerson, subject: CounterSubject) -> tuple[ProcedureOption, ...]:
        today = datetime.now(UTC).date()
        return list_procedures(read_procedures().values(), officer.principal, today, subject.entity)

    def _make_form(
        self,
        officer: PagePerson,
        options: tuple[ProcedureOption, ...],
        code: str,
        given: Mapping[str, str],
        subject: CounterSubject,
    ) -> OpeningForm | None:
        if code not in {option.code for option in options}:
            raise OperationRefused("no such procedure", code="PROCEDURE_NOT_IN_FORCE")
        return make_form(find_procedure(code), officer.principal, load_registry(), given, subject)


def find_subject(found: Found) -> CounterSubject | None:
    """Whom a dossier can be opened for: the one person or business that was found."""
    if found.person:
        return CounterSubject(PERSON_ENTITY, found.person.personal_id)
    return CounterSubject(BUSINESS_ENTITY, found.business.number) if found.business else None
