"""The officer's pages: /console, /console/found/…, /console/dossiers/…

Every form goes to the address of its own page. If it succeeds, the answer is a redirect, so that reload and back repeat nothing.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.access.authenticator import RequestAuthenticator
from hub.access.principals import NoCredentials, Principal, Role
from hub.access.service import Access
from hub.console import operations
from hub.console.candidates import Person, read_found
from hub.console.corrections import list_code_options, read_claim, show_claim
from hub.console.dossier_form import OpeningForm, ProcedureOption, check_form, list_procedures, make_form, with_error
from hub.console.forms import check_csrf_token, check_own_page, read_form
from hub.console.page_cookies import forget_values, keep_values, read_values
from hub.console.page_response import STYLE_PATH, render_page, serve_style
from hub.console.refusals import FIELD_ERRORS, SIGNED_OUT_CODES, describe_refusal, read_label
from hub.console.search_kinds import CounterSearch, SearchKind, SearchRefusal, classify_search
from hub.console.sheet import Sheet, SheetAnswer, SheetNames, SheetValue, find_value, read_sheet
from hub.errors import HubError, OperationRefused
from hub.graph.execution.execute import Executor
from hub.graph.permission.callers import Caller, Gate, Headers, collect_headers
from hub.model.registry import registry
from hub.procedures.definition import find_procedure, procedures
from schema.core import Label

CONSOLE_PATH = "/console"
BODY_WITHIN_S = 30.0
MAX_FORM_BYTES = 20_000
MAX_FIELDS = 60
TOKEN_BYTES = 9
LONGEST_REASON = 500
SEARCH_COOKIE, CHOICE_COOKIE, DRAFT_COOKIE = "hub_search", "hub_choice", "hub_draft_"
REASON_NEEDED = Label("Ghi lý do, tối đa 500 ký tự.", "Give a reason of at most 500 characters.")
CLAIM_NEEDED = Label(
    "Ghi giá trị đúng, hoặc xóa ô này và đánh dấu “phải để trống”.",
    "Give the correct value, or clear the field and tick “should be empty”.",
)
NOTICES: Mapping[str, Label] = {
    "opened": Label("Đã mở hồ sơ.", "The dossier is open."),
    "corrected": Label("Đã gửi yêu cầu chỉnh sửa đến cơ quan quản lý dữ liệu.", "The source has been asked to correct it."),
    "closed": Label("Đã đóng hồ sơ.", "The dossier is closed."),
    "withdrawn": Label("Đã rút hồ sơ.", "The dossier is withdrawn."),
}  # fmt: skip
OUTCOMES: Mapping[str, str] = {"CLOSED": "closed", "WITHDRAWN": "withdrawn"}


@dataclass(frozen=True)
class Officer:
    """Who is signed in, with the headers of the request and the token that forms send back."""

    principal: Principal
    csrf_token: str
    headers: Headers


Handler = Callable[["OfficerPages", Request, Officer], Awaitable[Response]]


def answer_officer(handler: Handler) -> Callable[["OfficerPages", Request], Awaitable[Response]]:
    """Find out who is signed in, and answer a refusal as a page. Without a session, a page leads to /sign-in and back."""

    @wraps(handler)
    async def answered(self: "OfficerPages", request: Request) -> Response:
        try:
            if request.method == "POST":
                check_own_page(request, self.access.public_url)
                request.state.form = await read_form(
                    request, within_s=BODY_WITHIN_S, max_bytes=MAX_FORM_BYTES, max_fields=MAX_FIELDS
                )
            officer = await self.find_officer(request)
            if request.method == "POST":
                check_csrf_token(request.state.form.get("csrf_token", ""), officer.csrf_token, "open the page again")
            return await handler(self, request, officer)
        except HubError as error:
            return self.refuse(request, error)
        except TimeoutError:
            return self.refuse(request, OperationRefused(code="REQUEST_TIMEOUT"))

    return answered


class OfficerPages:
    """The pages of one application. `sources` are the titles of the connectors, by name."""

    def __init__(
        self, executor: Executor, gate: Gate, access: Access, sources: Mapping[str, Label], receipt_path: str
    ) -> None:
        self.graph = operations.ConsoleGraph(executor, gate)
        self.access = access
        self.sources = sources
        self.receipt_path = receipt_path
        """Where the receipt of `{code}` is."""
        self.is_secure = access.public_url.startswith("https:")

    def routes(self) -> list[Route]:
        """Return the routes."""
        found, dossier = f"{CONSOLE_PATH}/found/{{token}}", f"{CONSOLE_PATH}/dossiers/{{code}}"
        return [
            Route(CONSOLE_PATH, self.search_page, methods=["GET"]),
            Route(CONSOLE_PATH, self.search, methods=["POST"]),
            Route(STYLE_PATH, serve_style, methods=["GET"]),
            Route(found, self.found_page, methods=["GET"]),
            Route(found, self.open_dossier, methods=["POST"]),
            Route(dossier, self.sheet_page, methods=["GET"]),
            Route(dossier, self.change_dossier, methods=["POST"]),
            Route(f"{dossier}/correct", self.correction_page, methods=["GET"]),
            Route(f"{dossier}/correct", self.open_correction, methods=["POST"]),
        ]

    async def is_for(self, request: Request) -> bool:
        """Whether an officer is signed in."""
        try:
            return Role.OFFICER in (await self.find_officer(request)).principal.roles
        except HubError:
            return False

    async def find_officer(self, request: Request) -> Officer:
        """Who is signed in to pages. Raises AuthenticationRefused; OperationRefused with ACCESS_OFF or PURPOSE_FORBIDDEN."""
        authenticator = self.access.authenticator
        if not isinstance(authenticator, RequestAuthenticator):
            raise OperationRefused("the console needs HUB_ACCESS=on", code="ACCESS_OFF")
        headers = collect_headers(request.scope["headers"])
        cookie = authenticator.find_cookie(headers)
        if cookie is None:
            raise NoCredentials(next_step="sign in at /sign-in")
        principal = await authenticator.authenticate(headers, request.scope["query_string"])
        session = await self.access.sessions.find(cookie)
        if Role.OFFICER not in principal.roles:
            raise OperationRefused("the console is for officers", code="PURPOSE_FORBIDDEN")
        return Officer(principal, session.csrf_token, headers)

    # --- Search -------------------------------------------------------------------------------------------------------

    @answer_officer
    async def search_page(self, request: Request, officer: Officer) -> Response:
        """The search box."""
        notice = NOTICES.get(request.query_params.get("notice", ""))
        return self._show_search(request, officer, self._read_draft(request).get("text", ""), notice=notice)

    @answer_officer
    async def search(self, request: Request, officer: Officer) -> Response:
        """Read the text of the box, and go to what it finds."""
        text = request.state.form.get("text", "")
        search = classify_search(text)
        if isinstance(search, SearchRefusal):
            return self._show_search(request, officer, text, error=search.value)
        if search.kind is SearchKind.DOSSIER:
            return RedirectResponse(_dossier_path(search.dossier), 303)
        path = f"{CONSOLE_PATH}/found/{secrets.token_urlsafe(TOKEN_BYTES)}"
        response = RedirectResponse(path, 303)
        keep_values(response, SEARCH_COOKIE, {"text": text}, path, is_secure=self.is_secure)
        self._forget_draft(request, response)
        return response

    def _show_search(
        self, request: Request, officer: Officer, text: str, *, error: Label | None = None, notice: Label | None = None
    ) -> Response:
        values = {"text": text, "error": error, "notice": notice}
        return self._render("search.html", officer, values, 422 if error else 200)

    # --- People -------------------------------------------------------------------------------------------------------

    @answer_officer
    async def found_page(self, request: Request, officer: Officer) -> Response:
        """Who was found; if it is one person, with the procedures to open a dossier for."""
        code = request.query_params.get("procedure")
        return await self._show_found(request, officer, code, self._read_draft(request))

    @answer_officer
    async def open_dossier(self, request: Request, officer: Officer) -> Response:
        """Open a dossier for the person who was found, and go to its sheet."""
        given = request.state.form
        procedure = find_procedure(given.get("procedure", ""))
        form = make_form(procedure, officer.principal, registry(), given)
        form, made = check_form(form, registry(), procedure)
        if not form.has_errors:
            try:
                caller = await self.graph.admit(officer.headers)
                data = await self.graph.run(caller, operations.OPEN_DOSSIER, {"input": made})
            except operations.GraphRefused as refused:
                if refused.code not in FIELD_ERRORS:
                    raise
                form = with_error(form, *FIELD_ERRORS[refused.code])
            else:
                code = data["openDossier"]["dossier"]["code"]
                response = RedirectResponse(f"{_dossier_path(code)}?notice=opened", 303)
                self._forget_draft(request, response)
                return response
        return await self._show_found(request, officer, procedure.code, given, form)

    async def _show_found(
        self,
        request: Request,
        officer: Officer,
        code: str | None,
        given: Mapping[str, str],
        form: OpeningForm | None = None,
    ) -> Response:
        search = self._read_search(request)
        found = read_found(
            search.kind,
            search.variables,
            await self.graph.identify(officer.headers, search.kind.value, search.variables),
        )
        person = found.people[0] if len(found.people) == 1 and not found.has_more else None
        options = self._list_procedures(officer) if person else ()
        if form is None and person and code:
            form = self._make_form(officer, options, code, given, person)
        values = {
            "understood": search.understood,
            "found": found,
            "person": person,
            "procedures": options,
            "form": form,
        }
        return self._render("found.html", officer, values, 422 if form and form.has_errors else 200)

    def _read_search(self, request: Request) -> CounterSearch:
        """The search that led to this page. Raises OperationRefused with SEARCH_EXPIRED."""
        search = classify_search(read_values(request, SEARCH_COOKIE).get("text", ""))
        if isinstance(search, SearchRefusal) or search.kind is SearchKind.DOSSIER:
            raise OperationRefused("the search has expired", code="SEARCH_EXPIRED", next_step="search again")
        return search

    def _list_procedures(self, officer: Officer) -> tuple[ProcedureOption, ...]:
        return list_procedures(procedures().values(), officer.principal, datetime.now(UTC).date())

    def _make_form(
        self,
        officer: Officer,
        options: tuple[ProcedureOption, ...],
        code: str,
        given: Mapping[str, str],
        person: Person,
    ) -> OpeningForm | None:
        if code not in {option.code for option in options}:
            raise OperationRefused("no such procedure", code="PROCEDURE_NOT_IN_FORCE")
        return make_form(find_procedure(code), officer.principal, registry(), given, person.personal_id)

    # --- The sheet ----------------------------------------------------------------------------------------------------

    @answer_officer
    async def sheet_page(self, request: Request, officer: Officer) -> Response:
        """The sheet of a dossier."""
        return await self._show_sheet(request, officer, NOTICES.get(request.query_params.get("notice", "")))

    @answer_officer
    async def change_dossier(self, request: Request, officer: Officer) -> Response:
        """Choose an item of a list, keep what the sheet says for the receipt, or end the dossier."""
        given, path = request.state.form, request.url.path
        if "choose" in given or "choose_again" in given:
            response = RedirectResponse(path, 303)
            chosen = {given["choose"]: given.get("key", "")} if "choose" in given else {}
            keep_values(response, CHOICE_COOKIE, chosen, path, is_secure=self.is_secure)
            return response
        if "keep" in given:
            caller = await self.graph.admit(officer.headers, dossier=request.path_params["code"])
            await self.graph.run(caller, operations.KEEP_PREFILL, {"input": {"choices": self._read_choices(request)}})
            return RedirectResponse(self.receipt_path.format(code=quote(request.path_params["code"], safe="")), 303)
        outcome, reason = given.get("outcome", ""), given.get("reason", "").strip()
        if outcome not in OUTCOMES:
            raise OperationRefused("the form has no such button")
        if not 1 <= len(reason) <= LONGEST_REASON:
            return await self._show_sheet(request, officer, None, REASON_NEEDED)
        ending = {"code": request.path_params["code"], "outcome": outcome, "reason": reason}
        await self.graph.run(await self.graph.admit(officer.headers), operations.END_DOSSIER, {"input": ending})
        response = RedirectResponse(f"{CONSOLE_PATH}?notice={OUTCOMES[outcome]}", 303)
        self._forget_draft(request, response)
        forget_values(response, CHOICE_COOKIE, path, is_secure=self.is_secure)
        return response

    async def _show_sheet(
        self, request: Request, officer: Officer, notice: Label | None, end_error: Label | None = None
    ) -> Response:
        _, sheet = await self._read_sheet(request, officer)
        values = {
            "sheet": sheet,
            "chosen": list(read_values(request, CHOICE_COOKIE).values()),
            "notice": notice,
            "end_error": end_error,
            "reason": self._read_draft(request).get("reason", ""),
            "path": request.url.path,
        }
        return self._render("sheet.html", officer, values, 422 if end_error else 200)

    async def _read_sheet(self, request: Request, officer: Officer) -> tuple[Caller, Sheet]:
        caller = await self.graph.admit(officer.headers, dossier=request.path_params["code"])
        assert caller.purpose is not None  # a dossier has one
        purpose = caller.purpose
        if not purpose.is_procedure:
            raise OperationRefused("the dossier is of no procedure", code="UNKNOWN_PROCEDURE")
        variables = {"procedure": purpose.code, "choices": self._read_choices(request)}
        data = await self.graph.run(caller, operations.SHEET, variables)
        roles = {role: Label(one.name.vi, one.name.en) for role, one in purpose.declaration.subjects.items()}
        return caller, read_sheet(data["prefill"], SheetNames(roles, self.sources))

    def _read_choices(self, request: Request) -> list[dict[str, Any]]:
        """Which items of lists the case is about, as variables of operations."""
        chosen = read_values(request, CHOICE_COOKIE)
        return [{"requirement": requirement, "keys": [key]} for requirement, key in chosen.items()]

    # --- Corrections --------------------------------------------------------------------------------------------------

    @answer_officer
    async def correction_page(self, request: Request, officer: Officer) -> Response:
        """The form that asks the source to correct a value."""
        return await self._show_correction(request, officer, self._read_draft(request), {})

    @answer_officer
    async def open_correction(self, request: Request, officer: Officer) -> Response:
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
        if not errors:
            made = {"recordId": value.record_id, "field": value.field, "claimed": claimed or None, "reason": reason}
            seen = given.get("seen")
            try:
                await self.graph.run(
                    caller, operations.OPEN_CORRECTION, {"input": {**made, **({"seen": seen} if seen else {})}}
                )
            except operations.GraphRefused as refused:
                if refused.code not in FIELD_ERRORS:
                    raise
                name, error = FIELD_ERRORS[refused.code]
                errors[name] = error
            else:
                response = RedirectResponse(f"{_dossier_path(request.path_params['code'])}?notice=corrected", 303)
                self._forget_draft(request, response)
                return response
        return await self._show_correction(request, officer, given, errors)

    async def _show_correction(
        self, request: Request, officer: Officer, given: Mapping[str, str], errors: Mapping[str, Label]
    ) -> Response:
        _, answer, value = await self._find_value(request, officer)
        values = {
            "dossier": request.path_params["code"],
            "back": _dossier_path(request.path_params["code"]),
            "action": _own_address(request),
            "answer": answer,
            "value": value,
            "options": list_code_options(registry(), value.record_id or "", value.field),
            "claimed": given.get("claimed", show_claim(value.kind, value.exact)),
            "is_empty": "empty" in given,
            "reason": given.get("reason", ""),
            "errors": errors,
        }
        return self._render("correct.html", officer, values, 422 if errors else 200)

    async def _find_value(self, request: Request, officer: Officer) -> tuple[Caller, SheetAnswer, SheetValue]:
        """The value that the address names, on the sheet as it is now. Raises OperationRefused with CORRECTION_FIELD_UNKNOWN."""
        caller, sheet = await self._read_sheet(request, officer)
        record, field = (request.query_params.get(name, "") for name in ("record", "field"))
        found = find_value(sheet, record, field)
        if found is None:
            raise OperationRefused("the sheet has no such value", code="CORRECTION_FIELD_UNKNOWN")
        return caller, *found

    # --- Answers ------------------------------------------------------------------------------------------------------

    def refuse(self, request: Request, error: HubError) -> Response:
        """A refusal as a page. What was typed into a form is kept for when its page is opened again."""
        is_post = request.method == "POST"
        address = _own_address(request)
        if error.code in SIGNED_OUT_CODES and not is_post:
            return RedirectResponse(f"/sign-in?next={quote(address, safe='/')}", 303)
        page = describe_refusal(error.code, read_label(error.extensions))
        values = {
            "page": page,
            "back": address if is_post else CONSOLE_PATH,
            "sign_in": f"/sign-in?next={quote(address, safe='/')}",
            "is_signed_out": error.code in SIGNED_OUT_CODES,
        }
        response = self._render("refusal.html", None, values, page.status)
        # It is read after `check_own_page`: what a page of another site sends is never kept.
        if is_post and "origin" in request.headers and hasattr(request.state, "form"):
            typed = {name: text for name, text in request.state.form.items() if name != "csrf_token"}
            keep_values(response, self._draft_cookie(request), typed, request.url.path, is_secure=self.is_secure)
        wait = error.extensions.get("retryAfterS")
        if wait is not None:
            response.headers["retry-after"] = str(wait)
        return response

    def _render(self, template: str, officer: Officer | None, values: Mapping[str, Any], status: int) -> Response:
        shared = {"officer": officer and officer.principal, "csrf_token": officer.csrf_token if officer else ""}
        return render_page(template, {**shared, **values}, status)

    def _draft_cookie(self, request: Request) -> str:
        # A browser sends the cookies of /console to the pages below it as well.
        return f"{DRAFT_COOKIE}{request.url.path.count('/')}"

    def _read_draft(self, request: Request) -> dict[str, str]:
        return read_values(request, self._draft_cookie(request)) if request.method == "GET" else request.state.form

    def _forget_draft(self, request: Request, response: Response) -> None:
        forget_values(response, self._draft_cookie(request), request.url.path, is_secure=self.is_secure)


def _dossier_path(code: str) -> str:
    return f"{CONSOLE_PATH}/dossiers/{quote(code, safe='')}"


def _own_address(request: Request) -> str:
    """The address of the page, without a notice that was shown once."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "notice"]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
