"""After a leak: /console/breach lists whom to notify. /console/ledger says how the ledger does, and checks its newest records."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import PageGroup, PagePerson, answer_signed_in
from hub.console.layout.page_response import HEADERS
from hub.console.words import VIETNAM, show_instant
from hub.errors import OperationRefused
from schema.core import Label

BREACH_PATH, LEDGER_PATH = "/console/breach", "/console/ledger"
AUDIT, BREACH = "audit", "breach"
KEY = re.compile(r"(?:hub_)([a-z2-7]{8})(?:_.*)?")
LONGEST_CREDENTIAL = 200
HOURS: Mapping[str, Label] = {
    "1": Label("1 giờ qua", "last hour"),
    "24": Label("24 giờ qua", "last 24 hours"),
    "168": Label("7 ngày qua", "last 7 days"),
}
INSTANT_WRONG = Label("Viết như 01/07/2026 08:00, giờ Việt Nam.", "Write it like 01/07/2026 08:00, in Vietnam's time.")
ORDER_WRONG = Label("Thời điểm cuối phải sau thời điểm đầu.", "The end must be after the beginning.")
CREDENTIAL_WRONG = Label(
    "Ghi 8 ký tự của khóa (hub_abcdefgh…) hoặc mã tài khoản như trong nhật ký.",
    "Give the key (hub_abcdefgh…) or the id of the account, as the log has it.",
)
TO_FILL_IN = ("Bên kiểm soát dữ liệu", "Người liên hệ", "Nguyên nhân", "Hậu quả", "Biện pháp khắc phục")
"""What a notice has to say that the hub does not know."""


class BreachPages(PageGroup):
    """Breaches and the ledger, for auditors."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.AUDITOR})
    home: ClassVar[str] = BREACH_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(BREACH_PATH, self.breach_page, methods=["GET"]),
            Route(BREACH_PATH, self.find_people, methods=["POST"]),
            Route(LEDGER_PATH, self.ledger_page, methods=["GET"]),
            Route(LEDGER_PATH, self.check, methods=["POST"]),
        ]

    @answer_signed_in
    async def breach_page(self, request: Request, person: PagePerson) -> Response:
        """The form, with what was typed before the session ended."""
        return self._show_breach(person, self.read_draft(request), {}, None)

    @answer_signed_in
    async def find_people(self, request: Request, person: PagePerson) -> Response:
        """Whom to notify: on the page, or as a file. It is answered at once, since opening a page must not search again."""
        given = {name: request.state.form.get(name, "").strip() for name in ("credential", "since", "until")}
        variables, errors = read_breach(given)
        if errors:
            return self._show_breach(person, given, errors, None)
        found = (await self.graph.run_purpose(person.headers, BREACH, "Breach", variables))["breach"]
        if "csv" in request.state.form:
            name = f"vi-pham-{datetime.now(UTC).astimezone(VIETNAM):%Y%m%d-%H%M}.csv"
            headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
            # Excel reads a file as UTF-8 if it begins with the mark.
            return Response("\ufeff" + found["csv"], 200, headers, media_type="text/csv")
        response = self._show_breach(person, given, {}, found)
        self.forget_draft(request, response)
        return response

    @answer_signed_in
    async def ledger_page(self, request: Request, person: PagePerson) -> Response:
        """Checkpoints, witnesses, chains, and the last check."""
        found = await self.graph.run_purpose(person.headers, AUDIT, "LedgerState", {})
        values = {
            "here": LEDGER_PATH,
            "state": found["ledgerState"],
            "hours": HOURS,
            "show_instant": show_instant,
            "was_checked": request.query_params.get("notice") == "checked",
        }
        return self.render("auditor/ledger.html", person, values)

    @answer_signed_in
    async def check(self, request: Request, person: PagePerson) -> Response:
        """Check the newest records. The result is in the ledger, where the page finds it."""
        hours = request.state.form.get("hours", "")
        if hours not in HOURS:
            raise OperationRefused("the form has no such button", next_step="use the buttons of the page")
        await self.graph.run_purpose(person.headers, AUDIT, "CheckRecentRecords", {"hours": int(hours)})
        return RedirectResponse(f"{LEDGER_PATH}?notice=checked", 303)

    def _show_breach(
        self, person: PagePerson, given: Mapping[str, str], errors: Mapping[str, Label], found: Mapping[str, Any] | None
    ) -> Response:
        values = {
            "here": BREACH_PATH,
            "given": {name: given.get(name, "") for name in ("credential", "since", "until")},
            "errors": errors,
            "found": found,
            "to_fill_in": TO_FILL_IN,
            "show_instant": show_instant,
        }
        return self.render("auditor/breach.html", person, values, 422 if errors else 200)


def read_breach(given: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, Label]]:
    """The variables of Breach, and errors by field."""
    errors = {}
    credential = given["credential"]
    if not 1 <= len(credential) <= LONGEST_CREDENTIAL:
        errors["credential"] = CREDENTIAL_WRONG
    key = KEY.fullmatch(credential)
    since, until = parse_instant(given["since"]), parse_instant(given["until"])
    if since is None:
        errors["since"] = INSTANT_WRONG
    if given["until"] and until is None:
        errors["until"] = INSTANT_WRONG
    elif since is not None and until is not None and until <= since:
        errors["until"] = ORDER_WRONG
    variables = {
        "credential": f"key:{key[1]}" if key else credential,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }
    return variables, errors


def parse_instant(text: str) -> datetime | None:
    """A day of Vietnam, with a time or from its beginning; None if it is neither."""
    for form in ("%d/%m/%Y %H:%M", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=VIETNAM)
        except ValueError:
            continue
    return None
